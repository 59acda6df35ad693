//! EventBridge Pipes' pipes.

mod access;
mod request;
pub(crate) mod resource;
