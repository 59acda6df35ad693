//! Names in an expression that nothing can define.

use super::syntax::{Kind, Node, Stage};
use super::{Expression, functions};
use std::collections::BTreeSet;

/// A variable or function that isn't there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Without its `$`.
    pub name: String,
    /// Bytes from the start of the expression.
    pub offset: usize,
    /// Whether it is called.
    pub called: bool,
}

impl Expression {
    /// Each use of a name that no part of the expression binds, that isn't a function of JSONata,
    /// and that `known` doesn't know. Where a name is bound anywhere in the expression it counts as
    /// bound everywhere, so nothing is reported that might be there.
    #[must_use]
    pub fn unknown_names(&self, known: &dyn Fn(&str) -> bool) -> Vec<Unknown> {
        let mut bound: BTreeSet<&str> = BTreeSet::new();
        self.root.walk(&mut |node| {
            bound.extend(node.focus.as_deref());
            bound.extend(node.index.as_deref());
            for stage in &node.stages {
                if let Stage::Index(name) = stage {
                    bound.insert(name);
                }
            }
            match &node.kind {
                Kind::Bind { name, .. } => {
                    bound.insert(name);
                }
                Kind::Lambda(lambda) => bound.extend(lambda.parameters.iter().map(|name| &**name)),
                _ => {}
            }
        });
        let there = |name: &str| {
            matches!(name, "" | "$") || bound.contains(name) || functions::find(name).is_some() || known(name)
        };
        let mut unknown = Vec::new();
        let mut note = |node: &Node, called: bool| {
            if let Kind::Variable(name) = &node.kind
                && !there(name)
                && !unknown.iter().any(|other: &Unknown| other.offset == node.at)
            {
                unknown.push(Unknown { name: (**name).to_owned(), offset: node.at, called });
            }
        };
        self.root.walk(&mut |node| match &node.kind {
            Kind::Call { function, .. } | Kind::Partial { function, .. } => note(function, true),
            Kind::Variable(_) => note(node, false),
            _ => {}
        });
        unknown.sort_by_key(|one| one.offset);
        unknown
    }

    /// Where functions of these names are called or named, in bytes from the start.
    #[must_use]
    pub fn uses(&self, name: &str) -> Vec<usize> {
        let mut found = Vec::new();
        self.root.walk(&mut |node| {
            if matches!(&node.kind, Kind::Variable(variable) if **variable == *name) {
                found.push(node.at);
            }
        });
        found.sort_unstable();
        found
    }
}

impl Expression {
    /// The names at the head of its paths: `a` of `a.b`, wherever in the expression.
    #[must_use]
    pub fn heads(&self) -> BTreeSet<&str> {
        let mut heads = BTreeSet::new();
        self.root.walk(&mut |node| {
            if let Kind::Path { steps, .. } = &node.kind
                && let Some(Node { kind: Kind::Name(name), .. }) = steps.first()
            {
                heads.insert(&**name);
            }
        });
        heads
    }

    /// Whether it is nothing but a string: the same whatever it is evaluated on.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.root.kind, Kind::Text(_))
    }

    /// The strings that are written in it.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        self.root.walk(&mut |node| {
            if let Kind::Text(text) = &node.kind {
                texts.push(&**text);
            }
        });
        texts
    }
}
