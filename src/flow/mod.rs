//! The event graph: who says what, which rule hears it, what can't match, what loops.
//!
//! Nothing is worked out here yet: this is the room that the analysis gets. It will read
//! [`crate::resolve::Resolved`], the contracts of [`crate::spec::Stack`], and the patterns and
//! definitions that [`crate::languages`] reads; `plan` and `render` will show what it finds.
