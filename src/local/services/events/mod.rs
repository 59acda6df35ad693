//! EventBridge: buses, rules and what goes with them.

mod bus;
mod connection;
mod refusals;
pub(crate) mod resource;
mod rule;
mod schedule;
mod target;
