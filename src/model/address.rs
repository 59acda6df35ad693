//! What a declared thing is called in the stack, in plans and in the state.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// `kind.name` or `kind.name.part`: `queue.claims`, `queue.claims.deadLetter`, `resource.bucket`.
/// Cheap to clone. Order is the order of its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(Arc<str>);

impl Address {
    /// From its text; the caller knows that it is one (see [`Address::is_valid`]).
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Whether the text has the shape of an address: two or more identifiers joined by dots.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        let identifier = |s: &str| {
            s.starts_with(|c: char| c.is_ascii_alphabetic())
                && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        text.contains('.') && text.split('.').all(identifier)
    }

    /// The part of this: `queue.claims` → `queue.claims.deadLetter`.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        Self::new(format!("{}.{name}", self.0))
    }

    /// `queue` of `queue.claims.deadLetter`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split('.').next().unwrap_or("")
    }

    /// `claims` of `queue.claims.deadLetter`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split('.').nth(1).unwrap_or("")
    }

    /// The declaration that it belongs to: `queue.claims` of `queue.claims.deadLetter`.
    #[must_use]
    pub fn owner(&self) -> Self {
        Self::new(self.0.splitn(3, '.').take(2).collect::<Vec<_>>().join("."))
    }

    /// Whether it is that, or a part of it.
    #[must_use]
    pub fn is_or_belongs_to(&self, owner: &Address) -> bool {
        let rest = self.0.strip_prefix(owner.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
