//! What CreateSchedule and UpdateSchedule check. Words are ValidationExceptions of EventBridge
//! Scheduler, measured in badmintoncryer/cdk-preflight, September 2026, where nothing else is said.

use super::expression;
use crate::local::iam;
use crate::local::services::arns::Arn;
use crate::local::services::members::{has, object, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use crate::local::settings::Settings;
use serde_json::Value as Json;

/// Targets with templates of their own, and which parameters each takes (EventBridge Scheduler User
/// Guide, "Templated targets").
const TARGETS: [(&str, Option<&str>); 12] = [
    ("codebuild", None),
    ("codepipeline", None),
    ("ecs", Some("EcsParameters")),
    ("events", Some("EventBridgeParameters")),
    ("firehose", None),
    ("inspector", None),
    ("kinesis", Some("KinesisParameters")),
    ("lambda", None),
    ("sagemaker", Some("SageMakerPipelineParameters")),
    ("sns", None),
    ("sqs", Some("SqsParameters")),
    ("states", None),
];

fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", 400, words)
}

/// All that is checked of a schedule.
pub(super) fn check(context: &Context<'_>, properties: &Properties) -> Result<(), Refusal> {
    let when = text(properties, "ScheduleExpression").unwrap_or_default();
    if !expression::is_valid(when) {
        return Err(invalid(format!("Invalid Schedule Expression {when}.")));
    }
    let zone = text(properties, "ScheduleExpressionTimezone").unwrap_or("UTC");
    if !expression::looks_like_zone(zone) {
        return Err(invalid(format!("Invalid Schedule Expression Timezone {zone}.")));
    }
    check_window(properties)?;
    check_dates(properties)?;
    let nothing = Properties::new();
    let target = object(properties, "Target").unwrap_or(&nothing);
    check_target(context, target)?;
    check_role(context, text(properties, "GroupName").unwrap_or("default"), target)
}

fn check_window(properties: &Properties) -> Result<(), Refusal> {
    let Some(window) = object(properties, "FlexibleTimeWindow") else { return Ok(()) };
    match (text(window, "Mode"), has(window, "MaximumWindowInMinutes")) {
        (Some("FLEXIBLE"), false) => Err(invalid(
            "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE.",
        )),
        (Some("OFF"), true) => Err(invalid(
            "MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF.",
        )),
        _ => Ok(()),
    }
}

/// The beginning is before the end.
fn check_dates(properties: &Properties) -> Result<(), Refusal> {
    let date = |name: &str| text(properties, name).and_then(|date| date.parse::<jiff::Timestamp>().ok());
    if let (Some(start), Some(end)) = (date("StartDate"), date("EndDate"))
        && start >= end
    {
        return Err(invalid("The StartDate you specify must come before the EndDate."));
    }
    Ok(())
}

/// CloudFormation's handler wants milliseconds, Scheduler itself doesn't; `None` is a date that is
/// well written or isn't there.
pub(super) fn date_without_milliseconds(properties: &Properties) -> Option<&'static str> {
    ["StartDate", "EndDate"]
        .into_iter()
        .find(|name| text(properties, name).is_some_and(|date| date.contains('T') && !date.contains('.')))
}

fn check_target(context: &Context<'_>, target: &Properties) -> Result<(), Refusal> {
    let written = text(target, "Arn").unwrap_or_default();
    let Some(arn) = Arn::parse(written) else {
        return Err(invalid("Provided Arn is not in correct format."));
    };
    let input = text(target, "Input");
    let universal = (arn.service == "scheduler" && arn.region.is_empty() && arn.account.is_empty())
        .then(|| arn.resource.strip_prefix("aws-sdk:"))
        .flatten();
    if let Some(call) = universal {
        let action = call.split_once(':').map_or("", |(_, action)| action);
        if ["get", "describe", "list"].iter().any(|start| action.starts_with(start)) {
            return Err(invalid(format!("{action} API is not supported.")));
        }
        if input.is_none() {
            return Err(invalid("You must provide an input to set this target for your schedule."));
        }
    }
    let parameters = TARGETS.iter().find(|(service, _)| *service == arn.service).map(|(_, p)| *p);
    let Some(parameters) = parameters.or(universal.map(|_| None)) else {
        return Err(invalid(format!("{} is not a supported service for a target.", arn.service)));
    };
    if arn.service == "events" && !arn.resource.starts_with("event-bus/") {
        return Err(invalid("Provided Arn is not in correct format."));
    }
    if !arn.region.is_empty() && arn.region != context.scope.region {
        let region = &context.scope.region;
        return Err(invalid(format!("The target ARN provided does not match the current region {region}.")));
    }
    for block in TARGETS.iter().filter_map(|(_, block)| *block) {
        if has(target, block) && parameters != Some(block) {
            return Err(invalid(format!("Parameters {block} not supported for the target.")));
        }
    }
    let fifo = arn.service == "sqs" && arn.resource.ends_with(".fifo");
    let needed = matches!(arn.service, "ecs" | "events" | "kinesis") || fifo;
    if let Some(block) = parameters.filter(|block| needed && !has(target, block)) {
        return Err(invalid(format!("Parameters {block} must be specified.")));
    }
    let group = object(target, "SqsParameters").is_some_and(|sqs| has(sqs, "MessageGroupId"));
    if arn.service == "sqs" && group && !fifo {
        return Err(invalid("Parameters MessageGroupId not valid for the target."));
    }
    if let Some(ecs) = object(target, "EcsParameters")
        && text(ecs, "LaunchType") == Some("FARGATE")
        && !has(ecs, "NetworkConfiguration")
    {
        let words =
            "Parameter NetworkConfiguration must be specified for the target when launch type is FARGATE.";
        return Err(invalid(words));
    }
    // "If you are configuring a templated Lambda, AWS Step Functions, or Amazon EventBridge target,
    // the input must be a well-formed JSON" (API Reference, Target).
    let json = matches!(arn.service, "lambda" | "states" | "events") || universal.is_some();
    if json && input.is_some_and(|input| serde_json::from_str::<Json>(input).is_err()) {
        return Err(invalid("JSON syntax error in input for the target."));
    }
    Ok(())
}

/// Scheduler takes the role for the schedule's group: that is what it says of itself (EventBridge
/// Scheduler User Guide, "Prevent confused deputy").
fn check_role(context: &Context<'_>, group: &str, target: &Properties) -> Result<(), Refusal> {
    let role = text(target, "RoleArn").unwrap_or_default();
    let (region, account) = (&context.scope.region, &context.scope.account);
    if Arn::parse(role).is_some_and(|arn| arn.account != *account) {
        return Err(invalid(format!("Provided role '{role}' cross-account pass role is not allowed.")));
    }
    let partition = Settings::partition(region);
    let source = format!("arn:{partition}:scheduler:{region}:{account}:schedule-group/{group}");
    let keys = [("aws:SourceArn", source.as_str()), ("aws:SourceAccount", account.as_str())];
    // Of a role that isn't there, or not yet, nothing else is said.
    if iam::assume(context, role, "scheduler.amazonaws.com", &keys).is_err() {
        let words = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";
        return Err(invalid(words));
    }
    Ok(())
}
