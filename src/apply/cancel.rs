//! Stopping a run: once, so that nothing new starts; twice, so that what runs is called back; three
//! times, so that it isn't waited for.

use tokio::sync::watch;

/// How much is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    /// Nothing.
    #[default]
    No,
    /// Nothing new starts, nothing is tried again; what runs is finished.
    Gently,
    /// What runs is cancelled where the service can.
    Now,
    /// What runs isn't waited for: the next run looks into it.
    Leave,
}

/// The hand on the brake; cheap to clone.
#[derive(Debug, Clone)]
pub struct Cancel {
    sender: watch::Sender<Stop>,
}

impl Default for Cancel {
    fn default() -> Self {
        Self { sender: watch::Sender::new(Stop::No) }
    }
}

impl Cancel {
    /// One step further; what a Ctrl-C does.
    pub fn press(&self) {
        self.sender.send_modify(|stop| {
            *stop = match *stop {
                Stop::No => Stop::Gently,
                Stop::Gently => Stop::Now,
                Stop::Now | Stop::Leave => Stop::Leave,
            };
        });
    }

    /// How much is to be stopped now.
    #[must_use]
    pub fn stop(&self) -> Stop {
        *self.sender.borrow()
    }

    /// Comes back when at least that much is to be stopped.
    pub async fn at_least(&self, stop: Stop) {
        let mut receiver = self.sender.subscribe();
        // An error would mean that the sender is gone, but `self` has it.
        if receiver.wait_for(|now| *now >= stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
