//! What will be done to a resource, and why.

use serde::{Deserialize, Serialize};

/// What will be done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// It isn't there.
    Create,
    /// It differs, and can be changed in place.
    Update,
    /// It differs where it can't be changed: the recorded one goes, then the new one comes.
    DeleteThenCreate,
    /// The same, the new one first.
    CreateThenDelete,
    /// It is no longer declared.
    Delete,
    /// It is taken over as it is (and updated if it differs).
    Import,
    /// It leaves the state and stays in the cloud.
    Forget,
}

impl Action {
    /// Either kind of replacement.
    #[must_use]
    pub fn is_replace(self) -> bool {
        matches!(self, Self::DeleteThenCreate | Self::CreateThenDelete)
    }

    /// Whether the recorded resource ends in the cloud.
    #[must_use]
    pub fn deletes(self) -> bool {
        self == Self::Delete || self.is_replace()
    }
}

/// Why an action isn't the plain one. The words are Terraform's `action_reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionReason {
    /// A create-only property differs.
    ReplaceBecauseCannotUpdate,
    /// `--replace`.
    ReplaceByRequest,
    /// `replaceOnChanges`.
    ReplaceByTriggers,
    /// No longer declared.
    DeleteBecauseNoResourceConfig,
    /// `options.when` became false.
    DeleteBecauseWhen,
    /// It was replaced by an earlier run, which couldn't delete it. Ours alone.
    DeleteBecauseReplaced,
    /// A failed create of an earlier run left it. Ours alone.
    DeleteBecauseCreateFailed,
    /// It was still to be deleted, and is another stack's by now. Ours alone.
    ForgetBecauseAnothers,
}
