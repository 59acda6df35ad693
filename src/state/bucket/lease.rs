//! One writer at a time, where no operating system ends a lock with its process: an object that
//! names its holder and is written again and again while the holder lives.
//!
//! **Taken over safely.** Nobody compares the clocks of two machines. Whoever wants the lock looks at
//! its object and waits for as long as the lease says, by a clock of their own; if the object changed,
//! its holder lives; if not, they write theirs in its place under the condition that it is still the
//! one that they saw. Of two who do that one is refused.
//!
//! A holder that was only stopped comes back after that and doesn't know it. The lease doesn't keep
//! it from writing: the journal does (see [`super::segments`]).
//!
//! A lock that is given back stays, as an object that says so: a conditional write is what every
//! store of this kind has, and a conditional delete isn't.

mod renewal;

pub(super) use renewal::Hold;

use super::objects::{Object, Objects, Only, Put};
use super::rounds::{self, Rounds};
use super::{Say, Settings, unique};
use crate::diagnostics::{Code, Diagnostic};
use crate::state::{Holder, Key};
use bytes::Bytes;
use renewal::{Moment, Renewal, Wake};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nobody waits longer than this, whatever the object says.
const LONGEST: Duration = Duration::from_secs(3600);
/// How often one who waits looks.
const LOOK: Duration = Duration::from_secs(1);

/// What the object says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    /// Whose writes these are: no two runs have the same.
    token: String,
    /// Given back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    free: bool,
    holder: Holder,
    /// How long it must stay unchanged before another may take it.
    lease_seconds: f64,
    /// Makes every writing another.
    renewals: u64,
}

impl Note {
    fn bytes(&self) -> Bytes {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text.into()
    }

    fn of(object: &Object) -> Option<Self> {
        serde_json::from_slice(&object.body).ok()
    }
}

/// How the lock was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// It was given back.
    Free,
    /// There was none: the first run, or somebody took it away.
    Missing,
    /// Its holder had fallen silent, and may come back.
    Silent,
}

/// The lock, renewed by a thread until it is given back.
pub(super) struct Lease {
    hold: Arc<Hold>,
    token: String,
    stop: Sender<Wake>,
    thread: Option<JoinHandle<()>>,
}

impl Lease {
    /// Takes the lock, if need be after its holder was silent for a whole lease.
    ///
    /// # Errors
    /// [`Code::LOCKED`] naming a holder that lives, or if others were quicker again and again.
    pub(super) fn take(
        objects: &Arc<Objects>,
        path: &str,
        key: &Key,
        who: &Holder,
        settings: &Settings,
    ) -> Result<(Self, Came), Diagnostic> {
        let note = Note {
            token: unique(),
            free: false,
            holder: who.clone(),
            lease_seconds: settings.lease.as_secs_f64(),
            renewals: 0,
        };
        let (body, token) = (note.bytes(), note.token.clone());
        let mut rounds = Rounds::new(settings.lease);
        let mut refused: Option<String> = None;
        let (etag, came, sent) = loop {
            let enough = !rounds.next();
            let there = objects.get(path)?;
            let before = there.as_ref().map(|object| object.etag.clone()).unwrap_or_default();
            if enough {
                // What can't be written, and didn't change, nobody took.
                return Err(match refused == Some(before) {
                    true => objects.stubborn(path),
                    false => crowded(key, there.as_ref().and_then(Note::of).as_ref()),
                });
            }
            let (only, came) = match there {
                None => (None, Came::Missing),
                Some(object) => match Note::of(&object) {
                    Some(there) if there.free => (Some(object.etag), Came::Free),
                    there => match watch(objects, path, key, object, there, settings)? {
                        Some(etag) => (Some(etag), Came::Silent),
                        None => continue,
                    },
                },
            };
            let only = only.as_deref().map_or(Only::IfAbsent, Only::IfSame);
            let sent = Moment::now();
            match objects.put(path, &body, only)? {
                Put::Stored(etag) => break (etag, came, sent),
                Put::Refused => refused = Some(before),
            }
        };
        let (stop, stopped) = mpsc::channel();
        let hold = Arc::new(Hold::new(objects, settings, sent, stop.clone()));
        let mut renewal = Renewal {
            objects: Arc::clone(objects),
            path: path.to_owned(),
            note,
            etag,
            hold: Arc::clone(&hold),
        };
        let thread = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || renewal.run(&stopped))
            .map_err(|error| Diagnostic::error(Code::DISK, format!("no thread is to be had: {error}")))?;
        let lease = Self { hold, token, stop, thread: Some(thread) };
        if !objects.is_aws() {
            keeps_conditions(objects, path, &body)?;
        }
        Ok((lease, came))
    }

    /// Tells whether somebody else has the lock.
    pub(super) fn hold(&self) -> Arc<Hold> {
        Arc::clone(&self.hold)
    }

    /// How long it may be silent.
    pub(super) fn length(&self) -> Duration {
        self.hold.lease()
    }

    /// Looks whether the object is ours still.
    ///
    /// # Errors
    /// [`Code::TAKEN_OVER`].
    pub(super) fn look(&self, objects: &Objects, path: &str) -> Result<(), Diagnostic> {
        let there = objects.get(path)?;
        let loss = renewal::loss(&objects.location().to_string(), there.as_ref(), &self.token);
        loss.map_or(Ok(()), Err)
    }
}

/// Gives it back, unless it is another's by now.
impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.stop.send(Wake::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A store that passes over conditions would let two runs hold one lock.
fn keeps_conditions(objects: &Objects, path: &str, body: &Bytes) -> Result<(), Diagnostic> {
    // What is written if it does so is what is there already.
    let kept = objects.refuses(path, body, Only::IfAbsent)?
        && objects.refuses(path, body, Only::IfSame("\"00000000000000000000000000000000\""))?;
    if kept { Ok(()) } else { Err(objects.unconditional()) }
}

/// Waits for a sign of life. The etag of the silent holder's lock; none if it isn't held any more.
fn watch(
    objects: &Objects,
    path: &str,
    key: &Key,
    first: Object,
    note: Option<Note>,
    settings: &Settings,
) -> Result<Option<String>, Diagnostic> {
    let start = Instant::now();
    let lease = note.as_ref().map(|note| note.lease_seconds).filter(|seconds| seconds.is_finite());
    let lease = lease.map_or(settings.lease, |seconds| {
        Duration::try_from_secs_f64(seconds).unwrap_or(settings.lease).min(LONGEST)
    });
    announce(&*settings.say, key, note.as_ref(), lease);
    loop {
        std::thread::sleep((lease / 10).min(LOOK));
        // The lease is over only if it was the same when asked after that.
        let waited = start.elapsed();
        let Some(object) = objects.get(path)? else { return Ok(None) };
        if object.etag == first.etag {
            if waited >= lease {
                return Ok(Some(object.etag));
            }
            continue;
        }
        return match Note::of(&object) {
            Some(note) if note.free => Ok(None),
            note => Err(held(key, note.as_ref(), &object.modified, lease)),
        };
    }
}

fn named(Holder { pid, host, since, command }: &Holder) -> String {
    format!("`{command}` (process {pid} on {host}, since {since})")
}

fn words(note: Option<&Note>) -> String {
    note.map_or_else(|| "somebody".to_owned(), |note| named(&note.holder))
}

fn announce(say: &Say, key: &Key, note: Option<&Note>, lease: Duration) {
    say(&format!(
        "The state of `{}` in `{}` is held by {}; it is taken over if there is no sign of life for {} seconds...",
        key.stack,
        key.env,
        words(note),
        lease.as_secs_f32()
    ));
}

fn held(key: &Key, note: Option<&Note>, renewed: &str, lease: Duration) -> Diagnostic {
    let renewed = match jiff::fmt::rfc2822::parse(renewed) {
        Ok(time) => format!(", its lease last renewed at {}", time.timestamp()),
        Err(_) => String::new(),
    };
    let message =
        format!("the state of `{}` in `{}` is held by {}{renewed}", key.stack, key.env, words(note));
    Diagnostic::error(Code::LOCKED, message).hint(format!(
        "wait for it to end; killed, it is given up once it is silent for {} seconds",
        lease.as_secs_f32()
    ))
}

/// Others took the lock, again and again.
fn crowded(key: &Key, last: Option<&Note>) -> Diagnostic {
    let last = last.map(|note| format!(", the last time by {}", named(&note.holder))).unwrap_or_default();
    let message = format!(
        "the lock of the state of `{}` in `{}` was taken by others {} times before this run could{last}",
        key.stack,
        key.env,
        rounds::MOST
    );
    Diagnostic::error(Code::LOCKED, message).hint("run again when fewer runs change it at once")
}
