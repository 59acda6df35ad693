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

use super::objects::{Object, Objects, Only, Put};
use super::{Say, Settings, unique};
use crate::diagnostics::{Code, Diagnostic};
use crate::state::{Holder, Key};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

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

enum Wake {
    Stop,
    /// Renew at once, and say when that was tried.
    Renew(Sender<()>),
}

/// Whether the lock is still this run's.
pub(super) struct Hold {
    /// Somebody else has it.
    lost: AtomicBool,
    /// When the last renewal that was stored was sent: by a clock that nobody sets, which stands
    /// still while the machine sleeps, and by one that goes on then.
    renewed: Mutex<(Instant, SystemTime)>,
    lease: Duration,
    wake: Mutex<Sender<Wake>>,
}

impl Hold {
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether nobody can have taken it over. Waits for a renewal if the last one is too old to say.
    pub(super) fn is_held(&self) -> bool {
        if !self.is_lost() && !self.is_fresh() {
            let (done, tried) = mpsc::channel();
            let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _ = wake.send(Wake::Renew(done));
            let _ = tried.recv_timeout(self.lease.max(LOOK));
        }
        !self.is_lost() && self.is_fresh()
    }

    fn is_fresh(&self) -> bool {
        let (instant, time) = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        // Set back, the clock says nothing; the other one still does.
        instant.elapsed() < self.lease && time.elapsed().unwrap_or_default() < self.lease
    }
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
    /// [`Code::LOCKED`] naming a holder that lives.
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
        let (etag, came, sent) = loop {
            let (only, came) = match objects.get(path)? {
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
            let sent = (Instant::now(), SystemTime::now());
            if let Put::Stored(etag) = objects.put(path, &body, only)? {
                break (etag, came, sent);
            }
        };
        let (stop, stopped) = mpsc::channel();
        let hold = Arc::new(Hold {
            lost: AtomicBool::new(false),
            renewed: Mutex::new(sent),
            lease: settings.lease,
            wake: Mutex::new(stop.clone()),
        });
        let mut renewal = Renewal {
            objects: Arc::clone(objects),
            path: path.to_owned(),
            note,
            etag,
            hold: Arc::clone(&hold),
            every: settings.lease / 3,
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

    /// Whether the object is ours still: looks at it.
    pub(super) fn is_ours(&self, objects: &Objects, path: &str) -> Result<bool, Diagnostic> {
        let there = objects.get(path)?;
        Ok(there.as_ref().and_then(Note::of).is_some_and(|note| note.token == self.token && !note.free))
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

fn words(note: Option<&Note>) -> String {
    match note.map(|note| &note.holder) {
        Some(Holder { pid, host, since, command }) => {
            format!("`{command}` (process {pid} on {host}, since {since})")
        }
        None => "somebody".to_owned(),
    }
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

/// The thread's.
struct Renewal {
    objects: Arc<Objects>,
    path: String,
    note: Note,
    etag: String,
    hold: Arc<Hold>,
    every: Duration,
}

impl Renewal {
    fn run(&mut self, stopped: &mpsc::Receiver<Wake>) {
        loop {
            let done = match stopped.recv_timeout(self.every) {
                Err(RecvTimeoutError::Timeout) => None,
                Ok(Wake::Renew(done)) => Some(done),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            };
            if self.hold.is_lost() {
                return;
            }
            // A bucket that doesn't answer takes the lease from nobody: the next try is soon.
            self.write();
            if let Some(done) = done {
                let _ = done.send(());
            }
        }
        self.note.free = true;
        if !self.hold.is_lost() {
            // Not given back, it is free once the lease is over.
            self.write();
        }
    }

    fn write(&mut self) {
        self.note.renewals += 1;
        let body = self.note.bytes();
        let sent = (Instant::now(), SystemTime::now());
        match self.objects.put_within(&self.path, &body, Only::IfSame(&self.etag), self.every) {
            Ok(Put::Stored(etag)) => self.stored(etag, sent),
            Ok(Put::Refused) => self.look(&body),
            Err(_) => {}
        }
    }

    fn stored(&mut self, etag: String, sent: (Instant, SystemTime)) {
        self.etag = etag;
        *self.hold.renewed.lock().unwrap_or_else(PoisonError::into_inner) = sent;
    }

    /// An earlier writing of ours may have been done though nobody said so.
    fn look(&mut self, body: &Bytes) {
        let there = match self.objects.get(&self.path) {
            Ok(there) => there,
            Err(_) => return,
        };
        let ours = there.filter(|object| Note::of(object).is_some_and(|note| note.token == self.note.token));
        let Some(object) = ours else {
            self.hold.lost.store(true, Ordering::Relaxed);
            return;
        };
        self.etag = object.etag;
        let sent = (Instant::now(), SystemTime::now());
        if let Ok(Put::Stored(etag)) =
            self.objects.put_within(&self.path, body, Only::IfSame(&self.etag), self.every)
        {
            self.stored(etag, sent);
        }
    }
}
