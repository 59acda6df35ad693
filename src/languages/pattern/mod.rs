//! `EventBridge`'s event patterns: what they say, what is wrong with them, and
//! which events they match.
//!
//! A pattern has the outline of the events it is for: objects within objects,
//! and in each place that matters an array of what the value there may be.
//! Pipes and archives use the same language. Source: EventBridge User Guide,
//! "Event patterns" and "Comparison operators"; where that is silent, the
//! answers that AWS's `TestEventPattern` gave.

mod matching;
mod normalise;
mod operators;
mod read;
mod wildcard;

pub use crate::languages::cidr::Network;
pub use normalise::{equal, normalised};
pub use operators::{Bound, Matcher};
pub use read::{OPERATORS, UNKNOWN_OPERATOR, parse};
pub use wildcard::Wildcard;

use super::Problem;
use serde_json::Value;

/// An event pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// What it asks of the event.
    pub root: Fields,
}

/// What a pattern asks of an object: each of the fields, and one of each list
/// of alternatives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields {
    /// By name, in the order written.
    pub fields: Vec<(String, Node)>,
    /// `$or`: one of these has to hold as well. Empty where there is none.
    pub alternatives: Vec<Fields>,
}

/// What a pattern asks of one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// That it be an object (or an array with such an object).
    Object(Fields),
    /// That its value, or one of its values, match one of these.
    OneOf(Vec<Matcher>),
}

impl Pattern {
    /// Reads a pattern; [`parse()`] gives every mistake and not just the first.
    ///
    /// # Errors
    /// The first thing that `EventBridge` would refuse.
    pub fn parse(document: &Value) -> Result<Self, Problem> {
        let (pattern, mut problems) = parse(document);
        if problems.is_empty() {
            pattern.ok_or_else(|| read::refused("", "a pattern has to be an object"))
        } else {
            Err(problems.swap_remove(0))
        }
    }

    /// Whether an event matches.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        matching::matches(&self.root, event)
    }
}

#[cfg(test)]
mod tests;
