//! SQS's queues and their policies.

pub(crate) mod resource;
