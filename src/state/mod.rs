//! (state)
