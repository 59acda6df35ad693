//! Whether an event is what a pattern asks for.
//!
//! An array in an event stands for its elements: one of them has to match, and
//! what a pattern asks of several fields of an object has to hold in the same
//! element. Only `exists: false` looks at all elements, because it says that
//! a value is nowhere; that is found out first, once for each place, so that
//! the whole takes time in proportion to the pattern and the event.

use super::operators::Matcher;
use super::{Fields, Node};
use serde_json::Value;

/// Whether an event has what is asked for.
pub(super) fn matches(asked: &Fields, event: &Value) -> bool {
    Asked::new(asked, &flattened(event)).holds(Some(event))
}

/// [`Fields`], knowing what is absent from the event.
struct Asked<'p> {
    fields: Vec<(&'p str, Question<'p>)>,
    alternatives: Vec<Asked<'p>>,
}

enum Question<'p> {
    Object(Asked<'p>),
    OneOf {
        matchers: &'p [Matcher],
        /// Whether the event has no value in this place, in any element.
        absent: bool,
    },
}

impl<'p> Asked<'p> {
    /// `everywhere`: what the event has in this place, arrays being their
    /// elements.
    fn new(asked: &'p Fields, everywhere: &[&Value]) -> Self {
        let question = |(name, node): &'p (String, Node)| {
            // Only a question after absence needs to look everywhere.
            let mut inside = Vec::new();
            if asks_for_absence(node) {
                let found = everywhere.iter().filter_map(|value| value.get(name));
                found.for_each(|value| flatten(value, &mut inside));
            }
            let question = match node {
                Node::Object(fields) => Question::Object(Asked::new(fields, &inside)),
                Node::OneOf(matchers) => {
                    Question::OneOf { matchers, absent: inside.iter().all(|value| value.is_object()) }
                }
            };
            (name.as_str(), question)
        };
        Self {
            fields: asked.fields.iter().map(question).collect(),
            alternatives: asked.alternatives.iter().map(|other| Asked::new(other, everywhere)).collect(),
        }
    }

    /// Whether a value (none where the event has none) has what is asked for.
    fn holds(&self, value: Option<&Value>) -> bool {
        let elements = value.map(flattened).unwrap_or_default();
        if elements.is_empty() {
            return self.holds_in(None);
        }
        elements.into_iter().any(|element| self.holds_in(Some(element)))
    }

    fn holds_in(&self, element: Option<&Value>) -> bool {
        let answer = |(name, question): &(&str, Question<'_>)| {
            let value = element.and_then(|element| element.get(*name));
            match question {
                Question::Object(asked) => asked.holds(value),
                Question::OneOf { matchers, absent } => one_of(matchers, value, *absent),
            }
        };
        self.fields.iter().all(answer)
            && (self.alternatives.is_empty() || self.alternatives.iter().any(|other| other.holds_in(element)))
    }
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

fn one_of(matchers: &[Matcher], value: Option<&Value>, absent: bool) -> bool {
    // An object is no value: only what it holds is.
    let mut values = value.map(flattened).unwrap_or_default();
    values.retain(|value| !value.is_object());
    matchers.iter().any(|matcher| match matcher {
        Matcher::Exists(false) => absent,
        other => values.iter().any(|value| other.matches(value)),
    })
}

fn flattened(value: &Value) -> Vec<&Value> {
    let mut flat = Vec::new();
    flatten(value, &mut flat);
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
