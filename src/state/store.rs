//! Where states lie: in a folder, or in a bucket of S3.

use super::bucket::Bucket;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place for the states of many stacks; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store(pub(super) At);

#[derive(Debug, Clone)]
pub(super) enum At {
    Folder(PathBuf),
    Bucket(Arc<Bucket>),
}

impl Store {
    /// In a folder.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self(At::Folder(path.into()))
    }

    /// In S3. Nothing is asked of it yet.
    #[must_use]
    pub fn bucket(bucket: Bucket) -> Self {
        Self(At::Bucket(Arc::new(bucket)))
    }
}

impl From<&Store> for Store {
    fn from(store: &Store) -> Self {
        store.clone()
    }
}

impl From<&Path> for Store {
    fn from(folder: &Path) -> Self {
        Self::folder(folder)
    }
}

impl From<&PathBuf> for Store {
    fn from(folder: &PathBuf) -> Self {
        Self::folder(folder)
    }
}
