//! How long operations are expected to take: what the plan's table says, until this cloud says
//! otherwise.
//!
//! `RetryAfter` of an operation that has just begun may be its end, or only a moment to ask again:
//! it is taken for the end until the first operation isn't over by then. From then on what counts is
//! how long those took that ended.

use super::event::{Doing, Subject};
use crate::plan::expected;
use crate::schema::{ResourceType, TypeName};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A type, and what is done to it.
type Sort = (TypeName, Doing);

/// What is known of this cloud, by all who ask it.
#[derive(Debug, Default)]
pub(super) struct Expected {
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    /// Counts what changes an expectation.
    news: u64,
    hints: HashMap<Sort, Duration>,
    /// Together, and of how many.
    took: HashMap<Sort, (Duration, u32)>,
    hints_are_only_hints: bool,
}

impl Heard {
    fn of(&self, sort: &Sort) -> Option<Duration> {
        let took = self.took.get(sort).map(|(sum, count)| *sum / (*count).max(1));
        match self.hints_are_only_hints {
            true => took,
            false => self.hints.get(sort).copied().or(took),
        }
    }

    fn note(&mut self, sort: &Sort, change: impl FnOnce(&mut Self)) {
        let before = self.of(sort);
        change(self);
        let after = self.of(sort);
        let much = |a: Duration, b: Duration| a.abs_diff(b) * 5 > a.max(b);
        if before.is_none() || before.zip(after).is_some_and(|(before, after)| much(before, after)) {
            self.news += 1;
        }
    }
}

impl Expected {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When to ask about an operation that has just begun.
    pub fn hinted(&self, subject: &Subject, wait: Duration) {
        let mut heard = self.heard();
        if !heard.hints_are_only_hints {
            let sort = (subject.type_name.clone(), subject.doing);
            heard.note(&sort, |heard| {
                heard.hints.insert(sort.clone(), wait);
            });
        }
    }

    /// It wasn't over when it was said to ask.
    pub fn not_over(&self) {
        let mut heard = self.heard();
        heard.news += u64::from(!heard.hints_are_only_hints);
        heard.hints_are_only_hints = true;
    }

    /// It has ended.
    pub fn took(&self, subject: &Subject, time: Duration) {
        let sort = (subject.type_name.clone(), subject.doing);
        self.heard().note(&sort, |heard| {
            let (sum, count) = heard.took.entry(sort.clone()).or_default();
            (*sum, *count) = (sum.saturating_add(time), count.saturating_add(1));
        });
    }

    /// What this cloud has shown, if it has.
    pub fn of(&self, type_name: &TypeName, doing: Doing) -> Option<Duration> {
        self.heard().of(&(type_name.clone(), doing))
    }

    /// Changes with every expectation that does.
    pub fn news(&self) -> u64 {
        self.heard().news
    }

    /// Whether it is worth knowing what `RetryAfter` says of a type.
    pub fn takes_hints(&self) -> bool {
        !self.heard().hints_are_only_hints
    }
}

/// Of the plan's table.
pub(super) fn by_table(type_name: &TypeName, doing: Doing, resource_type: Option<&ResourceType>) -> Duration {
    let (create, update, delete) = expected(type_name.as_str(), resource_type);
    match doing {
        Doing::Create => create,
        Doing::Update | Doing::Import => update,
        Doing::Delete => delete,
        // Nobody knows, and nobody is kept from starting by it.
        Doing::Drain => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    fn subject() -> Subject {
        let type_name = TypeName::new("AWS::SQS::Queue");
        Subject { address: Address::new("queue.a"), type_name, doing: Doing::Create }
    }

    #[test]
    fn hints_count_until_one_was_only_a_hint() {
        let (expected, subject) = (Expected::default(), subject());
        let of = |expected: &Expected| expected.of(&subject.type_name, subject.doing);
        assert_eq!((of(&expected), expected.news()), (None, 0));
        expected.hinted(&subject, Duration::from_secs(5));
        assert_eq!((of(&expected), expected.news()), (Some(Duration::from_secs(5)), 1));
        expected.hinted(&subject, Duration::from_millis(5_100));
        assert_eq!(expected.news(), 1, "that is no news");
        expected.not_over();
        assert_eq!((of(&expected), expected.news()), (None, 2));
        for seconds in [60, 62] {
            expected.took(&subject, Duration::from_secs(seconds));
        }
        assert_eq!((of(&expected), expected.news()), (Some(Duration::from_secs(61)), 3));
        expected.hinted(&subject, Duration::from_secs(5));
        assert_eq!(of(&expected), Some(Duration::from_secs(61)));
    }
}
