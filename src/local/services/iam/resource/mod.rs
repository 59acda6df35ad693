//! IAM's resource types: what Cloud Control's handlers do with them.

mod entities;
mod inline;
mod managed_policy;
mod profile;

use super::entity::Kind;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        "AWS::IAM::Role" => &entities::Entity(Kind::Role),
        "AWS::IAM::User" => &entities::Entity(Kind::User),
        "AWS::IAM::Group" => &entities::Entity(Kind::Group),
        "AWS::IAM::RolePolicy" => &inline::Inline(Kind::Role),
        "AWS::IAM::UserPolicy" => &inline::Inline(Kind::User),
        "AWS::IAM::GroupPolicy" => &inline::Inline(Kind::Group),
        "AWS::IAM::ManagedPolicy" => &managed_policy::ManagedPolicy,
        "AWS::IAM::InstanceProfile" => &profile::InstanceProfile,
        _ => return None,
    })
}

/// The event's error for IAM's.
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    refusal.passed_on("Iam", context.rng)
}

/// IAM's words for a name that nobody has.
fn no_such(kind: Kind, name: &str) -> Refusal {
    let word = kind.word();
    Refusal::new("NoSuchEntity", 404, format!("The {word} with name {name} cannot be found."))
}

/// IAM's words for what must go first.
fn conflict(what: &str) -> Refusal {
    Refusal::new("DeleteConflict", 409, format!("Cannot delete entity, must {what} first."))
}
