//! How many requests a second: a token bucket whose rate learns from refusals.
//!
//! A refusal costs a tenth: the rate falls below what was just taken, is back there after two busy
//! seconds, stays near it for as long, and then grows faster and faster, for as long as nothing is
//! refused (a cubic, as in TCP's CUBIC, RFC 9438, with constants for requests a second). A rate that
//! creeps up by a constant step instead wastes most of what it was halved for. Only seconds in which
//! requests had to wait count: what isn't used shows nothing.

use std::collections::VecDeque;
use std::time::Duration;

/// Requests a second at the start.
pub(super) const START: f64 = 25.0;
/// How many may come at once: a few at first, and one more with each answer, until one is refused. Of
/// what is refused together the most urgent may come back last, and how urgent it is was judged before
/// the first answers.
pub(super) const AT_FIRST: f64 = 5.0;
const BURST: f64 = 25.0;
pub(super) const SLOWEST: f64 = 1.0;
pub(super) const FASTEST: f64 = 200.0;
/// How many may always come at once: a bucket of one would lose what time is left when somebody wakes
/// a little late.
const FEWEST: f64 = 2.0;
/// What is left of the rate after a refusal.
const LESS: f64 = 0.9;
/// So many answers tell how much is allowed; after fewer it is never less than half at one stroke.
const TELLING: u32 = 10;
const LEAST: f64 = 0.5;
/// Busy seconds until the rate is again where it was.
const BACK: f64 = 2.0;
/// Requests under way when the first was refused are refused too: that is one lesson, not many.
const ONE_LESSON: Duration = Duration::from_secs(1);
/// Slowing down so often in vain shows that a share is refused at any pace, if it isn't most of them.
const IN_VAIN: u32 = 2;
const LEAST_BY_CHANCE: f64 = 0.1;
const MOST_BY_CHANCE: f64 = 0.6;
/// Of an exact clock, a millisecond is the least.
const SLACK: f64 = 1e-9;

/// What has been sent and what was accepted lately, in tenths of seconds.
#[derive(Debug, Default)]
struct Lately {
    slots: VecDeque<(u64, Counted)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    sent: u32,
    accepted: u32,
    refused: u32,
}

impl Counted {
    fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent.saturating_add(other.sent),
            accepted: self.accepted.saturating_add(other.accepted),
            refused: self.refused.saturating_add(other.refused),
        }
    }

    fn answered(self) -> u32 {
        self.accepted.saturating_add(self.refused)
    }

    /// The share that was refused.
    fn share(self) -> f64 {
        f64::from(self.refused) / f64::from(self.answered().max(1))
    }
}

impl Lately {
    /// Slots of a second, and of a moment.
    const SECOND: u64 = 10;
    const MOMENT: u64 = 2;

    fn slot(now: Duration) -> u64 {
        u64::try_from(now.as_millis() / 100).unwrap_or(u64::MAX)
    }

    fn count(&mut self, now: Duration, one: impl FnOnce(&mut Counted)) {
        let slot = Self::slot(now);
        while self.slots.front().is_some_and(|(at, _)| at + Self::SECOND <= slot) {
            self.slots.pop_front();
        }
        if self.slots.back().is_none_or(|(at, _)| *at != slot) {
            self.slots.push_back((slot, Counted::default()));
        }
        if let Some((_, counted)) = self.slots.back_mut() {
            one(counted);
        }
    }

    /// What was counted in the last so many slots.
    fn within(&self, slots: u64, now: Duration) -> Counted {
        let slot = Self::slot(now);
        let lately = self.slots.iter().filter(|(at, _)| at + slots > slot);
        lately.fold(Counted::default(), |sum, (_, counted)| sum.and(*counted))
    }

    /// Requests accepted a second, of late.
    fn accepted(&self, now: Duration) -> f64 {
        let slot = Self::slot(now);
        let seconds = self.slots.iter().map(|(at, _)| slot - at + 1).filter(|age| *age <= Self::SECOND).max();
        let seconds = f64::from(u32::try_from(seconds.unwrap_or(1)).unwrap_or(1)) / 10.0;
        f64::from(self.within(Self::SECOND, now).accepted) / seconds
    }
}

/// The bucket and what it has learned.
#[derive(Debug)]
pub(super) struct Pace {
    /// None: nothing was refused yet, and nothing is held back.
    law: Option<Law>,
    /// How many may come at once, where nothing came before.
    burst: f64,
    /// Nothing was refused yet.
    unhindered: bool,
    tokens: f64,
    filled: Duration,
    lately: Lately,
    lesson: Option<Duration>,
    /// The share of requests that was refused when it slowed down last.
    share: f64,
    /// How often in a row it slowed down and as many were refused as before.
    in_vain: u32,
    /// The share that is refused at any pace: by chance, or for others.
    chance: f64,
}

/// A rate over busy time.
#[derive(Debug, Clone, Copy)]
struct Law {
    /// The rate that was refused, or the one to begin with.
    top: f64,
    /// Busy seconds since then.
    busy: f64,
}

impl Law {
    /// The top itself, and on the way up.
    fn at(top: f64) -> Self {
        Self { top: top.clamp(SLOWEST, FASTEST), busy: BACK }
    }

    fn rate(self) -> f64 {
        let steep = (1.0 - LESS) * self.top / BACK.powi(3);
        (self.top + steep * (self.busy - BACK).powi(3)).clamp(SLOWEST, FASTEST)
    }
}

/// What an answer taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lesson {
    /// Nothing new.
    None,
    /// Slower from now on.
    Slower,
}

impl Pace {
    /// From this rate on.
    pub(super) fn starting_at(rate: f64) -> Self {
        Self { law: Some(Law::at(rate)), ..Self::free() }
    }

    /// As fast as one likes, until something is refused.
    pub(super) fn free() -> Self {
        Self {
            law: None,
            burst: AT_FIRST,
            unhindered: true,
            tokens: AT_FIRST,
            filled: Duration::ZERO,
            lately: Lately::default(),
            lesson: None,
            share: 0.0,
            in_vain: 0,
            chance: 0.0,
        }
    }

    /// Requests a second; none while nothing is held back.
    pub(super) fn rate(&self) -> Option<f64> {
        self.law.map(Law::rate)
    }

    /// Whether something was refused.
    pub(super) fn is_taught(&self) -> bool {
        self.lesson.is_some()
    }

    /// Takes a token, or says after what time there is one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if let Some(law) = &mut self.law {
            let rate = law.rate();
            let passed = now.saturating_sub(self.filled).as_secs_f64();
            self.filled = self.filled.max(now);
            self.tokens = (self.tokens + passed * rate).min(self.burst);
            if self.tokens + SLACK < 1.0 {
                return Err(Duration::from_secs_f64((1.0 - self.tokens) / rate));
            }
            // Whoever finds the bucket full didn't wait.
            if self.tokens < self.burst.min(FEWEST) {
                law.busy += 1.0 / rate;
            }
            self.tokens -= 1.0;
        }
        self.lately.count(now, |counted| counted.sent = counted.sent.saturating_add(1));
        Ok(())
    }

    /// A request was let through by the service.
    pub(super) fn accepted(&mut self, now: Duration) {
        if self.unhindered && self.burst < BURST {
            self.burst += 1.0;
            self.tokens += 1.0;
        }
        self.lately.count(now, |counted| counted.accepted = counted.accepted.saturating_add(1));
    }

    /// A request was refused for its rate.
    pub(super) fn refused(&mut self, now: Duration) -> Lesson {
        self.unhindered = false;
        self.lately.count(now, |counted| counted.refused = counted.refused.saturating_add(1));
        if self.lesson.is_some_and(|at| now.saturating_sub(at) < ONE_LESSON) {
            return Lesson::None;
        }
        let second = self.lately.within(Lately::SECOND, now);
        let accepted = self.lately.accepted(now);
        let rate = match self.law {
            // One answer tells nothing of a rate.
            None if second.answered() < TELLING => return Lesson::None,
            None => accepted.max(START),
            Some(law) => {
                self.lesson = Some(now);
                if self.came_at_once(law, now) || self.is_chance(law, second) {
                    return Lesson::None;
                }
                let rate = law.rate();
                match accepted {
                    // Just above what is allowed.
                    accepted if accepted > rate * 0.9 => rate,
                    accepted if second.answered() < TELLING => accepted.max(rate * LEAST),
                    accepted => accepted,
                }
            }
        };
        self.lesson = Some(now);
        self.share = second.share();
        self.tokens = self.tokens.min(0.0);
        self.filled = self.filled.max(now);
        self.law = Some(Law { top: rate.clamp(SLOWEST, FASTEST), busy: 0.0 });
        Lesson::Slower
    }

    /// Whether too many came at once: that says nothing about the rate.
    fn came_at_once(&mut self, law: Law, now: Duration) -> bool {
        let moment = self.lately.within(Lately::MOMENT, now);
        let came = f64::from(moment.sent) > law.rate() * 0.2 + FEWEST && self.burst > FEWEST;
        if came {
            let most = (self.burst * 0.9).max(FEWEST);
            self.burst = (f64::from(moment.accepted) - law.rate() * 0.2).clamp(FEWEST, most);
            self.tokens = self.tokens.min(0.0);
            self.filled = self.filled.max(now);
        }
        came
    }

    /// Whether as many are refused at any pace: then a slower one helps nobody.
    fn is_chance(&mut self, law: Law, second: Counted) -> bool {
        let share = second.share();
        if second.answered() < TELLING {
            return false;
        }
        if law.busy >= BACK {
            self.in_vain = 0;
        } else if share >= LEAST_BY_CHANCE && share >= self.share * 0.7 {
            self.in_vain = self.in_vain.saturating_add(1);
        }
        if self.in_vain >= IN_VAIN && share <= MOST_BY_CHANCE {
            self.chance = self.chance.max(share);
        }
        self.chance = self.chance.min(share * 1.3);
        share <= self.chance * 1.3
    }
}
