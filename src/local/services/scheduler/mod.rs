//! EventBridge Scheduler's schedules and their groups.

pub(crate) mod resource;
