//! One pace for all requests to one account and region.
//!
//! AWS publishes no rate for Cloud Control. So the pace starts at what others saw work, is halved
//! when the service says that it is too fast, and creeps up again while it doesn't.

use super::{Clock, Fault, FaultKind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Requests a second at the start, and how many may come at once.
const START: f64 = 25.0;
const BURST: f64 = 25.0;
const SLOWEST: f64 = 1.0;
const FASTEST: f64 = 100.0;
/// What each request that went well adds to the pace.
const CREEP: f64 = 0.05;
/// Requests under way when the first was throttled are throttled too: that is one lesson, not many.
const ONE_LESSON: Duration = Duration::from_secs(1);

/// A token bucket whose rate learns.
#[derive(Debug)]
pub struct Limiter {
    state: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    rate: f64,
    /// Negative when others already wait.
    tokens: f64,
    filled: Duration,
    slowed: Option<Duration>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::starting_at(START)
    }
}

impl Limiter {
    /// With a rate remembered from before, in requests a second.
    #[must_use]
    pub fn starting_at(rate: f64) -> Self {
        let bucket = Bucket {
            rate: rate.clamp(SLOWEST, FASTEST),
            tokens: BURST,
            filled: Duration::ZERO,
            slowed: None,
        };
        Self { state: Mutex::new(bucket) }
    }

    /// The pace at this moment, in requests a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.bucket().rate
    }

    fn bucket(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one's turn.
    pub async fn acquire(&self, clock: &dyn Clock) {
        let wait = self.bucket().take(clock.now());
        if wait > Duration::ZERO {
            clock.sleep(wait).await;
        }
    }

    /// Learns from an answer.
    pub fn learn<T>(&self, answer: &Result<T, Fault>, now: Duration) {
        let mut bucket = self.bucket();
        match answer {
            Err(fault) if fault.kind == FaultKind::Throttled => {
                if bucket.slowed.is_none_or(|at| now.saturating_sub(at) >= ONE_LESSON) {
                    bucket.rate = (bucket.rate / 2.0).max(SLOWEST);
                    bucket.tokens = bucket.tokens.min(0.0);
                    bucket.slowed = Some(now);
                }
            }
            _ => bucket.rate = (bucket.rate + CREEP).min(FASTEST),
        }
    }
}

impl Bucket {
    fn take(&mut self, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + passed * self.rate).min(BURST) - 1.0;
        Duration::from_secs_f64((-self.tokens / self.rate).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttled() -> Result<(), Fault> {
        Err(Fault {
            kind: FaultKind::Throttled,
            operation: "GetResource",
            type_name: None,
            identifier: None,
            code: "ThrottlingException".to_owned(),
            message: String::new(),
            request_id: None,
        })
    }

    #[test]
    fn a_burst_is_free_and_then_the_rate_holds() {
        let mut bucket = Limiter::default().state.into_inner().expect("not poisoned");
        let waits: Vec<Duration> = (0..75).map(|_| bucket.take(Duration::ZERO)).collect();
        assert_eq!(waits[24], Duration::ZERO);
        assert!((waits[74].as_secs_f64() - 2.0).abs() < 0.01, "{:?}", waits[74]);
    }

    #[test]
    fn throttling_halves_once_for_all_that_were_under_way_and_then_creeps_up() {
        let limiter = Limiter::default();
        for _ in 0..20 {
            limiter.learn(&throttled(), Duration::from_millis(5_000));
        }
        assert!((limiter.rate() - 12.5).abs() < 1e-9);
        limiter.learn(&throttled(), Duration::from_millis(6_100));
        assert!((limiter.rate() - 6.25).abs() < 1e-9);
        for _ in 0..100 {
            limiter.learn(&Ok(()), Duration::from_secs(9));
        }
        assert!((limiter.rate() - 11.25).abs() < 1e-6);
    }
}
