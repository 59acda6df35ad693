//! Which roles a resource passes to a service: `iam:PassRole` is for those alone.

use crate::model::Value;
use crate::plan::Plan;
use std::collections::BTreeSet;

/// The roles in a resource's properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Passed {
    /// These, by their ARNs; perhaps none.
    Roles(BTreeSet<String>),
    /// It can't be told.
    Unknown,
}

/// Services whose types name every role that they pass by its ARN, among their properties. Others may
/// name a role otherwise: by name, by an instance profile, within a launch template.
const BY_ARN: &[&str] = &[
    "AWS::ApiGateway::",
    "AWS::ApiGatewayV2::",
    "AWS::DynamoDB::",
    "AWS::EventSchemas::",
    "AWS::Events::",
    "AWS::KMS::",
    "AWS::Lambda::",
    "AWS::Logs::",
    "AWS::Pipes::",
    "AWS::S3::",
    "AWS::SNS::",
    "AWS::SQS::",
    "AWS::Scheduler::",
    "AWS::StepFunctions::",
];

/// The roles that a resource of the type passes.
pub(super) fn passed(type_name: &str, properties: &Value, plan: &Plan) -> Passed {
    let mut roles = BTreeSet::new();
    let mut unknown = false;
    see(properties, &mut |value| match value {
        Value::String(text) => roles_in(text, &mut roles),
        Value::Unknown(_) => unknown |= may_be_role(plan, value),
        // A secret isn't shown, not even in part.
        Value::Sensitive(inner) => {
            let mut secret = BTreeSet::new();
            see(inner, &mut |value| {
                if let Value::String(text) = value {
                    roles_in(text, &mut secret);
                }
            });
            unknown |= !secret.is_empty();
        }
        _ => {}
    });
    let sure = BY_ARN.iter().any(|service| type_name.starts_with(service));
    if unknown || (!sure && roles.is_empty()) { Passed::Unknown } else { Passed::Roles(roles) }
}

/// Each value; what is within a secret isn't seen.
fn see<'v>(value: &'v Value, each: &mut dyn FnMut(&'v Value)) {
    each(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| see(item, each)),
        Value::Object(members) => members.values().for_each(|member| see(member, each)),
        _ => {}
    }
}

/// Role ARNs anywhere in a text, which may be JSON.
fn roles_in(text: &str, roles: &mut BTreeSet<String>) {
    for (at, _) in text.match_indices("arn:") {
        let part = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/:".contains(c);
        let end = text[at..].find(|c| !part(c)).map_or(text.len(), |length| at + length);
        let arn = text[at..end].trim_end_matches([',', '.', ':']);
        let mut parts = arn.splitn(6, ':');
        if parts.nth(2) == Some("iam") && parts.nth(2).is_some_and(|name| name.starts_with("role/")) {
            roles.insert(arn.to_owned());
        }
    }
}

/// Whether something that isn't known yet may be a role's ARN: it is of a role, or of something
/// that isn't in the plan.
fn may_be_role(plan: &Plan, value: &Value) -> bool {
    value.unknowns().iter().any(|cause| {
        plan.change(&cause.address).is_none_or(|change| change.type_name.as_str() == "AWS::IAM::Role")
            || cause.property.to_ascii_lowercase().contains("role")
    })
}
