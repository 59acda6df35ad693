//! evstack declares, checks, plans, applies and runs event-driven systems on AWS.
//!
//! One binary: [`cli::main`]. This page is the map of the house. Each room is a folder of `src`; the
//! table says what it is for and which rooms it may import. `tests/house.rs` holds the table against
//! the code.
//!
//! # The path of a stack
//!
//! ```text
//! stack file ─ syntax ─ spec ─ kinds ─ resolve ─ graph ─┬─ flow (checks)
//!                                                       └─ read live ─ diff ─ plan ─ render ─ apply (journal) ─ state
//! ```
//!
//! # The path of a request to the local cloud
//!
//! ```text
//! http ─ gateway ─ protocol decode ─ services/<service> ─ store ─ the world's task queue ─ protocol encode
//! ```
//!
//! # The rooms
//!
//! | room | what it is for | may import |
//! | --- | --- | --- |
//! | [`diagnostics`] | mistakes as data: sources, spans, codes, hints; as text and as JSON | – |
//! | [`graph`] | a generic graph: order, circles with their whole path; knows no resource | – |
//! | [`languages`] | the small languages of AWS's event services, each pure and alone | – |
//! | [`schema`] | CloudFormation's resource types: properties, identifiers, ARNs, validation | – |
//! | [`model`] | the nouns: address, value, desired, recorded, live, action | `schema` `diagnostics` |
//! | [`syntax`] | YAML, TOML, JSON → one tree with places | `diagnostics` |
//! | [`spec`] | tree → typed stack: config, variables, includes, expressions | `syntax` `schema` `model` `diagnostics` |
//! | [`kinds`] | one file a kind: its keys, its resources and parts, its permissions | `spec` `syntax` `schema` `languages` `model` `diagnostics` |
//! | [`resolve`] | references and names → desired resources and their graph | `kinds` `spec` `syntax` `schema` `languages` `graph` `model` `diagnostics` |
//! | [`flow`] | the event graph: who says what, who hears it | `resolve` `kinds` `schema` `languages` `graph` `model` `diagnostics` |
//! | [`diff`] | desired, recorded, live → what differs and why; pure | `schema` `languages` `model` |
//! | [`plan`] | changes, reasons, replacement order, the plan file; pure | `diff` `flow` `schema` `languages` `graph` `model` `diagnostics` |
//! | [`aws`] | signed requests to services of AWS that no SDK crate is worth its size; knows no service | – |
//! | [`state`] | recorded state: snapshot, journal, lock | `aws` `schema` `graph` `model` `diagnostics` |
//! | [`provider`] | what the engine asks of a cloud; Cloud Control through the AWS SDK | `aws` `schema` `model` `diagnostics` |
//! | [`apply`] | begin → call → verify → end, as soon as dependencies allow; recovery | `plan` `diff` `provider` `state` `schema` `graph` `model` `diagnostics` |
//! | [`interop`] | CloudFormation, out | `resolve` `kinds` `spec` `syntax` `schema` `languages` `graph` `model` `diagnostics` |
//! | [`ops`] | what each command means | `apply` `interop` `provider` `state` `plan` `diff` `flow` `resolve` `kinds` `spec` `syntax` `schema` `languages` `graph` `model` `diagnostics` |
//! | [`render`] | plan, diff, progress, types, mistakes → text, JSON, Markdown, HTML, SVG, SARIF | `apply` `plan` `diff` `flow` `graph` `model` `schema` `diagnostics` |
//! | [`local`] | the embedded cloud; meets the engine only on the wire | `schema` `languages` |
//! | [`cli`] | arguments, environment, terminal, exit codes; hands the local cloud to the provider | `aws` `ops` `render` `local` `apply` `interop` `provider` `state` `plan` `diff` `flow` `resolve` `kinds` `spec` `syntax` `schema` `languages` `graph` `model` `diagnostics` |
//!
//! # Laws
//!
//! 1. Desired, recorded and live are three things; a diff owns the paths of desired and of what was
//!    sent, no others. Apply, then plan, is empty.
//! 2. A plan is a promise: only unknowns may become known, and each says why it is unknown.
//! 3. Nothing leaves before it is written down: intent, request, end are in the journal.
//! 4. What can't be known is said: write-only properties can't be verified.
//! 5. Plan and checks are pure; clocks, ids and paths are passed in.
//! 6. Every mistake is shown at its place, all at once, with the way out.
#![warn(missing_docs)]

pub mod apply;
pub mod aws;
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
