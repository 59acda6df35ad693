//! EventBridge Scheduler's schedules and their groups.

mod expression;
pub(crate) mod resource;
mod schedule;
