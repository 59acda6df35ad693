//! What people and machines see: plans, drift, progress, diffs as text and as JSON, mistakes as other
//! tools read them. Draws what others worked out; decides nothing.

pub mod annotations;
pub mod drift;
pub mod explain;
pub mod html;
pub mod json;
pub mod markdown;
mod marked;
mod paint;
mod picture;
pub mod plan;
pub mod progress;
pub mod project;
mod report;
#[cfg(test)]
mod samples;
pub mod sarif;
pub mod sections;
mod text_lines;
mod tree;

pub use paint::Paint;
pub use report::Report;
