//! IAM's roles, users, groups and policies.

mod attachments;
mod document;
mod entity;
pub(crate) mod resource;
