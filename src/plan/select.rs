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
    for exclude in wish.excludes {
        let dropped = follow(std::slice::from_ref(exclude), false);
        selected.retain(|address| !dropped.contains(address));
        for target in wish.targets {
            let mut meant = matching(target, &all).peekable();
            if meant.peek().is_some() && meant.all(|address| dropped.contains(address)) {
                diagnostics.push(contradiction(target, exclude, wish.destroy));
            }
        }
    }
    Some(selected)
}

/// What is asked for and excluded, itself or by what it needs, would be a plan about nothing.
fn contradiction(target: &Address, exclude: &Address, destroy: bool) -> Diagnostic {
    let why = match is_or_belongs_to(target, exclude) {
        true => "the second leaves out what the first asks for",
        false if destroy => "what the second keeps needs what the first asks to take away",
        false => "what the first asks for needs what the second leaves out",
    };
    let message = format!("`--target {target}` and `--exclude {exclude}` contradict each other: {why}");
    Diagnostic::error(Code::UNKNOWN_TARGET, message).hint("leave one of the two flags out")
}

/// Addresses that an argument means: itself and its parts.
pub(super) fn matching<'a>(
    asked: &'a Address,
    all: &'a BTreeSet<Address>,
) -> impl Iterator<Item = &'a Address> {
    all.iter().filter(move |address| is_or_belongs_to(address, asked))
}

/// Whether it is that, or a part of it.
pub(super) fn is_or_belongs_to(address: &Address, owner: &Address) -> bool {
    address.is_or_belongs_to(owner)
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
