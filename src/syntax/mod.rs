//! YAML, TOML and JSON → one tree in which every node knows its place.
//!
//! Reading collects mistakes and never stops at the first that it can get past. What comes out is
//! bounded: [`MAX_DEPTH`] levels, [`MAX_NODES`] nodes, so that whoever walks a tree may recurse.

mod json;
mod limits;
mod node;
mod scalar;
mod toml;
mod yaml;

pub use limits::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
pub use node::{Entry, Node, NodeValue};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceId, Span};

/// How a file is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML 1.2, core schema, with merge keys.
    Yaml,
    /// TOML 1.
    Toml,
    /// JSON (RFC 8259).
    Json,
}

impl Format {
    /// By the extension of a file's name: `.yaml`, `.yml`, `.toml`, `.json`.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The tree of a text; none if it can't be read, which the diagnostics then say. An empty YAML or
/// TOML text is an empty mapping. Spans are byte offsets into `text`, a byte-order mark included.
pub fn parse(source: SourceId, text: &str, format: Format) -> (Option<Node>, Diagnostics) {
    if text.len() > MAX_BYTES {
        // A loader may have stopped reading, so its size isn't known.
        let message = format!("the file has more than {} MiB", MAX_BYTES >> 20);
        let place = Span::new(source, 0, 0);
        let hint = "divide it: a stack file can `include` others";
        return (None, Diagnostic::error(Code::TOO_LARGE, message).at(place).hint(hint).into());
    }
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let at = Origin { source, base: text.len() - body.len() };
    match format {
        Format::Yaml => yaml::parse(at, body),
        Format::Toml => toml::parse(at, body),
        Format::Json => json::parse(at, body),
    }
}

/// Turns offsets into the text after the byte-order mark into spans of the file.
#[derive(Debug, Clone, Copy)]
struct Origin {
    source: SourceId,
    base: usize,
}

impl Origin {
    fn span(self, start: usize, end: usize) -> Span {
        Span::new(self.source, self.base + start, self.base + end)
    }
}
