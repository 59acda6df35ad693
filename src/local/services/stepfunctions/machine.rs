//! What CreateStateMachine, UpdateStateMachine and CreateActivity check. Words are those of Step
//! Functions' API; measured ones are from badmintoncryer/cdk-preflight, September 2026.

use super::definition;
use crate::languages::asl;
use crate::local::iam::{self, RoleTrouble, Verdict};
use crate::local::services::arns::{self, Arn};
use crate::local::services::members::text;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::{Properties, Resource};
use crate::local::settings::Settings;
use serde_json::Value as Json;

/// What a role needs so that Step Functions can log with it (Step Functions Developer Guide, "IAM
/// policies for logging to CloudWatch Logs").
const LOG_DELIVERY: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
];

/// A name has no white space, brackets, wildcards, special or control characters.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let refused = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    if name.contains(refused) {
        return Err(Refusal::new("InvalidName", 400, format!("Invalid Name: '{name}'")));
    }
    Ok(())
}

/// A key of one's own is named; AWS's own key has nothing to say.
pub(super) fn check_encryption(properties: &Properties) -> Result<(), Refusal> {
    let Some(encryption) = properties.get("EncryptionConfiguration").and_then(Json::as_object) else {
        return Ok(());
    };
    let invalid = |words: String| Refusal::new("InvalidEncryptionConfiguration", 400, words);
    if encryption.get("Type").is_some_and(|kind| kind == "CUSTOMER_MANAGED_KMS_KEY") {
        if !encryption.contains_key("KmsKeyId") {
            return Err(invalid("Must set a valid kmsKeyId.".to_owned()));
        }
        return Ok(());
    }
    for (property, word) in
        [("KmsKeyId", "kmsKeyId"), ("KmsDataKeyReusePeriodSeconds", "kmsDataKeyReusePeriodSeconds")]
    {
        if encryption.contains_key(property) {
            return Err(invalid(format!("Custom {word} is not allowed when selecting AWS_OWNED_KEY.")));
        }
    }
    Ok(())
}

/// All that is checked of a machine; `arn` is its own.
pub(super) fn check(context: &Context<'_>, arn: &str, properties: &Properties) -> Result<(), Refusal> {
    check_name(text(properties, "StateMachineName").unwrap_or_default())?;
    let express = text(properties, "StateMachineType") == Some("EXPRESS");
    let definition = definition::check(text(properties, "DefinitionString").unwrap_or_default(), express)?;
    check_encryption(properties)?;
    let destination = check_logging(properties)?;
    let role = check_role(context, arn, text(properties, "RoleArn").unwrap_or_default())?;
    let Some(role) = role else { return Ok(()) };
    check_managed_rules(context, &role, &definition)?;
    if let Some(group) = destination {
        let denied = |action: &str| iam::may(context, &role, action, "*", &[]) == Verdict::Denied;
        if arns::find(context, &group).is_missing() || LOG_DELIVERY.iter().any(|action| denied(action)) {
            let words = "The state machine IAM Role is not authorized to access the Log Destination";
            return Err(Refusal::new("AccessDeniedException", 400, words));
        }
    }
    Ok(())
}

/// The log group that is written to, if something is.
fn check_logging(properties: &Properties) -> Result<Option<String>, Refusal> {
    let Some(logging) = properties.get("LoggingConfiguration").and_then(Json::as_object) else {
        return Ok(None);
    };
    if logging.get("Level").and_then(Json::as_str).is_none_or(|level| level == "OFF") {
        return Ok(None);
    }
    let invalid = |words: String| Refusal::new("InvalidLoggingConfiguration", 400, words);
    let destinations = logging.get("Destinations").and_then(Json::as_array).map(Vec::as_slice);
    let [destination] = destinations.unwrap_or_default() else {
        return Err(invalid("Must specify exactly one Log Destination.".to_owned()));
    };
    let Some(group) = destination["CloudWatchLogsLogGroup"]["LogGroupArn"].as_str() else {
        return Err(invalid("Must set valid CloudWatch Log Group ARN.".to_owned()));
    };
    if Arn::parse(group).is_none_or(|arn| arn.service != "logs" || !arn.resource.starts_with("log-group:")) {
        return Err(invalid("Provided ARN is not CloudWatch Logs Log Group ARN.".to_owned()));
    }
    if !group.ends_with(":*") {
        return Err(invalid("Log Group ARN must be provided with '*' qualifier.".to_owned()));
    }
    let name = text(properties, "StateMachineName").unwrap_or_default();
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        let words = format!(
            "Value '{name}' at 'resourceId' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [0-9A-Za-z.\\/\\-_:]+"
        );
        return Err(invalid(words));
    }
    Ok(Some(group.to_owned()))
}

/// The role must be there and trust Step Functions. Another account's isn't known.
fn check_role(
    context: &Context<'_>,
    arn: &str,
    role: &str,
) -> Result<Option<std::sync::Arc<Resource>>, Refusal> {
    let Some(parsed) = Arn::parse(role).filter(|r| r.service == "iam" && r.resource.starts_with("role/"))
    else {
        return Err(Refusal::new("InvalidArn", 400, format!("Invalid Role Arn: '{role}'")));
    };
    if parsed.account != context.scope.account {
        let words = "Cross-account pass role is not allowed.";
        return Err(Refusal::new("AccessDeniedException", 400, words));
    }
    let keys = [("aws:SourceArn", arn), ("aws:SourceAccount", context.scope.account.as_str())];
    match iam::assume(context, role, "states.amazonaws.com", &keys) {
        Ok(role) => Ok(Some(role)),
        Err(RoleTrouble::Missing | RoleTrouble::NotTrusted | RoleTrouble::NotYetUsable) => {
            let words = "Neither the global service principal states.amazonaws.com, nor the regional one \
                         is authorized to assume the provided role.";
            Err(Refusal::new("AccessDeniedException", 400, words))
        }
    }
}

/// Step Functions makes the rules by which it hears of the end of jobs at once.
fn check_managed_rules(
    context: &Context<'_>,
    role: &Resource,
    definition: &asl::Definition,
) -> Result<(), Refusal> {
    for rule in definition::managed_rules(definition) {
        let rule = rule
            .replace("${Partition}", Settings::partition(&context.scope.region))
            .replace("${Region}", &context.scope.region)
            .replace("${Account}", &context.scope.account);
        for action in ["events:PutTargets", "events:PutRule", "events:DescribeRule"] {
            let keys = [("events:ManagedBy", "states.amazonaws.com")];
            if iam::may(context, role, action, &rule, &keys) == Verdict::Denied {
                let role = text(&role.properties, "Arn").unwrap_or_default();
                let words = format!("'{role}' is not authorized to create managed-rule.");
                return Err(Refusal::new("AccessDeniedException", 400, words));
            }
        }
    }
    Ok(())
}
