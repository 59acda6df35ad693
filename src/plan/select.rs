//! What `--target` and `--exclude` leave in.

use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
use crate::graph::Graph;
use crate::model::{Address, Recorded};
use std::collections::{BTreeMap, BTreeSet};

/// The addresses that a plan is about; `None` if it is about all.
pub(super) type Selection = Option<BTreeSet<Address>>;

/// What is asked for, and what follows from it.
pub(super) struct Wish<'a> {
    pub(super) targets: &'a [Address],
    pub(super) excludes: &'a [Address],
    pub(super) replace: &'a [Address],
    pub(super) destroy: bool,
}

/// Targets bring what they need; excluded ones drop what needs them. Of deletions it is the other
/// way round: what is needed can't go before what needs it.
pub(super) fn select<E: Clone>(
    wish: &Wish<'_>,
    declared: &BTreeSet<Address>,
    graph: &Graph<Address, E>,
    recorded: &BTreeMap<Address, Recorded>,
    diagnostics: &mut Diagnostics,
) -> Selection {
    let all: BTreeSet<Address> = declared.iter().chain(recorded.keys()).cloned().collect();
    for (flag, addresses) in
        [("--target", wish.targets), ("--exclude", wish.excludes), ("--replace", wish.replace)]
    {
        for address in addresses {
            if matching(address, &all).next().is_none() {
                diagnostics.push(unknown(flag, address, &all));
            }
        }
    }
    if wish.targets.is_empty() && wish.excludes.is_empty() {
        return None;
    }
    let on = built_on(recorded);
    let follow = |roots: &[Address], needed: bool| {
        let roots: BTreeSet<Address> = roots.iter().flat_map(|r| matching(r, &all).cloned()).collect();
        let mut found = roots.clone();
        if wish.destroy || roots.iter().any(|r| !declared.contains(r)) {
            found.extend(if needed { on.dependents(roots.clone()) } else { on.closure(roots.clone()) });
        }
        if !wish.destroy {
            found.extend(if needed { graph.closure(roots) } else { graph.dependents(roots) });
        }
        found
    };
    let mut selected = if wish.targets.is_empty() { all.clone() } else { follow(wish.targets, true) };
    for address in follow(wish.excludes, false) {
        selected.remove(&address);
    }
    Some(selected)
}

/// Addresses that an argument means: itself and its parts.
pub(super) fn matching<'a>(
    asked: &'a Address,
    all: &'a BTreeSet<Address>,
) -> impl Iterator<Item = &'a Address> {
    all.iter().filter(move |address| {
        let rest = address.as_str().strip_prefix(asked.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn built_on(recorded: &BTreeMap<Address, Recorded>) -> Graph<Address, ()> {
    let mut graph = Graph::new();
    for (address, record) in recorded {
        graph.node(address.clone());
        for dependency in &record.dependencies {
            graph.edge(address.clone(), dependency.clone(), ());
        }
    }
    graph
}

fn unknown(flag: &str, address: &Address, all: &BTreeSet<Address>) -> Diagnostic {
    let near = nearest(address.as_str(), all.iter().map(Address::as_str));
    Diagnostic::error(
        Code::UNKNOWN_TARGET,
        format!("`{flag} {address}` names nothing that is declared or recorded"),
    )
    .hint_if(near.map(|near| format!("did you mean `{near}`?")))
}
