//! What Pipes tries out while it creates or changes a pipe: it reads the source and sends to the
//! dead-letter queue, as the pipe's role. What fails then is the pipe's `StateReason`.
//!
//! The target isn't tried: whether the role may write there shows when the first event comes
//! (terraform-aws-modules/terraform-aws-eventbridge, pull request 134).

use crate::local::iam::{self, Verdict};
use crate::local::services::arns::{self, Arn};
use crate::local::services::members::{object, text};
use crate::local::services::resource::Context;
use crate::local::services::resources::{Properties, Resource};
use serde_json::Value as Json;

/// Why the pipe can't come to run.
pub(super) fn trouble(
    context: &Context<'_>,
    role: Option<&Resource>,
    properties: &Properties,
) -> Option<String> {
    let source = text(properties, "Source").unwrap_or_default();
    let parameters = object(properties, "SourceParameters");
    let of = |block: &str| parameters.and_then(|parameters| object(parameters, block));
    let service = Arn::parse(source).map_or("", |arn| arn.service);
    let found = match service {
        "sqs" => queue(context, role, source, of("SqsQueueParameters")),
        "dynamodb" => stream(
            context,
            role,
            source,
            &["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"],
            "GetRecords, GetShardIterator, DescribeStream, and ListStreams",
        ),
        "kinesis" => stream(
            context,
            role,
            source,
            &[
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:DescribeStream",
                "kinesis:ListShards",
            ],
            "GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams",
        ),
        _ => None,
    };
    let block = if service == "kinesis" { "KinesisStreamParameters" } else { "DynamoDBStreamParameters" };
    let letters = || {
        let queue = object(of(block)?, "DeadLetterConfig").and_then(|config| text(config, "Arn"))?;
        dead_letters(context, role, queue)
    };
    let reason = found.or_else(letters)?;
    Some(format!("Input parameter is invalid from the request due to : {reason}"))
}

fn denied(context: &Context<'_>, role: Option<&Resource>, action: &str, on: &str) -> bool {
    role.is_some_and(|role| iam::may(context, role, action, on, &[]) == Verdict::Denied)
}

/// A queue (words of the first: terraform-aws-eventbridge, pull request 133).
fn queue(
    context: &Context<'_>,
    role: Option<&Resource>,
    source: &str,
    parameters: Option<&Properties>,
) -> Option<String> {
    for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"] {
        if denied(context, role, &format!("sqs:{action}"), source) {
            return Some(format!(
                "The provided customer role does not have permissions to call {action} on SQS"
            ));
        }
    }
    if arns::find(context, source).is_missing() {
        return Some(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. \
             SQS Error Message: The specified queue does not exist."
                .to_owned(),
        );
    }
    // Lambda's rules for event source mappings, on which Pipes is built (Lambda Developer Guide).
    let number = |name: &str| parameters?.get(name).and_then(Json::as_u64);
    let (size, window) = (number("BatchSize").unwrap_or(10), number("MaximumBatchingWindowInSeconds"));
    if source.ends_with(".fifo") {
        if window.is_some_and(|window| window > 0) {
            return Some("Batching window is not supported for FIFO queues.".to_owned());
        }
        if size > 10 {
            return Some("Batch size for FIFO queues must be less than or equal to 10.".to_owned());
        }
    } else if size > 10 && window.unwrap_or(0) == 0 {
        return Some(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
                .to_owned(),
        );
    }
    None
}

fn stream(
    context: &Context<'_>,
    role: Option<&Resource>,
    source: &str,
    actions: &[&str],
    names: &str,
) -> Option<String> {
    if arns::find(context, source).is_missing() {
        return Some(format!("Stream not found: {source}"));
    }
    actions.iter().any(|action| denied(context, role, action, source)).then(|| {
        format!(
            "Cannot access stream {source}. Please ensure the role can perform the {names} Actions on your stream in IAM."
        )
    })
}

/// A first message is sent there (aws-samples/serverless-patterns 1543).
fn dead_letters(context: &Context<'_>, role: Option<&Resource>, queue: &str) -> Option<String> {
    if Arn::parse(queue)?.service != "sqs" {
        return None;
    }
    (arns::find(context, queue).is_missing() || denied(context, role, "sqs:SendMessage", queue))
        .then(|| format!("Error occurred while sending message to SQS queue: {queue}"))
}
