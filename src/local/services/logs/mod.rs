//! CloudWatch Logs' groups.

pub(crate) mod resource;
