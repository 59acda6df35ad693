//! Stack files from the disk.

use crate::spec::Loader;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

/// A file larger than this is not read to its end: the reader of stack files says why.
const LONGEST: u64 = 8 * 1024 * 1024;

/// Files below a folder; absolute paths are taken as they are.
#[derive(Debug, Clone)]
pub struct DiskLoader {
    base: PathBuf,
}

impl DiskLoader {
    /// Paths are relative to this folder.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }
}

impl Loader for DiskLoader {
    fn load(&self, path: &str) -> Result<String, String> {
        let path = self.base.join(path);
        let why = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => "no such file".to_owned(),
            ErrorKind::PermissionDenied => "permission denied".to_owned(),
            ErrorKind::IsADirectory => "it is a folder".to_owned(),
            ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
            _ => error.to_string(),
        };
        let metadata = std::fs::metadata(&path).map_err(why)?;
        if metadata.is_dir() {
            return Err("it is a folder".to_owned());
        }
        if !metadata.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        let mut bytes = Vec::new();
        std::fs::File::open(&path).map_err(why)?.take(LONGEST).read_to_end(&mut bytes).map_err(why)?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }

    fn exists(&self, path: &str) -> bool {
        self.base.join(path).exists()
    }
}
