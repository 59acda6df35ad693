//! IAM changes: who may newly do, or no longer do, what to whom.
//!
//! Every policy of a plan is read twice, as it is and as it will be, and taken apart into single
//! grants: this principal, this action, this resource, under these conditions. What is on one side
//! only has changed. So a policy that is written otherwise, a statement that moves to another policy
//! of the same role, or a repeated grant shows nothing. Grants are compared by their text: one that
//! a wider one covers still counts.
//!
//! Sources: IAM User Guide, "IAM JSON policy elements reference"; the types' schemas for where each
//! keeps its policies (`kept`).

mod broad;
mod collect;
mod diff;
mod kept;
mod names;
mod read;

#[cfg(test)]
mod tests;

pub use broad::Broad;

use super::Plan;
use crate::model::{Address, Place};
use crate::schema::Catalogue;
use serde::Serialize;

/// What happens to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IamAction {
    /// It is new.
    Add,
    /// It goes.
    Remove,
    /// It stays under other conditions.
    Change,
}

/// Which sort of policy says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicySort {
    /// Who may take a role.
    Trust,
    /// What a role, a user or a group may do.
    Identity,
    /// A managed policy or a group that somebody is given, whose text isn't in the stack.
    Attached,
    /// What somebody may do at most.
    Boundary,
    /// Who may do something to a resource.
    Resource,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It may be done.
    Allow,
    /// It must not be done.
    Deny,
}

/// A list of names, or all but those.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Scope {
    /// `NotAction`, `NotResource`, `NotPrincipal`: everything but these.
    pub except: bool,
    /// Sorted.
    pub names: Vec<String>,
}

/// One row: a change of who may do what to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IamChange {
    /// Whether the grant comes, goes, or stays under other conditions.
    pub action: IamAction,
    /// Which sort of policy says it.
    pub sort: PolicySort,
    /// Who: an address of the stack (`pipe.reviews.role`), a service (`events.amazonaws.com`),
    /// `account 123456789012`, `anyone`, or an ARN.
    pub who: Scope,
    /// May, or must not.
    pub effect: Effect,
    /// `sqs:SendMessage`, as written. Of [`PolicySort::Attached`] and [`PolicySort::Boundary`] words
    /// in parentheses that name the policy.
    pub actions: Scope,
    /// On what: an address of the stack, with what follows it (`table.reviews/index/*`), or an ARN.
    /// Empty where the policy says nothing of it.
    pub resources: Scope,
    /// Each `key operator value, value`; all of them have to be met. Empty if there are none.
    pub conditions: Vec<String>,
    /// The conditions until now, of [`IamAction::Change`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions_before: Vec<String>,
    /// Why a reviewer should look twice. Empty of what goes, and of what denies.
    pub broad: Vec<Broad>,
    /// The resource that carries the policy.
    pub address: Address,
    /// The policy among its properties: a JSON Pointer.
    pub pointer: String,
    /// `stacks/reviews.yaml:12:3`: where that is written, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What the IAM changes are worked out with, besides the plan.
pub struct IamContext<'a> {
    /// All types: ARNs are predicted from them.
    pub catalogue: &'a Catalogue,
    /// Where the stack lives: other accounts are told apart by it.
    pub place: &'a Place,
    /// Where a resource's property (a JSON Pointer) is written.
    pub place_of: &'a dyn Fn(&Address, &str) -> Option<String>,
}

/// Who may newly do, or no longer do, what to whom. Sorted by the resource that carries the policy.
/// Costs nothing worth speaking of where no resource with a policy changes.
#[must_use]
pub fn iam_changes(plan: &Plan, context: &IamContext<'_>) -> Vec<IamChange> {
    if !plan.changes.iter().any(|change| !change.is_no_op() && kept::has_policies(change.type_name.as_str()))
    {
        return Vec::new();
    }
    let names = names::Names::of(plan, context);
    let (before, after) = collect::grants(plan, &names);
    let mut rows = diff::rows(&before, &after);
    for row in &mut rows {
        row.place = (context.place_of)(&row.address, &row.pointer);
        if row.effect == Effect::Allow && row.action != IamAction::Remove {
            row.broad = broad::of(row, context.place);
        }
    }
    rows
}
