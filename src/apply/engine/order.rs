//! Which of the steps that may start does: the one with the longest way behind it, as far as anybody
//! knows how long things take here.

use super::Engine;
use crate::apply::event::Doing;
use crate::apply::expect::{Expected, by_table};
use crate::apply::steps::{Steps, What};
use crate::schema::{Catalogue, TypeName};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Steps of one sort: what is done to resources of one type.
#[derive(Debug)]
struct Sort {
    type_name: TypeName,
    doing: Doing,
    by_table: Duration,
    steps: usize,
    begun: bool,
}

/// What may start, the longest way first, then in the order of the plan.
#[derive(Debug)]
pub(super) struct Ready {
    steps: BTreeSet<(Reverse<Duration>, usize)>,
    sorts: Vec<Sort>,
    /// Of each step; none of those that ask nothing of the cloud.
    sort_of: Vec<Option<usize>>,
    news: u64,
}

impl Ready {
    /// Nothing may start yet.
    pub fn new(steps: &mut Steps, catalogue: &Catalogue, sort: impl Fn(&What) -> (TypeName, Doing)) -> Self {
        let mut sorts: Vec<Sort> = Vec::new();
        let mut known: HashMap<(TypeName, Doing), usize> = HashMap::new();
        let mut sort_of = Vec::with_capacity(steps.all.len());
        for step in &steps.all {
            if matches!(step.what, What::Forget(_)) {
                sort_of.push(None);
                continue;
            }
            let (type_name, doing) = sort(&step.what);
            let number = *known.entry((type_name.clone(), doing)).or_insert_with(|| {
                let by_table = by_table(&type_name, doing, catalogue.of(&type_name).as_deref());
                sorts.push(Sort { type_name, doing, by_table, steps: 0, begun: false });
                sorts.len() - 1
            });
            sorts[number].steps += 1;
            sort_of.push(Some(number));
        }
        let mut ready = Self { steps: BTreeSet::new(), sorts, sort_of, news: 0 };
        ready.measure(steps, &Expected::default());
        ready
    }

    fn measure(&mut self, steps: &mut Steps, expected: &Expected) {
        let lasts: Vec<Duration> = self
            .sorts
            .iter()
            .map(|sort| expected.of(&sort.type_name, sort.doing).unwrap_or(sort.by_table))
            .collect();
        steps.measure(|step| self.sort_of[step].map_or(Duration::ZERO, |sort| lasts[sort]));
        let ready = std::mem::take(&mut self.steps);
        self.steps.extend(ready.into_iter().map(|(_, step)| (Reverse(steps.all[step].height), step)));
    }

    pub fn push(&mut self, steps: &Steps, step: usize) {
        self.steps.insert((Reverse(steps.all[step].height), step));
    }

    /// The longest way among them.
    pub fn longest(&self) -> Option<Duration> {
        self.steps.first().map(|(Reverse(way), _)| *way)
    }

    /// Takes the next one out. One of each sort comes before the second of any: what it is told
    /// about its end puts the others into their order.
    fn pop(&mut self, curious: bool) -> Option<usize> {
        let is_new = |(_, step): &&(Reverse<Duration>, usize)| {
            self.sort_of[*step].is_some_and(|sort| !self.sorts[sort].begun && self.sorts[sort].steps > 1)
        };
        let new = if curious { self.steps.iter().find(is_new).copied() } else { None };
        let next = new.or_else(|| self.steps.first().copied())?;
        self.steps.remove(&next);
        if let Some(sort) = self.sort_of[next.1] {
            self.sorts[sort].begun = true;
        }
        Some(next.1)
    }
}

impl Engine<'_> {
    /// The longest way among what may start now; none if nothing may.
    pub(super) fn longest_way(&mut self) -> Option<Duration> {
        let news = self.hands.expected.news();
        if news != self.ready.news {
            self.ready.news = news;
            self.ready.measure(&mut self.steps, &self.hands.expected);
        }
        let may = self.tasks.len() < self.at_once && self.may_start();
        self.ready.longest().filter(|_| may)
    }

    /// What starts now.
    pub(super) fn next_step(&mut self) -> Option<usize> {
        self.ready.pop(self.hands.expected.takes_hints())
    }
}
