//! A queue's attributes: what they may be, and what they are where nobody said.
//!
//! Source: Amazon SQS API Reference, CreateQueue and SetQueueAttributes. Attributes are kept by their
//! API names, numbers as numbers and policies as objects.

use super::redrive;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// Attributes that are numbers: name, least, greatest, default.
const NUMBERS: [(&str, i64, i64, i64); 5] = [
    ("DelaySeconds", 0, 900, 0),
    // One MiB since August 2025.
    ("MaximumMessageSize", 1024, 1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    ("VisibilityTimeout", 0, 43_200, 30),
];
/// How long a data key is used, in seconds.
const KEY_REUSE: (&str, i64, i64, i64) = ("KmsDataKeyReusePeriodSeconds", 60, 86_400, 300);

/// The words for an attribute's value that can't be.
pub(super) fn invalid(name: &str) -> Refusal {
    Refusal::new("InvalidAttributeValue", 400, format!("Invalid value for the parameter {name}."))
}

fn invalid_because(name: &str, reason: &str) -> Refusal {
    Refusal::new(
        "InvalidAttributeValue",
        400,
        format!("Invalid value for the parameter {name}. Reason: {reason}"),
    )
}

/// Whether the attributes say that the queue is first in, first out.
pub(super) fn is_fifo(attributes: &Properties) -> bool {
    attributes.get("FifoQueue") == Some(&Json::Bool(true))
}

/// Checks a new queue's name against its kind.
pub(super) fn check_name(name: &str, fifo: bool) -> Result<(), Refusal> {
    let plain = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let good = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if name.len() <= 80 && plain.is_some_and(good) {
        return Ok(());
    }
    let words = if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, \
         must end with .fifo suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    };
    Err(Refusal::new("InvalidParameterValue", 400, words))
}

/// Brings attributes to their one form: no nulls, policies as objects, and what is set to nothing
/// (an empty key, an empty policy) away.
pub(super) fn normalise(attributes: &mut Properties) -> Result<(), Refusal> {
    attributes.retain(|_, value| !value.is_null());
    for name in ["RedrivePolicy", "RedriveAllowPolicy"] {
        let Some(value) = attributes.get(name) else { continue };
        let value = match value {
            Json::String(text) if text.is_empty() => {
                attributes.shift_remove(name);
                continue;
            }
            Json::Object(members) if members.is_empty() => {
                attributes.shift_remove(name);
                continue;
            }
            Json::String(text) => serde_json::from_str::<Properties>(text).map(Json::Object),
            other => Ok(other.clone()),
        };
        let words = if name == "RedrivePolicy" {
            "Redrive policy is not a valid JSON map."
        } else {
            "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format."
        };
        let mut value = value.map_err(|_| invalid_because(name, words))?;
        // A count may be written as text; SQS answers with a number.
        if let Some(count) = value.get("maxReceiveCount").and_then(Json::as_str)
            && let Ok(count) = count.parse::<i64>()
        {
            value["maxReceiveCount"] = json!(count);
        }
        attributes.insert(name.to_owned(), value);
    }
    if attributes.get("KmsMasterKeyId").is_some_and(|key| key == "") {
        attributes.shift_remove("KmsMasterKeyId");
    }
    if !is_fifo(attributes) {
        attributes.shift_remove("FifoQueue");
    }
    Ok(())
}

/// Checks a queue's normalised attributes.
pub(super) fn check(context: &Context<'_>, arn: &str, attributes: &Properties) -> Result<(), Refusal> {
    for (name, least, greatest, _) in NUMBERS.iter().chain(std::iter::once(&KEY_REUSE)) {
        let out = |value: &Json| value.as_i64().is_none_or(|n| n < *least || n > *greatest);
        if attributes.get(*name).is_some_and(out) {
            return Err(invalid(name));
        }
    }
    check_fifo(attributes)?;
    let managed = attributes.get("SqsManagedSseEnabled") == Some(&Json::Bool(true));
    if managed && attributes.contains_key("KmsMasterKeyId") {
        return Err(Refusal::new(
            "InvalidAttributeValue",
            400,
            "You can use one type of server-side encryption (SSE) at one time. You can either enable \
             KMS SSE or SQS SSE.",
        ));
    }
    if let Some(policy) = attributes.get("RedrivePolicy") {
        redrive::check(context, arn, is_fifo(attributes), policy)?;
    }
    match attributes.get("RedriveAllowPolicy") {
        Some(policy) => redrive::check_allow(arn, policy).map_err(|why| {
            let words = format!("Amazon SQS can't create the redrive allow policy{why}");
            invalid_because("RedriveAllowPolicy", &words)
        }),
        None => Ok(()),
    }
}

fn check_fifo(attributes: &Properties) -> Result<(), Refusal> {
    if !is_fifo(attributes) {
        if attributes.contains_key("ContentBasedDeduplication") {
            let words = "Unknown Attribute ContentBasedDeduplication.";
            return Err(Refusal::new("InvalidAttributeName", 400, words));
        }
        for name in ["DeduplicationScope", "FifoThroughputLimit"] {
            if attributes.contains_key(name) {
                let words = format!("You can specify the {name} only when FifoQueue is set to true.");
                return Err(Refusal::new("InvalidAttributeName", 400, words));
            }
        }
        return Ok(());
    }
    let choices = [
        ("DeduplicationScope", ["messageGroup", "queue"]),
        ("FifoThroughputLimit", ["perQueue", "perMessageGroupId"]),
    ];
    for (name, choices) in choices {
        if attributes.get(name).is_some_and(|value| !choices.iter().any(|choice| value == choice)) {
            return Err(invalid_because(name, "not a supported value."));
        }
    }
    let per_group = attributes.get("FifoThroughputLimit").is_some_and(|limit| limit == "perMessageGroupId");
    if per_group && attributes.get("DeduplicationScope").is_none_or(|scope| scope != "messageGroup") {
        let words = "To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be \
                     messageGroup.";
        return Err(invalid_because("FifoThroughputLimit", words));
    }
    Ok(())
}

/// Adds what SQS gives a queue that doesn't say otherwise.
pub(super) fn fill(attributes: &mut Properties) {
    let fifo = is_fifo(attributes);
    let mut put = |name: &str, value: Json| {
        attributes.entry(name.to_owned()).or_insert(value);
    };
    for (name, _, _, default) in NUMBERS {
        put(name, json!(default));
    }
    if fifo {
        put("ContentBasedDeduplication", json!(false));
        put("DeduplicationScope", json!("queue"));
        put("FifoThroughputLimit", json!("perQueue"));
    }
    if attributes.contains_key("KmsMasterKeyId") {
        attributes.entry(KEY_REUSE.0.to_owned()).or_insert(json!(KEY_REUSE.3));
        attributes.insert("SqsManagedSseEnabled".to_owned(), json!(false));
    } else {
        attributes.shift_remove(KEY_REUSE.0);
        attributes.entry("SqsManagedSseEnabled".to_owned()).or_insert(json!(true));
    }
}
