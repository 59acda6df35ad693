//! Stands between a run and the cloud, so that a run can be killed at a call: before the cloud hears
//! of it, after that and before the answer, or once the answer is out. It isn't known to the program.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When, at the call that was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The cloud hasn't heard of it.
    Before,
    /// The cloud has heard, the run hasn't.
    Between,
    /// Both have.
    After,
}

/// The run is to be stopped at the call of that number among those that matter.
#[derive(Debug, Clone, Copy)]
pub struct Trap {
    pub calls: &'static [&'static str],
    pub number: usize,
    pub moment: Moment,
}

#[derive(Default)]
struct Inner {
    trap: Option<Trap>,
    /// It has shut: nothing goes through any more.
    shut: bool,
    /// Client tokens of the calls that went to the cloud.
    heard: BTreeSet<String>,
}

/// Listens on a port of its own, for as long as the test runs.
pub struct Gate {
    pub port: u16,
    inner: Arc<(Mutex<Inner>, Condvar)>,
}

fn lock(inner: &(Mutex<Inner>, Condvar)) -> MutexGuard<'_, Inner> {
    inner.0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// Before the cloud at that URL.
    pub fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let inner: Arc<(Mutex<Inner>, Condvar)> = Arc::default();
        let (shared, to) = (Arc::clone(&inner), url.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, to) = (Arc::clone(&shared), to.clone());
                std::thread::spawn(move || pass(stream, &to, &shared));
            }
        });
        Self { port, inner }
    }

    /// For the next run; without a trap everything goes through.
    pub fn open(&self, trap: Option<Trap>) {
        let mut inner = lock(&self.inner);
        inner.trap = trap;
        inner.shut = false;
        self.inner.1.notify_all();
    }

    /// Whether the trap has shut, after at most that time.
    pub fn shut_within(&self, time: Duration) -> bool {
        let inner = lock(&self.inner);
        let (inner, _) = self
            .inner
            .1
            .wait_timeout_while(inner, time, |inner| !inner.shut)
            .unwrap_or_else(PoisonError::into_inner);
        inner.shut
    }

    /// Whether the cloud has heard of the call with this client token.
    pub fn heard(&self, client_token: &str) -> bool {
        lock(&self.inner).heard.contains(client_token)
    }
}

/// One connection, request by request.
fn pass(mut client: TcpStream, to: &str, inner: &(Mutex<Inner>, Condvar)) -> Option<()> {
    client.set_nodelay(true).ok()?;
    let mut cloud = TcpStream::connect(to).ok()?;
    cloud.set_nodelay(true).ok()?;
    loop {
        let request = message(&mut client)?;
        let head = String::from_utf8_lossy(&request[..request.len().min(4096)]).into_owned();
        let operation = head.split("CloudApiService.").nth(1).unwrap_or_default();
        let operation = operation.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let sprung = spring(inner, operation);
        if sprung == Some(Moment::Before) || lock(inner).shut && sprung.is_none() {
            return shut(inner);
        }
        if let Some(token) = client_token(&request) {
            lock(inner).heard.insert(token);
        }
        cloud.write_all(&request).ok()?;
        let answer = message(&mut cloud)?;
        if sprung == Some(Moment::Between) {
            return shut(inner);
        }
        client.write_all(&answer).ok()?;
        if sprung == Some(Moment::After) {
            return shut(inner);
        }
        if head.to_ascii_lowercase().contains("\r\nconnection: close\r\n") {
            return None;
        }
    }
}

fn shut(inner: &(Mutex<Inner>, Condvar)) -> Option<()> {
    let mut held = lock(inner);
    held.shut = true;
    inner.1.notify_all();
    // The connection stays open, and silent, until the run is dead.
    while held.shut {
        held = inner.1.wait(held).unwrap_or_else(PoisonError::into_inner);
    }
    None
}

/// Counts the call; the moment if this is the one.
fn spring(inner: &(Mutex<Inner>, Condvar), operation: &str) -> Option<Moment> {
    let mut inner = lock(inner);
    let trap = inner.trap.as_mut().filter(|trap| trap.calls.contains(&operation))?;
    if trap.number > 0 {
        trap.number -= 1;
        return None;
    }
    let moment = trap.moment;
    inner.trap = None;
    Some(moment)
}

fn client_token(request: &[u8]) -> Option<String> {
    let body = request.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let body: serde_json::Value = serde_json::from_slice(&request[body..]).ok()?;
    body["ClientToken"].as_str().map(str::to_owned)
}

/// A request or an answer, whole: none at the end of the connection.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 16_384]);
    loop {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0_usize) {
            return Some(bytes);
        }
    }
}
