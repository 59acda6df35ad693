//! The journal's lines: `<checksum> <sequence> <entry as JSON>`.
//!
//! The checksum (first eight bytes of the SHA-256 of what follows, in hexadecimal) tells a torn
//! last line, which was never acknowledged and is dropped, from damage in the middle, which is not
//! passed over.

use super::entry::Entry;
use super::seal::{Codec, Unreadable};
use super::snapshot::check_version;
use crate::diagnostics::Diagnostic;
use sha2::{Digest, Sha256};

/// What a journal's bytes say.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    /// Sequence numbers and entries, in order.
    pub entries: Vec<(u64, Entry)>,
    /// How many bytes from the start are whole lines.
    pub whole: u64,
}

fn checksum(payload: &[u8]) -> String {
    Sha256::digest(payload)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line, with its end.
pub(super) fn line(sequence: u64, entry: &Entry, codec: &Codec) -> Result<Vec<u8>, Diagnostic> {
    let mut payload = format!("{sequence} ").into_bytes();
    payload.append(&mut codec.seal_entry(sequence, entry)?);
    let mut line = checksum(&payload).into_bytes();
    line.push(b' ');
    line.append(&mut payload);
    line.push(b'\n');
    Ok(line)
}

/// Reads all lines; a torn tail is left out.
pub(super) fn read(bytes: &[u8], codec: &Codec) -> Result<Read, Unreadable> {
    let mut read = Read { entries: Vec::new(), whole: 0 };
    let mut at = 0;
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let last = at + line.len() == bytes.len();
        at += line.len();
        match parse(line, codec) {
            Ok(Some(entry)) => {
                read.entries.push(entry);
                read.whole = at as u64;
            }
            // Nothing that was cut off ends a line; lost blocks are zeros.
            Ok(None) if number == 0 && line.ends_with(b"\n") && !line.contains(&0) => {
                return Err("line 1 is damaged".to_owned().into());
            }
            Ok(None) if last => break,
            Ok(None) => return Err(format!("line {} is damaged", number + 1).into()),
            Err(unread) => {
                return Err(Unreadable { why: format!("line {}: {}", number + 1, unread.why), ..unread });
            }
        }
    }
    Ok(read)
}

/// `None` for a line whose checksum doesn't hold; an error for one that holds and isn't understood.
fn parse(line: &[u8], codec: &Codec) -> Result<Option<(u64, Entry)>, Unreadable> {
    let Some(line) = line.strip_suffix(b"\n") else { return Ok(None) };
    let Some((sum, rest)) = line.split_at_checked(16) else { return Ok(None) };
    let Some(payload) = rest.strip_prefix(b" ") else { return Ok(None) };
    if sum != checksum(payload).as_bytes() {
        return Ok(None);
    }
    let text = std::str::from_utf8(payload).map_err(|e| e.to_string())?;
    let (sequence, entry) = text.split_once(' ').ok_or("it has no sequence number")?;
    let sequence = sequence.parse().map_err(|_| "its sequence number is none")?;
    let entry = codec.open_entry(sequence, entry)?;
    let entry = match serde_json::from_str(&entry) {
        Ok(entry) => entry,
        Err(e) => {
            // A later program's journal says so in its first entry.
            later_version(&entry)?;
            return Err(e.to_string().into());
        }
    };
    if let Entry::Run { version, .. } = &entry {
        check_version(u64::from(*version))?;
    }
    Ok(Some((sequence, entry)))
}

fn later_version(entry: &str) -> Result<(), String> {
    let json: serde_json::Value = serde_json::from_str(entry).unwrap_or_default();
    match json.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) => check_version(version).map(|_| ()),
        None => Ok(()),
    }
}
