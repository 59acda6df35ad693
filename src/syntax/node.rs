//! The spanned tree.

use crate::diagnostics::Span;

/// One value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where. An aliased node has the place of the alias' anchor.
    pub span: Span,
    /// What.
    pub value: NodeValue,
    /// The text of a plain (unquoted) YAML scalar as written, where reading it as a number would
    /// lose something (`1.10`, `0012`): where a string is wanted, this is the string.
    pub raw: Option<Box<str>>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// `null`, `~`, nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A JSON number.
    Number(serde_json::Number),
    /// Text, expressions not yet read.
    String(String),
    /// In order.
    Array(Vec<Node>),
    /// In order; keys are unique.
    Object(Vec<Entry>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Where the key was written.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// Without raw text.
    #[must_use]
    pub fn new(span: Span, value: NodeValue) -> Self {
        Self { span, value, raw: None }
    }

    /// `string`, `mapping`… for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "boolean",
            NodeValue::Number(_) => "number",
            NodeValue::String(_) => "string",
            NodeValue::Array(_) => "list",
            NodeValue::Object(_) => "mapping",
        }
    }

    /// The member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|e| e.key == key).map(|e| &e.value)
    }

    /// The members of an object.
    #[must_use]
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            NodeValue::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string; also the raw text of a plain scalar where a string is wanted.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            NodeValue::Number(_) => self.raw.as_deref(),
            _ => None,
        }
    }

    /// Plain JSON, expressions as the text they are.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(b) => Value::Bool(*b),
            NodeValue::Number(n) => Value::Number(n.clone()),
            NodeValue::String(s) => Value::String(s.clone()),
            NodeValue::Array(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            NodeValue::Object(entries) => {
                Value::Object(entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect())
            }
        }
    }
}
