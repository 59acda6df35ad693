//! The nouns that the engine speaks.
//!
//! Desired is what the stack file says, recorded what evstack last sent and then saw, live what a
//! read says now. The three are different types ([`Desired`], [`Recorded`], [`Live`]), so that no
//! function can take one for another.

mod action;
mod address;
mod desired;
mod place;
mod recorded;
mod site;
mod template;
mod value;

pub use action::{Action, ActionReason};
pub use address::Address;
pub use desired::{Desired, Options, Protection};
pub use place::{Place, Secrets};
pub use recorded::{Doubts, Fixed, Live, Recorded, Undeclared};
pub use site::Site;
pub use template::{Attributes, Function, Order, Reference, Template};
pub use value::{Unknown, Value};

/// Members that tell the items of a list apart, where a type says nothing better.
pub const NAMES: &[&str] = &["Key", "Id", "Name", "PolicyName", "IndexName", "AttributeName", "Sid"];

/// Plain JSON, as it is on the wire and in files.
pub type Json = serde_json::Value;
