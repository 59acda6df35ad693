//! What a cloud refused, whole: operation, type, identifier, code and request id stay with it.

use crate::schema::TypeName;
use aws_credential_types::provider::error::CredentialsError;
use std::error::Error;
use std::{fmt, io};

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
    let host = host(url);
    let chain: Vec<&(dyn Error + 'static)> =
        std::iter::successors(Some(error), |error| (*error).source()).collect();
    let all = chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let io = chain.iter().rev().find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
    let last = chain.last().map(ToString::to_string).unwrap_or_default();
    let unreachable = |words: String| NoAnswer { kind: FaultKind::Unreachable, code: "Unreachable", words };
    let credentials = chain.iter().find_map(|error| error.downcast_ref::<CredentialsError>());
    if credentials.is_some() || all.contains("loading credentials") {
        // The instance is asked last: its trouble means that nothing before it had any.
        let none = matches!(credentials, Some(CredentialsError::CredentialsNotLoaded(_)))
            || all.contains("IMDS")
            || all.contains("no providers in chain");
        let words = if none { NO_CREDENTIALS.to_owned() } else { unusable_credentials(&last) };
        return NoAnswer { kind: FaultKind::Denied, code: "Credentials", words };
    }
    let lower = all.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    unreachable(match io {
        Some(io::ErrorKind::ConnectionRefused) => format!("nothing listens on {host}"),
        _ if has(&["dns error", "lookup address"]) => format!("the name in {host} can't be looked up"),
        _ if has(&["tls", "certificate", "corrupt message"]) => {
            format!("no secure connection to {host}: {}", plain(&last, "the TLS handshake failed"))
        }
        Some(io::ErrorKind::TimedOut) => format!("{host} doesn't answer in time"),
        _ if has(&["timed out", "timeout"]) => format!("{host} doesn't answer in time"),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            format!("{host} closed the connection")
        }
        _ if has(&["connection closed", "incompletemessage", "connection error"]) => {
            format!("{host} closed the connection")
        }
        _ => format!("{host} can't be reached: {}", plain(&last, "the request failed")),
    })
}

/// Of an answer that isn't one of AWS.
pub(super) fn foreign(url: &str, status: Option<u16>, content_type: Option<&str>) -> String {
    let mut words = format!("{} doesn't answer as AWS does", host(url));
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

const NO_CREDENTIALS: &str = "no AWS credentials were found (looked at the environment, the shared profile, SSO, the container and the instance)";

fn unusable_credentials(why: &str) -> String {
    format!("the AWS credentials can't be used: {}", plain(why, "their source gave none"))
}

/// Words for a person, or others in their place when they are a program's.
fn plain<'a>(words: &'a str, otherwise: &'a str) -> &'a str {
    if words.is_empty() || words.contains(['{', '}']) || words.contains("Error(") { otherwise } else { words }
}

/// `127.0.0.1:4566` of `http://127.0.0.1:4566/x`.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error with a cause, as the SDK nests them.
    #[derive(Debug)]
    struct Outer(&'static str, Box<dyn Error + 'static>);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.1)
        }
    }

    #[test]
    fn why_nobody_answers_is_said_in_words_for_people() {
        let io = |kind| Box::new(io::Error::from(kind)) as Box<dyn Error>;
        let said = |words: &str| Box::new(io::Error::other(words.to_owned())) as Box<dyn Error>;
        let cases: [(&'static str, Box<dyn Error>, &str); 9] = [
            ("tcp connect error", io(io::ErrorKind::ConnectionRefused), "nothing listens on 127.0.0.1:1"),
            ("dns error", said("Name or service not known"), "the name in 127.0.0.1:1 can't be looked up"),
            (
                "TLS handshake failed",
                said("invalid peer certificate: UnknownIssuer"),
                "no secure connection to 127.0.0.1:1: invalid peer certificate: UnknownIssuer",
            ),
            (
                "TLS handshake failed",
                said("Alert { level: 2 }"),
                "no secure connection to 127.0.0.1:1: the TLS handshake failed",
            ),
            ("timeout", said("HTTP connect timeout occurred after 5s"), "127.0.0.1:1 doesn't answer in time"),
            ("io error", io(io::ErrorKind::ConnectionReset), "127.0.0.1:1 closed the connection"),
            (
                "io error",
                said("connection closed before message completed"),
                "127.0.0.1:1 closed the connection",
            ),
            (
                "other",
                said("ConnectorError { kind: Other }"),
                "127.0.0.1:1 can't be reached: the request failed",
            ),
            ("other", Box::new(CredentialsError::not_loaded_no_source()), NO_CREDENTIALS),
        ];
        for (outer, cause, words) in cases {
            let error = Outer("dispatch failure", Box::new(Outer(outer, cause)));
            assert_eq!(no_answer(&error, "http://127.0.0.1:1/x").words, words, "{error:?}");
        }
    }

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
