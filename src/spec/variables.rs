//! `variables`: named expressions that may use each other.

use super::expression::{Scope, is_poisoned};
use super::library::Library;
use super::template::template;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::syntax::{Node, NodeValue};
use indexmap::IndexMap;

/// One variable as written.
pub(super) struct Variable {
    pub(super) span: Span,
    pub(super) node: Node,
}

/// Compiles all of them into `scope.variables`, each after those that it uses.
pub(super) fn compile(
    variables: &IndexMap<String, Variable>,
    scope: &mut Scope,
    library: &Library,
    diagnostics: &mut Diagnostics,
) {
    // Those that come later in a circle have no value.
    scope.variables.extend(variables.keys().map(|name| (name.clone(), None)));
    for name in order(variables, diagnostics) {
        let Some(variable) = variables.get(name) else { continue };
        let template = template(&variable.node, scope, library, diagnostics);
        scope.variables.insert(name.to_owned(), (!is_poisoned(&template)).then_some(template));
    }
}

/// The names, each after those that it uses; those of a circle are told and left out.
fn order<'v>(variables: &'v IndexMap<String, Variable>, diagnostics: &mut Diagnostics) -> Vec<&'v str> {
    let uses: IndexMap<&str, Vec<&str>> = variables
        .iter()
        .map(|(name, variable)| {
            let mut used = Vec::new();
            names_used(&variable.node, &mut |found| {
                if let Some((name, _)) = variables.get_key_value(found) {
                    used.push(name.as_str());
                }
            });
            (name.as_str(), used)
        })
        .collect();
    let mut done: IndexMap<&str, bool> = IndexMap::new();
    let mut ordered = Vec::new();
    for start in uses.keys().copied() {
        // Depth first, without recursion: a path of names, and where each is in its uses.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        if done.contains_key(start) {
            continue;
        }
        done.insert(start, false);
        while let Some((name, next)) = path.last_mut() {
            let name = *name;
            match uses.get(name).and_then(|used| used.get(*next)).copied() {
                None => {
                    done.insert(name, true);
                    ordered.push(name);
                    path.pop();
                }
                Some(used) => {
                    *next += 1;
                    match done.get(used) {
                        None => {
                            done.insert(used, false);
                            path.push((used, 0));
                        }
                        Some(true) => {}
                        Some(false) => {
                            let from = path.iter().position(|(name, _)| *name == used).unwrap_or(0);
                            let circle: Vec<&str> = path[from..].iter().map(|(name, _)| *name).collect();
                            diagnostics.push(circular(variables, &circle));
                        }
                    }
                }
            }
        }
    }
    ordered
}

fn circular(variables: &IndexMap<String, Variable>, circle: &[&str]) -> Diagnostic {
    let span = |name: &str| variables.get(name).map(|v| v.span);
    let first = circle.first().copied().unwrap_or("");
    let path: Vec<String> = circle.iter().chain([&first]).map(|name| format!("`{name}`")).collect();
    let message = format!("variables use each other in a circle: {}", path.join(" → "));
    let mut diagnostic = Diagnostic::error(Code::CYCLE, message);
    if let Some(at) = span(first) {
        diagnostic = diagnostic.at(at);
    }
    for (index, name) in circle.iter().enumerate().skip(1) {
        if let Some(at) = span(name) {
            let next = circle.get(index + 1).unwrap_or(&first);
            diagnostic = diagnostic.label(at, format!("`{name}` uses `{next}`"));
        }
    }
    diagnostic.hint("write one of them without the other")
}

/// The names behind `variables.` in all expressions of a node.
fn names_used<'n>(node: &'n Node, see: &mut impl FnMut(&'n str)) {
    match &node.value {
        NodeValue::String(text) if text.contains("${") => {
            for (at, word) in text.match_indices("variables.") {
                let rest = &text[at + word.len()..];
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                see(&rest[..end]);
            }
        }
        NodeValue::Array(items) => items.iter().for_each(|item| names_used(item, see)),
        NodeValue::Object(entries) => entries.iter().for_each(|e| names_used(&e.value, see)),
        _ => {}
    }
}
