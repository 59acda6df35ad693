//! A directed acyclic graph that knows no resource: order, and cycles with their whole path.
//!
//! An edge goes from what needs to what is needed.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::Hash;

/// Nodes `N` that need each other because of `E`.
#[derive(Debug, Clone)]
pub struct Graph<N, E> {
    inner: DiGraph<N, E>,
    index: HashMap<N, NodeIndex>,
}

/// One step of a circle: `from` needs `to` because of `why`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge<N, E> {
    /// What needs.
    pub from: N,
    /// What is needed.
    pub to: N,
    /// Why.
    pub why: E,
}

impl<N: Clone + Eq + Ord + Hash, E: Clone> Default for Graph<N, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Clone + Eq + Ord + Hash, E: Clone> Graph<N, E> {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self { inner: DiGraph::new(), index: HashMap::new() }
    }

    /// Adds a node; again is nothing.
    pub fn node(&mut self, node: N) {
        self.at(node);
    }

    fn at(&mut self, node: N) -> NodeIndex {
        if let Some(index) = self.index.get(&node) {
            return *index;
        }
        let index = self.inner.add_node(node.clone());
        self.index.insert(node, index);
        index
    }

    /// `from` needs `to`. The first reason for an edge stays; a node never needs itself.
    pub fn edge(&mut self, from: N, to: N, why: E) {
        let (from, to) = (self.at(from), self.at(to));
        if from != to && self.inner.find_edge(from, to).is_none() {
            self.inner.add_edge(from, to, why);
        }
    }

    /// Whether the node is there.
    #[must_use]
    pub fn contains(&self, node: &N) -> bool {
        self.index.contains_key(node)
    }

    /// All nodes, in the order in which they were added.
    pub fn nodes(&self) -> impl Iterator<Item = &N> {
        self.inner.node_weights()
    }

    /// What `node` needs directly, sorted.
    #[must_use]
    pub fn needs(&self, node: &N) -> Vec<N> {
        self.neighbours(node, petgraph::Direction::Outgoing)
    }

    /// What needs `node` directly, sorted.
    #[must_use]
    pub fn needed_by(&self, node: &N) -> Vec<N> {
        self.neighbours(node, petgraph::Direction::Incoming)
    }

    fn neighbours(&self, node: &N, direction: petgraph::Direction) -> Vec<N> {
        let Some(index) = self.index.get(node) else { return Vec::new() };
        let mut found: Vec<N> =
            self.inner.neighbors_directed(*index, direction).map(|i| self.inner[i].clone()).collect();
        found.sort();
        found
    }

    /// All that `roots` need, directly or not, the roots included.
    #[must_use]
    pub fn closure(&self, roots: impl IntoIterator<Item = N>) -> BTreeSet<N> {
        self.reach(roots, petgraph::Direction::Outgoing)
    }

    /// All that need `roots`, directly or not, the roots included.
    #[must_use]
    pub fn dependents(&self, roots: impl IntoIterator<Item = N>) -> BTreeSet<N> {
        self.reach(roots, petgraph::Direction::Incoming)
    }

    fn reach(&self, roots: impl IntoIterator<Item = N>, direction: petgraph::Direction) -> BTreeSet<N> {
        let mut queue: VecDeque<NodeIndex> =
            roots.into_iter().filter_map(|n| self.index.get(&n).copied()).collect();
        let mut seen = BTreeSet::new();
        while let Some(index) = queue.pop_front() {
            if seen.insert(self.inner[index].clone()) {
                queue.extend(self.inner.neighbors_directed(index, direction));
            }
        }
        seen
    }

    /// The nodes that need each other, directly or not: each set of more than one.
    #[must_use]
    pub fn knots(&self) -> Vec<Vec<N>> {
        let knots = tarjan_scc(&self.inner).into_iter().filter(|knot| knot.len() > 1);
        knots.map(|knot| knot.into_iter().map(|index| self.inner[index].clone()).collect()).collect()
    }

    /// What is needed first; among equals, by the nodes' own order. The same graph always gives
    /// the same order.
    ///
    /// # Errors
    /// One whole circle for each knot in the graph, each edge with its reason.
    pub fn order(&self) -> Result<Vec<N>, Vec<Vec<Edge<N, E>>>> {
        let circles: Vec<_> = tarjan_scc(&self.inner)
            .into_iter()
            .filter(|component| component.len() > 1)
            .map(|component| self.circle(&component))
            .collect();
        if !circles.is_empty() {
            return Err(circles);
        }
        let mut missing: HashMap<NodeIndex, usize> = HashMap::new();
        let mut ready: BTreeMap<&N, NodeIndex> = BTreeMap::new();
        for index in self.inner.node_indices() {
            let needs = self.inner.neighbors(index).count();
            missing.insert(index, needs);
            if needs == 0 {
                ready.insert(&self.inner[index], index);
            }
        }
        let mut order = Vec::with_capacity(self.inner.node_count());
        while let Some((node, index)) = ready.pop_first() {
            order.push(node.clone());
            for dependent in self.inner.neighbors_directed(index, petgraph::Direction::Incoming) {
                if let Some(count) = missing.get_mut(&dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(&self.inner[dependent], dependent);
                    }
                }
            }
        }
        Ok(order)
    }

    /// The shortest circle through the smallest node of a strongly connected component.
    fn circle(&self, component: &[NodeIndex]) -> Vec<Edge<N, E>> {
        let members: BTreeSet<NodeIndex> = component.iter().copied().collect();
        let Some(start) = component.iter().copied().min_by_key(|i| &self.inner[*i]) else {
            return Vec::new();
        };
        let mut came: HashMap<NodeIndex, (NodeIndex, E)> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(index) = queue.pop_front() {
            let mut edges: Vec<_> =
                self.inner.edges(index).filter(|e| members.contains(&e.target())).collect();
            edges.sort_by_key(|e| &self.inner[e.target()]);
            for edge in edges {
                let target = edge.target();
                if came.contains_key(&target) {
                    continue;
                }
                came.insert(target, (index, edge.weight().clone()));
                if target == start {
                    return self.walk_back(start, &came);
                }
                queue.push_back(target);
            }
        }
        Vec::new()
    }

    fn walk_back(&self, start: NodeIndex, came: &HashMap<NodeIndex, (NodeIndex, E)>) -> Vec<Edge<N, E>> {
        let mut path = Vec::new();
        let mut at = start;
        while let Some((from, why)) = came.get(&at) {
            path.push(Edge { from: self.inner[*from].clone(), to: self.inner[at].clone(), why: why.clone() });
            at = *from;
            if at == start {
                break;
            }
        }
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_puts_what_is_needed_first_and_breaks_ties_by_name() {
        let mut graph = Graph::new();
        graph.edge("rule", "machine", ());
        graph.edge("rule", "bus", ());
        graph.edge("machine", "role", ());
        graph.node("alone");
        assert_eq!(graph.order().expect("acyclic"), ["alone", "bus", "role", "machine", "rule"]);
    }

    #[test]
    fn a_circle_is_given_whole_with_every_reason() {
        let mut graph = Graph::new();
        graph.edge("a", "b", 1);
        graph.edge("b", "c", 2);
        graph.edge("c", "a", 3);
        graph.edge("d", "a", 4);
        let circles = graph.order().expect_err("cyclic");
        assert_eq!(circles.len(), 1);
        let steps: Vec<_> = circles[0].iter().map(|e| (e.from, e.to, e.why)).collect();
        assert_eq!(steps, [("a", "b", 1), ("b", "c", 2), ("c", "a", 3)]);
    }
}
