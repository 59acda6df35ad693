//! Services of which this cloud has no more than what other services' resources lead to.

mod kms;
mod lambda;
pub(crate) mod resource;
mod secrets;
