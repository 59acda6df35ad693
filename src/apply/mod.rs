//! Carries a plan out: begin, call, verify, end; each step as soon as what it needs is done.
//!
//! [`recover`] comes first in every run that writes: it looks into what an earlier run left
//! unfinished. Then the plan is made, and [`run`] carries it out. Both write only to the journal;
//! the snapshot is written once, by [`crate::state::Locked::compact`], when they are done.
//!
//! **Invariants.** No call without its intent on the disk. Nothing made twice, orphaned or
//! forgotten, wherever the process is killed (the tests kill it everywhere). What depends on a
//! failure isn't started; everything else is finished.

mod afresh;
mod cancel;
mod desired;
mod drain;
mod engine;
mod event;
mod expect;
mod failure;
mod identity;
mod leftover;
mod operation;
mod peek;
mod poll;
mod recover;
mod remnant;
mod steps;
mod update;
mod widen;

pub use crate::provider::Depth;
pub use cancel::{Cancel, Stop};
pub use desired::veiled;
pub use event::{Doing, Event, Sink, Subject};
pub use failure::Failure;
pub use leftover::leftovers;
pub use peek::{peek, undecided};
pub use recover::{Recovered, Recovery, recover};

use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Action, Address, Desired, Json, Live, Template, Value};
use crate::plan::Plan;
use crate::provider::{Clock, Provider};
use crate::schema::Catalogue;
use crate::state::Locked;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is to be done, and all that is needed to know what to send.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The approved plan.
    pub plan: &'a Plan,
    /// What the stack file says.
    pub desired: &'a [Desired],
    /// Attributes that kinds add to their resources, as for the plan.
    pub attributes: &'a BTreeMap<(Address, String), Template>,
    /// The stack's outputs, in order.
    pub outputs: &'a [(String, Template)],
    /// What was read for the plan, by recorded address; what isn't in it is read again.
    pub live: &'a BTreeMap<Address, Live>,
    /// All types.
    pub catalogue: &'a Catalogue,
    /// `stacks/reviews.yaml:12:3`, for the record.
    pub place_of: &'a dyn Fn(Span) -> String,
}

/// How it is done.
#[derive(Clone)]
pub struct Means {
    /// The cloud.
    pub provider: Arc<dyn Provider>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Is told what happens.
    pub sink: Sink,
    /// Stops it.
    pub cancel: Cancel,
    /// Decides client tokens and jitter; another for each run.
    pub seed: u64,
    /// How many operations may be under way at once.
    pub at_once: usize,
}

impl Means {
    /// 512 at once, no one listening, not cancelled.
    #[must_use]
    pub fn new(provider: Arc<dyn Provider>, clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self { provider, clock, sink: Arc::new(|_| {}), cancel: Cancel::default(), seed, at_once: 512 }
    }
}

/// Something that wasn't started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Whose.
    pub address: Address,
    /// What would have been done.
    pub doing: Doing,
    /// What it needs and didn't get; none when the run was interrupted or the cloud fell silent.
    pub because: Option<Address>,
}

/// The cloud stopped answering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// Which, in words: `the endpoint http://127.0.0.1:4566 stopped answering`.
    pub words: String,
    /// What was under way, by address: whether it was done isn't known.
    pub unfinished: Vec<(Address, Doing)>,
}

/// The state can't be written any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwritten {
    /// What the disk or the bucket says.
    pub why: Diagnostic,
    /// What was under way, by address, and couldn't be written down: the next run looks into it.
    pub unfinished: Vec<(Address, Doing)>,
}

/// How a run went.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use]
pub struct Outcome {
    /// Made, new halves of replacements included.
    pub added: usize,
    /// Changed in place.
    pub changed: usize,
    /// Gone, recorded halves of replacements included.
    pub destroyed: usize,
    /// Taken over.
    pub imported: usize,
    /// Let go of.
    pub forgotten: usize,
    /// Where something was made, or may have been: creates and the new halves of replacements.
    pub made: BTreeSet<Address>,
    /// Where a create failed and what has its name was taken over: whether this run made it, nobody can
    /// tell, so nothing deletes it on the way back.
    pub found: BTreeSet<Address>,
    /// What failed, in the order in which it did.
    pub failures: Vec<Failure>,
    /// What wasn't started, by address.
    pub skipped: Vec<Skipped>,
    /// The cloud's silence that ended the run, if one did.
    pub silent: Option<Silent>,
    /// That the state couldn't be written, which ended the run, if it did.
    pub unwritten: Option<Unwritten>,
    /// How many of the failures are operations that were called back.
    pub cancelled: usize,
    /// How many of the failures are operations that still run: the next run looks into them.
    pub left: usize,
    /// Whether the run was stopped.
    pub interrupted: bool,
    /// What was done, and a read after it shows otherwise.
    pub warnings: Vec<Diagnostic>,
    /// The stack's outputs as far as they are known, in order.
    pub outputs: Vec<(String, Value)>,
}

impl Outcome {
    /// Whether everything was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
            && self.skipped.is_empty()
            && self.silent.is_none()
            && self.unwritten.is_none()
            && !self.interrupted
    }
}

/// Carries the plan out. What fails is in the outcome, also that the journal can't be written; the
/// state is written to the journal as it goes, and the caller compacts it.
///
/// # Errors
/// When the plan's steps need each other in a circle (which a checked plan's don't).
pub async fn run(job: &Job<'_>, means: &Means, state: &mut Locked) -> Result<Outcome, Diagnostic> {
    Ok(engine::Engine::new(job, means, state)?.run().await)
}

/// Whether a run has something to do: an empty plan may leave behind what earlier runs couldn't
/// take away.
#[must_use]
pub fn has_work(plan: &Plan, state: &crate::state::State) -> bool {
    !plan.is_empty() || !state.leftovers.is_empty() || !state.operations.is_empty()
}

impl Doing {
    /// What the way up of an action is.
    fn up(action: Action) -> Self {
        match action {
            Action::Update => Self::Update,
            Action::Import => Self::Import,
            _ => Self::Create,
        }
    }
}

/// What a resource's state in the cloud is called while nothing of it is known.
fn nothing() -> Json {
    Json::Object(serde_json::Map::new())
}

#[cfg(test)]
mod tests;
