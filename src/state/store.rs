//! Where states lie: in a folder, or in a bucket of S3.

use super::Key;
use super::bucket::{Bucket, Location};
use super::seal::{Codec, Passphrase, Seal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place for the states of many stacks; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) at: At,
    pub(super) seal: Arc<Seal>,
}

#[derive(Debug, Clone)]
pub(super) enum At {
    Folder(PathBuf),
    Bucket(Arc<Bucket>),
}

impl Store {
    /// In a folder.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self { at: At::Folder(path.into()), seal: Arc::default() }
    }

    /// In S3. Nothing is asked of it yet.
    #[must_use]
    pub fn bucket(bucket: Bucket) -> Self {
        Self { at: At::Bucket(Arc::new(bucket)), seal: Arc::default() }
    }

    /// Where in S3; none of a folder.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        match &self.at {
            At::Folder(_) => None,
            At::Bucket(bucket) => Some(bucket.location()),
        }
    }

    /// Whose states are encrypted when they are written.
    #[must_use]
    pub fn sealed(mut self, passphrase: Passphrase) -> Self {
        self.seal = Arc::new(Seal::new(passphrase));
        self
    }

    /// For one state's texts.
    pub(super) fn codec(&self, key: &Key) -> Codec {
        Codec::new(&self.seal, &key.stack, &key.env)
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
