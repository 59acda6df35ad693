//! What a cloud refused, whole: operation, type, identifier, code and request id stay with it.

use crate::aws;
use crate::schema::TypeName;
use std::error::Error;
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
    /// Nobody answered for so long that nothing is asked any more; whether it was done isn't known.
    Silent,
    /// Not sent: whoever asked may not do so any more ([`super::only_while`]).
    Withheld,
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

impl Fault {
    /// Whether a begin that was refused so may have come through all the same: something broke down in
    /// front of the service, or in it. What the service itself says of a handler's reads is no such thing.
    #[must_use]
    pub fn may_have_begun(&self) -> bool {
        let said = ["GeneralService", "NotStabilized"].iter().any(|code| self.code.starts_with(code));
        self.kind == FaultKind::Internal && !said
    }

    /// Whether what a failed create leaves may be somebody else's, and so must stay. `predicted`
    /// says that its name was known before: what the service named itself can only be ours.
    /// Handlers tell that something exists under several codes; their words are the surer sign.
    #[must_use]
    pub fn may_be_anothers(&self, predicted: bool) -> bool {
        matches!(self.kind, FaultKind::AlreadyExists | FaultKind::Conflict)
            || (predicted && self.message.to_lowercase().contains("already exist"))
    }
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

/// Why a request had no answer, for a person.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoAnswer {
    pub kind: FaultKind,
    pub code: &'static str,
    pub words: String,
}

/// What the causes of an error of the SDK mean; `url` is what was asked.
pub(super) fn no_answer(error: &(dyn Error + 'static), url: &str) -> NoAnswer {
    let aws::NoAnswer { credentials, words } = aws::no_answer(error, url);
    match credentials {
        true => NoAnswer { kind: FaultKind::Denied, code: "Credentials", words },
        false => NoAnswer { kind: FaultKind::Unreachable, code: "Unreachable", words },
    }
}

/// Of an answer that isn't one of AWS.
pub(super) fn foreign(url: &str, status: Option<u16>, content_type: Option<&str>) -> String {
    let mut words = format!("{} doesn't answer as AWS does", aws::host(url));
    let facts: Vec<String> = status
        .map(|status| format!("HTTP {status}"))
        .into_iter()
        .chain(content_type.map(|kind| kind.split(';').next().unwrap_or(kind).to_owned()))
        .collect();
    if !facts.is_empty() {
        words.push_str(&format!(" ({})", facts.join(", ")));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failed_create_names_stays_if_it_may_be_anothers() {
        let fault = |kind, message: &str| Fault {
            kind,
            operation: "CreateResource",
            type_name: None,
            identifier: None,
            code: String::new(),
            message: message.to_owned(),
            request_id: None,
        };
        assert!(fault(FaultKind::AlreadyExists, "").may_be_anothers(false));
        assert!(fault(FaultKind::Internal, "A log group Already Exists").may_be_anothers(true));
        assert!(!fault(FaultKind::Internal, "The route already exists").may_be_anothers(false));
        assert!(!fault(FaultKind::Internal, "did not stabilize").may_be_anothers(true));
    }

    #[test]
    fn an_answer_of_something_else_is_told_by_its_looks() {
        assert_eq!(
            foreign("http://h:1", Some(200), Some("text/html; charset=utf-8")),
            "h:1 doesn't answer as AWS does (HTTP 200, text/html)"
        );
        assert_eq!(foreign("http://h:1", None, None), "h:1 doesn't answer as AWS does");
    }
}
