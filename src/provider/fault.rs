//! What a cloud refused, whole: operation, type, identifier, code and request id stay with it.

use crate::schema::TypeName;
use std::fmt;

/// How the engine treats a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The desired state is wrong; trying again can't help.
    Invalid,
    /// Somebody made it already.
    AlreadyExists,
    /// It isn't there.
    NotFound,
    /// A create-only property was to change.
    NotUpdatable,
    /// Not allowed.
    Denied,
    /// Too fast; slower will do.
    Throttled,
    /// Something else works on it; later will do.
    Conflict,
    /// A role made a moment ago isn't usable yet; soon will do.
    NotYetUsable,
    /// The service's own trouble; later may do, with a new client token.
    Internal,
    /// The client token is used already; the message names its request.
    TokenConflict,
    /// The request token is not known (any more).
    UnknownRequest,
    /// The type isn't known or has no such handler.
    UnsupportedType,
    /// Nobody answered: whether it was done isn't known.
    Unreachable,
}

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How to treat it.
    pub kind: FaultKind,
    /// `CreateResource`.
    pub operation: &'static str,
    /// Of what type.
    pub type_name: Option<TypeName>,
    /// Of which resource.
    pub identifier: Option<String>,
    /// The service's code, verbatim: `AlreadyExists`, `ValidationException`.
    pub code: String,
    /// The service's words, verbatim.
    pub message: String,
    /// For AWS support.
    pub request_id: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(type_name) = &self.type_name {
            write!(f, " {type_name}")?;
        }
        if let Some(identifier) = &self.identifier {
            write!(f, " {identifier}")?;
        }
        write!(f, ": {} ({})", self.message, self.code)?;
        if let Some(id) = &self.request_id {
            write!(f, ", request id {id}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// An error with all its causes: `dispatch failure: io error: connection refused`.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}
