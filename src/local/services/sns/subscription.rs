//! Who may be subscribed to a topic, and how.
//!
//! Source: Amazon SNS API Reference, Subscribe and SetSubscriptionAttributes.

use super::filter;
use super::topic::invalid;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource_policy::document;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// Policies that are read back as objects, whatever form they came in.
const POLICIES: [&str; 4] = ["FilterPolicy", "RedrivePolicy", "DeliveryPolicy", "ReplayPolicy"];

/// Which operation asks; SNS's words differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Subscribe,
    SetAttributes,
}

impl Asked {
    fn refuse(self, why: impl std::fmt::Display) -> Refusal {
        match self {
            Self::Subscribe => invalid(format!("Attributes Reason: {why}")),
            Self::SetAttributes => invalid(why),
        }
    }
}

/// Whether nobody has to confirm: AWS's own services answer by themselves. Web and mail addresses
/// stay pending until somebody there follows the link.
pub(super) fn is_confirmed(protocol: &str) -> bool {
    !matches!(protocol, "http" | "https" | "email" | "email-json")
}

/// Checks protocol and endpoint against the topic.
pub(super) fn check_endpoint(protocol: &str, endpoint: &str, topic_arn: &str) -> Result<(), Refusal> {
    let is_arn_of = |service: &str| {
        let parts: Vec<&str> = endpoint.splitn(6, ':').collect();
        parts.len() == 6 && parts[0] == "arn" && parts[2] == service && !parts[5].is_empty()
    };
    let is_mail = || {
        let halves = endpoint.split_once('@');
        halves.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
            && !endpoint.contains(' ')
    };
    let is_number = || {
        let digits = endpoint.strip_prefix('+').unwrap_or(endpoint);
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-')
    };
    let starts = |scheme: &str| endpoint.starts_with(scheme) && endpoint.len() > scheme.len();
    let (good, words) = match protocol {
        "sqs" => (is_arn_of("sqs"), "SQS endpoint ARN"),
        "lambda" => (is_arn_of("lambda"), "Lambda endpoint ARN"),
        "firehose" => (is_arn_of("firehose"), "Firehose endpoint ARN"),
        "application" => {
            (is_arn_of("sns") && endpoint.contains(":endpoint/"), "Application endpoint arn invalid")
        }
        "email" | "email-json" => (is_mail(), "Email address"),
        "http" => (starts("http://"), "Endpoint must match the specified protocol"),
        "https" => (starts("https://"), "Endpoint must match the specified protocol"),
        "sms" if is_number() => (true, ""),
        "sms" => {
            let words = format!("Invalid SMS endpoint: {endpoint}");
            return Err(Refusal::new("InvalidParameter", 400, words));
        }
        other => {
            return Err(invalid(format!("Amazon SNS does not support this protocol string: {other}")));
        }
    };
    if !good {
        return Err(invalid(words));
    }
    let fifo = topic_arn.ends_with(".fifo");
    if fifo && protocol != "sqs" {
        return Err(invalid(format!("Invalid protocol type: {protocol}")));
    }
    if !fifo && protocol == "sqs" && endpoint.ends_with(".fifo") {
        let words = "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics";
        return Err(invalid(words));
    }
    Ok(())
}

/// Brings attributes to their one form: policies as objects, what is empty away, and what SNS gives a
/// subscription that doesn't say otherwise.
pub(super) fn normalise(attributes: &mut Properties, asked: Asked) -> Result<(), Refusal> {
    attributes.retain(|_, value| !value.is_null());
    for name in POLICIES {
        let Some(value) = attributes.get(name) else { continue };
        if value == "" {
            attributes.shift_remove(name);
            continue;
        }
        match document(value) {
            Some(policy) => attributes.insert(name.to_owned(), Json::Object(policy)),
            None => return Err(asked.refuse(format!("{name}: failed to parse JSON."))),
        };
    }
    attributes.entry("RawMessageDelivery").or_insert(Json::Bool(false));
    if attributes.contains_key("FilterPolicy") {
        attributes.entry("FilterPolicyScope").or_insert(Json::from("MessageAttributes"));
    }
    Ok(())
}

/// Checks normalised attributes.
pub(super) fn check(attributes: &Properties, region: &str, asked: Asked) -> Result<(), Refusal> {
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let protocol = text("Protocol").unwrap_or_default();
    let scope = text("FilterPolicyScope").unwrap_or("MessageAttributes");
    if scope != "MessageAttributes" && scope != "MessageBody" {
        return Err(asked.refuse(format!(
            "FilterPolicyScope: Invalid value [{scope}]. Please use either MessageBody or MessageAttributes"
        )));
    }
    if let Some(policy) = attributes.get("FilterPolicy") {
        filter::check(policy, scope).map_err(|why| asked.refuse(why))?;
    }
    let raw = attributes.get("RawMessageDelivery") == Some(&Json::Bool(true));
    if raw && !matches!(protocol, "sqs" | "http" | "https" | "firehose") {
        let words = format!("Delivery protocol [{protocol}] does not support raw message delivery.");
        return Err(asked.refuse(words));
    }
    if protocol == "firehose" && text("SubscriptionRoleArn").is_none() {
        let words = "Delivery protocol firehose can only be subscribed with subscription role arn";
        return Err(invalid(words));
    }
    let Some(policy) = attributes.get("RedrivePolicy") else { return Ok(()) };
    let Some(letters) = policy.get("deadLetterTargetArn").and_then(Json::as_str) else {
        return Err(asked.refuse("RedrivePolicy: Missing deadLetterTargetArn attribute"));
    };
    let parts: Vec<&str> = letters.splitn(6, ':').collect();
    let ["arn", _, "sqs", home, _, _] = parts.as_slice() else {
        return Err(asked.refuse("RedrivePolicy: deadLetterTargetArn must be a SQS queue"));
    };
    if *home != region {
        let words = "RedrivePolicy: deadLetterTargetArn must be in the same region as the subscription";
        return Err(asked.refuse(words));
    }
    Ok(())
}
