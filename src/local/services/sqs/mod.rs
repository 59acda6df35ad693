//! SQS's queues and their policies.

mod asked;
mod attributes;
mod redrive;
pub(crate) mod resource;

pub(crate) use asked::call;
