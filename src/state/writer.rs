//! The journal's only writer: a thread that puts whatever has gathered onto the disk at once.
//!
//! While it waits for the disk, other tasks' entries gather; so many operations share one flush,
//! and the price of an operation doesn't grow with their number.

use super::bucket::Guard;
use super::entry::Entry;
use super::seal::Codec;
use super::snapshot::{State, VERSION, sync_folder};
use super::{journal, unwritable};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Site;
use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Where lines go: a file, a bucket, or in tests something that fails.
pub(super) trait Disk: Send + 'static {
    /// Puts the bytes at the end, durably. What fails half-way doesn't count: whoever reads tells it.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Diagnostic>;
    /// Everything that was appended is in the snapshot: it goes.
    fn empty(&mut self) -> Result<(), Diagnostic>;
}

/// A journal in a file.
struct Lines {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Lines {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length))?;
        self.file.sync_data()
    }
}

impl Disk for Lines {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Diagnostic> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            // What was half written is cut off again; should that fail too, the checksum tells the
            // next reader.
            let _ = self.cut(self.length);
            unwritable(&self.path, &error)
        })?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn empty(&mut self) -> Result<(), Diagnostic> {
        self.cut(0).map_err(|error| unwritable(&self.path, &error))?;
        self.length = 0;
        Ok(())
    }
}

type Done = oneshot::Sender<Result<(), Diagnostic>>;

enum Message {
    Append(Vec<u8>, Done),
    Fail(Diagnostic, Done),
    Flush(Done),
    Empty(Done),
    Close,
}

/// The thread.
pub(super) struct Writer {
    sender: Sender<Message>,
    bytes: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    /// Opens the journal and cuts off a torn tail.
    pub fn open(path: &Path, whole: u64) -> Result<Self, Diagnostic> {
        let open = || -> io::Result<File> {
            let mut file = super::private().create(true).write(true).truncate(false).open(path)?;
            file.set_len(whole)?;
            file.seek(SeekFrom::Start(whole))?;
            sync_folder(path)?;
            Ok(file)
        };
        let file = open().map_err(|e| unwritable(path, &e))?;
        Self::start(Lines { file, path: path.to_owned(), length: whole }, whole)
    }

    /// Over anything; `length` is how many bytes are in the journal already.
    pub fn start(disk: impl Disk, length: u64) -> Result<Self, Diagnostic> {
        let (sender, receiver) = mpsc::channel();
        let bytes = Arc::new(AtomicU64::new(length));
        let count = Arc::clone(&bytes);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || run(disk, &receiver, &count))
            .map_err(|error| Diagnostic::error(Code::DISK, format!("no thread is to be had: {error}")))?;
        Ok(Self { sender, bytes, thread: Some(thread) })
    }

    /// How long the journal is.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Waits until everything that was appended is on the disk.
    pub fn flush(&self) -> Result<(), Diagnostic> {
        self.ask(Message::Flush)
    }

    /// Empties the journal: everything in it is in the snapshot.
    pub fn empty(&self) -> Result<(), Diagnostic> {
        self.ask(Message::Empty)
    }

    fn ask(&self, message: impl FnOnce(Done) -> Message) -> Result<(), Diagnostic> {
        let (done, answer) = oneshot::channel();
        let _ = self.sender.send(message(done));
        answer.blocking_recv_anywhere().unwrap_or_else(|| Err(closed()))
    }
}

/// Waiting for the disk from inside a task as well as outside: it is short, and nothing else may
/// happen meanwhile.
trait BlockingAnywhere<T> {
    fn blocking_recv_anywhere(self) -> Option<T>;
}

impl<T> BlockingAnywhere<T> for oneshot::Receiver<T> {
    fn blocking_recv_anywhere(mut self) -> Option<T> {
        loop {
            match self.try_recv() {
                Ok(value) => return Some(value),
                Err(oneshot::error::TryRecvError::Closed) => return None,
                Err(oneshot::error::TryRecvError::Empty) => {
                    std::thread::sleep(std::time::Duration::from_micros(50));
                }
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::Close);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn closed() -> Diagnostic {
    Diagnostic::error(Code::DISK, "the state is closed")
}

fn run(mut disk: impl Disk, receiver: &Receiver<Message>, length: &AtomicU64) {
    let mut failed: Option<Diagnostic> = None;
    while let Ok(first) = receiver.recv() {
        let (mut lines, mut waiting, mut empty, mut close) = (Vec::new(), Vec::new(), None, false);
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Append(mut line, done) => {
                    lines.append(&mut line);
                    waiting.push(done);
                }
                Message::Fail(diagnostic, done) => {
                    let _ = done.send(Err(failed.get_or_insert(diagnostic).clone()));
                }
                Message::Flush(done) => waiting.push(done),
                Message::Empty(done) => empty = Some(done),
                Message::Close => close = true,
            }
            // Nothing is appended between an `Empty` and its answer, and nothing after `Close`.
            next = if empty.is_some() || close { None } else { receiver.try_recv().ok() };
        }
        if failed.is_none() && !lines.is_empty() {
            let before = length.load(Ordering::Relaxed);
            match disk.append(&lines) {
                Ok(()) => length.store(before + lines.len() as u64, Ordering::Relaxed),
                // Nothing more is written: later entries build on this.
                Err(diagnostic) => failed = Some(diagnostic),
            }
        }
        let answer = || failed.clone().map_or(Ok(()), Err);
        for done in waiting {
            let _ = done.send(answer());
        }
        if let Some(done) = empty {
            let answer = answer().and_then(|()| disk.empty());
            if answer.is_ok() {
                length.store(0, Ordering::Relaxed);
            }
            let _ = done.send(answer);
        }
        if close {
            return;
        }
    }
}

/// The state in memory and the way to the thread.
#[derive(Debug)]
pub(super) struct Shared {
    /// For a state that another run may take over.
    guard: Option<Guard>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    sender: Sender<Message>,
    codec: Codec,
    /// Whether this run wrote its [`Entry::Run`].
    running: bool,
    /// The cloud that this run speaks to, once it is known.
    site: Option<Site>,
    last_operation: u64,
}

impl Shared {
    pub fn new(state: State, writer: &Writer, codec: Codec, guard: Option<Guard>) -> Self {
        let last_operation = state.last_operation;
        let inner =
            Inner { state, sender: writer.sender.clone(), codec, running: false, site: None, last_operation };
        Self { guard, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.inner().state)
    }

    /// What is written from now on is of that cloud.
    pub fn speaks_to(&self, site: &Site) {
        self.inner().site = Some(site.clone());
    }

    pub async fn still_held(&self) -> Result<(), Diagnostic> {
        match &self.guard {
            Some(guard) => guard.still_held().await,
            None => Ok(()),
        }
    }

    pub fn is_surely_held(&self) -> bool {
        self.guard.as_ref().is_none_or(Guard::is_fresh)
    }

    pub fn next_operation(&self) -> u64 {
        let mut inner = self.inner();
        inner.last_operation += 1;
        inner.last_operation
    }

    pub fn append(&self, entry: Entry) -> Durable {
        let mut inner = self.inner();
        if !inner.running {
            inner.running = true;
            let run = Entry::Run {
                version: VERSION,
                evstack: env!("CARGO_PKG_VERSION").to_owned(),
                serial: inner.state.serial + 1,
                lineage: inner.state.lineage.clone(),
                salt: inner.state.salt.clone(),
                stack: inner.state.stack.clone(),
                env: inner.state.env.clone(),
                site: inner.site.clone(),
            };
            inner.send(&run);
        }
        Durable { answer: inner.send(&entry) }
    }
}

impl Shared {
    pub fn written(&self) -> Durable {
        let (done, answer) = oneshot::channel();
        let _ = self.inner().sender.send(Message::Flush(done));
        Durable { answer }
    }
}

impl Inner {
    fn send(&mut self, entry: &Entry) -> oneshot::Receiver<Result<(), Diagnostic>> {
        self.state.journal += 1;
        self.state.apply(entry);
        let (done, answer) = oneshot::channel();
        let _ = self.sender.send(match journal::line(self.state.journal, entry, &self.codec) {
            Ok(line) => Message::Append(line, done),
            // Later entries would build on one that is missing.
            Err(diagnostic) => Message::Fail(diagnostic, done),
        });
        answer
    }
}

/// Ends when an entry is on the disk. Need not be waited for.
#[derive(Debug)]
#[must_use = "wait for it, or drop it on purpose"]
pub struct Durable {
    answer: oneshot::Receiver<Result<(), Diagnostic>>,
}

impl Durable {
    /// Waits, outside of tasks.
    pub(super) fn wait(self) -> Result<(), Diagnostic> {
        self.answer.blocking_recv_anywhere().unwrap_or_else(|| Err(closed()))
    }
}

impl Future for Durable {
    type Output = Result<(), Diagnostic>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|answer| answer.unwrap_or_else(|_| Err(closed())))
    }
}
