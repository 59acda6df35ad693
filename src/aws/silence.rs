//! Why nobody answered, in words for a person.

use aws_credential_types::provider::error::CredentialsError;
use std::error::Error;
use std::io;

/// Why a request had no answer, for a person.
#[derive(Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// The credentials are why: nothing was sent.
    pub credentials: bool,
    /// What is wrong, in a sentence without its stop.
    pub words: String,
}

/// What the causes of an error of the SDK mean; `url` is what was asked.
#[must_use]
pub fn no_answer(error: &(dyn Error + 'static), url: &str) -> NoAnswer {
    let host = host(url);
    let chain: Vec<&(dyn Error + 'static)> =
        std::iter::successors(Some(error), |error| (*error).source()).collect();
    let all = chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let io = chain.iter().rev().find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
    let last = chain.last().map(ToString::to_string).unwrap_or_default();
    let unreachable = |words: String| NoAnswer { credentials: false, words };
    let credentials = chain.iter().find_map(|error| error.downcast_ref::<CredentialsError>());
    if credentials.is_some() || all.contains("loading credentials") {
        // The instance is asked last: its trouble means that nothing before it had any.
        let none = matches!(credentials, Some(CredentialsError::CredentialsNotLoaded(_)))
            || all.contains("IMDS")
            || all.contains("no providers in chain");
        let words = if none { NO_CREDENTIALS.to_owned() } else { unusable_credentials(&last) };
        return NoAnswer { credentials: true, words };
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

const NO_CREDENTIALS: &str = "no AWS credentials were found (looked at the environment, the shared profile, SSO, the container and the instance)";

fn unusable_credentials(why: &str) -> String {
    format!("the AWS credentials can't be used: {}", plain(why, "their source gave none"))
}

/// Words for a person, or others in their place when they are a program's.
fn plain<'a>(words: &'a str, otherwise: &'a str) -> &'a str {
    if words.is_empty() || words.contains(['{', '}']) || words.contains("Error(") { otherwise } else { words }
}

/// `127.0.0.1:4566` of `http://127.0.0.1:4566/x`.
#[must_use]
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    // A name and a password before it are nobody's business.
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    #[test]
    fn a_host_is_told_without_path_and_password() {
        assert_eq!(host("http://127.0.0.1:4566/x"), "127.0.0.1:4566");
        assert_eq!(host("https://user:pa55@store.example/x@y"), "store.example");
    }

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
}
