//! Whether an event is what a pattern asks for.
//!
//! An array in an event stands for its elements: one of them has to match, and
//! what a pattern asks of several fields of an object has to hold in the same
//! element. Only `exists: false` looks at all elements, because it says that
//! a value is nowhere.

use super::operators::Matcher;
use super::{Fields, Node};
use serde_json::Value;

/// Whether an object has what is asked for. `chosen` is the value that is
/// looked at (none where the event has none), `everywhere` all values in this
/// place, in whichever element of an array they are.
pub(super) fn object(asked: &Fields, chosen: Option<&Value>, everywhere: &[&Value]) -> bool {
    if let Some(Value::Array(elements)) = chosen {
        let mut objects = Vec::new();
        elements.iter().for_each(|element| flatten(element, &mut objects));
        if objects.is_empty() {
            return object(asked, None, everywhere);
        }
        return objects.into_iter().any(|element| object(asked, Some(element), everywhere));
    }
    let holds = |(name, node): &(String, Node)| {
        // Only a question after absence needs to look everywhere.
        let inside = if asks_for_absence(node) {
            let mut flat = Vec::new();
            everywhere.iter().for_each(|value| flatten(value, &mut flat));
            flat.into_iter().filter_map(|value| value.get(name)).collect()
        } else {
            Vec::new()
        };
        let chosen = chosen.and_then(|value| value.as_object()?.get(name));
        match node {
            Node::Object(fields) => object(fields, chosen, &inside),
            Node::OneOf(matchers) => one_of(matchers, chosen, &inside),
        }
    };
    asked.fields.iter().all(holds)
        && (asked.alternatives.is_empty()
            || asked.alternatives.iter().any(|alternative| object(alternative, chosen, everywhere)))
}

fn asks_for_absence(node: &Node) -> bool {
    fn within(asked: &Fields) -> bool {
        asked.fields.iter().any(|(_, node)| asks_for_absence(node)) || asked.alternatives.iter().any(within)
    }
    match node {
        Node::OneOf(matchers) => matchers.contains(&Matcher::Exists(false)),
        Node::Object(asked) => within(asked),
    }
}

fn one_of(matchers: &[Matcher], chosen: Option<&Value>, everywhere: &[&Value]) -> bool {
    let values = leaves(chosen);
    matchers.iter().any(|matcher| match matcher {
        Matcher::Exists(false) => everywhere.iter().all(|value| leaves(Some(value)).is_empty()),
        other => values.iter().any(|value| other.matches(value)),
    })
}

/// The values in a place: the elements of an array, at any depth; an object is
/// none, since only what it holds has a value.
fn leaves(value: Option<&Value>) -> Vec<&Value> {
    let mut flat = Vec::new();
    if let Some(value) = value {
        flatten(value, &mut flat);
    }
    flat.retain(|value| !value.is_object());
    flat
}

/// A value, or an array's elements at any depth.
fn flatten<'v>(value: &'v Value, into: &mut Vec<&'v Value>) {
    let mut ahead = vec![value];
    while let Some(next) = ahead.pop() {
        match next {
            Value::Array(elements) => ahead.extend(elements.iter().rev()),
            other => into.push(other),
        }
    }
}
