//! How long each class of fault is worth trying again.
//!
//! No shared budget, as the SDK has one: there, one throttled service uses up the tries of all.

use super::FaultKind;
use std::time::Duration;

/// When to try again after a fault of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// The first wait.
    pub first: Duration,
    /// Each wait is this much longer than the one before.
    pub factor: f64,
    /// No wait is longer.
    pub longest: Duration,
    /// After that many waits it is given up.
    pub tries: u32,
}

const fn policy(first_ms: u64, factor: f64, longest_s: u64, tries: u32) -> Policy {
    Policy { first: Duration::from_millis(first_ms), factor, longest: Duration::from_secs(longest_s), tries }
}

/// The limiter slows down for all, and each try waits for its turn in the limiter's line, where there is
/// one: a wait of its own that grows too would only make a run slower than what it is allowed. The SDKs
/// (three tries, up to 20 s between them) and Terraform (25 tries) have no such line. Ten minutes at
/// least: refusals are a pace, not an answer.
const THROTTLED: Policy = policy(200, 1.5, 1, 600);

/// For begins of operations; `None` when trying again can't help. A request that was refused at
/// once is sent again with its own client token, so that it can't be done twice; after a FAILED
/// event the next try needs a new one, because the token keeps the failure.
#[must_use]
pub fn beginning(kind: FaultKind) -> Option<Policy> {
    Some(match kind {
        FaultKind::Throttled => THROTTLED,
        // Dense and early: a role takes 5 to 15 seconds as a rule.
        FaultKind::NotYetUsable => policy(500, 1.25, 5, 30),
        FaultKind::Conflict => policy(1_000, 1.5, 20, 30),
        FaultKind::Internal => policy(2_000, 2.0, 30, 3),
        // Whether it was done isn't known: the same token makes sure that it isn't done twice.
        FaultKind::Unreachable => policy(1_000, 2.0, 20, 8),
        _ => return None,
    })
}

/// For operations that were begun and ended as FAILED: the service below has a rate of its own, which
/// no pace of requests to Cloud Control keeps.
#[must_use]
pub fn failed(kind: FaultKind) -> Option<Policy> {
    match kind {
        FaultKind::Throttled => Some(policy(1_000, 1.6, 20, 30)),
        kind => beginning(kind),
    }
}

/// For reads, lists and status.
#[must_use]
pub fn reading(kind: FaultKind) -> Option<Policy> {
    Some(match kind {
        FaultKind::Throttled => THROTTLED,
        FaultKind::Conflict | FaultKind::Internal => policy(1_000, 2.0, 10, 4),
        FaultKind::Unreachable => policy(500, 2.0, 10, 4),
        _ => return None,
    })
}

/// Counts the tries of one operation; each class has its own count.
#[derive(Debug, Clone)]
pub struct Backoff {
    random: u64,
    counts: Vec<(Policy, u32)>,
}

impl Backoff {
    /// The seed decides the jitter.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: seed, counts: Vec::new() }
    }

    /// How long to wait now, or that it is time to give up. Classes that take turns come to an end
    /// too: none starts anew.
    pub fn next(&mut self, policy: Policy) -> Option<Duration> {
        let at = self.counts.iter().position(|(known, _)| *known == policy).unwrap_or_else(|| {
            self.counts.push((policy, 0));
            self.counts.len() - 1
        });
        let tries = self.counts[at].1;
        if tries >= policy.tries {
            return None;
        }
        self.counts[at].1 += 1;
        let exponent = i32::try_from(tries).unwrap_or(i32::MAX);
        let full = policy.first.as_secs_f64() * policy.factor.powi(exponent);
        let wait = full.min(policy.longest.as_secs_f64());
        // Between three quarters and all of it, so that many don't come back together.
        Some(Duration::from_secs_f64(wait * (0.75 + 0.25 * self.unit())))
    }

    /// SplitMix64, as a number from 0 to 1.
    fn unit(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0);
        f64::from(bits) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_role_is_asked_for_densely_and_for_more_than_a_minute() {
        let policy = beginning(FaultKind::NotYetUsable).expect("worth retrying");
        let mut backoff = Backoff::new(7);
        let waits: Vec<Duration> = std::iter::from_fn(|| backoff.next(policy)).collect();
        assert!(waits[..4].iter().sum::<Duration>() < Duration::from_secs(4), "{waits:?}");
        assert!(waits.iter().sum::<Duration>() > Duration::from_secs(60));
        assert!(waits.iter().all(|w| *w <= Duration::from_secs(5)));
    }

    #[test]
    fn the_same_seed_waits_the_same_and_another_otherwise() {
        let policy = beginning(FaultKind::Throttled).expect("worth retrying");
        let waits = |seed| {
            let mut backoff = Backoff::new(seed);
            (0..5).filter_map(|_| backoff.next(policy)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn faults_that_take_turns_come_to_an_end() {
        let (internal, conflict) = (beginning(FaultKind::Internal), beginning(FaultKind::Conflict));
        let (internal, conflict) = (internal.expect("worth retrying"), conflict.expect("worth retrying"));
        let mut backoff = Backoff::new(7);
        let rounds =
            (0..100).take_while(|_| backoff.next(internal).is_some() && backoff.next(conflict).is_some());
        assert_eq!(rounds.count(), 3);
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        for kind in [
            FaultKind::Invalid,
            FaultKind::AlreadyExists,
            FaultKind::NotFound,
            FaultKind::NotUpdatable,
            FaultKind::Denied,
            FaultKind::UnsupportedType,
        ] {
            assert_eq!((beginning(kind), failed(kind), reading(kind)), (None, None, None), "{kind:?}");
        }
    }
}
