//! Pictures of a graph: what to draw (`nodes`), where (`layout`), and as SVG (`svg`).
//!
//! The three know nothing of each other's business: a layout is boxes and lines in whole pixels, and
//! the same graph is laid out the same anywhere.

mod layer;
pub mod layout;
mod nodes;
mod order;
mod svg;

pub(super) use nodes::picture;
pub(super) use svg::svg;

use super::report::Act;

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Picture {
    pub(super) nodes: Vec<Node>,
    /// The first needs the second.
    pub(super) needs: Vec<(usize, usize)>,
    /// What the picture leaves out or puts together, for people; empty if nothing.
    pub(super) caption: String,
}

/// One box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// In the box.
    pub(super) label: String,
    /// When somebody points at it.
    pub(super) title: String,
    /// Its colour; none where nothing changes.
    pub(super) act: Option<Act>,
    /// The index of the change that it leads to.
    pub(super) change: Option<usize>,
}
