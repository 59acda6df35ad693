//! How large a file may be, and what it says when it is larger.

use crate::diagnostics::{Code, Diagnostic, Span};

/// Levels that a tree may nest, the top being the first.
pub const MAX_DEPTH: usize = 64;
/// Nodes that a tree may have after its aliases are expanded.
pub const MAX_NODES: usize = 200_000;
/// Bytes that a file may have.
pub const MAX_BYTES: usize = 4 << 20;
/// Bytes of text that a tree may hold after its aliases are expanded.
pub(super) const MAX_TEXT: usize = 4 * MAX_BYTES;
/// Mistakes that are told of one file; past them nobody reads.
pub(super) const MAX_MISTAKES: usize = 100;

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(Code::TOO_DEEP, format!("this is nested more than {MAX_DEPTH} levels deep")).at(span)
}

pub(super) fn too_many_nodes(span: Span) -> Diagnostic {
    let message = format!("the file has more than {MAX_NODES} nodes, its aliases expanded");
    Diagnostic::error(Code::TOO_LARGE, message).at(span)
}

pub(super) fn too_much_text(span: Span) -> Diagnostic {
    let message = format!("the file has more than {MAX_TEXT} bytes of text, its aliases expanded");
    Diagnostic::error(Code::TOO_LARGE, message).at(span)
}
