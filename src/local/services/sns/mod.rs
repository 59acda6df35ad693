//! SNS.

pub(crate) mod resource;
