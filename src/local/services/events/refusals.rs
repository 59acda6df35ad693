//! EventBridge's refusals (EventBridge API Reference, the operations' errors).

use crate::local::services::refusal::Refusal;

/// What EventBridge checks by hand.
pub(super) fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", 400, words)
}

/// What isn't there; EventBridge's status for it is 400.
pub(super) fn missing(words: impl Into<String>) -> Refusal {
    Refusal::new("ResourceNotFoundException", 400, words)
}

/// What is there already.
pub(super) fn exists(words: impl Into<String>) -> Refusal {
    Refusal::new("ResourceAlreadyExistsException", 400, words)
}

/// An event pattern that isn't one.
pub(super) fn pattern(reason: &str) -> Refusal {
    let words = format!("Event pattern is not valid. Reason: {reason}");
    Refusal::new("InvalidEventPatternException", 400, words)
}
