//! How often something is begun anew because somebody else was quicker.

use super::objects::backoff;
use std::time::Duration;

/// Others who come and go are waited for so often, no more: who loses each time isn't in a race with
/// runs that end, or the store refuses whatever it is asked.
pub(super) const MOST: u32 = 8;

/// Rounds, with growing waits between them.
pub(super) struct Rounds {
    begun: u32,
    longest: Duration,
}

impl Rounds {
    /// Waits that are short beside a lease.
    pub(super) fn new(lease: Duration) -> Self {
        Self { begun: 0, longest: lease / 10 }
    }

    /// Waits, unless it is the first; false once there were enough.
    pub(super) fn next(&mut self) -> bool {
        if let Some(before) = self.begun.checked_sub(1) {
            std::thread::sleep(backoff(before).min(self.longest));
        }
        self.begun = self.begun.saturating_add(1);
        self.begun <= MOST
    }
}
