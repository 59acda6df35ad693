//! The graph: what needs what, and the circles in it.

use super::flowing::{self, Turned};
use super::{Predicted, Resolved, Why};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::Graph;
use crate::model::{Address, Attributes, Order, Reference, Template};
use std::collections::{BTreeMap, HashSet};

/// From what needs to what is needed, with what lets events flow behind what it needs to be heard.
pub(super) fn graph(resolved: &Resolved, predicted: &Predicted<'_>) -> Graph<Address, Why> {
    let written = as_written(resolved, predicted, &Turned::new());
    let (first, turned) = flowing::permissions_first(resolved, &written, predicted);
    if first.is_empty() {
        return written;
    }
    let mut graph = as_written(resolved, predicted, &turned);
    for (speaker, permission) in first {
        if !graph.closure([permission.clone()]).contains(&speaker.address) {
            graph.edge(speaker.address.clone(), permission, Why { property: None, span: speaker.span });
        }
    }
    graph
}

/// A reference that orders only where it can't be predicted makes an edge only there; one that is
/// turned makes none.
fn as_written(resolved: &Resolved, predicted: &Predicted<'_>, turned: &Turned) -> Graph<Address, Why> {
    let declared: HashSet<&Address> = resolved.resources.iter().map(|r| &r.address).collect();
    let mut graph = Graph::new();
    for resource in &resolved.resources {
        graph.node(resource.address.clone());
    }
    for resource in &resolved.resources {
        let mut found = Vec::new();
        collect(&resource.properties, &resolved.attributes, resource.span, 0, &mut found);
        for (reference, span) in found {
            let orders = reference.order == Order::Dependency
                || !predicted.attribute(&reference.address, &reference.property).is_known();
            let pair = (resource.address.clone(), reference.address.clone());
            if orders && declared.contains(&reference.address) && !turned.contains(&pair) {
                let why = Why { property: Some(reference.property), span };
                graph.edge(resource.address.clone(), reference.address, why);
            }
        }
        for needed in &resource.depends_on {
            if declared.contains(needed) {
                graph.edge(
                    resource.address.clone(),
                    needed.clone(),
                    Why { property: None, span: resource.span },
                );
            }
        }
    }
    graph
}

/// All references of a template, those behind a kind's own attributes instead of the attribute.
fn collect(
    template: &Template,
    attributes: &BTreeMap<(Address, String), Template>,
    span: Span,
    depth: usize,
    found: &mut Vec<(Reference, Span)>,
) {
    // A kind's own attribute is made of properties, or of another own attribute, never of itself.
    const DEEPEST: usize = 8;
    template.references(&mut |reference| {
        let span = reference.span.unwrap_or(span);
        match attributes.get(&(reference.address.clone(), reference.property.clone())) {
            Some(own) if depth < DEEPEST => {
                let mut inner = Vec::new();
                collect(own, attributes, span, depth + 1, &mut inner);
                for (mut behind, _) in inner {
                    behind.order = behind.order.max(reference.order);
                    found.push((behind, span));
                }
            }
            _ => found.push((reference.clone(), span)),
        }
    });
}

/// Reports each circle with its whole path and every edge's place.
pub(super) fn report_circles(graph: &Graph<Address, Why>, diagnostics: &mut Diagnostics) {
    let Err(circles) = graph.order() else { return };
    for circle in circles {
        let Some(first) = circle.first() else { continue };
        let path: Vec<&str> = circle.iter().map(|e| e.from.as_str()).chain([first.from.as_str()]).collect();
        let what = |edge: &crate::graph::Edge<Address, Why>| match &edge.why.property {
            Some(property) => format!("`{}` needs `{}.{property}`", edge.from, edge.to),
            None => format!("`{}` comes after `{}`", edge.from, edge.to),
        };
        let mut diagnostic = Diagnostic::error(
            Code::CYCLE,
            format!("declarations need each other in a circle: {}", path.join(" → ")),
        )
        .at_saying(first.why.span, what(first));
        for edge in &circle[1..] {
            diagnostic = diagnostic.label(edge.why.span, what(edge));
        }
        diagnostics
            .push(diagnostic.hint("one of these references must go, or become a name that is written out"));
    }
}
