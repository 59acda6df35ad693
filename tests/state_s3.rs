//! State in S3: one writer, nothing lost, nothing doubled, whoever dies and whatever the network
//! does.

mod common;
#[path = "state_s3/engine.rs"]
mod engine;
#[path = "state_s3/lease.rs"]
mod lease;
#[path = "state_s3/program.rs"]
mod program;
#[path = "common/rig.rs"]
mod rig;
#[path = "common/s3.rs"]
mod s3;
#[path = "state_s3/sealed.rs"]
mod sealed;
#[path = "state_s3/taken_over.rs"]
mod taken_over;
