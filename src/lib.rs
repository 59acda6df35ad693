//! evstack: event-driven systems on AWS, declared in one file.
#![warn(missing_docs)]

pub mod apply;
pub mod cli;
pub mod diagnostics;
pub mod diff;
pub mod flow;
pub mod graph;
pub mod interop;
pub mod kinds;
pub mod languages;
pub mod local;
pub mod model;
pub mod ops;
pub mod plan;
pub mod provider;
pub mod render;
pub mod resolve;
pub mod schema;
pub mod spec;
pub mod state;
pub mod syntax;
