//! What a rule's target may be.
//!
//! Source: EventBridge API Reference, PutTargets and Target; the words are those that AWS answers
//! with, measured in September 2026 (badmintoncryer/cdk-preflight).

use super::bus;
use super::refusals::invalid;
use crate::local::iam;
use crate::local::services::arns::Arn;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use serde_json::Value as Json;

/// Services that EventBridge reaches by their resources' own policies, and so needs no role for; the
/// others' targets need one. AppSync's ARNs are checked before, so nobody knows.
const ROLES: [&str; 14] = [
    "batch",
    "codebuild",
    "codepipeline",
    "ecs",
    "events",
    "firehose",
    "glue",
    "inspector",
    "kinesis",
    "redshift",
    "sagemaker",
    "ssm",
    "ssm-incidents",
    "states",
];

/// Which services' targets take which parameters. `SqsParameters` are taken by all.
const PARAMETERS: [(&str, &[&str]); 8] = [
    ("EcsParameters", &["ecs"]),
    ("KinesisParameters", &["kinesis"]),
    ("BatchParameters", &["batch"]),
    ("HttpParameters", &["events", "execute-api"]),
    ("RedshiftDataParameters", &["redshift", "redshift-serverless"]),
    ("RunCommandParameters", &["ssm"]),
    ("SageMakerPipelineParameters", &["sagemaker"]),
    ("AppSyncParameters", &["appsync"]),
];

/// Checks one target of the rule `rule` (its ARN).
pub(super) fn check(context: &Context<'_>, rule: &str, target: &Json) -> Result<(), Refusal> {
    let text = |name: &str| target.get(name).and_then(Json::as_str);
    let has = |name: &str| target.get(name).is_some_and(|value| !value.is_null());
    let (id, arn) = (text("Id").unwrap_or_default(), text("Arn").unwrap_or_default());
    let Some(parts) = Arn::parse(arn) else {
        let words = format!("Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.");
        return Err(invalid(words));
    };
    if ["Input", "InputPath", "InputTransformer"].into_iter().filter(|name| has(name)).count() > 1 {
        let words =
            format!("Only one of Input, InputPath, or InputTransformer must be provided for target {id}.");
        return Err(invalid(words));
    }
    if text("Input").is_some_and(|input| serde_json::from_str::<Json>(input).is_err()) {
        return Err(invalid(format!("JSON syntax error in input for target {id}.")));
    }
    let paths = target.get("InputTransformer").and_then(|transformer| transformer.get("InputPathsMap"));
    let paths = paths.and_then(Json::as_object).into_iter().flat_map(|paths| paths.values());
    if paths.filter_map(Json::as_str).chain(text("InputPath")).any(|path| !is_path(path)) {
        return Err(invalid(format!("InputPath for target {id} is invalid.")));
    }
    for (name, services) in PARAMETERS {
        if has(name) && !services.contains(&parts.service) {
            return Err(invalid(format!("Parameter(s) {name} not supported for target: {id}.")));
        }
    }
    let needed = match parts.service {
        "ecs" => Some("EcsParameters"),
        "batch" => Some("BatchParameters"),
        "sqs" if parts.resource.ends_with(".fifo") => Some("SqsParameters"),
        _ => None,
    };
    if let Some(name) = needed.filter(|name| !has(name)) {
        return Err(invalid(format!("Parameter(s) {name} must be specified for target: {id}.")));
    }
    match text("RoleArn") {
        Some(role) => check_role(context, rule, role)?,
        // A bus of the same account and region is reached without a role too, by the bus's own
        // policy, only where the rule says which: AWS asks for one all the same.
        None if ROLES.contains(&parts.service) => {
            return Err(invalid(format!("RoleArn is required for target {arn}.")));
        }
        None => {}
    }
    let letters = target.get("DeadLetterConfig").and_then(|config| config.get("Arn")).and_then(Json::as_str);
    letters.map_or(Ok(()), |queue| bus::check_dead_letters(context, queue))
}

/// A path from the event's root, in dots; quoted names in brackets aren't taken.
fn is_path(path: &str) -> bool {
    let quoted = path.split('[').skip(1).any(|rest| rest.trim_start().starts_with(['\'', '"']));
    path.starts_with('$') && !quoted
}

/// Checks that EventBridge may take a role for the rule; another account's can't be looked at.
pub(super) fn check_role(context: &Context<'_>, rule: &str, role: &str) -> Result<(), Refusal> {
    const SERVICE: &str = "events.amazonaws.com";
    if Arn::parse(role).is_some_and(|arn| arn.account != context.scope.account) {
        return Ok(());
    }
    let keys = [("aws:SourceArn", rule), ("aws:SourceAccount", context.scope.account.as_str())];
    match iam::assume(context, role, SERVICE, &keys) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid(format!("Provided role '{role}' cannot be assumed by principal '{SERVICE}'."))),
    }
}
