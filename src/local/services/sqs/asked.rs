//! What SQS's own API is asked here: `GetQueueAttributes`, by which `evstack` waits until a queue is
//! empty. Nothing takes messages in this cloud yet, so the three counts are always 0.
//!
//! Source: Amazon SQS API Reference, GetQueueAttributes.

use super::resource::{POLICY, QUEUE};
use crate::local::fault::Fault;
use crate::local::iam::View;
use crate::local::iam::callers;
use crate::local::protocol::{Input, Output};
use crate::local::services::Caller;
use crate::local::services::resources::{Properties, Resource};
use crate::local::world::World;
use serde_json::{Map, Value as Json, json};

/// Attributes that are called in the API as in the model.
const ALIKE: &[&str] = &[
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// Those that count messages.
const COUNTS: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
];

/// And the rest.
const OTHERS: &[&str] = &["CreatedTimestamp", "LastModifiedTimestamp", "Policy", "QueueArn"];

/// Answers one call.
pub(crate) fn call(
    world: &mut World,
    operation: &str,
    input: &Input,
    caller: &Caller,
) -> Result<Output, Fault> {
    if operation != "GetQueueAttributes" {
        return Err(Fault::unsupported("SQS", operation));
    }
    let Input::Json(input) = input else {
        return Err(Fault::unsupported("SQS", "in this protocol"));
    };
    let Some(url) = input["QueueUrl"].as_str() else {
        return Err(Fault::client("MissingParameter", "The request must contain the parameter QueueUrl."));
    };
    let resources = &world.services.resources;
    let queue = resources.get(&caller.scope, QUEUE, url);
    let arn = queue.and_then(|queue| queue.properties.get("Arn")).and_then(Json::as_str).unwrap_or("*");
    callers::authorize(&View::of_world(world), caller, "sqs:GetQueueAttributes", arn)
        .map_err(|words| Fault { status: 403, ..Fault::client("AccessDeniedException", words) })?;
    let Some(queue) = queue else {
        return Err(Fault::client("QueueDoesNotExist", "The specified queue does not exist."));
    };
    let policy = resources.get(&caller.scope, POLICY, url).map(|policy| &policy.properties);
    let mut attributes = Map::new();
    for name in input["AttributeNames"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let known = |all: &[&str]| all.contains(&name);
        if name == "All" {
            for name in ALIKE.iter().chain(COUNTS).chain(OTHERS) {
                put(&mut attributes, name, attribute(queue, policy, name));
            }
        } else if known(ALIKE) || known(COUNTS) || known(OTHERS) {
            put(&mut attributes, name, attribute(queue, policy, name));
        } else {
            return Err(Fault::client("InvalidAttributeName", format!("Unknown Attribute {name}.")));
        }
    }
    let any = !attributes.is_empty();
    Ok(Output::Json(if any { json!({ "Attributes": attributes }) } else { json!({}) }))
}

fn put(attributes: &mut Map<String, Json>, name: &str, value: Option<String>) {
    attributes.extend(value.map(|value| (name.to_owned(), Json::String(value))));
}

/// As text, which all of them are; none where the queue has no such attribute.
fn attribute(queue: &Resource, policy: Option<&Properties>, name: &str) -> Option<String> {
    let value = match name {
        "QueueArn" => queue.properties.get("Arn")?,
        "Policy" => policy?.get("PolicyDocument")?,
        "CreatedTimestamp" => return Some((queue.created.at.0 / 1_000).to_string()),
        "LastModifiedTimestamp" => return Some((queue.changed.at.0 / 1_000).to_string()),
        name if COUNTS.contains(&name) => return Some("0".to_owned()),
        name => queue.properties.get(name)?,
    };
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
