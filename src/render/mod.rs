//! What people and machines see: plans, drift, progress, diffs as text and as JSON. Draws what others
//! worked out; decides nothing.

pub mod drift;
pub mod explain;
pub mod json;
mod paint;
pub mod plan;
pub mod progress;
mod text_lines;
mod tree;

pub use paint::Paint;
