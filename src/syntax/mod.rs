//! YAML, TOML and JSON → one tree in which every node knows its place.
//!
//! Reading collects mistakes and never stops at the first that it can get past.

mod node;

pub use node::{Entry, Node, NodeValue};
