//! State in S3: `<stem>.json` is the snapshot, `<stem>.journal/<number>` are the journal's parts,
//! `<stem>.lock` is the lock. Every write is conditional; nothing but the bucket is needed.
//!
//! [`lease`] says how the lock is taken, [`segments`] why two writers can't both write and why a
//! reader needs no lock.

mod lease;
mod location;
mod lost;
mod objects;
mod refusal;
mod rounds;
mod segments;
mod xml;

pub use location::Location;

use super::seal::{Codec, Unreadable};
use super::snapshot::{self, State};
use super::writer::Writer;
use super::{Holder, Key, replay, with_backup};
use crate::diagnostics::{Code, Diagnostic};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use bytes::Bytes;
use lease::{Came, Hold, Lease};
use objects::{Objects, Only, Put};
use rounds::Rounds;
use segments::{Progress, Segments};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where requests go, and as whose.
#[derive(Debug, Clone)]
pub struct Access {
    /// Of the environment; a bucket elsewhere is followed.
    pub region: String,
    /// Those that the environment deploys with.
    pub credentials: SharedCredentialsProvider,
    /// Instead of AWS's own.
    pub endpoint: Option<String>,
    /// Carries the requests; no other runtime may use it.
    pub http_client: SharedHttpClient,
}

/// Finds credentials and region, on the thread that will ask.
pub type Connect = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Access, Diagnostic>> + Send>> + Send + Sync;

/// Tells a person why nothing seems to happen.
pub type Say = dyn Fn(&str) + Send + Sync;

/// A bucket, and how it is asked.
pub struct Settings {
    /// Where.
    pub location: Location,
    /// As whom.
    pub connect: Box<Connect>,
    /// How long a holder may be silent before another run takes its lock: others have to wait so
    /// long after a run was killed. It is renewed three times as often.
    pub lease: Duration,
    /// How long a bucket that doesn't answer is asked again.
    pub patience: Duration,
    /// Is told for whom one waits.
    pub say: Box<Say>,
}

/// A holder may be silent for this long, unless somebody says otherwise.
pub const LEASE: Duration = Duration::from_secs(30);
/// A bucket may be silent for this long, unless somebody says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// States in S3.
pub struct Bucket {
    settings: Settings,
    open: Mutex<Option<Arc<Objects>>>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.settings.location)
    }
}

impl Bucket {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, open: Mutex::new(None) }
    }

    /// Where they are.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.settings.location
    }

    fn objects(&self) -> Result<Arc<Objects>, Diagnostic> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(objects) = &*open {
            return Ok(Arc::clone(objects));
        }
        let objects = Arc::new(Objects::open(&self.settings)?);
        *open = Some(Arc::clone(&objects));
        Ok(objects)
    }
}

impl Objects {
    fn unconditional(&self) -> Diagnostic {
        refusal::unconditional(self.location(), &self.endpoint())
    }

    fn stubborn(&self, key: &str) -> Diagnostic {
        refusal::stubborn(self.location(), &self.endpoint(), key)
    }
}

/// What no two have: of the operating system's randomness.
fn unique() -> String {
    snapshot::uuid()
}

fn unreadable(objects: &Objects, key: &str, why: &Unreadable) -> Diagnostic {
    why.of(
        &format!("the state in s3://{}/{key}", objects.location().bucket),
        "it is left as it is; restore an earlier version of the object, or move it away to start without it",
    )
}

/// Others write what this run holds the lock of.
fn meddled(objects: &Objects, key: &str) -> Diagnostic {
    let message = format!(
        "s3://{}/{key} was written by others {} times while this run held its lock",
        objects.location().bucket,
        rounds::MOST
    );
    Diagnostic::error(Code::LOCKED, message)
        .hint("find out what else writes there; nothing acknowledged is lost: run again after that")
}

/// The keys of one state.
#[derive(Debug, Clone)]
struct Keys {
    snapshot: String,
    /// With its slash.
    journal: String,
    lock: String,
}

impl Keys {
    fn new(location: &Location, key: &Key) -> Self {
        let stem = key.stem();
        Self {
            snapshot: location.key(&format!("{stem}.json")),
            journal: location.key(&format!("{stem}.journal/")),
            lock: location.key(&format!("{stem}.lock")),
        }
    }
}

/// Of a snapshot's key.
fn backup(snapshot: &str) -> String {
    format!("{snapshot}.backup")
}

/// What lies in the bucket at one moment.
struct Loaded {
    state: State,
    exists: bool,
    /// The snapshot's.
    etag: Option<String>,
    segments: segments::Read,
}

fn load(objects: &Objects, keys: &Keys, key: &Key, codec: &Codec) -> Result<Loaded, Diagnostic> {
    let mut segments = segments::read(objects, &keys.journal, codec)?;
    let snapshot = objects.get(&keys.snapshot)?;
    let etag = snapshot.as_ref().map(|object| object.etag.clone());
    let read = snapshot.map(|object| {
        let text = std::str::from_utf8(&object.body).map_err(|error| error.to_string().into());
        let read = text.and_then(|text| snapshot::parse(text, codec)).and_then(|state| state.of(key));
        read.map_err(|why| {
            let kept = backup(&keys.snapshot);
            let there = objects.get(&kept).is_ok_and(|object| object.is_some());
            let kept = there.then(|| format!("s3://{}/{kept}", objects.location().bucket));
            with_backup(unreadable(objects, &keys.snapshot, &why), kept.as_deref())
        })
    });
    let mut state = read.transpose()?.unwrap_or_else(|| State::new(&key.stack, &key.env));
    let folded = state.segment;
    let entries: Vec<_> = std::mem::take(&mut segments.segments)
        .into_iter()
        .filter(|(number, _)| *number > folded)
        .flat_map(|(_, entries)| entries)
        .collect();
    let exists = etag.is_some() || !entries.is_empty();
    replay(&mut state, etag.is_some(), entries)
        .map_err(|why| unreadable(objects, &keys.journal, &why.into()))?;
    segments.last = segments.last.max(folded);
    Ok(Loaded { state, exists, etag, segments })
}

/// The state, without a lock, and whether there is one.
pub(super) fn open_read(bucket: &Bucket, key: &Key, codec: &Codec) -> Result<(State, bool), Diagnostic> {
    let objects = bucket.objects()?;
    let loaded = load(&objects, &Keys::new(&bucket.settings.location, key), key, codec)?;
    Ok((loaded.state, loaded.exists))
}

/// Asks whether a state is still this run's.
#[derive(Clone)]
pub(super) struct Guard {
    objects: Arc<Objects>,
    hold: Arc<Hold>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.objects.location())
    }
}

impl Guard {
    pub(super) async fn still_held(&self) -> Result<(), Diagnostic> {
        self.hold.still_held().await
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.hold.is_fresh()
    }
}

/// A state that is this run's.
pub(super) struct Held {
    objects: Arc<Objects>,
    keys: Keys,
    /// The claim's number: what another folded after it was written by whoever took over.
    claim: u64,
    progress: Arc<Progress>,
    etag: Option<String>,
    // Last: given back after everything else is closed.
    lease: Lease,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.objects.location())
    }
}

/// Takes the lock, reads, and claims the journal.
pub(super) fn hold(
    bucket: &Bucket,
    key: &Key,
    who: &Holder,
    codec: &Codec,
) -> Result<(Held, State, Writer), Diagnostic> {
    let objects = bucket.objects()?;
    let keys = Keys::new(&bucket.settings.location, key);
    let (lease, came) = Lease::take(&objects, &keys.lock, key, who, &bucket.settings)?;
    let (mut rounds, mut before) = (Rounds::new(bucket.settings.lease), None);
    loop {
        let enough = !rounds.next();
        let loaded = load(&objects, &keys, key, codec)?;
        let seen = Some((loaded.segments.last, loaded.etag.clone()));
        if enough {
            return Err(match before == seen {
                true => objects.stubborn(&keys.journal),
                false => meddled(&objects, &keys.journal),
            });
        }
        before = seen;
        let segments::Read { known, last, bytes, .. } = loaded.segments;
        let fence = match came {
            Came::Free => false,
            Came::Missing => loaded.exists || last > 0,
            Came::Silent => true,
        };
        let claimed = Segments::claim(&objects, &keys.journal, who, lease.hold(), known, last, fence)?;
        // Whoever held the lock wrote once more.
        let Some((segments, claim)) = claimed else { continue };
        // It may have folded that away already, so that the claim stands too early.
        if !objects.is_unchanged(&keys.snapshot, loaded.etag.as_deref())? {
            continue;
        }
        // Who was stopped since it took the lock may have been taken over, and the claim is no fence
        // against the holder: its parts of the journal must stay as they are.
        lease.look(&objects, &keys.lock)?;
        let progress = segments.progress();
        let writer = Writer::start(segments, bytes)?;
        let held = Held { objects, keys, claim, progress, etag: loaded.etag, lease };
        return Ok((held, loaded.state, writer));
    }
}

/// A journal of more parts than this is folded: each is a request for whoever reads.
const MANY: usize = 500;

impl Held {
    pub(super) fn guard(&self) -> Guard {
        Guard { objects: Arc::clone(&self.objects), hold: self.lease.hold() }
    }

    /// Whether reading the journal takes too many requests.
    pub(super) fn is_long(&self) -> bool {
        self.progress.count() > MANY
    }

    /// The last segment that is written.
    pub(super) fn segment(&self) -> u64 {
        self.progress.last()
    }

    /// Puts the snapshot in the place of the one that was read.
    pub(super) fn write_snapshot(&mut self, text: Vec<u8>, codec: &Codec) -> Result<(), Diagnostic> {
        let body = Bytes::from(text);
        if let Some(lost) = self.lease.hold().lost() {
            return Err(lost.clone());
        }
        let (mut rounds, mut before) = (Rounds::new(self.lease.length()), None);
        loop {
            if !rounds.next() {
                return Err(match before == Some(self.etag.clone()) {
                    true => self.objects.stubborn(&self.keys.snapshot),
                    false => meddled(&self.objects, &self.keys.snapshot),
                });
            }
            let only = self.etag.as_deref().map_or(Only::IfAbsent, Only::IfSame);
            if let Put::Stored(etag) = self.objects.put(&self.keys.snapshot, &body, only)? {
                self.etag = Some(etag);
                return Ok(());
            }
            // A holder that was stopped in the middle of this may have come back, and put down what it
            // knew: that is less, and nothing is lost by it. One that knows of our claim took over.
            let there = self.objects.get(&self.keys.snapshot)?;
            let known = there
                .as_ref()
                .and_then(|object| snapshot::parse(std::str::from_utf8(&object.body).ok()?, codec).ok());
            if known.is_some_and(|known| known.segment >= self.claim) {
                return Err(lost::taken_over(&self.objects.location().to_string(), None));
            }
            before = Some(self.etag.take());
            self.etag = there.map(|object| object.etag);
        }
    }

    /// Keeps a copy of the state beside it; says where.
    pub(super) fn back_up(&self, text: Vec<u8>) -> Result<String, Diagnostic> {
        let key = backup(&self.keys.snapshot);
        self.objects.put(&key, &Bytes::from(text), Only::Always)?;
        Ok(format!("s3://{}/{key}", self.objects.location().bucket))
    }
}
