//! SNS: topics, who is subscribed to them, and the policies on them.

mod filter;
pub(crate) mod resource;
mod subscription;
mod topic;
