//! Filter policies: which messages a subscription takes.
//!
//! Source: Amazon SNS Developer Guide, "Message filtering" and "Filter policy constraints"; the
//! language of a key's values is that of EventBridge's patterns.

use crate::languages::pattern;
use serde_json::Value as Json;

/// Checks a policy for a scope (`MessageAttributes` or `MessageBody`); the error is the end of SNS's
/// sentence.
pub(super) fn check(policy: &Json, scope: &str) -> Result<(), String> {
    const PREFIX: &str = "FilterPolicy: ";
    let refused = |why: &str| Err(format!("{PREFIX}{why}"));
    let Some(keys) = policy.as_object() else { return refused("failed to parse JSON.") };
    if keys.len() > 5 {
        return refused("Filter policy can not have more than 5 keys");
    }
    for (key, value) in keys {
        match value {
            Json::Object(_) if scope == "MessageAttributes" => {
                let words = "Filter policy scope MessageAttributes does not support nested filter policy";
                return Err(words.to_owned());
            }
            Json::Object(_) => {}
            Json::Array(values) if values.is_empty() => return refused("Empty arrays are not allowed"),
            Json::Array(values) if values.iter().any(Json::is_array) => {
                return refused("Match value must be String, number, true, false, or null");
            }
            // `$or` and its kind have rules of their own.
            Json::Array(_) => {}
            _ => return refused(&format!("\"{key}\" must be an object or an array")),
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    match pattern::parse(policy).1.into_iter().next() {
        Some(problem) => refused(&problem.message),
        None => Ok(()),
    }
}
