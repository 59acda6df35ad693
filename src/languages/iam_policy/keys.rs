//! What is known of a request: the context keys and their values.

use std::collections::BTreeMap;

/// Values by key. Names of keys are the same in any case (IAM User Guide, "AWS global condition
/// context keys"); a key may have several values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys(BTreeMap<String, Vec<String>>);

impl Keys {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more value of a key.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.entry(name.to_ascii_lowercase()).or_default().push(value.into());
    }

    /// The value of a key that has none yet.
    pub fn add_if_absent(&mut self, name: &str, value: impl Into<String>) {
        if self.get(name).is_empty() {
            self.add(name, value);
        }
    }

    /// All values of a key; none when the request doesn't have it.
    #[must_use]
    pub fn get(&self, name: &str) -> &[String] {
        let found = self.0.get(name).or_else(|| self.0.get(&name.to_ascii_lowercase()));
        found.map_or(&[], Vec::as_slice)
    }

    /// The value of a key that has exactly one.
    #[must_use]
    pub fn single(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Keys {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut keys = Self::new();
        for (name, value) in pairs {
            keys.add(name, value);
        }
        keys
    }
}
