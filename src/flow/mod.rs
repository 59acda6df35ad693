//! (flow)
