//! EventBridge.

pub(crate) mod resource;
