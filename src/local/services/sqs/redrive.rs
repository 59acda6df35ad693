//! Where a queue's messages go that nobody could use, and whose dead letters it takes.
//!
//! Source: Amazon SQS API Reference, SetQueueAttributes, `RedrivePolicy` and `RedriveAllowPolicy`.

use super::resource::QUEUE;
use crate::local::services::Scope;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::{Properties, Resource};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A queue's ARN.
struct QueueArn<'a> {
    region: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> QueueArn<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "sqs", region, account, name] = parts.as_slice() else { return None };
        let whole = !region.is_empty() && !account.is_empty() && !name.is_empty() && !name.contains(':');
        whole.then_some(Self { region, account, name })
    }
}

/// The queue of an ARN, if it exists.
fn queue<'a>(context: &'a Context<'_>, arn: &QueueArn<'_>) -> Option<&'a Arc<Resource>> {
    let scope = Scope { account: arn.account.to_owned(), region: arn.region.to_owned() };
    let url = format!("{}/{}/{}", context.settings.base_url, arn.account, arn.name);
    context.resources.get(&scope, QUEUE, &url)
}

/// Checks a `RedrivePolicy` of the queue `arn`.
pub(super) fn check(context: &Context<'_>, arn: &str, fifo: bool, policy: &Json) -> Result<(), Refusal> {
    let refused = |code: &'static str, reason: &str| {
        let words = format!("Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}");
        Refusal::new(code, 400, words)
    };
    let bad = |reason: &str| refused("InvalidParameterValue", reason);
    let Some(policy_map) = policy.as_object() else {
        let words =
            "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.";
        return Err(Refusal::new("InvalidAttributeValue", 400, words));
    };
    for name in ["deadLetterTargetArn", "maxReceiveCount"] {
        if !policy_map.contains_key(name) {
            return Err(bad(&format!("Redrive policy does not contain mandatory attribute: {name}.")));
        }
    }
    let count = &policy_map["maxReceiveCount"];
    if !count.as_i64().is_some_and(|n| (1..=1000).contains(&n)) {
        let words = format!(
            "Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        );
        return Err(bad(&words));
    }
    let target = policy_map["deadLetterTargetArn"].as_str().unwrap_or_default();
    if target.split(':').nth(2).is_some_and(|service| service != "sqs") {
        return Err(bad("Only SQS queues are valid resources for deadLetterTargetArn."));
    }
    let Some(letters) = QueueArn::parse(target) else {
        return Err(bad(&format!("Invalid value for deadLetterTargetArn: {target}.")));
    };
    if letters.region != context.scope.region {
        return Err(bad("Dead-letter target must be in same region as the source."));
    }
    if letters.account != context.scope.account {
        return Err(bad("Dead-letter target owner should be same as the source."));
    }
    let Some(letters) = queue(context, &letters) else {
        return Err(refused("QueueDoesNotExist", "Dead letter target does not exist."));
    };
    if super::attributes::is_fifo(&letters.properties) != fifo {
        return Err(bad("Dead-letter queue must be same type of queue as the source."));
    }
    if takes(&letters.properties, arn) {
        Ok(())
    } else {
        Err(bad("Dead-letter queue does not allow this queue as a source."))
    }
}

/// Whether a queue takes the dead letters of another.
fn takes(letters: &Properties, source: &str) -> bool {
    let Some(policy) = letters.get("RedriveAllowPolicy").and_then(Json::as_object) else { return true };
    match policy.get("redrivePermission").and_then(Json::as_str) {
        Some("denyAll") => false,
        Some("byQueue") => {
            let sources = policy.get("sourceQueueArns").and_then(Json::as_array);
            sources.is_some_and(|sources| sources.iter().any(|arn| arn == source))
        }
        _ => true,
    }
}

/// Checks a `RedriveAllowPolicy` of the queue `arn`; the error is the end of SQS's sentence.
pub(super) fn check_allow(arn: &str, policy: &Json) -> Result<(), &'static str> {
    const FORMAT: &str = ", as it's in an unsupported format.";
    let nothing = Map::new();
    let policy = policy.as_object().unwrap_or(&nothing);
    let sources = policy.get("sourceQueueArns");
    match policy.get("redrivePermission").and_then(Json::as_str) {
        Some("allowAll" | "denyAll") if sources.is_some() => {
            Err(". You can specify source queue ARNs only when the permission type is byQueue.")
        }
        Some("allowAll" | "denyAll") => Ok(()),
        Some("byQueue") => {
            let sources = sources.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            if sources.is_empty() || sources.len() > 10 {
                return Err(". When you specify the byQueue permission type, you must also specify between \
                            1 and 10 source queue ARNs.");
            }
            let home = QueueArn::parse(arn).map(|arn| arn.region);
            for source in sources {
                let Some(source) = source.as_str().and_then(QueueArn::parse) else { return Err(FORMAT) };
                if home.is_some_and(|home| home != source.region) {
                    return Err(
                        ". All source queue ARNs must be in the same region as the current SQS queue.",
                    );
                }
            }
            Ok(())
        }
        _ => Err(FORMAT),
    }
}
