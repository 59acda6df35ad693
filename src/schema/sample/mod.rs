//! Values that fit a type's schema: a text for a pattern, a property, a whole resource.
//!
//! All choices are the caller's, through a [`Choose`]: one sequence of choices gives one value. What
//! is made is tried against the schema before it is handed out, so a value that comes is right, and
//! none comes where none was found.

mod expression;
mod merge;
mod names;
mod number;
mod object;
mod set;
mod text;
mod value;

pub use text::text;
pub use value::{Extent, Sampler};

/// A choice among so many: `0 ≤ n < bound`, and 0 for a bound of 0.
pub type Choose<'a> = &'a mut dyn FnMut(usize) -> usize;

/// Where a resource is, for ARNs and the like.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// `aws`.
    pub partition: &'a str,
    /// `us-east-1`.
    pub region: &'a str,
    /// Twelve digits.
    pub account: &'a str,
}

#[cfg(test)]
mod tests;
