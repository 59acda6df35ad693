//! What a topic's attributes may be.
//!
//! Source: Amazon SNS API Reference, CreateTopic and SetTopicAttributes.

use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// A parameter that SNS doesn't take.
pub(super) fn invalid(what: impl std::fmt::Display) -> Refusal {
    Refusal::new("InvalidParameter", 400, format!("Invalid parameter: {what}"))
}

/// What isn't there.
pub(super) fn missing() -> Refusal {
    Refusal::new("NotFound", 404, "Topic does not exist")
}

/// Whether the attributes say that the topic is first in, first out.
pub(super) fn is_fifo(attributes: &Properties) -> bool {
    attributes.get("FifoTopic") == Some(&Json::Bool(true))
}

/// Checks a new topic's name against its kind.
pub(super) fn check_name(name: &str, fifo: bool) -> Result<(), Refusal> {
    let plain = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let good = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if name.len() <= 256 && plain.is_some_and(good) {
        return Ok(());
    }
    Err(invalid(if fifo {
        "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII \
         letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
    } else {
        "Topic Name"
    }))
}

/// Brings attributes to their one form: what is empty is away, as a read leaves it out.
pub(super) fn normalise(attributes: &mut Properties) {
    attributes.retain(|_, value| !value.is_null());
    for name in ["DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig"] {
        if attributes.get(name).is_some_and(|value| value == "") {
            attributes.shift_remove(name);
        }
    }
    if is_fifo(attributes) {
        attributes.entry("ContentBasedDeduplication").or_insert(Json::Bool(false));
    } else {
        attributes.shift_remove("FifoTopic");
    }
}

/// Checks a topic's normalised attributes.
pub(super) fn check(attributes: &Properties) -> Result<(), Refusal> {
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let refused = |why: String| Err(invalid(format!("Attributes Reason: {why}")));
    if text("DisplayName").is_some_and(|name| name.chars().count() > 100) {
        return refused("DisplayName".to_owned());
    }
    if text("SignatureVersion").is_some_and(|version| version != "1" && version != "2") {
        return refused("SignatureVersion: Invalid value. Must be 1 or 2.".to_owned());
    }
    if let Some(tracing) = text("TracingConfig").filter(|t| *t != "PassThrough" && *t != "Active") {
        return refused(format!("Invalid tracing config value: {tracing}"));
    }
    if !is_fifo(attributes) {
        for name in ["ContentBasedDeduplication", "ArchivePolicy", "FifoThroughputScope"] {
            if attributes.contains_key(name) {
                return refused(format!("Unknown attribute {name}"));
            }
        }
    }
    let days = attributes.get("ArchivePolicy").and_then(|policy| policy.get("MessageRetentionPeriod"));
    let days = days.map(|days| days.as_i64().or_else(|| days.as_str()?.parse().ok()));
    if days.is_some_and(|days| !days.is_some_and(|days| (1..=365).contains(&days))) {
        return refused("ArchivePolicy: MessageRetentionPeriod value is invalid".to_owned());
    }
    Ok(())
}
