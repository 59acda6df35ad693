//! Holds a resource's model against its type's schema.
//!
//! The subset of JSON Schema draft 7 that the registry uses, plus the keywords that cfn-lint adds.
//! Formats are not checked: nearly all are names that only CloudFormation knows. A pattern that
//! can't be evaluated checks nothing, so what is reported is certain.
//!
//! The engine validates before anything is known of other resources: a value that isn't there yet
//! is a hole, which fits everything. So with holes too, what is reported is certain.

mod aws_words;
mod rules;
mod violation;

pub use aws_words::aws_report;
pub use violation::{Keyword, Kind, Measure, Violation};

use super::ResourceType;
use rules::Walk;
use serde_json::Value as Json;

/// Whose constraints count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All that is known to be true of the service, and that nobody sets what is computed.
    Engine,
    /// What the registry itself checks.
    Registry,
}

/// For models without holes.
#[must_use]
pub fn no_holes(_: &Json) -> bool {
    false
}

/// Everything that is wrong with a model, in the model's order; at most [`MOST`].
///
/// `is_hole` says which values aren't known yet; they, and what is in them, are not looked at.
#[must_use]
pub fn validate(
    resource: &ResourceType,
    model: &Json,
    mode: Mode,
    is_hole: &dyn Fn(&Json) -> bool,
) -> Vec<Violation> {
    let mut found = Walk::new(resource, mode, is_hole).run(model);
    if mode == Mode::Engine {
        found.extend(read_only_in(resource, model));
    }
    found.truncate(MOST);
    found
}

/// More than these help nobody.
pub const MOST: usize = 100;

/// The computed properties that a model sets. AWS ignores them.
#[must_use]
pub fn read_only_in(resource: &ResourceType, model: &Json) -> Vec<Violation> {
    let mut found = Vec::new();
    for path in &resource.read_only {
        present(model, path.names(), &mut String::new(), &mut |pointer| {
            found.push(Violation {
                pointer: pointer.to_owned(),
                keyword: Keyword::ReadOnly { path: path.to_string() },
                causes: Vec::new(),
            });
        });
    }
    found
}

fn present(node: &Json, names: &[String], at: &mut String, see: &mut dyn FnMut(&str)) {
    let Some((name, rest)) = names.split_first() else {
        return see(at);
    };
    let length = at.len();
    let mut below = |key: &str, child: &Json| {
        at.push('/');
        at.push_str(&violation::escape(key));
        present(child, rest, at, see);
        at.truncate(length);
    };
    match (node, name.as_str()) {
        (Json::Array(items), "*") => {
            items.iter().enumerate().for_each(|(i, item)| below(&i.to_string(), item))
        }
        (Json::Object(members), "*") => members.iter().for_each(|(key, value)| below(key, value)),
        (Json::Object(members), name) => {
            if let Some(child) = members.get(name) {
                below(name, child);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
