//! One file of a stack: its top level, taken apart.

use super::ignored::{self, IgnoredDrift};
use super::keys;
use super::template::wrong_type;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, nearest, one_of};
use crate::syntax::{Entry, Node, NodeValue};

/// What stands in one file, sections not yet understood.
#[derive(Debug, Default)]
pub(super) struct Fragment {
    pub(super) name: Option<(String, Span)>,
    pub(super) description: Option<String>,
    pub(super) service: Option<String>,
    pub(super) includes: Vec<Node>,
    pub(super) defaults: Option<Node>,
    pub(super) config: Vec<Named>,
    pub(super) variables: Vec<Named>,
    pub(super) imports: Vec<Named>,
    pub(super) outputs: Vec<Named>,
    pub(super) ignored: Vec<IgnoredDrift>,
    /// Under their plural keys.
    pub(super) declared: Vec<(&'static str, Named)>,
}

/// One entry of a section.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) body: Node,
}

/// Takes the top level apart; `whole` is the stack's own file, which has a name.
pub(super) fn read(tree: &Node, whole: bool, diagnostics: &mut Diagnostics) -> Fragment {
    let mut fragment = Fragment::default();
    let Some(entries) = tree.entries() else {
        diagnostics.push(wrong_type(tree, "a stack file", "a mapping"));
        return fragment;
    };
    for entry in entries {
        let node = &entry.value;
        match entry.key.as_str() {
            "name" if whole => fragment.name = name(node, diagnostics),
            "name" => diagnostics.push(
                Diagnostic::error(Code::UNKNOWN_KEY, "an included file has no `name`")
                    .at(entry.key_span)
                    .hint("the stack's own file has the name; remove it here"),
            ),
            "description" => fragment.description = text(node, "`description`", diagnostics),
            "service" => fragment.service = service(node, diagnostics),
            "include" => fragment.includes = includes(node, diagnostics),
            "defaults" => match node.value {
                NodeValue::Object(_) => fragment.defaults = Some(node.clone()),
                NodeValue::Null => {}
                _ => diagnostics.push(wrong_type(node, "`defaults`", "a mapping")),
            },
            "config" => fragment.config = section(entry, diagnostics),
            "variables" => fragment.variables = section(entry, diagnostics),
            "imports" => fragment.imports = section(entry, diagnostics),
            "outputs" => fragment.outputs = section(entry, diagnostics),
            "drift" => fragment.ignored = ignored::read(node, diagnostics),
            key => match keys::declaring(key) {
                Some(key) => {
                    fragment.declared.extend(section(entry, diagnostics).into_iter().map(|n| (key, n)));
                }
                None => diagnostics.push(unknown_key(entry)),
            },
        }
    }
    fragment
}

fn unknown_key(entry: &Entry) -> Diagnostic {
    let key = &entry.key;
    let diagnostic = Diagnostic::error(
        Code::UNKNOWN_KEY,
        format!("the key `{key}` is not known at the top of a stack file"),
    )
    .at(entry.key_span);
    if let Some(plural) = keys::plural(key) {
        return diagnostic.hint(format!("kinds' keys are plural: `{plural}`"));
    }
    match (keys::elsewhere(key), nearest(key, keys::top_level())) {
        (Some("resources"), _) => diagnostic
            .hint("what has no kind of its own stands under `resources`, with its CloudFormation type"),
        (Some(here), _) => diagnostic.hint(format!("`{here}` is the place for that")),
        (None, Some(near)) => diagnostic.hint(format!("did you mean `{near}`?")),
        (None, None) => diagnostic.hint(format!("known here: {}", one_of(keys::top_level()))),
    }
}

fn text(node: &Node, what: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let found = node.text().map(str::to_owned);
    if found.is_none() {
        diagnostics.push(wrong_type(node, what, "text"));
    }
    found
}

fn name(node: &Node, diagnostics: &mut Diagnostics) -> Option<(String, Span)> {
    let name = text(node, "`name`", diagnostics)?;
    if !keys::is_stack_name(&name) {
        let message = format!("`{name}` can't be a stack's name");
        diagnostics.push(Diagnostic::error(Code::BAD_NAME, message).at(node.span).hint(format!(
            "a stack's name has lower-case letters, digits and hyphens, at most {}, and begins with a letter",
            keys::LONGEST_STACK_NAME
        )));
    }
    Some((name, node.span))
}

/// A service is part of event sources and tags.
fn service(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let service = text(node, "`service`", diagnostics)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if service.is_empty() || !service.chars().all(allowed) {
        let message = format!("`{service}` can't be a service's name");
        diagnostics.push(
            Diagnostic::error(Code::BAD_NAME, message)
                .at(node.span)
                .hint("letters, digits, `-`, `_` and `.` are allowed"),
        );
        return None;
    }
    Some(service)
}

fn includes(node: &Node, diagnostics: &mut Diagnostics) -> Vec<Node> {
    match &node.value {
        NodeValue::String(_) => vec![node.clone()],
        NodeValue::Null => Vec::new(),
        NodeValue::Array(items) => {
            for item in items.iter().filter(|item| item.text().is_none()) {
                diagnostics.push(wrong_type(item, "an included file", "a path"));
            }
            items.iter().filter(|item| item.text().is_some()).cloned().collect()
        }
        _ => {
            diagnostics.push(wrong_type(node, "`include`", "a path or a list of paths"));
            Vec::new()
        }
    }
}

/// The entries of a section, their names checked.
fn section(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<Named> {
    let entries = match &entry.value.value {
        NodeValue::Object(entries) => entries.as_slice(),
        NodeValue::Null => return Vec::new(),
        _ => {
            diagnostics.push(wrong_type(&entry.value, &format!("`{}`", entry.key), "a mapping of names"));
            return Vec::new();
        }
    };
    let mut found = Vec::with_capacity(entries.len());
    for Entry { key: name, key_span: span, value: body } in entries {
        if !keys::is_identifier(name) {
            let message = format!("`{name}` can't be a name");
            let hint = match keys::as_identifier(name) {
                Some(better) => format!("write `{better}`"),
                None => "a name has letters, digits and `_`, and begins with a letter".to_owned(),
            };
            diagnostics.push(Diagnostic::error(Code::BAD_NAME, message).at(*span).hint(hint));
            continue;
        }
        found.push(Named { name: name.clone(), span: *span, body: body.clone() });
    }
    found
}
