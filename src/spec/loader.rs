//! Where files come from.

use crate::diagnostics::Sources;
use std::collections::BTreeMap;

/// Where files come from: the disk, memory (tests, saved plans), a git commit. Paths are
/// `/`-separated and normalised, relative to the stack file's folder's own root as given by the
/// caller.
pub trait Loader {
    /// The text of a file.
    ///
    /// # Errors
    /// Why it can't be read, for people: `no such file`, `permission denied`, `not UTF-8`.
    fn load(&self, path: &str) -> Result<String, String>;

    /// Whether there is such a file, readable or not.
    fn exists(&self, path: &str) -> bool {
        self.load(path).is_ok()
    }
}

/// Files in memory, by path: those of a saved plan, or of a test.
#[derive(Debug, Clone, Default)]
pub struct MemoryLoader(BTreeMap<String, String>);

impl MemoryLoader {
    /// From paths and texts.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

impl From<&Sources> for MemoryLoader {
    fn from(sources: &Sources) -> Self {
        Self::new(sources.iter().map(|(_, source)| (source.name.as_str(), source.text.as_str())))
    }
}

impl Loader for MemoryLoader {
    fn load(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".to_owned())
    }

    fn exists(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}
