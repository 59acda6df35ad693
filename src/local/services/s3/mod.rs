//! S3: what a bucket may be called and how it may be set up.

mod bucket;
mod lifecycle;
mod name;
mod notification;
mod policy;
pub(crate) mod resource;

use super::refusal::Refusal;

/// A refusal of a request that S3 understands and doesn't follow.
fn refused(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(code, 400, message)
}
