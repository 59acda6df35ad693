//! TOML, every mistake of a file at once. Dates become text.

use super::limits::{self, MAX_DEPTH, MAX_MISTAKES, MAX_NODES};
use super::{Entry, Node, NodeValue, Origin};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use serde_json::Number;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) fn parse(at: Origin, text: &str) -> (Option<Node>, Diagnostics) {
    // The parser itself refuses to nest more than 80 levels, and says so.
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut diagnostics = Diagnostics::new();
    for error in errors.iter().take(MAX_MISTAKES) {
        diagnostics.push(mistake(at, text, error.message(), error.span()));
    }
    let mut walk = Walk { at, text, nodes: 0, diagnostics };
    let span = table.span();
    let root = walk.table(table.into_inner(), span, 1);
    let diagnostics = walk.diagnostics;
    (root.filter(|_| !diagnostics.has_errors()), diagnostics)
}

fn mistake(at: Origin, text: &str, message: &str, span: Option<Range<usize>>) -> Diagnostic {
    let range = span.unwrap_or(text.len()..text.len());
    let span = at.span(range.start, range.end);
    match message {
        "duplicate key" => {
            let key = text.get(range).unwrap_or("");
            Diagnostic::error(Code::DUPLICATE_KEY, format!("the key `{key}` stands twice in one table"))
                .at_saying(span, "again here")
                .hint("remove one of the two, or merge them")
        }
        _ if message.contains("recurs") => limits::too_deep(span),
        _ => Diagnostic::error(Code::SYNTAX, format!("this isn't valid TOML: {message}")).at(span),
    }
}

struct Walk<'t> {
    at: Origin,
    text: &'t str,
    nodes: usize,
    diagnostics: Diagnostics,
}

impl Walk<'_> {
    fn table(&mut self, table: DeTable<'_>, range: Range<usize>, depth: usize) -> Option<Node> {
        self.enter(&range, depth)?;
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key_span = self.at.span(key.span().start, key.span().end);
            let value = self.value(value, depth)?;
            entries.push(Entry { key: key.into_inner().into_owned(), key_span, value });
        }
        // The parser sorts by name; the order that counts is the file's.
        entries.sort_by_key(|e| e.key_span.start);
        Some(Node::new(self.at.span(range.start, range.end), NodeValue::Object(entries)))
    }

    fn value(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Option<Node> {
        let range = value.span();
        let written = self.text.get(range.clone()).unwrap_or("");
        let value = match value.into_inner() {
            DeValue::Table(table) => return self.table(table, range, depth + 1),
            DeValue::Array(items) => {
                self.enter(&range, depth + 1)?;
                NodeValue::Array(items.into_iter().map(|v| self.value(v, depth + 1)).collect::<Option<_>>()?)
            }
            DeValue::String(text) => NodeValue::String(text.into_owned()),
            DeValue::Boolean(b) => NodeValue::Bool(b),
            DeValue::Datetime(_) => NodeValue::String(written.to_owned()),
            DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
                Ok(n) => NodeValue::Number(n.into()),
                Err(_) => NodeValue::String(written.to_owned()),
            },
            DeValue::Float(n) => match n.as_str().parse().ok().and_then(Number::from_f64) {
                Some(n) => NodeValue::Number(n),
                None => NodeValue::String(written.to_owned()),
            },
        };
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.diagnostics.push(limits::too_many_nodes(self.at.span(range.start, range.end)));
            return None;
        }
        let raw = match &value {
            NodeValue::Number(n) if n.to_string() != written => Some(written.into()),
            _ => None,
        };
        Some(Node { span: self.at.span(range.start, range.end), value, raw })
    }

    fn enter(&mut self, range: &Range<usize>, depth: usize) -> Option<()> {
        let span = self.at.span(range.start, range.end);
        self.nodes += 1;
        if depth > MAX_DEPTH {
            self.diagnostics.push(limits::too_deep(span));
            return None;
        }
        if self.nodes > MAX_NODES {
            self.diagnostics.push(limits::too_many_nodes(span));
            return None;
        }
        Some(())
    }
}
