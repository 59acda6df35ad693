//! One pace for all requests to one account and region: begins, status and reads wait in one line.
//!
//! AWS publishes no rate for Cloud Control. So the pace starts at what others saw work, falls at
//! once when the service says that it is too fast, and rises while it doesn't ([`pace`]).
//!
//! Whoever has the longest way behind it goes first; whoever has waited for as long as its way is
//! shorter goes first too. So nobody waits for ever, and the whole isn't held up by what it doesn't
//! need.

mod pace;

use super::{Clock, Fault, FaultKind};
use pace::{Lesson, Pace};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Requests in the air at once; more would only be as many connections.
const IN_THE_AIR: usize = 64;
/// Between two words about a pace that falls.
const TOLD: Duration = Duration::from_secs(20);

/// Is told, in requests a second, when the service wants it slower.
pub type Listener = Box<dyn Fn(f64) + Send + Sync>;

/// The line, and its pace.
pub struct Limiter {
    line: Mutex<Line>,
    listener: Option<Listener>,
}

/// Smaller goes first: milliseconds of its arrival, less those of the way behind it; then its number.
type Place = (i64, u64);

struct Line {
    pace: Pace,
    waiting: BTreeMap<Place, Arc<Notify>>,
    number: u64,
    in_the_air: usize,
    refused: u64,
    told: Option<Duration>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::starting_at(pace::START)
    }
}

impl Limiter {
    /// With a rate to begin with, in requests a second.
    #[must_use]
    pub fn starting_at(rate: f64) -> Self {
        Self::with(Pace::starting_at(rate))
    }

    /// One that holds nothing back until the first request is refused for its rate.
    #[must_use]
    pub fn free() -> Self {
        Self::with(Pace::free())
    }

    fn with(pace: Pace) -> Self {
        let line = Line { pace, waiting: BTreeMap::new(), number: 0, in_the_air: 0, refused: 0, told: None };
        Self { line: Mutex::new(line), listener: None }
    }

    /// The same, with somebody who is told when it gets slower.
    #[must_use]
    pub fn telling(self, listener: Listener) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// The pace at this moment, in requests a second; none while nothing is held back.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.line().pace.rate()
    }

    /// What is worth remembering: the pace, once it was learned.
    #[must_use]
    pub fn learned(&self) -> Option<f64> {
        let line = self.line();
        let rate = line.pace.rate()?;
        (line.pace.is_taught() || rate > pace::START * 1.2).then_some(rate)
    }

    /// How many requests were refused for their rate.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.line().refused
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one's turn to send a request; `way`: the time that what it holds up will take.
    pub async fn turn(&self, clock: &dyn Clock, way: Duration) -> Turn<'_> {
        self.wait(clock, way, true).await;
        Turn { limiter: self }
    }

    /// Waits until somebody may begin, whose first request then has its turn ([`Self::paid`]). False
    /// while nothing is held back: then each request waits for itself.
    pub async fn admit(&self, clock: &dyn Clock, way: Duration) -> bool {
        if self.rate().is_none() {
            return false;
        }
        self.wait(clock, way, false).await;
        true
    }

    /// The turn of who was admitted.
    pub fn paid(&self) -> Turn<'_> {
        self.line().in_the_air += 1;
        Turn { limiter: self }
    }

    async fn wait(&self, clock: &dyn Clock, way: Duration, in_the_air: bool) {
        let mut waiting: Option<Waiting<'_>> = None;
        loop {
            let sleep = {
                let mut line = self.line();
                let place = waiting.as_ref().map(|waiting| waiting.place);
                match line.waiting.first_key_value().map(|(first, _)| *first) {
                    first if first == place => match line.go(clock.now(), in_the_air) {
                        Ok(()) => return,
                        Err(wait) => wait,
                    },
                    _ => None,
                }
            };
            let Some(waiting) = &waiting else {
                waiting = Some(self.enter(clock.now(), way));
                continue;
            };
            match sleep {
                Some(time) => clock.sleep(time).await,
                None => waiting.turn.notified().await,
            }
        }
    }

    fn enter(&self, now: Duration, way: Duration) -> Waiting<'_> {
        let millis =
            |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        let mut line = self.line();
        line.number += 1;
        let place = (millis(now) - millis(way), line.number);
        let turn = Arc::new(Notify::new());
        line.waiting.insert(place, Arc::clone(&turn));
        Waiting { limiter: self, place, turn }
    }

    /// Learns from an answer.
    pub fn learn<T>(&self, answer: &Result<T, Fault>, now: Duration) {
        let mut line = self.line();
        match answer {
            Err(fault) if fault.kind == FaultKind::Throttled => {
                line.refused += 1;
                let lesson = line.pace.refused(now);
                let silent = line.told.is_some_and(|at| now.saturating_sub(at) < TOLD);
                if let (Lesson::Slower, false, Some(rate), Some(listener)) =
                    (lesson, silent, line.pace.rate(), &self.listener)
                {
                    line.told = Some(now);
                    drop(line);
                    listener(rate);
                }
            }
            _ => line.pace.accepted(now),
        }
    }
}

impl Line {
    /// Goes, or says how long to wait; for a place in the air, until somebody wakes it.
    fn go(&mut self, now: Duration, in_the_air: bool) -> Result<(), Option<Duration>> {
        if in_the_air && self.in_the_air >= IN_THE_AIR {
            return Err(None);
        }
        self.pace.take(now).map_err(Some)?;
        self.in_the_air += usize::from(in_the_air);
        Ok(())
    }

    fn wake_first(&self) {
        if let Some((_, first)) = self.waiting.first_key_value() {
            first.notify_one();
        }
    }
}

/// A place in the line; it is given up when this goes.
struct Waiting<'a> {
    limiter: &'a Limiter,
    place: Place,
    turn: Arc<Notify>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut line = self.limiter.line();
        line.waiting.remove(&self.place);
        line.wake_first();
    }
}

/// Leave to send one request; it is in the air until this goes.
#[must_use]
pub struct Turn<'a> {
    limiter: &'a Limiter,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = self.limiter.line();
        line.in_the_air = line.in_the_air.saturating_sub(1);
        line.wake_first();
    }
}

#[cfg(test)]
mod tests;
