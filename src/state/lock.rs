//! One writer at a time: a lock of the operating system, which goes with its process.

use super::{Key, unwritable};
use crate::diagnostics::{Code, Diagnostic};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;

/// Who holds a state, for those who have to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process.
    pub pid: u32,
    /// Machine.
    pub host: String,
    /// Since when, in words for people.
    pub since: String,
    /// `evstack apply stacks/reviews.yaml`.
    pub command: String,
}

impl Holder {
    /// This process.
    #[must_use]
    pub fn here(command: impl Into<String>, since: impl Into<String>) -> Self {
        let host = fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .or_else(|| std::env::var("HOSTNAME").ok())
            .map(|name| name.trim().to_owned())
            .unwrap_or_default();
        Self { pid: std::process::id(), host, since: since.into(), command: command.into() }
    }
}

/// The lock; released when it is dropped or its process ends. The file stays: removing it would
/// let two processes lock two files of one name.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub fn take(path: &Path, key: &Key, who: &Holder) -> Result<Self, Diagnostic> {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(|e| unwritable(path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(path, key)),
            Err(TryLockError::Error(e)) => return Err(unwritable(path, &e)),
        }
        // For others to read; if it can't be written, the lock holds all the same.
        let text = serde_json::to_string_pretty(who).unwrap_or_default();
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
        Ok(Self { _file: file })
    }
}

fn held(path: &Path, key: &Key) -> Diagnostic {
    let holder: Option<Holder> =
        fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok());
    let by = match &holder {
        Some(Holder { pid, host, since, command }) => {
            format!("`{command}` (process {pid} on {host}, since {since})")
        }
        None => "another process".to_owned(),
    };
    Diagnostic::error(Code::LOCKED, format!("the state of `{}` in `{}` is held by {by}", key.stack, key.env))
        .hint("wait for it to end; the lock goes with its process, however that ends")
}
