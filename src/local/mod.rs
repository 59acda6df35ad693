//! The embedded cloud: a deterministic machine that answers AWS's protocols from one world.
//!
//! ```text
//! http ─ gateway ─ protocol decode ─ services/<svc> ─ world (rows, task queue) ─ store ─ encode
//! ```
//!
//! [`Cloud::handle`] is all of it, without sockets; [`http::serve`] puts sockets before it;
//! [`open_or_find`] decides which process has a data folder.
//!
//! | here | what for |
//! | --- | --- |
//! | `http` | sockets and the limits of a request |
//! | `gateway`, `auth`, `protocol` | whose call it is, who calls, what it says, in AWS's four protocols |
//! | `admin` | the cloud's own pages: health, inventory, profile, counts |
//! | `profile` | how the cloud behaves: delays, throttling, faults, lags, and what of it was done |
//! | `services` | one folder a service: its rules, and `resource` for what Cloud Control asks of it |
//! | `iam` | may this role be taken, may it do that: policies of rows, evaluated |
//! | `world` | all state, the clock's queue of what will happen, all choices |
//! | `store` | rows on the disk |
//!
//! What is deliberately absent: a service that calls another (they share the rows of
//! `services/resources.rs` and the world's queue), a thread that changes the world on its own, a
//! choice that doesn't follow from the seed, and anything that the engine's diff knows.

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
pub use folder::{Found, OpenError, find, inventory, open_or_find, peek, whole};
pub use profile::{Delay, OperationTimes, Preset, Profile, Rate, Share};
pub use settings::Settings;
pub use store::StoreError;
