//! Services of which this cloud knows no more than how their resources are named.

pub(crate) mod resource;
