//! Lifecycle rules that S3 takes (Amazon S3 User Guide, "Lifecycle configuration elements", and
//! "Transitioning objects": constraints).

use super::refused;
use crate::local::services::members::{has, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What a rule may do.
const ACTIONS: &[&str] = &[
    "AbortIncompleteMultipartUpload",
    "ExpirationDate",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "Transition",
    "Transitions",
];
/// How many days an object has to be there before it moves to one of the infrequent-access classes.
const SETTLED: i64 = 30;

/// Whether the rules of a bucket are some.
pub(super) fn check(configuration: &Properties) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    for rule in objects(configuration, "Rules") {
        if text(rule, "Id").is_some_and(|id| !names.insert(id)) {
            return Err(invalid("Rule ID must be unique. Found same ID for more than one rule"));
        }
        if !ACTIONS.iter().any(|action| has(rule, action)) {
            return Err(invalid("At least one action needs to be specified in a rule"));
        }
        let expiration = days(rule, "ExpirationInDays");
        if expiration.is_some_and(|days| days < 1) {
            return Err(invalid("'Days' for Expiration action must be a positive integer"));
        }
        for transition in object(rule, "Transition").into_iter().chain(objects(rule, "Transitions")) {
            let class = text(transition, "StorageClass").unwrap_or_default();
            let Some(moved) = days(transition, "TransitionInDays") else { continue };
            if matches!(class, "STANDARD_IA" | "ONEZONE_IA") && moved < SETTLED {
                return Err(invalid(format!(
                    "'Days' in Transition action must be greater than or equal to {SETTLED} for storageClass '{class}'"
                )));
            }
            if expiration.is_some_and(|gone| gone <= moved) {
                let prefix = text(rule, "Prefix").unwrap_or_default();
                return Err(invalid(format!(
                    "'Days' in the Expiration action for filter '(prefix={prefix})' must be greater than 'Days' in the \
                     Transition action"
                )));
            }
        }
    }
    Ok(())
}

fn days(owner: &Properties, name: &str) -> Option<i64> {
    owner.get(name).and_then(Json::as_i64)
}

fn invalid(message: impl Into<String>) -> Refusal {
    refused("InvalidArgument", message)
}
