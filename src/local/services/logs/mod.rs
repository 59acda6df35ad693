//! CloudWatch Logs' groups, streams, filters and policies.

pub(crate) mod resource;
mod rules;
