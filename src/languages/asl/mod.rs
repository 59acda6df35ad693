//! The Amazon States Language, its reading half: what a state machine's
//! definition says, what is wrong with it, what its role has to be allowed.
//!
//! Read by [`parse`] into a [`Definition`]; [`permissions`] and [`emits`] are
//! questions asked of one. Source: the Amazon States Language specification
//! and the Step Functions Developer Guide; the codes of the mistakes are those
//! of `ValidateStateMachineDefinition`.

mod choice;
mod definition;
mod emits;
mod express;
mod expressions;
mod fields;
mod normalise;
mod permissions;
mod read;
mod resource;
mod transitions;

pub use choice::{Branch, Rule};
pub use definition::{
    Amount, Catcher, DataFlow, Definition, MapState, PathField, QueryLanguage, Retrier, S3Access, State,
    Task, Transition, WaitUntil, Words, Work, Workflow,
};
pub use emits::{Emitted, Literal, emits};
pub use express::refused_in_express;
pub use expressions::doomed;
pub use normalise::{equal, normalised};
pub use permissions::{Need, NeedOn, Permissions, TargetShape, permissions};
pub use read::parse;
pub use resource::{Integration, Resource, optimized};

#[cfg(test)]
mod tests;
