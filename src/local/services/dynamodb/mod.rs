//! DynamoDB.

pub(crate) mod resource;
