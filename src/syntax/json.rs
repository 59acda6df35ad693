//! JSON (RFC 8259), with places. Trailing commas, comments and duplicate keys are told and got past.

use super::limits::{self, MAX_DEPTH, MAX_MISTAKES, MAX_NODES};
use super::{Entry, Node, NodeValue, Origin, scalar};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use std::collections::HashMap;

pub(super) fn parse(at: Origin, text: &str) -> (Option<Node>, Diagnostics) {
    let mut reader =
        Reader { at, text, bytes: text.as_bytes(), position: 0, nodes: 0, diagnostics: Diagnostics::new() };
    let root = reader.document();
    (root.ok().filter(|_| !reader.diagnostics.has_errors()), reader.diagnostics)
}

/// What can't be got past; it is in the diagnostics.
struct Stop;

struct Reader<'t> {
    at: Origin,
    text: &'t str,
    bytes: &'t [u8],
    position: usize,
    nodes: usize,
    diagnostics: Diagnostics,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let node = self.value(0)?;
        self.blank()?;
        if self.position < self.bytes.len() {
            return Err(self.stop("the value ends here, but the file goes on"));
        }
        Ok(node)
    }

    fn value(&mut self, depth: usize) -> Result<Node, Stop> {
        self.blank()?;
        let start = self.position;
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.diagnostics.push(limits::too_many_nodes(self.here()));
            return Err(Stop);
        }
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => {
                self.diagnostics.push(limits::too_deep(self.here()));
                Err(Stop)
            }
            Some(b'{') => {
                let entries = self.object(depth)?;
                Ok(self.node(start, NodeValue::Object(entries)))
            }
            Some(b'[') => {
                let items = self.array(depth)?;
                Ok(self.node(start, NodeValue::Array(items)))
            }
            Some(b'"') => {
                let text = self.string()?;
                Ok(self.node(start, NodeValue::String(text)))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            Some(b'\'') => Err(self.stop("JSON's text stands in double quotes")),
            Some(_) => Err(self.stop("a value is expected here")),
            None => Err(self.stop("the file ends where a value is expected")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Entry>, Stop> {
        self.position += 1;
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: HashMap<String, Span> = HashMap::new();
        loop {
            self.blank()?;
            match self.peek() {
                Some(b'}') => break,
                Some(b'"') => {}
                Some(_) => return Err(self.stop("a key in double quotes, or `}`, is expected here")),
                None => return Err(self.stop("the file ends inside an object")),
            }
            let start = self.position;
            let key = self.string()?;
            let key_span = self.at.span(start, self.position);
            self.blank()?;
            if self.peek() != Some(b':') {
                return Err(self.stop("a `:` is expected after the key"));
            }
            self.position += 1;
            let value = self.value(depth + 1)?;
            match seen.get(&key) {
                Some(first) => {
                    let message = format!("the key `{key}` stands twice in one object");
                    let first = *first;
                    self.mistake(
                        Diagnostic::error(Code::DUPLICATE_KEY, message)
                            .at_saying(key_span, "again here")
                            .label(first, "first here")
                            .hint("remove one of the two, or merge them"),
                    )?;
                }
                None => {
                    seen.insert(key.clone(), key_span);
                    entries.push(Entry { key, key_span, value });
                }
            }
            self.comma(b'}', "a `,` or `}` is expected here")?;
        }
        self.position += 1;
        Ok(entries)
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Node>, Stop> {
        self.position += 1;
        let mut items = Vec::new();
        loop {
            self.blank()?;
            match self.peek() {
                Some(b']') => break,
                Some(_) => items.push(self.value(depth + 1)?),
                None => return Err(self.stop("the file ends inside an array")),
            }
            self.comma(b']', "a `,` or `]` is expected here")?;
        }
        self.position += 1;
        Ok(items)
    }

    /// After a member: a comma, unless the collection ends.
    fn comma(&mut self, close: u8, expected: &str) -> Result<(), Stop> {
        self.blank()?;
        match self.peek() {
            Some(b',') => {
                let comma = self.here();
                self.position += 1;
                self.blank()?;
                if self.peek() == Some(close) {
                    let message = "this isn't valid JSON: no comma may stand after the last member";
                    self.mistake(Diagnostic::error(Code::SYNTAX, message).at(comma))?;
                }
                Ok(())
            }
            Some(b) if b == close => Ok(()),
            _ => Err(self.stop(expected)),
        }
    }

    fn string(&mut self) -> Result<String, Stop> {
        let start = self.position;
        self.position += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.position += 2,
                Some(b) if b < 0x20 => {
                    return Err(self.stop("text ends on its line; a line break in it is written `\\n`"));
                }
                Some(_) => self.position += 1,
                None => {
                    self.position = start;
                    return Err(self.stop("the text has no closing quote"));
                }
            }
        }
        self.position += 1;
        let written = self.text.get(start..self.position).unwrap_or("");
        serde_json::from_str(written).map_err(|_| {
            self.diagnostics.push(
                Diagnostic::error(Code::SYNTAX, "this isn't valid JSON: the text has a bad escape")
                    .at(self.at.span(start, self.position))
                    .hint("a backslash is written `\\\\`"),
            );
            Stop
        })
    }

    fn number(&mut self) -> Result<Node, Stop> {
        let start = self.position;
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        let length = self.bytes[start..].iter().take_while(|b| part(b)).count();
        self.position += length;
        let written = &self.text[start..self.position];
        let value = serde_json::from_str::<serde_json::Number>(written).ok().and(scalar::number(written));
        let Some(number) = value else {
            self.position = start;
            return Err(self.stop("this isn't a number that JSON can hold"));
        };
        let raw = (number.to_string() != written).then(|| written.into());
        Ok(Node { raw, ..self.node(start, NodeValue::Number(number)) })
    }

    fn word(&mut self) -> Result<Node, Stop> {
        let start = self.position;
        let length = self.bytes[start..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let value = match &self.text[start..start + length] {
            "true" => NodeValue::Bool(true),
            "false" => NodeValue::Bool(false),
            "null" => NodeValue::Null,
            _ => return Err(self.stop("a value is expected here; text stands in double quotes")),
        };
        self.position += length;
        Ok(self.node(start, value))
    }

    /// White space, and comments, which are told once each.
    fn blank(&mut self) -> Result<(), Stop> {
        loop {
            let rest = &self.bytes[self.position..];
            self.position += rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
            let rest = &self.text[self.position..];
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |n| n + 2)
            } else {
                return Ok(());
            };
            let span = self.at.span(self.position, self.position + length);
            self.position += length;
            self.mistake(
                Diagnostic::error(Code::SYNTAX, "this isn't valid JSON: it has no comments")
                    .at(span)
                    .hint("YAML and TOML have comments"),
            )?;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn node(&self, start: usize, value: NodeValue) -> Node {
        Node::new(self.at.span(start, self.position), value)
    }

    /// The character at the position.
    fn here(&self) -> Span {
        let position = self.position.min(self.text.len());
        let length = self.text.get(position..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
        self.at.span(position, position + length)
    }

    fn mistake(&mut self, diagnostic: Diagnostic) -> Result<(), Stop> {
        self.diagnostics.push(diagnostic);
        if self.diagnostics.len() < MAX_MISTAKES { Ok(()) } else { Err(Stop) }
    }

    fn stop(&mut self, message: &str) -> Stop {
        let message = format!("this isn't valid JSON: {message}");
        self.diagnostics.push(Diagnostic::error(Code::SYNTAX, message).at(self.here()));
        Stop
    }
}
