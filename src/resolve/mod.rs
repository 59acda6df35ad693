//! Declarations → resources whose references all lead somewhere, and the graph that orders them.
//!
//! Everything that can be known without a cloud and without a state is checked here: references
//! and their attributes, what the types' schemas require and refuse, two things with one identity,
//! circles.

mod edges;
mod flowing;
mod identity;
mod ignored;
mod limits;
mod predicted;
mod references;
mod schemas;

pub use predicted::Predicted;

use crate::diagnostics::{Diagnostics, Span};
use crate::graph::Graph;
use crate::kinds;
use crate::model::{Address, Desired, Template};
use crate::spec::{Output, Stack};
use std::collections::{BTreeMap, BTreeSet};

/// Why one resource needs another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The property of the other one that is read; none for `dependsOn` and what a kind orders.
    pub property: Option<String>,
    /// Where that is written.
    pub span: Span,
}

/// A stack whose references all lead somewhere.
#[derive(Debug)]
pub struct Resolved {
    /// What should be there, in the order of declaration.
    pub resources: Vec<Desired>,
    /// From what needs to what is needed; without circles.
    pub graph: Graph<Address, Why>,
    /// The kinds' own attributes.
    pub attributes: BTreeMap<(Address, String), Template>,
    /// Declarations that `options.when` leaves out.
    pub left_out: BTreeSet<Address>,
    /// What is printed after apply.
    pub outputs: Vec<Output>,
}

/// Resolves a stack. The result is whole only if no diagnostic is an error.
pub fn resolve(stack: &Stack) -> (Resolved, Diagnostics) {
    let (expansion, mut diagnostics) = kinds::expand(stack);
    let mut resolved = Resolved {
        resources: expansion.resources,
        graph: Graph::new(),
        attributes: expansion.attributes,
        left_out: expansion.left_out.keys().cloned().collect(),
        outputs: stack.outputs.clone(),
    };
    references::check(&resolved, &expansion.left_out, &mut diagnostics);
    let predicted = Predicted::new(&resolved.resources, &resolved.attributes, &stack.place);
    schemas::check(&resolved.resources, &expansion.broken, &predicted, &mut diagnostics);
    identity::check(&resolved.resources, &predicted, &mut diagnostics);
    identity::check_aliases(&resolved.resources, &mut diagnostics);
    ignored::check(&stack.ignored, &resolved, &mut diagnostics);
    let graph = edges::graph(&resolved, &predicted);
    edges::report_circles(&graph, &mut diagnostics);
    resolved.graph = graph;
    diagnostics.sort();
    (resolved, diagnostics)
}
