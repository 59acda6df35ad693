//! One file a command: read the flags, call `ops`, show what comes back.

pub(super) mod apply;
pub(super) mod check;
pub(super) mod drift;
pub(super) mod explain;
pub(super) mod export;
pub(super) mod import;
pub(super) mod local;
pub(super) mod output;
pub(super) mod plan;
pub(super) mod state;
