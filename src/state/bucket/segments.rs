//! The journal in a bucket: objects can't be appended to, so what the writer puts down at once is
//! one object, a segment, under the next number. It begins with a line that says whose it is; after
//! that come the journal's lines.
//!
//! **The fence.** A segment is written only where there is none. Whoever takes the lock first writes
//! a claim, a segment without entries, at the number that follows all others: exactly where a holder
//! that was only stopped would write next. When it comes back, that write is refused, and so is its
//! run. What it had written down before is kept from the cloud by its lease: before each call it asks
//! whether that is still its own ([`super::lease::Hold`]). A call that is on its way already stays so.
//!
//! **A fence must stand.** Segments are deleted once they are in the snapshot; a claim that was made
//! against a silent holder must not be, or the holder could write there after all. Such a claim is
//! emptied instead, and an empty segment stays: an object of no bytes for each run that was killed.
//! Claims after a lock that was given back guard against nobody, and go with the rest.
//!
//! **Reading without a lock.** First the segments are listed and read, then the snapshot. What is
//! deleted meanwhile is in the snapshot that is read later, and entries that are in the snapshot are
//! passed over; what is written meanwhile is missed as if one had come a moment earlier. The other
//! order could miss entries in the middle. Numbers are never used twice: the snapshot says which was
//! the last that is in it.

use super::lease::Hold;
use super::objects::{Objects, Only, Put};
use super::{lost, unique};
use crate::diagnostics::Diagnostic;
use crate::state::entry::Entry;
use crate::state::seal::{Codec, Unreadable};
use crate::state::{Holder, journal, writer};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A segment's first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// Its number, as in its key.
    segment: u64,
    /// No two writings have the same.
    token: String,
    /// For a person who looks.
    by: String,
    /// A claim against a holder that fell silent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fence: bool,
}

/// What is known of the segments that are there.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Those that go once they are in the snapshot.
    plain: Vec<u64>,
    /// Those that are emptied then.
    fences: Vec<u64>,
}

/// All segments, read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Number and entries, in order.
    pub segments: Vec<(u64, Vec<(u64, Entry)>)>,
    pub known: Known,
    /// The highest number that is there.
    pub last: u64,
    pub bytes: u64,
}

fn name(folder: &str, number: u64) -> String {
    format!("{folder}{number:020}")
}

/// Lists and reads; `folder` ends with a slash. What isn't a segment is not looked at.
pub(super) fn read(objects: &Objects, folder: &str, codec: &Codec) -> Result<Read, Diagnostic> {
    let mut read = Read::default();
    let mut numbers = Vec::new();
    for listed in objects.list(folder)? {
        let Some(digits) = listed.key.strip_prefix(folder) else { continue };
        let Some(number) = Some(digits).filter(|d| d.len() == 20).and_then(|d| d.parse::<u64>().ok()) else {
            continue;
        };
        read.last = read.last.max(number);
        if !listed.empty {
            numbers.push(number);
        }
    }
    let keys: Vec<String> = numbers.iter().map(|number| name(folder, *number)).collect();
    for (number, object) in numbers.into_iter().zip(objects.get_all(&keys)?) {
        // Gone meanwhile: it is in the snapshot.
        let Some(object) = object.filter(|object| !object.body.is_empty()) else { continue };
        let unread = |why: Unreadable| super::unreadable(objects, &name(folder, number), &why);
        let bad = |why: &str| unread(why.into());
        let (head, lines) = parts(&object.body).ok_or_else(|| bad("it isn't a part of a journal"))?;
        if head.segment != number {
            return Err(bad(&format!("it says that it is number {}", head.segment)));
        }
        let entries = journal::read(lines, codec).map_err(unread)?;
        if entries.whole != lines.len() as u64 {
            return Err(bad("it is damaged"));
        }
        read.bytes += lines.len() as u64;
        read.segments.push((number, entries.entries));
        if head.fence { read.known.fences.push(number) } else { read.known.plain.push(number) }
    }
    Ok(read)
}

fn parts(body: &[u8]) -> Option<(Head, &[u8])> {
    let end = body.iter().position(|byte| *byte == b'\n')?;
    Some((serde_json::from_slice(&body[..end]).ok()?, &body[end + 1..]))
}

/// Where the writer's thread puts the journal.
pub(super) struct Segments {
    objects: Arc<Objects>,
    folder: String,
    by: String,
    hold: Arc<Hold>,
    shared: Arc<Progress>,
}

/// What the holder has to know of it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The last segment that is written.
    last: AtomicU64,
    known: Mutex<Known>,
}

impl Progress {
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// How many segments a reader has to ask for.
    pub(super) fn count(&self) -> usize {
        self.known().plain.len()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Segments {
    /// Claims the number after all that were read; none if there is a segment by now, so that all
    /// has to be read again.
    pub(super) fn claim(
        objects: &Arc<Objects>,
        folder: &str,
        who: &Holder,
        hold: Arc<Hold>,
        known: Known,
        last: u64,
        fence: bool,
    ) -> Result<Option<(Self, u64)>, Diagnostic> {
        let by = format!("{} (process {} on {})", who.command, who.pid, who.host);
        let shared = Arc::new(Progress { last: AtomicU64::new(last), known: Mutex::new(known) });
        let segments = Self { objects: Arc::clone(objects), folder: folder.to_owned(), by, hold, shared };
        let claimed = segments.put(&[], fence)?;
        Ok(claimed.map(|number| (segments, number)))
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.shared)
    }

    /// The number that it has; none if that is taken.
    fn put(&self, lines: &[u8], fence: bool) -> Result<Option<u64>, Diagnostic> {
        let number = self.shared.last() + 1;
        let head = Head { segment: number, token: unique(), by: self.by.clone(), fence };
        let mut body = serde_json::to_vec(&head).unwrap_or_default();
        body.push(b'\n');
        body.extend_from_slice(lines);
        match self.objects.put(&name(&self.folder, number), &Bytes::from(body), Only::IfAbsent)? {
            Put::Refused => Ok(None),
            Put::Stored(_) => {
                self.shared.last.store(number, Ordering::Relaxed);
                let mut known = self.shared.known();
                if fence {
                    known.fences.push(number)
                } else {
                    known.plain.push(number)
                }
                Ok(Some(number))
            }
        }
    }

    /// Somebody else wrote where this run was to write next: whoever took over, in its own words.
    fn forestalled(&self) -> Diagnostic {
        let there = self.objects.get(&name(&self.folder, self.shared.last() + 1)).ok().flatten();
        let head = there.as_ref().and_then(|object| parts(&object.body)).map(|(head, _)| head);
        let who = head.map(|head| format!("another run, {},", head.by));
        lost::taken_over(&self.objects.location().to_string(), who.as_deref())
    }
}

impl writer::Disk for Segments {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Diagnostic> {
        if let Some(lost) = self.hold.lost() {
            return Err(lost.clone());
        }
        match self.put(bytes, false)? {
            Some(_) => Ok(()),
            None => Err(self.forestalled()),
        }
    }

    fn empty(&mut self) -> Result<(), Diagnostic> {
        if let Some(lost) = self.hold.lost() {
            return Err(lost.clone());
        }
        let Known { plain, fences } = std::mem::take(&mut *self.shared.known());
        for number in fences {
            self.objects.put(&name(&self.folder, number), &Bytes::new(), Only::Always)?;
        }
        let keys: Vec<String> = plain.iter().map(|number| name(&self.folder, *number)).collect();
        self.objects.delete_all(&keys)
    }
}
