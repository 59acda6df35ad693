//! DynamoDB: what makes a table valid, what of it may change, what a description of it shows.

mod change;
mod keys;
pub(crate) mod resource;
mod table;
