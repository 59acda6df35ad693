//! Places in a type's properties, as the registry writes them: `/properties/Targets/*/Arn`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Names of properties from the top down; `*` stands for every item of an array or every key of a
/// map. `/properties/` is left off.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct PropertyPath(Vec<String>);

impl PropertyPath {
    /// From the registry's form (`/properties/A/B`), a JSON Pointer (`/A/B`) or dots (`A.B`).
    /// The registry also writes nested `properties` and `items` between names; they are dropped
    /// by the bundle's script, not here.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.strip_prefix("/properties/").unwrap_or(text);
        let text = text.strip_prefix('/').unwrap_or(text);
        let separator = if text.contains('/') { '/' } else { '.' };
        let unescape = |s: &str| s.replace("~1", "/").replace("~0", "~");
        Self(text.split(separator).filter(|s| !s.is_empty()).map(unescape).collect())
    }

    /// From names.
    #[must_use]
    pub fn from_names(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Its names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The top property's name.
    #[must_use]
    pub fn top(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Whether `concrete` (names and array indices) lies at or below this.
    #[must_use]
    pub fn covers<S: AsRef<str>>(&self, concrete: &[S]) -> bool {
        self.0.len() <= concrete.len() && self.matches_prefix(concrete)
    }

    /// Whether `concrete` is exactly this.
    #[must_use]
    pub fn matches<S: AsRef<str>>(&self, concrete: &[S]) -> bool {
        self.0.len() == concrete.len() && self.matches_prefix(concrete)
    }

    fn matches_prefix<S: AsRef<str>>(&self, concrete: &[S]) -> bool {
        self.0.iter().zip(concrete).all(|(name, at)| name == "*" || name == at.as_ref())
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl fmt::Debug for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
