//! What is wrong with an expression, or went wrong in it.

use std::fmt;

/// One mistake in an expression: it can't be read, or it can't be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSONata's own code (`S…` for what can't be read, `T…` for a wrong type, `D…` for a wrong
    /// value), or [`UNSUPPORTED`] or [`BUDGET`].
    pub code: &'static str,
    /// Where, in bytes from the start of the expression.
    pub offset: usize,
    /// One sentence, lowercase and without a full stop.
    pub message: String,
}

/// The code of what the language has and this evaluator hasn't.
pub const UNSUPPORTED: &str = "unsupported";
/// The code of an expression that takes too many steps, goes too deep or makes too much.
pub const BUDGET: &str = "budget";

impl Fault {
    /// Somewhere: whoever evaluates knows where.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { code, offset: NOWHERE, message: message.into() })
    }

    pub(super) fn at(code: &'static str, offset: usize, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { code, offset, message: message.into() })
    }
}

/// An offset that isn't known yet.
pub(super) const NOWHERE: usize = usize::MAX;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} at {})", self.message, self.code, self.offset)
    }
}

/// What reading or evaluating gives. A fault is rare: it is kept apart.
pub(super) type Outcome<T> = Result<T, Box<Fault>>;
