//! What a language's reader finds wrong, and where.

use std::fmt;

/// One mistake in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON Pointer of the value (or of the object that misses one).
    pub pointer: String,
    /// What sort of mistake it is.
    pub kind: Kind,
    /// One sentence, lowercase and without a full stop, that names the thing.
    pub message: String,
}

/// The sorts of mistakes. [`Kind::code`] gives the word that AWS's own
/// validation uses for the same thing, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A field is missing, unknown, or has a value it can't have.
    Schema,
    /// A task's `Resource` isn't one that Step Functions knows.
    InvalidResource,
    /// No state ends the workflow.
    MissingEndState,
    /// Two states of one machine have the same name.
    DuplicateStateName,
    /// A state's name is empty or too long.
    InvalidStateName,
    /// A transition goes nowhere, or nothing leads to a state.
    MissingTransitionTarget,
    /// States within states within states, too many times.
    TooDeeplyNested,
    /// A JSONata expression that can't be one.
    InvalidJsonata,
    /// A JSONata expression that is one, but that Step Functions refuses.
    UnsupportedJsonata,
    /// What a task acts on is decided at run time: permissions for it have to
    /// be granted by hand.
    UnknownTarget,
    /// An event pattern that `EventBridge` refuses.
    InvalidPattern,
    /// A policy that IAM refuses.
    InvalidPolicy,
}

impl Kind {
    /// The word for it in AWS's answers (Step Functions API Reference,
    /// `ValidateStateMachineDefinitionDiagnostic`; EventBridge API Reference).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Schema => "SCHEMA_VALIDATION_FAILED",
            Self::InvalidResource => "INVALID_RESOURCE",
            Self::MissingEndState => "MISSING_END_STATE",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::InvalidStateName => "INVALID_STATE_NAME",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Self::InvalidJsonata => "INVALID_JSONATA_EXPRESSION",
            Self::UnsupportedJsonata => "UNSUPPORTED_JSONATA_EXPRESSION",
            Self::UnknownTarget => "UNKNOWN_TARGET",
            Self::InvalidPattern => "InvalidEventPatternException",
            Self::InvalidPolicy => "MalformedPolicyDocument",
        }
    }
}

impl Problem {
    /// A mistake of a kind at a place.
    pub fn new(pointer: impl Into<String>, kind: Kind, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), kind, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{}: {} at {place}", self.kind.code(), self.message)
    }
}
