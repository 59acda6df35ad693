//! One resource's and one output's share of a plan.

use super::{Adoption, Cause, Follow};
use crate::diff::Diff;
use crate::model::{Action, ActionReason, Address, Protection, Value};
use crate::schema::{DataLoss, TypeName, data_loss};
use std::collections::BTreeMap;

/// What was found changed behind evstack's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drift {
    /// Recorded, and no longer there.
    Gone,
}

/// What will be done to one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceChange {
    /// Its name in the stack.
    pub address: Address,
    /// Its CloudFormation type.
    pub type_name: TypeName,
    /// The type of the recorded one, where that is another: what ends is of that type.
    pub recorded_type: Option<TypeName>,
    /// Under which address it is recorded, when that is another (an alias).
    pub moved_from: Option<Address>,
    /// The recorded identifier; of an import the one to take over. None before a create.
    pub identifier: Option<String>,
    /// The identifier of what is made, where account, region and names decide it. None without a
    /// create.
    pub new_identifier: Option<String>,
    /// What will be done.
    pub action: Action,
    /// Why, where the action doesn't say it.
    pub reason: Option<ActionReason>,
    /// What is there at the owned paths, in the shape of `after`. None before a create.
    pub before: Option<Value>,
    /// What is wanted, whole. None after a delete.
    pub after: Option<Value>,
    /// Computed properties that other resources or outputs read: as they are if the resource stays,
    /// else predicted, or unknown with the reason. What is known here is told to others before a
    /// create, and must hold after it.
    pub computed: BTreeMap<String, Value>,
    /// The same properties as they are now.
    pub computed_before: BTreeMap<String, Value>,
    /// What differs. Empty for a create and a delete.
    pub diff: Diff,
    /// The paths that ask for a new resource.
    pub replace_paths: Vec<Vec<String>>,
    /// Why it is replaced; of an update, for what it may have to be.
    pub causes: Vec<Cause>,
    /// How many updates, one after the other, the service wants for it; 1 as a rule.
    pub updates: usize,
    /// What changes elsewhere because this one is replaced.
    pub follows: Vec<Follow>,
    /// Of a replacement: the recorded one isn't deleted, it only leaves the state.
    pub retained: bool,
    /// Of a queue that goes: before, it is waited for so many seconds until it is empty.
    pub drain: Option<u64>,
    /// An earlier update of it failed half-way: what a read never shows is sent again.
    pub half_way: bool,
    /// What must be done first on the way up: declared and referenced resources, direct ones only.
    pub depends_on: Vec<Address>,
    /// What the recorded one was built on: deletion goes the other way.
    pub recorded_dependencies: Vec<Address>,
    /// What stands between it and its deletion.
    pub protection: Protection,
    /// Found changed from outside.
    pub drift: Option<Drift>,
    /// Of an import: how it was found, and what can't be told of it.
    pub adoption: Option<Adoption>,
}

impl ResourceChange {
    /// The delete of what an earlier run left.
    #[must_use]
    pub fn leftover(address: Address, type_name: TypeName, identifier: String, reason: ActionReason) -> Self {
        Self {
            address,
            type_name,
            recorded_type: None,
            moved_from: None,
            identifier: Some(identifier),
            new_identifier: None,
            action: Action::Delete,
            reason: Some(reason),
            before: None,
            after: None,
            computed: BTreeMap::new(),
            computed_before: BTreeMap::new(),
            diff: Diff::default(),
            replace_paths: Vec::new(),
            causes: Vec::new(),
            updates: 1,
            follows: Vec::new(),
            retained: false,
            drain: None,
            half_way: false,
            depends_on: Vec::new(),
            recorded_dependencies: Vec::new(),
            protection: Protection::None,
            drift: None,
            adoption: None,
        }
    }

    /// Whether it is about something that an earlier run left to be deleted, and not about what is
    /// declared or recorded at the address.
    #[must_use]
    pub fn is_leftover(&self) -> bool {
        use ActionReason::{DeleteBecauseCreateFailed, DeleteBecauseReplaced, ForgetBecauseAnothers};
        let ours = [DeleteBecauseCreateFailed, DeleteBecauseReplaced, ForgetBecauseAnothers];
        self.reason.is_some_and(|reason| ours.contains(&reason))
    }

    /// Nothing to do, not even in the record.
    #[must_use]
    pub fn is_no_op(&self) -> bool {
        self.action == Action::NoOp && self.moved_from.is_none()
    }

    /// What is lost when this is done; none where nothing is there any more, or it stays, or it is
    /// drained before.
    #[must_use]
    pub fn loses(&self) -> Option<&'static DataLoss> {
        let drained = self.drain.is_some() && self.action != Action::DeleteThenCreate;
        let ends = self.action.deletes() && !self.retained && !drained && self.drift.is_none();
        ends.then(|| data_loss(self.recorded_type.as_ref().unwrap_or(&self.type_name))).flatten()
    }

    /// Predicted computed properties that others are told before the create.
    #[must_use]
    pub fn predicted(&self) -> BTreeMap<String, String> {
        if self.action != Action::Create && !self.action.is_replace() {
            return BTreeMap::new();
        }
        self.computed.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    }
}

/// What happens to an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputAction {
    /// It stays as it is.
    NoOp,
    /// It is new.
    Create,
    /// It changes, or may.
    Update,
    /// It is no longer declared.
    Delete,
}

/// What will become of one output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What happens.
    pub action: OutputAction,
    /// As recorded.
    pub before: Option<Value>,
    /// As evaluated now.
    pub after: Option<Value>,
}

/// How much of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Creates, and the new halves of replacements.
    pub add: usize,
    /// Updates in place.
    pub change: usize,
    /// Deletes, and the recorded halves of replacements.
    pub destroy: usize,
    /// Taken over.
    pub import: usize,
    /// Left alone from now on.
    pub forget: usize,
}
