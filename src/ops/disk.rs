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
        let whole = (bytes.len() as u64) < LONGEST;
        String::from_utf8(bytes).or_else(|error| {
            let good = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            // What was cut off in the middle of a character is too long for everyone who reads it.
            if whole { Err(not_text(&bytes, good)) } else { Ok(String::from_utf8_lossy(&bytes).into_owned()) }
        })
    }

    fn exists(&self, path: &str) -> bool {
        self.base.join(path).exists()
    }
}

/// Why bytes are not UTF-8; `good` of them are.
fn not_text(bytes: &[u8], good: usize) -> String {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return "it is UTF-16; save it as UTF-8".to_owned();
    }
    let line = 1 + bytes[..good].iter().filter(|byte| **byte == b'\n').count();
    format!("it is not UTF-8 (line {line}); save it as UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_text_is_told_with_its_line() {
        assert_eq!(not_text(b"\xff\xfen\0", 0), "it is UTF-16; save it as UTF-8");
        assert_eq!(not_text(b"name: a\n# gr\xfcn\n", 12), "it is not UTF-8 (line 2); save it as UTF-8");
    }
}
