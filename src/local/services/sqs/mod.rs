//! SQS's queues and their policies.

mod attributes;
mod redrive;
pub(crate) mod resource;
