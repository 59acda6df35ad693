//! `${…}`: compiled against what is known at load ([`Scope`]); what isn't stays a reference.
//!
//! Almost every expression is a path (`queue.claims.Arn`, `config.stage`) and is read without
//! CEL's parser ([`path`]); the rest goes through [`cel`].

mod budget;
mod cel;
mod function;
mod functions;
mod holes;
mod path;
mod room;
mod scope;
mod values;

pub(super) use scope::Scope;

use super::library::Library;
use super::template::wrong_type;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Address, Attributes, Template, Value};
use crate::syntax::{Node, NodeValue};
use holes::Piece;

/// The longest expression, in bytes.
const MAX_EXPRESSION: usize = 4096;

impl Scope {
    /// Text with its expressions compiled; one that is the whole text keeps its type.
    pub(in crate::spec) fn text(
        &self,
        text: &str,
        span: Span,
        library: &Library,
        diagnostics: &mut Diagnostics,
    ) -> Template {
        if !text.contains("${") {
            return Template::string(text);
        }
        let mut places = Places::new(span, library);
        let mut pieces: Vec<Template> = Vec::new();
        for piece in holes::pieces(text) {
            pieces.push(match piece {
                Piece::Text(text) => Template::string(text),
                Piece::Expression(written) => self.expression(written, places.next(written), diagnostics),
                Piece::Open(_) => {
                    diagnostics.push(
                        Diagnostic::error(Code::BAD_EXPRESSION, "the `${` has no closing `}`")
                            .at(span)
                            .hint("a literal `${` is written `$${`"),
                    );
                    return poison();
                }
            });
        }
        let whole = text.starts_with("${");
        match pieces.pop() {
            Some(only) if pieces.is_empty() && whole => only,
            Some(last) => {
                pieces.push(last);
                self.concat(pieces, span, diagnostics)
            }
            None => Template::string(""),
        }
    }

    /// One expression, without its `${` and `}`.
    fn expression(&self, written: &str, place: Place, diagnostics: &mut Diagnostics) -> Template {
        let result = if written.len() > MAX_EXPRESSION {
            let message = format!("the expression has {} bytes; {MAX_EXPRESSION} are allowed", written.len());
            Err(Diagnostic::error(Code::BAD_EXPRESSION, message).at(place.whole).into())
        } else if let Some(path) = path::read(written) {
            self.path(&path, place)
        } else {
            self.cel(written, place)
        };
        result.unwrap_or_else(|mistakes: Diagnostics| {
            diagnostics.extend(mistakes);
            poison()
        })
    }

    /// What is known becomes one text at once.
    fn concat(&self, pieces: Vec<Template>, span: Span, diagnostics: &mut Diagnostics) -> Template {
        let known = pieces.iter().all(|piece| matches!(piece, Template::Literal(_)));
        let template = Template::Concat(pieces);
        let result = if known {
            let value = template.evaluate(&Nothing);
            self.budget.spend_value(&value).map(|()| Template::Literal(value))
        } else {
            self.budget.spend_template(&template).map(|()| template)
        };
        result.unwrap_or_else(|why| {
            diagnostics.push(Diagnostic::error(Code::BAD_EXPRESSION, why).at(span));
            poison()
        })
    }

    /// A node that must be known at load. None where it isn't, which is told.
    pub(in crate::spec) fn constant(
        &self,
        node: &Node,
        library: &Library,
        diagnostics: &mut Diagnostics,
    ) -> Option<Value> {
        Some(match &node.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(b) => Value::Bool(*b),
            NodeValue::Number(n) => Value::Number(n.clone()),
            NodeValue::Array(items) => Value::Array(
                items.iter().map(|item| self.constant(item, library, diagnostics)).collect::<Option<_>>()?,
            ),
            NodeValue::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|e| Some((e.key.clone(), self.constant(&e.value, library, diagnostics)?)))
                    .collect::<Option<_>>()?,
            ),
            NodeValue::String(text) => {
                return match self.text(text, node.span, library, diagnostics) {
                    Template::Literal(value) => value.is_known().then_some(value),
                    template => {
                        diagnostics.push(not_known(&template, node.span));
                        None
                    }
                };
            }
        })
    }

    /// A node that must be text and known at load.
    pub(in crate::spec) fn constant_text(
        &self,
        node: &Node,
        library: &Library,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        let Some(text) = node.text() else {
            diagnostics.push(wrong_type(node, "this", "text"));
            return None;
        };
        if !text.contains("${") {
            return Some(text.to_owned());
        }
        match self.constant(node, library, diagnostics)? {
            Value::String(text) => Some(text),
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_json().map(|json| json.to_string()),
            Value::Sensitive(_) => {
                let message = "a secret can't stand here: this is shown in plans";
                diagnostics.push(Diagnostic::error(Code::BAD_EXPRESSION, message).at(node.span));
                None
            }
            _ => {
                let message = "the expression must give text here";
                diagnostics.push(Diagnostic::error(Code::WRONG_TYPE, message).at(node.span));
                None
            }
        }
    }
}

/// What stands for an expression with a mistake, which was told: an unknown, so that nobody tells
/// it again in other words.
fn poison() -> Template {
    let reason = "its expression has a mistake";
    Template::Literal(Value::unknown(Address::new("expression"), "value", reason))
}

/// Whether a mistake was told somewhere in it.
pub(in crate::spec) fn is_poisoned(template: &Template) -> bool {
    match template {
        Template::Literal(value) => !value.is_known(),
        Template::Array(items) | Template::Concat(items) => items.iter().any(is_poisoned),
        Template::Object(members) => members.values().any(is_poisoned),
        Template::Json(inner) => is_poisoned(inner),
        Template::Attribute(_) | Template::Call(_) => false,
    }
}

fn not_known(template: &Template, span: Span) -> Diagnostic {
    let mut first = None;
    template.references(&mut |reference| {
        first.get_or_insert_with(|| format!("{}.{}", reference.address, reference.property));
    });
    let message = match first {
        Some(reference) => format!("this must be known at load, but `{reference}` isn't"),
        None => "this must be known at load".to_owned(),
    };
    Diagnostic::error(Code::BAD_EXPRESSION, message)
        .at(span)
        .hint("use `config`, `variables`, `aws` or `stack` here")
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// What lies between `${` and `}`, or the whole scalar where that can't be told.
    whole: Span,
    /// Whether `whole` is the expression, so that offsets into it are places.
    exact: bool,
}

impl Place {
    /// The place of a range of the expression's bytes.
    fn part(self, start: usize, end: usize) -> Span {
        let at = self.whole.start as usize;
        if self.exact { Span::new(self.whole.source, at + start, at + end) } else { self.whole }
    }
}

/// Finds expressions in the scalar as it is written. Quotes, escapes, folding and indentation may
/// lie between them; the expression itself mostly stands there as it is.
struct Places {
    span: Span,
    written: String,
    cursor: usize,
}

impl Places {
    fn new(span: Span, library: &Library) -> Self {
        Self { span, written: library.written(span), cursor: 0 }
    }

    fn next(&mut self, expression: &str) -> Place {
        let mut from = self.cursor;
        while let Some(found) = self.written[from..].find("${") {
            let (at, start) = (from + found, from + found + 2);
            let escaped = self.written[..at].ends_with('$');
            let rest = &self.written[start..];
            if !escaped && rest.strip_prefix(expression).is_some_and(|rest| rest.starts_with('}')) {
                self.cursor = start + expression.len();
                let at = self.span.start as usize + start;
                let whole = Span::new(self.span.source, at, at + expression.len());
                return Place { whole, exact: true };
            }
            from = start;
        }
        Place { whole: self.span, exact: false }
    }
}

/// No attribute is known.
struct Nothing;

impl Attributes for Nothing {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        Value::unknown(address.clone(), property, "nothing is known at load")
    }
}
