//! The events that a machine publishes, for whoever follows events through a
//! stack.

use super::definition::{Definition, Work};
use super::permissions::{Found, find};
use super::resource::Resource;
use crate::languages::pointer;

/// One entry of a `PutEvents` call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// The state that publishes it.
    pub state: String,
    /// Where the entry is in the definition.
    pub pointer: String,
    /// Its `Source`; none where it is chosen at run time.
    pub source: Option<Literal>,
    /// Its `DetailType`; none where it is chosen at run time.
    pub detail_type: Option<Literal>,
    /// Its `EventBusName`; none where it is chosen at run time.
    pub bus: Option<Literal>,
    /// Whether `EventBusName` is absent, so that the default bus is meant.
    pub default_bus: bool,
    /// Where its `Detail` is.
    pub detail: String,
}

/// A text that stands in the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Where.
    pub pointer: String,
    /// The text; it may hold stack expressions.
    pub text: String,
}

/// What a machine publishes, in the order of its states.
#[must_use]
pub fn emits(definition: &Definition) -> Vec<Emitted> {
    let mut all = Vec::new();
    for state in definition.states() {
        let Work::Task(task) = &state.work else {
            continue;
        };
        let publishes = match &task.resource {
            Resource::Optimized { service, action, .. } => {
                (service.as_str(), action.as_str()) == ("events", "putEvents")
            }
            Resource::Sdk { service, action, .. } => {
                (service.as_str(), action.as_str()) == ("eventbridge", "putEvents")
            }
            _ => false,
        };
        let (field, Some(arguments)) = state.arguments() else {
            continue;
        };
        let Some(entries) = arguments.get("Entries").and_then(serde_json::Value::as_array) else {
            continue;
        };
        if !publishes {
            continue;
        }
        let at = pointer::child(&pointer::child(&state.pointer, field), "Entries");
        for (index, entry) in entries.iter().enumerate() {
            let here = pointer::element(&at, index);
            let literal = |key: &str| match find(entry, &here, key, state.query_language).pop() {
                Some(Found::Known { pointer, text }) => Some(Literal { pointer, text }),
                _ => None,
            };
            let default_bus = entry.as_object().is_some_and(|entry| {
                !entry.contains_key("EventBusName") && !entry.contains_key("EventBusName.$")
            });
            all.push(Emitted {
                state: state.name.clone(),
                source: literal("Source"),
                detail_type: literal("DetailType"),
                bus: literal("EventBusName"),
                default_bus,
                detail: pointer::child(&here, "Detail"),
                pointer: here,
            });
        }
    }
    all
}
