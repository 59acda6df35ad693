//! Recorded state: what evstack did, kept so that a killed run can be picked up.
//!
//! State is a snapshot plus a journal, always. The snapshot (`<stack>.<env>.json`) is readable and
//! replaced whole, rarely; the journal (`<stack>.<env>.journal`) is append-only: an operation's
//! intent is in it, on the disk, before the cloud hears of it. Opening for reading takes no lock;
//! opening for writing takes an operating-system lock that a killed process can't leave behind.
//!
//! All that may lie in a folder or in a bucket of S3 ([`Store`]), where [`bucket`] says how the same
//! promises are kept without an operating system.
//!
//! **Invariant.** [`State::apply`] is the only way in which state changes, at run time as at
//! replay, so what is in memory and what a later process reads can't differ.

pub mod bucket;
mod edit;
mod entry;
mod journal;
mod lock;
mod seal;
mod snapshot;
mod store;
mod stranger;
mod writer;

pub use entry::{Declared, Ending, Entry, Leftover, Operation, Output, Verb, Why};
pub use lock::Holder;
pub use seal::{Passphrase, VARIABLE as PASSPHRASE};
pub use snapshot::State;
pub use store::Store;
pub use writer::Durable;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::Site;
use seal::{Codec, Unreadable};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::At;
use writer::{Shared, Writer};

/// Whose state: a stack in an environment, and where `--cloud` sent it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The stack's name.
    pub stack: String,
    /// `local`, `prod`.
    pub env: String,
    /// What `--cloud` said, if it overrode the environment's own.
    pub cloud: Option<String>,
}

impl Key {
    /// The stack's own state in an environment.
    #[must_use]
    pub fn new(stack: impl Into<String>, env: impl Into<String>) -> Self {
        Self { stack: stack.into(), env: env.into(), cloud: None }
    }

    /// The files' stem: `reviews.local`, `reviews.prod@local`. What a file name can't hold becomes
    /// `-`, so `http://127.0.0.1:4566` is `http-127.0.0.1-4566`.
    #[must_use]
    pub fn stem(&self) -> String {
        let mut stem = format!("{}.{}", self.stack, self.env);
        if let Some(cloud) = &self.cloud {
            stem.push('@');
            for c in cloud.chars() {
                let plain = c.is_ascii_alphanumeric() || c == '.' || c == '_';
                if plain {
                    stem.push(c);
                } else if !stem.ends_with('-') {
                    stem.push('-');
                }
            }
        }
        stem
    }
}

/// The three files of one state.
#[derive(Debug, Clone)]
struct Paths {
    snapshot: PathBuf,
    journal: PathBuf,
    lock: PathBuf,
}

impl Paths {
    fn new(dir: &Path, key: &Key) -> Self {
        let stem = key.stem();
        let file = |extension: &str| dir.join(format!("{stem}.{extension}"));
        Self { snapshot: file("json"), journal: file("journal"), lock: file("lock") }
    }
}

/// What a reader sees, at one moment.
#[derive(Debug, Clone)]
pub struct StateView {
    /// The state; its `operations` are those that an earlier run left unfinished, or that a run
    /// which holds the lock now has under way.
    pub state: State,
    /// Whether there was a state at all.
    pub exists: bool,
}

/// Reads a state, without a lock. One that doesn't exist is empty.
///
/// # Errors
/// [`Code::BAD_STATE`] when a file is damaged or of a later version. The files stay as they are.
/// [`Code::BUCKET`] and [`Code::UNREACHABLE`] when a bucket can't be asked.
pub fn open_read(store: impl Into<Store>, key: &Key) -> Result<StateView, Diagnostic> {
    let store = store.into();
    let codec = store.codec(key);
    let (state, exists) = match &store.at {
        At::Folder(dir) => {
            let (state, _, exists) = load(&Paths::new(dir, key), key, &codec)?;
            (state, exists)
        }
        At::Bucket(bucket) => bucket::open_read(bucket, key, &codec)?,
    };
    Ok(StateView { state, exists })
}

/// The state and how many bytes of the journal are whole. The journal is read first: a run that
/// rewrites the snapshot meanwhile puts more into it, never less.
fn load(paths: &Paths, key: &Key, codec: &Codec) -> Result<(State, u64, bool), Diagnostic> {
    let bytes = match fs::read(&paths.journal) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(unopened(&paths.journal, &e)),
    };
    let snapshot = snapshot::read(&paths.snapshot, key, codec)?;
    let exists = snapshot.is_some();
    let mut state = snapshot.unwrap_or_else(|| State::new(&key.stack, &key.env));
    let journal = journal::read(&bytes, codec).map_err(|why| unreadable(&paths.journal, why))?;
    let found = exists || !journal.entries.is_empty();
    replay(&mut state, exists, journal.entries).map_err(|why| unreadable(&paths.journal, why))?;
    Ok((state, journal.whole, found))
}

/// Does what the journal says after the snapshot, if there is one; says why not if an entry is missing,
/// or another state's.
fn replay(state: &mut State, mut begun: bool, entries: Vec<(u64, Entry)>) -> Result<(), String> {
    for (sequence, entry) in entries {
        if sequence <= state.journal {
            continue;
        }
        if sequence != state.journal + 1 {
            return Err(format!(
                "it goes on at entry {sequence}, but the snapshot ends at {}: one of the two is of another day",
                state.journal
            ));
        }
        state.goes_on(&entry, begun)?;
        begun = true;
        state.apply(&entry);
        state.journal = sequence;
    }
    Ok(())
}

fn unreadable(path: &Path, why: impl Into<Unreadable>) -> Diagnostic {
    let hint = "the file is left as it is; restore it from a backup, or move it away to start without it";
    why.into().of(&format!("the state file {}", path.display()), hint)
}

/// Names the copy of a snapshot that can't be read, if there is one.
fn with_backup(diagnostic: Diagnostic, kept: Option<&str>) -> Diagnostic {
    match kept {
        Some(kept) if diagnostic.code == Code::BAD_STATE => diagnostic.hint(format!(
            "{kept} is the state before the last change of the record alone: if nothing was applied since, put it in the place of this one, and make that change again"
        )),
        _ => diagnostic,
    }
}

/// Of a file that wasn't even read.
fn unopened(path: &Path, error: &io::Error) -> Diagnostic {
    let mut diagnostic = unreadable(path, error.to_string());
    if error.kind() == io::ErrorKind::PermissionDenied {
        let hint = "only the user who applied may read it: run it as that user, or change the file's owner";
        diagnostic.hints = vec![hint.to_owned()];
    }
    diagnostic
}

/// For files that hold a stack's data: on Unix only their owner may read them.
pub fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "free some space and run again: what was under way is picked up",
        _ => "run again when it can be written: what was under way is picked up",
    };
    Diagnostic::error(Code::DISK, format!("{} can't be written: {error}", path.display())).hint(hint)
}

/// A state that only this process may write.
#[derive(Debug)]
pub struct Locked {
    shared: Arc<Shared>,
    writer: Writer,
    snapshot_bytes: u64,
    codec: Codec,
    // Last: released after everything else is closed.
    home: Home,
}

/// Where it lies, and what keeps others from writing it.
#[derive(Debug)]
enum Home {
    Folder(Paths, #[expect(dead_code, reason = "it is released when it is dropped")] lock::Lock),
    Bucket(bucket::Held),
}

impl Home {
    fn write_snapshot(&mut self, text: Vec<u8>, codec: &Codec) -> Result<(), Diagnostic> {
        match self {
            Self::Folder(paths, _) => {
                snapshot::write(&paths.snapshot, &text).map_err(|e| unwritable(&paths.snapshot, &e))
            }
            Self::Bucket(held) => held.write_snapshot(text, codec),
        }
    }
}

/// Appends to the journal; cheap to clone, usable from any task.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Shared>);

/// A journal is folded into the snapshot when it is longer than this and than four snapshots.
const LONG_JOURNAL: u64 = 16 << 20;

/// Locks a state and opens it for writing. Nothing of it is changed yet.
///
/// # Errors
/// [`Code::LOCKED`] naming the holder, [`Code::BAD_STATE`], [`Code::DISK`]; [`Code::BUCKET`] and
/// [`Code::UNREACHABLE`] when a bucket can't be asked.
pub fn lock(store: impl Into<Store>, key: &Key, who: &Holder) -> Result<Locked, Diagnostic> {
    let store = store.into();
    let codec = store.codec(key);
    let (home, state, writer) = match &store.at {
        At::Folder(dir) => {
            fs::create_dir_all(dir).map_err(|e| unwritable(dir, &e))?;
            let paths = Paths::new(dir, key);
            let lock = lock::Lock::take(&paths.lock, key, who)?;
            let (state, whole, _) = load(&paths, key, &codec)?;
            let writer = Writer::open(&paths.journal, whole)?;
            (Home::Folder(paths, lock), state, writer)
        }
        At::Bucket(bucket) => {
            let (held, state, writer) = bucket::hold(bucket, key, who, &codec)?;
            (Home::Bucket(held), state, writer)
        }
    };
    let guard = match &home {
        Home::Folder(..) => None,
        Home::Bucket(held) => Some(held.guard()),
    };
    let shared = Arc::new(Shared::new(state, &writer, codec.clone(), guard));
    Ok(Locked { shared, writer, snapshot_bytes: 0, codec, home })
}

impl Locked {
    /// What tasks write to.
    #[must_use]
    pub fn journal(&self) -> Journal {
        Journal(Arc::clone(&self.shared))
    }

    /// The state as it is now.
    #[must_use]
    pub fn snapshot(&self) -> State {
        self.shared.with(|state| state.clone())
    }

    /// Looks at the state.
    pub fn with<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.shared.with(|state| look(state))
    }

    /// Appends and waits for the disk; for callers without tasks.
    ///
    /// # Errors
    /// [`Code::DISK`].
    pub fn append(&self, entry: Entry) -> Result<(), Diagnostic> {
        self.shared.append(entry).wait()
    }

    /// Appends all of them or, wherever the run is killed, none, and waits for the disk.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_together(&self, mut entries: Vec<Entry>) -> Result<(), Diagnostic> {
        let one = if entries.len() == 1 { entries.pop() } else { None };
        match one {
            Some(entry) => self.append(entry),
            None if entries.is_empty() => Ok(()),
            None => self.append(Entry::Together { entries }),
        }
    }

    /// The run speaks to that cloud, and what it writes says so.
    ///
    /// # Errors
    /// As [`State::is_of_site`].
    pub fn speak_to(&self, site: &Site) -> Result<(), Diagnostic> {
        self.with(|state| state.is_of_site(site))?;
        self.shared.speaks_to(site);
        Ok(())
    }

    /// A plan that was made before the state existed hashed its secrets with a salt of its own.
    /// Takes it over, unless something is recorded already.
    pub fn adopt_salt(&self, salt: &str) {
        self.shared.with(|state| state.adopt_salt(salt));
    }

    /// Folds the journal into the snapshot, if it has become long.
    ///
    /// # Errors
    /// As [`Self::compact`].
    pub fn compact_if_long(&mut self) -> Result<(), Diagnostic> {
        let many = matches!(&self.home, Home::Bucket(held) if held.is_long());
        if many || self.writer.bytes() > LONG_JOURNAL.max(4 * self.snapshot_bytes) {
            self.compact()?;
        }
        Ok(())
    }

    /// Folds the journal into the snapshot: at the end of a run, and when it is interrupted.
    ///
    /// # Errors
    /// [`Code::DISK`], or what the bucket says; the state is whole then too.
    pub fn compact(&mut self) -> Result<(), Diagnostic> {
        // Nobody can append while the state is borrowed, so the snapshot and the emptied journal
        // are of one moment.
        let (home, writer, shared, codec) = (&mut self.home, &self.writer, &self.shared, &self.codec);
        let written = shared.with(|state| -> Result<u64, Diagnostic> {
            if state.journal == 0 {
                return Ok(0);
            }
            writer.flush()?;
            if let Home::Bucket(held) = home {
                state.segment = held.segment();
            }
            let text = snapshot::text(state, codec)?;
            let bytes = text.len() as u64;
            home.write_snapshot(text, codec)?;
            writer.empty()?;
            Ok(bytes)
        })?;
        self.snapshot_bytes = written;
        Ok(())
    }
}

impl Journal {
    /// Changes the state and writes it down. The change is seen at once; the answer says when it
    /// is on the disk. Entries reach the disk in the order of the calls, so whoever waits for one
    /// has waited for all before it.
    pub fn append(&self, entry: Entry) -> Durable {
        self.0.append(entry)
    }

    /// Ends when everything that was appended until now is on the disk.
    pub fn written(&self) -> Durable {
        self.0.written()
    }

    /// Whether the state is still this run's: to be asked before each call that changes the cloud, as
    /// a run that slept may have been taken over since it wrote its intent down. A folder's always is.
    ///
    /// # Errors
    /// [`Code::TAKEN_OVER`].
    pub async fn still_held(&self) -> Result<(), Diagnostic> {
        self.0.still_held().await
    }

    /// Whether nobody can have taken it over, as far as that is known without asking: for the last
    /// moment before a call leaves. Where it isn't known, [`Self::still_held`] finds it out.
    #[must_use]
    pub fn is_surely_held(&self) -> bool {
        self.0.is_surely_held()
    }

    /// A number for a new operation.
    #[must_use]
    pub fn next_operation(&self) -> u64 {
        self.0.next_operation()
    }

    /// Looks at the state.
    pub fn with<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.0.with(|state| look(state))
    }
}

#[cfg(test)]
mod tests;
