//! IAM's roles, users and policies.

pub(crate) mod resource;
