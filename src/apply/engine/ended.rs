//! Taking in what ended: what is counted, what may start now, what is named as failed.

use super::{Ended, Engine, Stage, What};
use crate::apply::event::{Doing, Event, Subject};
use crate::apply::failure::Failure;
use crate::apply::operation::Halt;
use crate::apply::{Silent, Unwritten, failure};
use crate::model::{Action, Address, Fixed};
use crate::plan::adoption::recorded_as;
use crate::provider::{Fault, FaultKind};
use crate::state::{Entry, State};
use std::time::Duration;

impl Engine<'_> {
    pub(super) fn take(&mut self, ended: Ended) {
        let Ended { step, subject, elapsed, result } = ended;
        match result {
            Ok(made) => {
                let identifier = made.identifier.clone();
                (self.hands.sink)(Event::Completed { subject: subject.clone(), elapsed, identifier });
                match subject.doing {
                    Doing::Create if made.found => {
                        self.outcome.imported += 1;
                        self.outcome.found.insert(subject.address.clone());
                        self.outcome.forgotten += usize::from(self.lets_go(step));
                    }
                    Doing::Create => {
                        self.outcome.added += 1;
                        self.outcome.made.insert(subject.address.clone());
                        self.outcome.forgotten += usize::from(self.lets_go(step));
                    }
                    Doing::Update => self.outcome.changed += usize::from(!self.is_widened(step)),
                    Doing::Import => {
                        self.outcome.imported += 1;
                        self.outcome.changed += usize::from(self.is_changed(step));
                    }
                    Doing::Delete => match self.counted_as(step) {
                        Some(Action::Forget) => self.outcome.forgotten += 1,
                        Some(_) => self.outcome.destroyed += 1,
                        None => {}
                    },
                    Doing::Drain => {}
                }
                if !made.left.is_empty() && !self.is_widened(step) {
                    let desired = self.knowledge.of(&subject.address);
                    self.outcome.warnings.push(failure::left(&subject.address, &made.left, desired));
                }
                let identifier = made.identifier;
                let known = made.known;
                if let (true, Some((_, seen))) = (self.is_widened(step), &known) {
                    self.seen_wide.insert(subject.address.clone(), Some(seen.clone()));
                }
                match known.and_then(|(sent, seen)| self.verify(step, identifier.as_deref(), sent, seen)) {
                    Some(diagnostic) => {
                        let failure = Failure {
                            address: subject.address,
                            doing: subject.doing,
                            fault: None,
                            diagnostic,
                        };
                        self.outcome.failures.push(failure);
                        self.stages[step] = Stage::Failed;
                        self.skip_dependents(step);
                        for other in self.would_be_sent(step) {
                            if matches!(self.stages[other], Stage::Waiting(_)) {
                                self.skip(other, Some(self.steps.all[step].address.clone()));
                                self.skip_dependents(other);
                            }
                        }
                    }
                    None => self.done(step),
                }
            }
            Err(Halt::Disk(diagnostic)) => {
                self.stages[step] = Stage::Failed;
                let unwritten = &mut self.outcome.unwritten;
                let unwritten =
                    unwritten.get_or_insert_with(|| Unwritten { why: *diagnostic, unfinished: Vec::new() });
                unwritten.unfinished.push((subject.address.clone(), subject.doing));
                unwritten.unfinished.sort();
                (self.hands.sink)(Event::Failed { subject, elapsed });
            }
            Err(Halt::Fault(fault)) if fault.kind == FaultKind::Silent => {
                self.unanswered(step, subject, elapsed, &fault);
            }
            Err(Halt::Fault(fault)) if self.is_widened(step) && !self.is_under_way(&subject.address) => {
                self.seen_wide.insert(subject.address.clone(), None);
                (self.hands.sink)(Event::Retrying { subject, why: *fault, wait: Duration::ZERO });
                self.unwidened(step);
            }
            Err(halt) => {
                self.outcome.cancelled += usize::from(matches!(halt, Halt::Cancelled(_)));
                self.outcome.left += usize::from(matches!(halt, Halt::Left));
                if matches!(halt, Halt::Kept(..)) {
                    self.outcome.found.insert(subject.address.clone());
                }
                let desired = self.knowledge.of(&subject.address);
                let found = match &halt {
                    Halt::Fault(fault) => self.found_fixed(step, fault),
                    _ => Vec::new(),
                };
                let mut failure = match self.taken_by(&subject, &halt) {
                    Some(other) => failure::taken(&subject, halt, &other, desired),
                    None if found.is_empty() => failure::halted(&subject, halt, desired),
                    None => failure::fixed(&subject, halt, &found, desired),
                };
                if self.is_all_that_is_left(step) {
                    failure.diagnostic = failure.diagnostic.hint(format!(
                        "or let go of it: `evstack state rm {}` leaves it in the cloud",
                        subject.address
                    ));
                }
                if !found.is_empty() {
                    let (address, fixed) = (subject.address.clone(), found);
                    drop(self.hands.journal.append(Entry::CannotUpdate { address, fixed }));
                }
                self.failed(step, failure, elapsed, subject);
            }
        }
    }

    /// Who has the name that a create was refused.
    fn taken_by(&self, subject: &Subject, halt: &Halt) -> Option<Address> {
        let Halt::Fault(fault) = halt else { return None };
        let identifier = fault.identifier.as_deref().filter(|_| fault.kind == FaultKind::AlreadyExists)?;
        let has = |state: &State| recorded_as(&state.resources, &subject.type_name, identifier).cloned();
        self.hands.journal.with(has).filter(|other| *other != subject.address)
    }

    /// Whether it is only the first half of a change.
    pub(super) fn is_widened(&self, step: usize) -> bool {
        matches!(self.steps.all[step].what, What::Widen(_))
    }

    /// A permission couldn't be widened: it is changed at once, and before those who need it.
    pub(super) fn unwidened(&mut self, step: usize) {
        let change = self.steps.unwidened(step);
        for (step, stage) in self.steps.all.iter().zip(0..) {
            if let Stage::Waiting(_) = self.stages[stage] {
                let missing = step.needs.iter().filter(|needed| self.stages[**needed] != Stage::Done);
                self.stages[stage] = Stage::Waiting(missing.count());
            }
        }
        if let Some(change) = change.filter(|change| self.stages[*change] == Stage::Skipped) {
            self.skip_dependents(change);
        }
        self.done(step);
    }

    /// Whether something was begun for it whose end isn't known.
    pub(super) fn is_under_way(&self, address: &Address) -> bool {
        self.hands
            .journal
            .with(|state| state.operations.values().any(|operation| operation.address == *address))
    }

    /// Whether what is taken over is changed too.
    pub(super) fn is_changed(&self, step: usize) -> bool {
        let What::Up(index) = &self.steps.all[step].what else { return false };
        !self.job.plan.changes[*index].diff.is_empty()
    }

    /// The properties that an update was refused for, as create-only after all: those that the
    /// service names among the changed ones, else all of them. The next plan replaces for them.
    pub(super) fn found_fixed(&self, step: usize, fault: &Fault) -> Vec<Fixed> {
        let What::Up(index) = &self.steps.all[step].what else { return Vec::new() };
        let change = &self.job.plan.changes[*index];
        if fault.kind != FaultKind::NotUpdatable || change.action != Action::Update {
            return Vec::new();
        }
        let paths = change.diff.differences.iter().map(|d| &d.path);
        let mut tops: Vec<&String> = paths.filter_map(|path| path.first()).collect();
        tops.sort();
        tops.dedup();
        // `createOnlyProperties [/properties/Name] cannot be updated`; words alone may mean anything.
        let places = fault.message.split("/properties/").skip(1);
        let said: Vec<&str> =
            places.filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next()).collect();
        let named: Vec<&String> = tops.iter().copied().filter(|top| said.contains(&top.as_str())).collect();
        let found = if named.is_empty() && tops.len() == 1 { tops } else { named };
        found.into_iter().map(|top| Fixed { path: vec![top.clone()], words: fault.message.clone() }).collect()
    }

    /// Whether a replacement leaves the recorded one in the cloud.
    pub(super) fn lets_go(&self, step: usize) -> bool {
        matches!(&self.steps.all[step].what, What::Up(index) if self.job.plan.changes[*index].retained)
    }

    /// Whether it is about something of an earlier run, at whose address nothing is recorded.
    fn is_all_that_is_left(&self, step: usize) -> bool {
        let What::Leftover { address, earlier: true, .. } = &self.steps.all[step].what else { return false };
        self.hands.journal.with(|state| !state.resources.contains_key(address))
    }

    /// As what of the plan's numbers a step on the way down counts.
    pub(super) fn counted_as(&self, step: usize) -> Option<Action> {
        match &self.steps.all[step].what {
            What::Leftover { type_name, identifier, earlier: true, .. } => {
                self.job.plan.leftover(type_name, identifier).map(|change| change.action)
            }
            _ => Some(Action::Delete),
        }
    }

    pub(super) fn done(&mut self, step: usize) {
        self.stages[step] = Stage::Done;
        for next in self.steps.all[step].wanted_by.clone() {
            if let Stage::Waiting(missing) = &mut self.stages[next] {
                *missing -= 1;
                if *missing == 0 {
                    self.ready.push(&self.steps, next);
                }
            }
        }
    }

    pub(super) fn failed(&mut self, step: usize, failure: Failure, elapsed: Duration, subject: Subject) {
        (self.hands.sink)(Event::Failed { subject, elapsed });
        self.stages[step] = Stage::Failed;
        self.outcome.failures.push(failure);
        self.skip_dependents(step);
    }

    /// It stays unfinished in the journal, if it came so far.
    pub(super) fn unanswered(&mut self, step: usize, subject: Subject, elapsed: Duration, fault: &Fault) {
        let begun = self.is_under_way(&subject.address);
        let silent = self
            .outcome
            .silent
            .get_or_insert_with(|| Silent { words: fault.message.clone(), unfinished: Vec::new() });
        if begun {
            silent.unfinished.push((subject.address.clone(), subject.doing));
            silent.unfinished.sort();
            self.stages[step] = Stage::Failed;
            (self.hands.sink)(Event::Unfinished { subject, elapsed });
        } else {
            self.skip(step, None);
        }
    }
}
