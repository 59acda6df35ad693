//! (kinds)
