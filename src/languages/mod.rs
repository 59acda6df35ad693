//! The small languages of AWS's event services, each pure and alone.
//!
//! A language here takes JSON and gives meaning and mistakes; it knows no
//! stack, no resource and no file, so a mistake's place is a JSON Pointer
//! (RFC 6901) into the document that was read. Whoever holds the document's
//! spans turns the pointer into a line.
//!
//! **Invariants.** Nothing in here imports the rest of the crate. Strings may
//! hold stack expressions (`${…}`) that are filled in later: a reader treats
//! such a string as opaque and never complains about it. Input is a person's
//! (or a stranger's) and may be anything: no reader panics, and each bounds
//! its depth.

pub mod asl;
pub mod cidr;
pub mod iam_policy;
pub mod jsonata;
pub mod pattern;
pub mod pointer;
mod problem;

#[cfg(test)]
pub(crate) mod json5;

pub use problem::{Kind, Problem};

/// Whether a string holds a stack expression, and so isn't final yet.
///
/// `$${` is the stack language's escape for a literal `${`.
#[must_use]
pub fn is_opaque(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if at == 0 || rest.as_bytes()[at - 1] != b'$' {
            return true;
        }
        rest = &rest[at + 2..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_opaque;

    #[test]
    fn an_escaped_brace_is_final() {
        for (text, opaque) in [
            ("", false),
            ("$states.input", false),
            ("${queue.claims.QueueUrl}", true),
            ("prefix-${stack.env}", true),
            ("$${literal}", false),
            ("$${literal}${real}", true),
            ("$", false),
        ] {
            assert_eq!(is_opaque(text), opaque, "{text}");
        }
    }
}
