//! EventBridge Schemas' registries, schemas and discoverers.

pub(crate) mod resource;
