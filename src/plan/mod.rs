//! What will be done to which resource, and why.
//!
//! [`build`] is pure: the same stack, record and reads give the same plan, byte for byte. A plan
//! is a promise (law 2): what it shows as known holds at apply ([`broken_promises`] checks it),
//! and what it can't know says why. How a plan is drawn is `render`'s business, how it is carried
//! out is `apply`'s.

pub mod adoption;
mod answers;
mod build;
mod calls;
mod canonical;
mod change;
pub mod claims;
mod consequences;
mod decide;
mod durations;
mod evaluate;
mod file;
mod iam;
mod outputs;
mod permissions;
mod promise;
mod protect;
mod renames;
mod sections;
mod select;
mod unsayable;

pub use adoption::{Adoption, Found, FoundBy};
pub use answers::Answers;
pub use build::{PlanInputs, PlanOptions, build};
pub use calls::{Calls, Time, calls};
pub use change::{Counts, Drift, OutputAction, OutputChange, ResourceChange};
pub use consequences::{Cause, Follow, Why, read_by};
pub use durations::expected;
pub use file::{FileError, SavedOptions, SavedPlan, compare};
pub use iam::{Broad, Effect as IamEffect, IamAction, IamChange, IamContext, PolicySort, Scope, iam_changes};
pub use permissions::{PermissionContext, Permissions};
pub use promise::{BrokenPromise, broken_promises};
pub use sections::Sections;

use crate::model::{Action, Address, Undeclared, Unknown, Value};
use crate::schema::TypeName;
use std::collections::BTreeMap;

/// What will be done, to every resource that is declared or recorded, whether anything or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use]
pub struct Plan {
    /// By address. What is outside of `--target` isn't in it.
    pub changes: Vec<ResourceChange>,
    /// What becomes of what earlier runs left to be deleted, by address: besides what is done to what
    /// is declared or recorded there.
    pub leftovers: Vec<ResourceChange>,
    /// In the order of declaration, then those that go, by name.
    pub outputs: Vec<OutputChange>,
    /// Computed properties that some input or output reads and that can't be predicted, each once,
    /// at its source.
    pub unknowns: Vec<Unknown>,
    /// Whether `--target` or `--exclude` left something out.
    pub partial: bool,
    /// Attributes of what was left out that something in the plan reads: apply takes them from here.
    pub outside: BTreeMap<(Address, String), Value>,
    /// Whether it takes everything away.
    pub destroy: bool,
    /// What nobody declared, and is set back all the same because somebody asked for that; by address.
    pub restored: BTreeMap<Address, Vec<Undeclared>>,
    /// Whether no queue is drained before it goes, not one that an earlier run left either.
    pub skips_drain: bool,
    /// Whether it sets drift back, and so is of what drifted alone. Not in a plan file.
    pub reverts: bool,
}

impl Plan {
    /// Whether nothing would change: no resource, no output, not the record either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().all(ResourceChange::is_no_op)
            && self.outputs.iter().all(|o| o.action == OutputAction::NoOp)
    }

    /// How much of what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in self.all() {
            match change.action {
                Action::NoOp => {}
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::DeleteThenCreate | Action::CreateThenDelete => {
                    counts.add += 1;
                    *if change.retained { &mut counts.forget } else { &mut counts.destroy } += 1;
                }
                Action::Delete => counts.destroy += 1,
                Action::Import => {
                    counts.import += 1;
                    counts.change += usize::from(!change.diff.is_empty());
                }
                Action::Forget => counts.forget += 1,
            }
        }
        counts
    }

    /// The changes, then what becomes of leftovers.
    pub fn all(&self) -> impl Iterator<Item = &ResourceChange> {
        self.changes.iter().chain(&self.leftovers)
    }

    /// What becomes of something that an earlier run left.
    #[must_use]
    pub fn leftover(&self, type_name: &TypeName, identifier: &str) -> Option<&ResourceChange> {
        let is = |left: &&ResourceChange| {
            left.type_name == *type_name && left.identifier.as_deref() == Some(identifier)
        };
        self.leftovers.iter().find(is)
    }

    /// The change of that resource.
    #[must_use]
    pub fn change(&self, address: &Address) -> Option<&ResourceChange> {
        self.changes.binary_search_by(|c| c.address.cmp(address)).ok().map(|at| &self.changes[at])
    }
}
