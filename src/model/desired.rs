//! What the stack file says should be there.

use super::{Address, Template};
use crate::diagnostics::Span;
use crate::schema::{PropertyPath, TypeName};
use std::collections::BTreeMap;
use std::time::Duration;

/// What stands between a resource and its deletion.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Nothing.
    #[default]
    None,
    /// The kind protects it, because it holds data: `--allow-data-loss` lifts it.
    ByDefault,
    /// `protect: true` in the stack file: only an edit lifts it.
    Explicit,
}

/// How the engine treats a resource. Pulumi's words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// What stands between it and its deletion.
    pub protection: Protection,
    /// Differences at or below these are not acted on.
    pub ignore_changes: Vec<PropertyPath>,
    /// Differences at or below these replace the resource.
    pub replace_on_changes: Vec<PropertyPath>,
    /// `Some(true)`: destroy before create; `Some(false)`: create before destroy; else the schema decides.
    pub delete_before_replace: Option<bool>,
    /// Forget instead of delete.
    pub retain_on_delete: bool,
    /// Of a queue: before it goes it is waited for so many seconds until it is empty.
    pub drain: Option<u64>,
    /// Addresses under which it may be recorded.
    pub aliases: Vec<Address>,
    /// Identifier of an existing resource to take over.
    pub import: Option<String>,
    /// How long an operation may take.
    pub timeout: Option<Duration>,
}

/// One resource as the stack file wants it.
#[derive(Debug, Clone)]
pub struct Desired {
    /// Its name in the stack.
    pub address: Address,
    /// Its CloudFormation type.
    pub type_name: TypeName,
    /// An object template: its CloudFormation properties, with holes for attributes of others.
    pub properties: Template,
    /// How the engine treats it.
    pub options: Options,
    /// Must exist first though no property names them.
    pub depends_on: Vec<Address>,
    /// Where it is declared (a part: where its owner is).
    pub span: Span,
    /// JSON Pointer of a property (`/Targets/0/Arn`) → where it was written. A pointer that isn't
    /// there belongs to its nearest parent that is, at last to `span`. What [`Desired::key_at`]
    /// makes of a pointer → where the property's key was written.
    pub spans: BTreeMap<String, Span>,
}

impl Desired {
    /// Under what `spans` has the place of a property's key.
    #[must_use]
    pub fn key_at(pointer: &str) -> String {
        // No pointer begins like this.
        format!("key:{pointer}")
    }

    /// Where the key of the property at this JSON Pointer was written, or else as [`Desired::span_of`].
    #[must_use]
    pub fn key_span_of(&self, pointer: &str) -> Span {
        self.spans.get(&Self::key_at(pointer)).copied().unwrap_or_else(|| self.span_of(pointer))
    }

    /// Where the property at this JSON Pointer was written, or the nearest parent that was.
    #[must_use]
    pub fn span_of(&self, pointer: &str) -> Span {
        let mut pointer = pointer;
        loop {
            if let Some(span) = self.spans.get(pointer) {
                return *span;
            }
            match pointer.rfind('/') {
                Some(at) => pointer = &pointer[..at],
                None => return self.span,
            }
        }
    }
}
