//! Step Functions' state machines, their versions and aliases, and activities.

mod definition;
mod machine;
pub(crate) mod resource;
