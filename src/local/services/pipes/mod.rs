//! EventBridge Pipes' pipes.

pub(crate) mod resource;
