//! A thread that writes, for those who must not hold a thread while they wait for the disk.

use super::{Committer, StoreError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The thread ends when this goes.
pub(crate) struct Writer {
    committer: Arc<Committer>,
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// Up to which number each depends, and who.
    tasks: Vec<(u64, oneshot::Sender<Result<(), StoreError>>)>,
    ended: bool,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(crate) fn start(committer: Arc<Committer>) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let thread = std::thread::Builder::new().name("writer".into());
        thread.spawn({
            let (committer, queue) = (Arc::clone(&committer), Arc::clone(&queue));
            move || queue.serve(&committer)
        })?;
        Ok(Self { committer, queue })
    }

    /// As [`Committer::wait`], without holding a thread.
    pub(crate) async fn written(&self, number: u64) -> Result<(), StoreError> {
        if self.committer.is_written(number) {
            return Ok(());
        }
        let (sender, outcome) = oneshot::channel();
        let first = {
            let mut waiting = self.queue.lock();
            waiting.tasks.push((number, sender));
            waiting.tasks.len() == 1
        };
        if first {
            self.queue.news.notify_one();
        }
        outcome.await.unwrap_or_else(|_| Err(StoreError("the writer has ended".into())))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.lock().ended = true;
        self.queue.news.notify_one();
    }
}

impl Queue {
    /// One transaction for all who wait: while it is being written the next ones gather.
    fn serve(&self, committer: &Committer) {
        loop {
            let mut waiting = self.lock();
            while waiting.tasks.is_empty() {
                if waiting.ended {
                    return;
                }
                waiting = self.news.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            let tasks = std::mem::take(&mut waiting.tasks);
            drop(waiting);
            let newest = tasks.iter().map(|(number, _)| *number).max().unwrap_or(0);
            let outcome = committer.wait(newest);
            for (_, sender) in tasks {
                // Who has gone away needs no answer.
                let _ = sender.send(outcome.clone());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Change;
    use super::super::commit::flaky::Flaky;
    use super::*;

    fn change(key: &str) -> Vec<Change> {
        vec![Change { table: "t", key: key.into(), value: None }]
    }

    #[test]
    fn all_who_wait_are_told_and_a_full_disk_only_so_long() {
        let (store, seen) = Flaky::new(1);
        let committer = Arc::new(Committer::new(Box::new(store)));
        let writer = Writer::start(Arc::clone(&committer)).expect("a thread");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let first = committer.hand_over(change("a"));
        assert!(runtime.block_on(writer.written(first)).is_err());
        let second = committer.hand_over(change("b"));
        runtime.block_on(async {
            let (one, other) = tokio::join!(writer.written(second), writer.written(first));
            one.expect("written");
            other.expect("written with it");
        });
        assert_eq!(*seen.lock().expect("no panic"), ["a", "b"]);
    }
}
