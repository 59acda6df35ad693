//! A refusal, before any protocol has given it a shape.

/// What a client is told went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// HTTP's status.
    pub(crate) status: u16,
    /// The error's name on the wire: `ResourceNotFoundException`.
    pub(crate) code: String,
    /// The words.
    pub(crate) message: String,
}

impl Fault {
    /// The client's mistake.
    pub(crate) fn client(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into() }
    }

    /// Not the client's mistake.
    pub(crate) fn server(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 500, code: code.into(), message: message.into() }
    }

    /// AWS has it; this cloud doesn't. Not 500: clients would try again for nothing.
    pub(crate) fn unsupported(service: &str, operation: &str) -> Self {
        let what = if operation.is_empty() { service.to_owned() } else { format!("{service} {operation}") };
        Self {
            status: 501,
            code: "UnsupportedOperation".into(),
            message: format!("evstack's local cloud does not support {what}"),
        }
    }
}
