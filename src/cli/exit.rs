//! Exit codes: a contract with scripts.

/// Done, or nothing to do.
pub const DONE: u8 = 0;
/// An error, a refusal, a stale plan.
pub const ERROR: u8 = 1;
/// Differences: `plan --detailed-exitcode`. Nothing else.
pub const DIFFERENCES: u8 = 2;
/// Wrong usage (`EX_USAGE`); the argument parser's own 2 would look like differences.
pub const USAGE: u8 = 64;
/// Interrupted.
pub const INTERRUPTED: u8 = 130;
