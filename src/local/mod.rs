//! The embedded cloud: a deterministic machine that answers AWS's protocols from one world.
//!
//! ```text
//! http ─ gateway ─ protocol decode ─ services/<svc> ─ world (rows, task queue) ─ store ─ encode
//! ```
//!
//! [`Cloud::handle`] is all of it, without sockets; [`http::serve`] puts sockets before it;
//! [`open_or_find`] decides which process has a data folder.

mod admin;
mod auth;
mod clock;
mod cloud;
mod fault;
mod folder;
mod gateway;
pub mod http;
mod iam;
mod profile;
mod protocol;
mod services;
mod settings;
mod store;
mod world;

pub use clock::{Clock, ManualClock, RealClock, Time};
pub use cloud::{Cloud, Options};
pub use folder::{Found, OpenError, find, inventory, open_or_find, peek};
pub use profile::{Delay, OperationTimes, Preset, Profile, Rate, Share};
pub use settings::Settings;
pub use store::StoreError;
