//! S3's buckets.

pub(crate) mod resource;
