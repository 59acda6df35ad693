//! (diff)
