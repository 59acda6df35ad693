//! Step Functions' resources: state machines, activities.

pub(crate) mod resource;
