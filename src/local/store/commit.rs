//! One writer with group commit: while one transaction is being written, the next ones gather, and
//! whoever comes first writes them all.

use super::{Change, Store, StoreError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The store and what waits for it.
pub(crate) struct Committer {
    pending: Mutex<Pending>,
    store: Mutex<Box<dyn Store>>,
    written: AtomicU64,
}

#[derive(Default)]
struct Pending {
    changes: Vec<Change>,
    /// Counts every hand-over that had changes.
    number: u64,
}

impl Committer {
    pub(crate) fn new(store: Box<dyn Store>) -> Self {
        Self { pending: Mutex::default(), store: Mutex::new(store), written: AtomicU64::new(0) }
    }

    /// Hands changes over, in the world's order (the world's lock is held), and says up to which
    /// number the caller depends. Without changes that is still the newest: an answer may tell of
    /// what another request has just changed.
    pub(crate) fn hand_over(&self, changes: Vec<Change>) -> u64 {
        let mut pending = lock(&self.pending);
        if !changes.is_empty() {
            pending.changes.extend(changes);
            pending.number += 1;
        }
        pending.number
    }

    /// Whether everything up to `number` is written.
    pub(crate) fn is_written(&self, number: u64) -> bool {
        self.written.load(Ordering::Acquire) >= number
    }

    /// Returns when everything up to `number` is written. Changes that could not be written wait
    /// for the next try, so the rows on disk never skip one.
    pub(crate) fn wait(&self, number: u64) -> Result<(), StoreError> {
        if self.is_written(number) {
            return Ok(());
        }
        let mut store = lock(&self.store);
        if self.is_written(number) {
            return Ok(());
        }
        let (changes, newest) = {
            let mut pending = lock(&self.pending);
            (std::mem::take(&mut pending.changes), pending.number)
        };
        if let Err(error) = store.commit(&changes) {
            let mut pending = lock(&self.pending);
            let since = std::mem::replace(&mut pending.changes, changes);
            pending.changes.extend(since);
            return Err(error);
        }
        self.written.store(newest, Ordering::Release);
        Ok(())
    }
}

/// A panic elsewhere doesn't make the rows wrong: every hand-over is whole.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store whose disk is full at first.
#[cfg(test)]
pub(crate) mod flaky {
    use super::super::Row;
    use super::{Change, Mutex, Store, StoreError, lock};
    use std::sync::Arc;

    pub(crate) struct Flaky {
        failures: usize,
        seen: Arc<Mutex<Vec<String>>>,
    }

    impl Flaky {
        /// Fails so often; the keys that were written come to the list.
        pub(crate) fn new(failures: usize) -> (Self, Arc<Mutex<Vec<String>>>) {
            let seen = Arc::new(Mutex::new(Vec::new()));
            (Self { failures, seen: Arc::clone(&seen) }, seen)
        }
    }

    impl Store for Flaky {
        fn load(&mut self) -> Result<Vec<Row>, StoreError> {
            Ok(Vec::new())
        }

        fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
            if self.failures > 0 {
                self.failures -= 1;
                return Err(StoreError("disk full".into()));
            }
            lock(&self.seen).extend(changes.iter().map(|c| c.key.clone()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::flaky::Flaky;
    use super::*;

    #[test]
    fn what_could_not_be_written_is_written_next_in_order() {
        let (store, seen) = Flaky::new(1);
        let committer = Committer::new(Box::new(store));
        let change = |key: &str| vec![Change { table: "t", key: key.into(), value: None }];
        let first = committer.hand_over(change("a"));
        assert!(committer.wait(first).is_err());
        let second = committer.hand_over(change("b"));
        let third = committer.hand_over(Vec::new());
        assert_eq!(second, third);
        committer.wait(second).expect("written");
        committer.wait(first).expect("written with it");
        assert_eq!(*lock(&seen), ["a", "b"]);
    }
}
