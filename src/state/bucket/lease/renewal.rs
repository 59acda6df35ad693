//! The lease while its run lives: renewed by a thread, and asked for before each call to the cloud.
//!
//! A renewal has half of the time between two, its requests and all that they wait for included; one
//! that fails is tried again soon. So one connection that stalls, or a few, don't cost a live run its
//! lease. A renewal that was given up may be done all the same, even later: the next one then finds
//! another object than it expects, and looks whose it is.

use super::super::objects::{Object, Objects, Only, Put};
use super::super::{Settings, lost};
use super::{Note, named};
use crate::diagnostics::{Code, Diagnostic};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::oneshot;

/// A renewal has at least this long, or all of the time between two if that is less: requests take
/// what they take, however short the lease.
const SHORTEST_TRY: Duration = Duration::from_secs(1);
/// No try follows another more quickly.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

pub(super) enum Wake {
    Stop,
    /// Renew at once, and say when that was tried.
    Renew(oneshot::Sender<()>),
}

/// By a clock that nobody sets, which stands still while the machine sleeps, and by one that goes on
/// then.
#[derive(Clone, Copy)]
pub(super) struct Moment(Instant, SystemTime);

impl Moment {
    pub(super) fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    fn elapsed(self) -> Duration {
        // Set back, the second clock says nothing; the first still does.
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

/// Whether the lock is still this run's.
pub(in super::super) struct Hold {
    location: String,
    lease: Duration,
    patience: Duration,
    /// What was found in its place.
    lost: OnceLock<Diagnostic>,
    /// When the last renewal that was stored was sent.
    renewed: Mutex<Moment>,
    /// Why the last one wasn't.
    failed: Mutex<Option<Diagnostic>>,
    wake: Mutex<Sender<Wake>>,
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hold {
    pub(super) fn new(objects: &Objects, settings: &Settings, taken: Moment, wake: Sender<Wake>) -> Self {
        Self {
            location: objects.location().to_string(),
            lease: settings.lease,
            patience: settings.patience,
            lost: OnceLock::new(),
            renewed: Mutex::new(taken),
            failed: Mutex::new(None),
            wake: Mutex::new(wake),
        }
    }

    pub(super) fn lease(&self) -> Duration {
        self.lease
    }

    /// What is known of the lock's loss; none as long as nobody saw it in other hands.
    pub(in super::super) fn lost(&self) -> Option<&Diagnostic> {
        self.lost.get()
    }

    /// Whether nobody can have taken it over, as far as can be said without asking.
    pub(in super::super) fn is_fresh(&self) -> bool {
        self.lost().is_none() && open(&self.renewed).elapsed() < self.lease
    }

    /// Makes sure that nobody can have taken it over: if the last renewal is too old to say, waits
    /// for another, for as long as a bucket may be silent.
    ///
    /// # Errors
    /// [`Code::TAKEN_OVER`].
    pub(in super::super) async fn still_held(&self) -> Result<(), Diagnostic> {
        let start = Instant::now();
        loop {
            if self.is_fresh() {
                return Ok(());
            }
            let (done, tried) = oneshot::channel();
            let wake = open(&self.wake).clone();
            let _ = wake.send(Wake::Renew(done));
            // Not answered, it isn't renewed any more.
            let ended = tried.await.is_err();
            if let Some(lost) = self.lost() {
                return Err(lost.clone());
            }
            let hopeless = open(&self.failed).as_ref().is_some_and(|why| why.code != Code::UNREACHABLE);
            if !self.is_fresh() && (ended || hopeless || start.elapsed() >= self.patience) {
                return Err(self.overdue());
            }
            if !self.is_fresh() {
                tokio::time::sleep(self.soon()).await;
            }
        }
    }

    fn overdue(&self) -> Diagnostic {
        let why = open(&self.failed).as_ref().map(|why| why.message.clone());
        lost::overdue(&self.location, open(&self.renewed).elapsed(), why.as_deref())
    }

    /// Between two renewals.
    fn every(&self) -> Duration {
        self.lease / 3
    }

    /// After one that failed.
    fn soon(&self) -> Duration {
        (self.every() / 10).max(SHORTEST_WAIT)
    }

    /// For one, whatever it has to wait for.
    fn limit(&self) -> Duration {
        (self.every() / 2).max(SHORTEST_TRY.min(self.every()))
    }
}

/// What is told of a lock object that isn't of this token; none if it is.
pub(super) fn loss(location: &str, there: Option<&Object>, token: &str) -> Option<Diagnostic> {
    let Some(object) = there else { return Some(lost::removed(location)) };
    match Note::of(object) {
        Some(note) if note.token == token => None,
        note => Some(lost::taken_over(location, note.map(|note| named(&note.holder)).as_deref())),
    }
}

/// The thread's.
pub(super) struct Renewal {
    pub objects: Arc<Objects>,
    pub path: String,
    pub note: Note,
    pub etag: String,
    pub hold: Arc<Hold>,
}

impl Renewal {
    pub(super) fn run(&mut self, stopped: &mpsc::Receiver<Wake>) {
        let mut renewed = true;
        loop {
            let done = match stopped.recv_timeout(self.pause(renewed)) {
                Err(RecvTimeoutError::Timeout) => None,
                Ok(Wake::Renew(done)) => Some(done),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            };
            if self.hold.lost().is_some() {
                return;
            }
            // A bucket that doesn't answer takes the lease from nobody: the next try is soon.
            renewed = self.write();
            if let Some(done) = done {
                let _ = done.send(());
            }
        }
        self.give_back();
    }

    /// Until the next one.
    fn pause(&self, renewed: bool) -> Duration {
        let Hold { renewed: last, .. } = &*self.hold;
        match renewed {
            // From when it was sent: others count from when they saw it.
            true => self.hold.every().saturating_sub(open(last).elapsed()).max(SHORTEST_WAIT),
            false if self.hold.is_fresh() => self.hold.soon(),
            // It is over, and who needs it asks.
            false => self.hold.every(),
        }
    }

    /// Not given back, it is free once the lease is over.
    fn give_back(&mut self) {
        self.note.free = true;
        let start = Instant::now();
        while self.hold.lost().is_none() && !self.write() {
            if start.elapsed() + self.hold.soon() >= self.hold.every() {
                return;
            }
            std::thread::sleep(self.hold.soon());
        }
    }

    /// Whether it is renewed.
    fn write(&mut self) -> bool {
        self.note.renewals += 1;
        let (sent, body) = (Moment::now(), self.note.bytes());
        let by = sent.0 + self.hold.limit();
        match self.objects.put_by(&self.path, &body, Only::IfSame(&self.etag), by) {
            Ok(Put::Stored(etag)) => self.stored(etag, sent),
            Ok(Put::Refused) => self.look(by),
            Err(why) => self.failed(why),
        }
    }

    /// An earlier writing of ours may have been done though nobody said so.
    fn look(&mut self, by: Instant) -> bool {
        let there = match self.objects.get_by(&self.path, by) {
            Ok(there) => there,
            Err(why) => return self.failed(why),
        };
        if let Some(loss) = loss(&self.hold.location, there.as_ref(), &self.note.token) {
            let _ = self.hold.lost.set(loss);
            return false;
        }
        self.etag = there.map(|object| object.etag).unwrap_or_default();
        let (sent, body) = (Moment::now(), self.note.bytes());
        match self.objects.put_by(&self.path, &body, Only::IfSame(&self.etag), by) {
            Ok(Put::Stored(etag)) => self.stored(etag, sent),
            // Looked at again by the next try.
            Ok(Put::Refused) => false,
            Err(why) => self.failed(why),
        }
    }

    fn stored(&mut self, etag: String, sent: Moment) -> bool {
        self.etag = etag;
        *open(&self.hold.renewed) = sent;
        *open(&self.hold.failed) = None;
        true
    }

    fn failed(&self, why: Diagnostic) -> bool {
        *open(&self.hold.failed) = Some(why);
        false
    }
}
