//! The kinds: a few friendly keys over one main resource and the parts that it needs to work.
//!
//! One file a kind. [`expand`] turns every declaration of a stack into [`Desired`] resources: the
//! main one, its role with exactly the permissions that it uses, its log group, its dead letters,
//! and, once all kinds have spoken, one inline policy for each queue and topic that others send to.

mod api;
mod asl_permissions;
mod bus;
mod coerce;
mod destination;
mod email;
mod event;
mod expander;
mod fields;
mod iam;
mod kind;
mod names;
mod options;
mod pipe;
mod queue;
mod raw;
mod rule;
mod schedule;
mod state_machine;
mod table;
mod tags;
mod target;
mod topic;

pub use expander::{Expansion, expand};
pub use kind::{Field, Kind, Part, kind_named, kinds};
