//! What CreatePipe and UpdatePipe refuse at once. Words were measured in badmintoncryer/cdk-preflight,
//! September 2026, where nothing else is said.

use crate::languages::pattern;
use crate::local::iam::{self, RoleTrouble};
use crate::local::services::arns::Arn;
use crate::local::services::members::{has, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::{Properties, Resource};
use serde_json::Value as Json;
use std::sync::Arc;

/// Blocks of SourceParameters and the services that they are for.
const SOURCES: [(&str, &str); 6] = [
    ("ActiveMQBrokerParameters", "mq"),
    ("DynamoDBStreamParameters", "dynamodb"),
    ("KinesisStreamParameters", "kinesis"),
    ("ManagedStreamingKafkaParameters", "kafka"),
    ("RabbitMQBrokerParameters", "mq"),
    ("SqsQueueParameters", "sqs"),
];

/// Blocks of TargetParameters and the services that they are for.
const TARGETS: [(&str, &[&str]); 12] = [
    ("BatchJobParameters", &["batch"]),
    ("CloudWatchLogsParameters", &["logs"]),
    ("EcsTaskParameters", &["ecs"]),
    ("EventBridgeEventBusParameters", &["events"]),
    ("HttpParameters", &["events", "execute-api"]),
    ("KinesisStreamParameters", &["kinesis"]),
    ("LambdaFunctionParameters", &["lambda"]),
    ("RedshiftDataParameters", &["redshift", "redshift-serverless"]),
    ("SageMakerPipelineParameters", &["sagemaker"]),
    ("SqsQueueParameters", &["sqs"]),
    ("StepFunctionStateMachineParameters", &["states"]),
    ("TimestreamParameters", &["timestream"]),
];

/// Targets without parameters of their own.
const PLAIN_TARGETS: [&str; 3] = ["firehose", "inspector", "sns"];

const ENRICHMENTS: [&str; 4] = ["events", "execute-api", "lambda", "states"];

/// What a template may name besides paths.
const VARIABLES: [&str; 8] = [
    "aws.pipes.enrichment-arn",
    "aws.pipes.event",
    "aws.pipes.event.ingestion-time",
    "aws.pipes.event.json",
    "aws.pipes.pipe-arn",
    "aws.pipes.pipe-name",
    "aws.pipes.source-arn",
    "aws.pipes.target-arn",
];

fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", 400, words)
}

/// All that is checked at once, and the role, where it is this account's.
pub(super) fn check(
    context: &Context<'_>,
    properties: &Properties,
    fresh: bool,
) -> Result<Option<Arc<Resource>>, Refusal> {
    let nothing = Properties::new();
    let source = text(properties, "Source").unwrap_or_default();
    let target = text(properties, "Target").unwrap_or_default();
    for end in [source, target] {
        let region = Arn::parse(end).map_or("", |arn| arn.region);
        if !region.is_empty() && region != context.scope.region {
            return Err(invalid("Creating cross-region pipe is not permitted."));
        }
    }
    let parameters = object(properties, "SourceParameters").unwrap_or(&nothing);
    let size = check_source(source, parameters, fresh)?;
    let enrichment = text(properties, "Enrichment").filter(|arn| !arn.is_empty());
    if enrichment.is_some_and(|arn| Arn::parse(arn).is_none_or(|arn| !ENRICHMENTS.contains(&arn.service))) {
        return Err(invalid("Invalid pipe enrichment."));
    }
    check_target(target, object(properties, "TargetParameters").unwrap_or(&nothing), size)?;
    for place in ["TargetParameters", "EnrichmentParameters"] {
        let template = object(properties, place).and_then(|parameters| text(parameters, "InputTemplate"));
        check_template(template.unwrap_or_default())?;
    }
    check_logs(properties)?;
    check_role(context, properties)
}

/// The source's kind, its parameters and its filters; the batch size, if one is said.
fn check_source(source: &str, parameters: &Properties, fresh: bool) -> Result<Option<u64>, Refusal> {
    let service = if source.starts_with("smk://") {
        "smk"
    } else {
        let arn = Arn::parse(source).filter(|arn| SOURCES.iter().any(|(_, of)| *of == arn.service));
        let Some(arn) = arn else { return Err(invalid("Invalid pipe source.")) };
        if arn.service == "dynamodb" && !arn.resource.contains("/stream/") {
            return Err(invalid("Invalid pipe source."));
        }
        arn.service
    };
    let mut size = None;
    for (block, of) in SOURCES.into_iter().chain([("SelfManagedKafkaParameters", "smk")]) {
        let Some(given) = object(parameters, block) else { continue };
        if of != service {
            return Err(invalid("Invalid source parameter provided for source."));
        }
        size = size.or(given.get("BatchSize").and_then(Json::as_u64));
    }
    let needed = match service {
        "kinesis" => Some("KinesisStreamParameters"),
        "dynamodb" => Some("DynamoDBStreamParameters"),
        "kafka" => Some("ManagedStreamingKafkaParameters"),
        "smk" => Some("SelfManagedKafkaParameters"),
        _ => None,
    };
    if let Some(block) = needed.filter(|block| fresh && !has(parameters, block)) {
        return Err(invalid(format!("SourceParameters.{block} Missing required parameter.")));
    }
    let nothing = Properties::new();
    for filter in objects(object(parameters, "FilterCriteria").unwrap_or(&nothing), "Filters") {
        check_filter(text(filter, "Pattern").unwrap_or_default())?;
    }
    Ok(size)
}

fn check_filter(written: &str) -> Result<(), Refusal> {
    let Ok(document) = serde_json::from_str::<Json>(written) else {
        return Err(invalid("Invalid Event Pattern."));
    };
    let Err(problem) = pattern::Pattern::parse(&document) else { return Ok(()) };
    let said = problem.message.as_str();
    let reason = match said.strip_suffix("` must be an object or an array") {
        Some(name) => format!("\"{}\" must be an object or an array", name.trim_start_matches('`')),
        None if said.starts_with("an empty object") => "Empty objects are not allowed".to_owned(),
        None if said.starts_with("an empty array") => "Empty arrays are not allowed".to_owned(),
        None => said.to_owned(),
    };
    Err(invalid(format!("Invalid Event Pattern. Reason: {reason}")))
}

fn check_target(target: &str, parameters: &Properties, size: Option<u64>) -> Result<(), Refusal> {
    let known = |service: &str| {
        PLAIN_TARGETS.contains(&service) || TARGETS.iter().any(|(_, of)| of.contains(&service))
    };
    let Some(arn) = Arn::parse(target).filter(|arn| known(arn.service)) else {
        return Err(invalid("Invalid pipe target."));
    };
    if arn.service == "sns" && arn.resource.ends_with(".fifo") {
        return Err(invalid("SNS FIFO topics are not supported as a pipe target."));
    }
    for (block, of) in TARGETS {
        if has(parameters, block) && !of.contains(&arn.service) {
            return Err(invalid("Invalid target parameter provided for target."));
        }
    }
    // What these take in one call.
    let one_call = matches!(arn.service, "sqs" | "sns") || arn.resource.starts_with("event-bus/");
    if let Some(size) = size.filter(|size| one_call && *size > 10) {
        return Err(invalid(format!(
            "The configured batch size {size} is greater than the max supported 10."
        )));
    }
    Ok(())
}

/// Placeholders of AWS's own must be among those that there are.
fn check_template(template: &str) -> Result<(), Refusal> {
    let names = template.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(name, _)| name);
    match names.into_iter().find(|name| name.starts_with("aws.") && !VARIABLES.contains(name)) {
        Some(_) => Err(invalid("Invalid json path reference or predefined variable for placeholder.")),
        None => Ok(()),
    }
}

fn check_logs(properties: &Properties) -> Result<(), Refusal> {
    let Some(logs) = object(properties, "LogConfiguration") else { return Ok(()) };
    let places = ["CloudwatchLogsLogDestination", "FirehoseLogDestination", "S3LogDestination"];
    let on = text(logs, "Level").is_some_and(|level| level != "OFF");
    if on && !places.iter().any(|place| has(logs, place)) {
        return Err(invalid("Must provide at least 1 log destination in LogConfiguration."));
    }
    let format = object(logs, "S3LogDestination").and_then(|s3| text(s3, "OutputFormat"));
    if format.is_some_and(|format| format != "json") {
        return Err(invalid("w3c and plain output formats are not supported by Pipes."));
    }
    Ok(())
}

/// The role must be there and trust Pipes.
fn check_role(context: &Context<'_>, properties: &Properties) -> Result<Option<Arc<Resource>>, Refusal> {
    let role = text(properties, "RoleArn").unwrap_or_default();
    let account = context.scope.account.as_str();
    if Arn::parse(role).is_some_and(|arn| arn.account != account) {
        return Ok(None);
    }
    let pipe = text(properties, "Arn").unwrap_or_default();
    let keys = [("aws:SourceArn", pipe), ("aws:SourceAccount", account)];
    match iam::assume(context, role, "pipes.amazonaws.com", &keys) {
        Ok(role) => Ok(Some(role)),
        Err(RoleTrouble::Missing | RoleTrouble::NotTrusted | RoleTrouble::NotYetUsable) => {
            Err(invalid(format!("Role {role} cannot be assumed by principal 'pipes.amazonaws.com'.")))
        }
    }
}
