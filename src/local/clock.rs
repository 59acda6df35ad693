//! Time as the local cloud sees it: passed in, never asked of the operating system by a service.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// Later by `duration`.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long from here until `later`; nothing when it is past.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// Seconds since 1970 with milliseconds as a fraction: the wire's form in AWS's JSON protocols.
    #[must_use]
    pub fn epoch_seconds(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "exact until the year 287,396")]
        let milliseconds = self.0 as f64;
        milliseconds / 1000.0
    }

    /// `2026-11-23T13:20:00.000Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| String::new(), |t| format!("{t:.3}"))
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Time;

    /// Moves a clock that only moves when told. A real one stays as it is.
    fn set(&self, _to: Time) {}

    /// The present, where it is the time that clients have, too.
    fn wall(&self) -> Option<Time> {
        None
    }
}

/// The machine's own time.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn wall(&self) -> Option<Time> {
        Some(self.now())
    }
}

/// A clock that stands still until it is set: tests and scenarios run in its time.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `start`.
    #[must_use]
    pub fn new(start: Time) -> Self {
        Self(AtomicI64::new(start.0))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }

    fn set(&self, to: Time) {
        self.0.fetch_max(to.0, Ordering::SeqCst);
    }
}
