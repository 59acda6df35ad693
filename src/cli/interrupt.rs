//! Ctrl-C, and a polite kill, as a CI job that is cancelled gets it: never swallowed, wherever a
//! command stands.
//!
//! A thread of its own listens from the start, so that a press counts also while the command waits
//! for something else. Who can stop in good order says so by [`heed`]; where nobody does, the command
//! is dropped where it waits, which gives its locks back. If it doesn't get there within a moment (it
//! waits for somebody else's lock, or for a disk), the process ends. Either is no worse than a kill: the
//! next run picks up what was begun.

use super::{exit, terminal};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How often somebody pressed.
static PRESSED: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));
/// How many take notice of it.
static HEEDED: AtomicUsize = AtomicUsize::new(0);
/// How many presses somebody took notice of, who is done by now.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

/// How long a command may take to stop where it stands.
const MOMENT: Duration = Duration::from_secs(1);

/// Begins to listen. Where a process can't, a press ends it as the operating system does.
pub(super) fn listen() {
    // Should there be no thread, the operating system's own way stays.
    let _ = std::thread::Builder::new().name("interrupts".to_owned()).spawn(|| {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(count());
        }
    });
}

async fn count() {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(_) => return,
        }
    };
    #[cfg(unix)]
    let mut interrupt = {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::interrupt()) {
            Ok(interrupt) => interrupt,
            Err(_) => return,
        }
    };
    loop {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        PRESSED.send_modify(|pressed| *pressed += 1);
        if is_unheeded() {
            tokio::spawn(async {
                tokio::time::sleep(MOMENT).await;
                if is_unheeded() {
                    terminal::say("\nInterrupted.");
                    std::process::exit(i32::from(exit::INTERRUPTED));
                }
            });
        }
    }
}

fn is_unheeded() -> bool {
    pressed() > HANDLED.load(Ordering::SeqCst) && HEEDED.load(Ordering::SeqCst) == 0
}

/// How often somebody pressed so far.
pub(super) fn pressed() -> usize {
    *PRESSED.borrow()
}

/// Comes back when somebody presses and nobody takes notice of it: the caller does then.
pub(super) async fn unheeded() {
    let mut presses = PRESSED.subscribe();
    loop {
        presses.mark_unchanged();
        if is_unheeded() {
            HEEDED.fetch_add(1, Ordering::SeqCst);
            return;
        }
        if presses.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Takes notice of every press, for as long as it is kept.
pub(super) struct Heed {
    presses: watch::Receiver<usize>,
    seen: usize,
}

/// From now on a press is the caller's to act on.
pub(super) fn heed() -> Heed {
    HEEDED.fetch_add(1, Ordering::SeqCst);
    // A press of a moment ago that nobody took notice of counts.
    Heed { presses: PRESSED.subscribe(), seen: HANDLED.load(Ordering::SeqCst) }
}

impl Heed {
    /// Comes back at the next press, once for each.
    pub(super) async fn press(&mut self) {
        while *self.presses.borrow_and_update() <= self.seen {
            if self.presses.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        self.seen += 1;
    }
}

impl Drop for Heed {
    fn drop(&mut self) {
        HANDLED.fetch_max(self.seen, Ordering::SeqCst);
        HEEDED.fetch_sub(1, Ordering::SeqCst);
    }
}
