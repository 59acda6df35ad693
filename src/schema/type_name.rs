//! `AWS::Events::Rule`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A resource type's name. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypeName(Arc<str>);

impl TypeName {
    /// From its text, whether such a type exists or not.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `Events` of `AWS::Events::Rule`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.0.split("::").nth(1).unwrap_or("")
    }

    /// `Rule` of `AWS::Events::Rule`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.0.split("::").nth(2).unwrap_or("")
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for TypeName {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
