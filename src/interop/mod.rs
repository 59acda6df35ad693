//! (interop)
