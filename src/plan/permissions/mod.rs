//! Deployer permissions: the IAM policy that the apply of a plan needs, and no more.
//!
//! Cloud Control's operations are actions of CloudFormation (Service Authorization Reference, "AWS
//! Cloud Control API": they can't be limited to resources), and a type's handlers act with the
//! caller's permissions, which the type's schema lists for each operation. So for a create the policy
//! has the create handler's actions and the read handler's, since what was made is read; for an update
//! those of update and read, for a delete those of delete and read; and the read handler's of all that
//! is recorded, for the apply reads it first. Where what exists is to be found (`--adopt`), the list
//! handler's too. Of Cloud Control's own operations it also has those by which a run that is interrupted
//! calls back what it began, and the next one looks for what a killed run began.
//!
//! An action is limited to ARNs only where that is sure (`narrow`); else it stands for `*`. It may be
//! wider than what AWS really asks for, never narrower, if all goes as planned: taking away what a
//! failed create left behind, or searching for what a killed run made, may need handlers that the plan
//! doesn't.

mod document;
mod narrow;
mod needs;
mod roles;

use super::{Plan, ResourceChange};
use crate::model::{Address, Json, Place};
use crate::schema::{Catalogue, TypeName};
use needs::Needs;

/// What a plan's permissions are worked out with, besides the plan.
pub struct PermissionContext<'a> {
    /// All types, with their handlers' permissions.
    pub catalogue: &'a Catalogue,
    /// Where the stack lives: ARNs are made of it.
    pub place: &'a Place,
    /// Whether the apply reads what is recorded before it plans.
    pub refresh: bool,
    /// Whether it looks for what exists already (`--adopt`).
    pub adopt: bool,
    /// The type under which a resource is recorded, where that is another than its declared one.
    pub recorded_type: &'a dyn Fn(&Address) -> Option<TypeName>,
    /// Types and identifiers of what earlier runs left to be deleted.
    pub leftovers: &'a [(TypeName, String)],
}

/// The permissions that plans need.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    needs: Needs,
}

impl Permissions {
    /// Adds what one plan needs.
    pub fn add(&mut self, plan: &Plan, context: &PermissionContext<'_>) {
        for change in &plan.changes {
            let recorded = (context.recorded_type)(recorded_address(change));
            self.needs.change(plan, change, recorded.as_ref().unwrap_or(&change.type_name), context);
        }
        for (type_name, identifier) in context.leftovers {
            self.needs.leftover(type_name, identifier, context);
        }
    }

    /// Adds what reading and writing a state in S3 takes, and those of the stacks whose outputs are read
    /// from beside it. Whoever may not list the whole bucket isn't told that an object is missing (S3
    /// API Reference, "GetObject").
    pub fn add_state(&mut self, partition: &str, bucket: &str, prefix: &str) {
        let below = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let arn = format!("arn:{partition}:s3:::{bucket}");
        for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
            self.needs.on(action, format!("{arn}/{below}*"));
        }
        self.needs.on("s3:ListBucket", arn);
    }

    /// The policy documents, ready to be attached: as many as IAM's limit of 6,144 characters for a
    /// managed policy asks for. None if nothing is called.
    #[must_use]
    pub fn documents(&self) -> Vec<Json> {
        document::documents(&self.needs)
    }
}

fn recorded_address(change: &ResourceChange) -> &Address {
    change.moved_from.as_ref().unwrap_or(&change.address)
}
