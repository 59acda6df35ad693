//! Nodes → templates: every `${…}` of a tree compiled, what is known folded in.

use super::Stack;
use super::expression::Scope;
use super::library::Library;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Template, Value};
use crate::syntax::{Entry, Node, NodeValue};

impl Stack {
    /// The node with its expressions compiled. Objects and lists stay [`Template::Object`] and
    /// [`Template::Array`], so that single members can be looked at; a scalar that is known at
    /// load is a [`Template::Literal`]. A bad expression is told, and stands as a
    /// literal [`Value::Unknown`]: those who find one there say nothing more.
    pub fn template(&self, node: &Node, diagnostics: &mut Diagnostics) -> Template {
        template(node, &self.scope, &self.library, diagnostics)
    }

    /// Text with its expressions compiled. An expression that is the whole text keeps its type.
    pub fn text_template(&self, text: &str, span: Span, diagnostics: &mut Diagnostics) -> Template {
        self.scope.text(text, span, &self.library, diagnostics)
    }

    /// The value of a field that must be known at load; told otherwise.
    pub fn constant(&self, node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
        self.scope.constant(node, &self.library, diagnostics)
    }

    /// The text of a field that must be text and known at load; told otherwise. A number that was
    /// written where text is wanted is the text as written.
    pub fn constant_text(&self, node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
        self.scope.constant_text(node, &self.library, diagnostics)
    }
}

/// A node with its expressions compiled.
pub(super) fn template(
    node: &Node,
    scope: &Scope,
    library: &Library,
    diagnostics: &mut Diagnostics,
) -> Template {
    match &node.value {
        NodeValue::Null => Template::Literal(Value::Null),
        NodeValue::Bool(b) => Template::Literal(Value::Bool(*b)),
        NodeValue::Number(n) => Template::Literal(Value::Number(n.clone())),
        NodeValue::String(text) => scope.text(text, node.span, library, diagnostics),
        NodeValue::Array(items) => {
            Template::Array(items.iter().map(|item| template(item, scope, library, diagnostics)).collect())
        }
        NodeValue::Object(entries) => Template::Object(
            entries
                .iter()
                .map(|e| (key(e, diagnostics), template(&e.value, scope, library, diagnostics)))
                .collect(),
        ),
    }
}

/// A key is literal text; an expression in it would silently not be one, so it is told.
fn key(entry: &Entry, diagnostics: &mut Diagnostics) -> String {
    if !entry.key.contains("${") {
        return entry.key.clone();
    }
    let literal = entry.key.replace("$${", "");
    if literal.contains("${") {
        diagnostics.push(
            Diagnostic::error(Code::BAD_EXPRESSION, "a key can't be an expression")
                .at(entry.key_span)
                .hint("a literal `${` is written `$${`"),
        );
    }
    entry.key.replace("$${", "${")
}

/// That the node isn't of the type that is wanted there.
pub(super) fn wrong_type(node: &Node, what: &str, wanted: &str) -> Diagnostic {
    let message = format!("{what} must be {wanted}, not a {}", node.type_name());
    Diagnostic::error(Code::WRONG_TYPE, message).at(node.span)
}
