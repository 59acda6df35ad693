//! The calls whose needs depend on more than which argument names the target.

use super::table::{On, Rule};
use super::{Call, Found, NeedOn, Permissions, TargetShape};
use crate::languages::asl::definition::{S3Access, State};
use crate::languages::asl::resource::Resource;
use crate::languages::pointer;

/// Handles a call that the table can't; whether it did.
pub(super) fn api(call: &Call<'_>, service: &str, action: &str, all: &mut Permissions) -> bool {
    match (service, action) {
        ("ses", "sendEmail") => send_email(call, all),
        ("translate", "translateText") => {
            // Asked to find the language itself, Translate asks Comprehend as
            // the caller.
            let finds = call.find("SourceLanguageCode");
            if finds.iter().any(|found| matches!(found, Found::Known { text, .. } if text == "auto")) {
                call.apply(&Rule::new(&["comprehend:DetectDominantLanguage"], On::Any), all);
            }
            return false;
        }
        ("comprehend", "detectEntities" | "classifyDocument") => {
            // A custom model has an endpoint; the built-in ones are nobody's.
            if !call.find("EndpointArn").iter().all(|found| matches!(found, Found::Absent { .. })) {
                return false;
            }
            let actions: &[&str] = if action == "detectEntities" {
                &["comprehend:DetectEntities"]
            } else {
                &["comprehend:ClassifyDocument"]
            };
            call.apply(&Rule::new(actions, On::Any), all);
        }
        ("apigateway", "invoke") => {
            // `AuthType` is NO_AUTH unless it says that the role signs.
            let auth = call.find("AuthType");
            return auth.iter().all(|found| match found {
                Found::Known { text, .. } => text == "NO_AUTH",
                Found::Absent { .. } => true,
                Found::Dynamic { .. } => false,
            });
        }
        _ => return false,
    }
    true
}

/// A mail is sent from an identity, with a configuration set and a template if
/// they are named; IAM is asked about each of them.
fn send_email(call: &Call<'_>, all: &mut Permissions) {
    let there = |path: &str| call.find(path).iter().any(|found| !matches!(found, Found::Absent { .. }));
    let raw = there("Content/Raw/Data");
    let templated = there("Content/Template/TemplateName") || there("Content/Template/TemplateArn");
    let actions: &'static [&'static str] = match (raw, templated) {
        (true, _) => &["ses:SendRawEmail"],
        (false, true) => &["ses:SendTemplatedEmail", "ses:SendEmail"],
        (false, false) => &["ses:SendEmail"],
    };
    call.apply(
        &Rule::first(
            actions,
            &[
                ("FromEmailAddressIdentityArn", TargetShape::Arn),
                ("FromEmailAddress", TargetShape::EmailIdentity),
                ("Source", TargetShape::EmailIdentity),
            ],
        ),
        all,
    );
    call.apply(&Rule::new(actions, On::Each("ConfigurationSetName", TargetShape::ConfigurationSet)), all);
    call.apply(
        &Rule::new(actions, On::Each("Content/Template/TemplateName", TargetShape::EmailTemplate)),
        all,
    );
}

/// A distributed map starts executions of its own machine.
pub(super) fn distributed_map(state: &State, all: &mut Permissions) {
    let mut need = |actions: &[&str], resource: NeedOn| {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        all.add(state, actions, resource, state.pointer.clone());
    };
    need(&["states:StartExecution"], NeedOn::Own);
    need(
        &["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
        NeedOn::OwnExecutions,
    );
}

/// What a distributed map reads its items from, or writes its results to.
pub(super) fn map_storage(state: &State, access: &S3Access, all: &mut Permissions) {
    let Some(Resource::Optimized { action, .. } | Resource::Sdk { action, .. }) = &access.resource else {
        return;
    };
    let (field, arguments) = (access.arguments.0, access.arguments.1.as_ref());
    let at = pointer::child(&access.pointer, field);
    let call = Call { state, at: &at, arguments };
    if action != "putObject" {
        call.api("s3", action, all);
        return;
    }
    // Results are written under a prefix, in parts.
    let actions = ["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        .map(str::to_owned)
        .to_vec();
    let suffix = match call.find("Prefix").pop() {
        Some(Found::Known { text, .. }) => format!("/{}/*", text.trim_matches('/')),
        _ => "/*".to_owned(),
    };
    for found in call.find("Bucket") {
        let (resource, place) = match found {
            Found::Known { pointer, text } => (
                NeedOn::Argument {
                    pointer: pointer.clone(),
                    text,
                    shape: TargetShape::Bucket,
                    suffix: Some(suffix.clone()),
                },
                pointer,
            ),
            Found::Dynamic { pointer, why } => (NeedOn::Unknowable { why }, pointer),
            Found::Absent { pointer } => {
                let why = "`Bucket` isn't among its arguments".to_owned();
                (NeedOn::Unknowable { why }, pointer)
            }
        };
        all.add(state, actions.clone(), resource, place);
    }
}
