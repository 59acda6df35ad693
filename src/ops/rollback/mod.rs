//! What a failed apply did is undone: from the state as it is to what was recorded before the run, by a
//! plan like any other.
//!
//! Only what the run touched is read and changed. What was made goes, what was changed gets back what
//! was sent before it, what went is made anew. What was replaced and is still there is taken back as it
//! is; names and what was let go of are put back into the record. What can't come back is named
//! ([`Unrestored`]), and what must not go stays as it is now, with all that it is built on.

mod losses;
mod secrets;
mod target;

pub use losses::{Sort, Unrestored};

use super::plan::{Seen, Wanted, make, refused};
use super::{Failure, Loaded, live};
use crate::apply::Outcome;
use crate::diagnostics::Diagnostic;
use crate::diff::is_hidden;
use crate::model::{Action, Address, Fixed, Live, Protection, Recorded};
use crate::plan::{Drift, Plan, ResourceChange};
use crate::provider::Provider;
use crate::schema::data_loss;
use crate::state::{Entry, Locked, State};
use secrets::Known;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A run that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// What was carried out.
    pub plan: &'a Plan,
    /// How that went.
    pub outcome: &'a Outcome,
    /// What was recorded before it.
    pub before: &'a State,
    /// What is recorded now, with nothing unfinished in it.
    pub now: &'a State,
}

/// What may go though it holds data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leave {
    /// What the failed run itself made.
    pub made: bool,
    /// What was there before it.
    pub recorded: bool,
    /// Queues with what is in them, though they say `drain`.
    pub undrained: bool,
}

/// How to go back.
#[derive(Debug)]
pub struct Rollback {
    /// The stack as it was recorded: what the plan was made from.
    pub loaded: Loaded,
    /// The state that the plan was made on: the present one with the restoration's entries.
    pub state: State,
    /// What is to be done in the cloud.
    pub plan: Plan,
    /// What was read for it.
    pub live: BTreeMap<Address, Live>,
    /// What is to be done in the record alone, and what isn't restored.
    pub restoration: Restoration,
}

/// What goes before and after a plan that goes back, and what of the stack it leaves.
#[derive(Debug)]
pub struct Restoration {
    /// Changes of the record alone that come first: names, and what is taken back.
    pub entries: Vec<Entry>,
    /// What can't come back or stays as it is, the worst first.
    pub unrestored: Vec<Unrestored>,
    target: BTreeMap<Address, Recorded>,
    /// What the failed run found that can't be changed in place, by identifier.
    found: BTreeMap<(Address, String), Vec<Fixed>>,
}

impl Restoration {
    /// Whether the record will be what it was, identifiers aside.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unrestored.iter().all(|one| !one.sort.is_of_the_record())
    }

    /// Writes the changes of the record alone; before the plan is carried out.
    ///
    /// # Errors
    /// [`crate::diagnostics::Code::DISK`].
    pub fn begin(&self, state: &Locked) -> Result<(), Diagnostic> {
        state.append_together(self.entries.clone())
    }

    /// Puts back what no operation writes, after the plan was carried out: where a resource was
    /// declared, and what was told of it. What the failed run found that can't be changed in place
    /// stays known, or the next run would try the same again.
    ///
    /// # Errors
    /// [`crate::diagnostics::Code::DISK`].
    pub fn finish(&self, state: &Locked) -> Result<(), Diagnostic> {
        let now = state.snapshot();
        for (address, was) in &self.target {
            let Some(is) = now.resources.get(address) else { continue };
            let mut wanted = is.clone();
            wanted.place.clone_from(&was.place);
            wanted.retain_on_delete = was.retain_on_delete;
            if is.identifier == was.identifier {
                wanted.predicted.clone_from(&was.predicted);
            }
            if let Some(found) = self.found.get(&(address.clone(), is.identifier.clone())) {
                wanted.doubts.fixed.clone_from(found);
            }
            if wanted != *is {
                state.append(Entry::Put { recorded: Box::new(wanted) })?;
            }
        }
        Ok(())
    }
}

/// What the run did to which address, by the names from before it.
struct Story {
    /// Address after the run → before it.
    names: BTreeMap<Address, Address>,
    /// Made by the run.
    made: BTreeSet<Address>,
    /// Failed.
    failed: BTreeSet<Address>,
    /// Taken over by the run: it was there before, and not ours.
    imported: BTreeSet<Address>,
    /// Found there by a create that failed: it may have been there before.
    found: BTreeSet<Address>,
    /// Let go of by the run, and still there.
    let_go: BTreeSet<Address>,
    /// Gone before the run came.
    gone: BTreeSet<Address>,
    /// Replaced and still there: taken back.
    back: BTreeSet<Address>,
}

impl Story {
    fn of(failed: &Failed<'_>) -> Self {
        let changes = failed.plan.changes.iter();
        let moves = changes.filter_map(|change| Some((change.address.clone(), change.moved_from.clone()?)));
        let names: BTreeMap<Address, Address> = moves.collect();
        let name = |address: &Address| names.get(address).unwrap_or(address).clone();
        let of = |is: &dyn Fn(&ResourceChange) -> bool| {
            let changes = failed.plan.changes.iter().filter(|change| is(change));
            changes.map(|change| name(&change.address)).collect()
        };
        Self {
            made: failed.outcome.made.difference(&failed.outcome.found).map(name).collect(),
            failed: failed.outcome.failures.iter().map(|failure| name(&failure.address)).collect(),
            imported: of(&|change| change.action == Action::Import),
            found: failed.outcome.found.iter().map(name).collect(),
            let_go: of(&|c| c.drift.is_none() && (c.retained || c.action == Action::Forget)),
            gone: of(&|change| change.drift == Some(Drift::Gone)),
            back: BTreeSet::new(),
            names,
        }
    }

    /// The address that the failed run's plan has for one from before it.
    fn later<'s>(&'s self, address: &'s Address) -> &'s Address {
        self.names.iter().find(|(_, before)| *before == address).map_or(address, |(after, _)| after)
    }
}

/// What stays as it is now, and why; what isn't made anew, and why.
#[derive(Default)]
struct Exceptions {
    kept: BTreeMap<Address, String>,
    dropped: BTreeMap<Address, String>,
}

/// Makes the plan that goes back. Reads what the run touched; changes nothing. `loaded` is the stack
/// that was applied: where it says what was recorded, its own words are used.
///
/// # Errors
/// The cloud refused a read, or there is no plan.
pub async fn rollback(
    mut loaded: Loaded,
    failed: &Failed<'_>,
    provider: &Arc<dyn Provider>,
    leave: Leave,
) -> Result<Rollback, Failure> {
    let before = &failed.before.resources;
    let mut story = Story::of(failed);
    let mut exceptions = Exceptions::default();
    let mut state = failed.now.clone();
    let mut entries = Vec::new();
    for (to, from) in &story.names {
        if state.resources.contains_key(to) {
            let entry = Entry::Move { from: to.clone(), to: from.clone() };
            state.apply(&entry);
            entries.push(entry);
        }
    }
    for address in story.found.iter().filter(|address| state.resources.contains_key(address)) {
        let why = "its create failed, and found it there: it may have been there before".to_owned();
        exceptions.kept.insert(address.clone(), why);
    }
    for address in still_there(&story, failed, &state) {
        let Some(was) = before.get(&address) else { continue };
        if story.found.contains(&address) {
            continue;
        }
        let now = state.resources.get(&address);
        if let Some(why) = now.and_then(|now| protects(now, leave.made)) {
            exceptions.kept.insert(address, why);
            continue;
        }
        let there = provider.read(&was.type_name, &was.identifier).await.map_err(|fault| refused(&fault))?;
        if there.is_some() {
            let entry = Entry::TakeBack { recorded: Box::new(was.clone()) };
            state.apply(&entry);
            entries.push(entry);
            story.back.insert(address);
        }
    }
    let touched = touched(&story, before, &state);
    let live = live::read(provider, &touched).await.map_err(|fault| refused(&fault))?;
    let seen = Seen { live, ..Seen::default() };

    let planning = as_planned(&state, &story);
    let known = Known::of(failed.plan, loaded.stack.secret_values(), failed.before.secrets());
    let declared = target::Declared::of(&mut loaded);
    let wanted = Wanted { allow_data_loss: true, skip_drain: leave.undrained, ..Wanted::default() };
    loop {
        let target = target::records(before, &state, &story, &exceptions);
        let stays =
            target::build(&mut loaded, &declared, &target, failed, &state, &story, (&exceptions, &known));
        let (plan, _) = make(&loaded, &planning, &seen, &wanted)?;
        let found = exceptions.found(&plan, &story, before, &state, leave);
        if !found {
            let unrestored = losses::all(&plan, &story, failed, &state, &exceptions, &stays);
            let found = state.resources.iter().filter(|(_, recorded)| !recorded.doubts.fixed.is_empty());
            let found =
                found.map(|(address, r)| ((address.clone(), r.identifier.clone()), r.doubts.fixed.clone()));
            let restoration = Restoration { entries, unrestored, target, found: found.collect() };
            return Ok(Rollback { loaded, state, plan, live: seen.live, restoration });
        }
    }
}

/// What the run replaced or let go of and nobody has deleted yet.
fn still_there(story: &Story, failed: &Failed<'_>, state: &State) -> Vec<Address> {
    let is_left = |was: &Recorded| {
        let mut leftovers = state.leftovers.iter();
        leftovers.any(|left| left.type_name == was.type_name && left.identifier == was.identifier)
    };
    let still = failed.before.resources.iter().filter(|(address, was)| {
        let now = state.resources.get(*address);
        let recorded =
            now.is_some_and(|now| now.type_name == was.type_name && now.identifier == was.identifier);
        !recorded && (is_left(was) || story.let_go.contains(*address))
    });
    still.map(|(address, _)| address.clone()).collect()
}

/// What is recorded now and may be otherwise than before the run.
fn touched(
    story: &Story,
    before: &BTreeMap<Address, Recorded>,
    state: &State,
) -> BTreeMap<Address, Recorded> {
    let is_touched = |address: &Address, now: &Recorded| {
        let differs = before.get(address) != Some(now);
        // What somebody else had deleted, and the run didn't bring back, is no business of this.
        let failed = story.failed.contains(address) && !story.gone.contains(address);
        differs || failed || story.made.contains(address) || story.back.contains(address)
    };
    let touched = state.resources.iter().filter(|(address, now)| is_touched(address, now));
    touched.map(|(address, now)| (address.clone(), now.clone())).collect()
}

/// The state as the plan takes it: what the run took over is let go of again.
fn as_planned(state: &State, story: &Story) -> State {
    let mut state = state.clone();
    for address in &story.imported {
        if let Some(recorded) = state.resources.get_mut(address) {
            recorded.retain_on_delete = true;
        }
    }
    state
}

/// Why what the run made stays.
fn protects(made: &Recorded, leave: bool) -> Option<String> {
    let loses = data_loss(&made.type_name).filter(|loss| !loss.warns);
    match (made.protection, loses) {
        (Protection::Explicit, _) => Some("its options say `protect: true`".to_owned()),
        _ if made.retain_on_delete => Some("its options say `retainOnDelete: true`".to_owned()),
        (Protection::ByDefault, loss) if !leave => {
            let loses = loss.map_or("what is in it", |loss| loss.loses.as_str());
            Some(format!(
                "the apply made it, and its loss isn't allowed: {loses}; `--allow-data-loss` takes it away"
            ))
        }
        _ => None,
    }
}

impl Exceptions {
    fn is_one(&self, address: &Address) -> bool {
        self.kept.contains_key(address) || self.dropped.contains_key(address)
    }

    /// Adds what the plan may not or can't do. Says whether there was any.
    fn found(
        &mut self,
        plan: &Plan,
        story: &Story,
        before: &BTreeMap<Address, Recorded>,
        state: &State,
        leave: Leave,
    ) -> bool {
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
            let address = &change.address;
            if self.is_one(address) {
                continue;
            }
            let now = state.resources.get(address);
            let hidden = change.after.as_ref().is_some_and(is_hidden);
            let lost = change.depends_on.iter().find(|needed| self.dropped.contains_key(*needed));
            let why = match (hidden, lost) {
                (true, _) => Some("a secret of it is known by its hash alone".to_owned()),
                (_, Some(lost)) => Some(format!("it needs `{lost}`, which isn't made anew")),
                _ => None,
            };
            match (why, now) {
                (Some(why), Some(_)) if change.drift.is_none() => kept.push((address.clone(), why)),
                (Some(why), _) => dropped.push((address.clone(), why)),
                (None, Some(now)) => {
                    let made = story.made.contains(address) || !before.contains_key(address);
                    let imported = story.imported.contains(address);
                    kept.extend(stays(change, now, made, imported, leave).map(|why| (address.clone(), why)));
                }
                (None, None) if story.gone.contains(address) => {
                    dropped.push((address.clone(), "it was gone before the apply".to_owned()));
                }
                (None, None) => {}
            }
        }
        // What stays keeps what it is built on, as far as the apply made that.
        let mut at = 0;
        while let Some((address, _)) = kept.get(at).cloned() {
            at += 1;
            let needed = state.resources.get(&address).map(|now| now.dependencies.clone());
            for needed in needed.unwrap_or_default() {
                let is_new = state.resources.contains_key(&needed) && !before.contains_key(&needed);
                if is_new && !self.is_one(&needed) && kept.iter().all(|(other, _)| *other != needed) {
                    kept.push((needed, format!("`{address}` stays, and needs it")));
                }
            }
        }
        let found = !kept.is_empty() || !dropped.is_empty();
        self.kept.extend(kept);
        self.dropped.extend(dropped);
        found
    }
}

/// Why a resource must not go, or be replaced.
fn stays(
    change: &ResourceChange,
    now: &Recorded,
    made: bool,
    imported: bool,
    leave: Leave,
) -> Option<String> {
    if imported || change.drift.is_some() {
        return None;
    }
    let lets_go = change.action == Action::Forget;
    if made && (change.action.deletes() || lets_go) {
        return protects(now, leave.made);
    }
    if !change.action.deletes() || change.retained {
        return None;
    }
    match change.protection.max(now.protection) {
        Protection::Explicit => Some("it would be replaced, and its options say `protect: true`".to_owned()),
        Protection::ByDefault if !leave.recorded => {
            let loses = change.loses().map_or("what is in it", |loss| loss.loses.as_str());
            Some(format!(
                "it would be replaced, and its loss isn't allowed: {loses}; `--allow-data-loss` lets it go"
            ))
        }
        _ => None,
    }
}
