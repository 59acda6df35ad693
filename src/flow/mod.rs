//! The event graph: who says what, and which rule hears it.
//!
//! Small so far: what a stack's rules and machines name. The analysis of what can never match,
//! what loops and what is lost builds on it.
