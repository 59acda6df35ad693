//! What of a plan is drawn. All of it while that can be taken in; of more, what changes and its
//! neighbours; of still more, a box for each declaration with its parts, at last one for each kind.

use super::{Node, Picture};
use crate::model::Address;
use crate::plan::{Plan, ResourceChange};
use crate::render::report::{Act, Report};
use std::collections::{BTreeMap, BTreeSet};

/// Resources that a person can take in.
const MANY: usize = 150;
/// The same for declarations: their names say more, and fewer lines run between them.
const MANY_OWNERS: usize = 300;

/// The picture of one plan. A box leads to the change that stands at the same index in
/// `Report::changes`.
pub(in crate::render) fn picture(report: &Report<'_>) -> Picture {
    let plan = report.plan;
    let changes = report.changes();
    let numbered = changes.iter().enumerate().filter(|(_, (_, change))| !change.is_leftover());
    let numbers: BTreeMap<&Address, usize> =
        numbered.map(|(number, (_, change))| (&change.address, number)).collect();
    let all: Vec<usize> = (0..plan.changes.len()).collect();
    let near = near(plan);
    let owner = |change: &ResourceChange| owner(&change.address);
    let kind = |change: &ResourceChange| kind(&change.address);
    if all.len() <= MANY {
        return single(plan, &all, &numbers, String::new());
    }
    if !near.is_empty() && near.len() <= MANY {
        let caption = format!(
            "Only what changes and its neighbours: {} of {} resources.",
            near.len(),
            plan.changes.len()
        );
        return single(plan, &near, &numbers, caption);
    }
    let chosen = if near.is_empty() { &all } else { &near };
    let owners = chosen.iter().map(|at| owner(&plan.changes[*at])).collect::<BTreeSet<_>>().len();
    let left = if chosen.len() < all.len() { ", without what isn't near a change" } else { "" };
    let count = chosen.len();
    if owners <= MANY_OWNERS {
        let caption = format!("Each declaration with its parts in one box{left}: {count} resources.");
        return grouped(plan, chosen, &owner, caption);
    }
    grouped(plan, chosen, &kind, format!("All of a kind in one box{left}: {count} resources."))
}

/// What changes, and what it needs or is needed by, as indices of the plan.
fn near(plan: &Plan) -> Vec<usize> {
    let changes: BTreeSet<usize> =
        plan.changes.iter().enumerate().filter(|(_, c)| Act::of(c).is_some()).map(|(at, _)| at).collect();
    let mut near = changes.clone();
    for (node, needed) in needs(plan) {
        if changes.contains(&node) || changes.contains(&needed) {
            near.extend([node, needed]);
        }
    }
    near.into_iter().collect()
}

/// Which change needs which, as indices. Of what goes, what it was built on.
fn needs(plan: &Plan) -> Vec<(usize, usize)> {
    let index: BTreeMap<&Address, usize> =
        plan.changes.iter().enumerate().map(|(at, c)| (&c.address, at)).collect();
    let mut needs = BTreeSet::new();
    for (at, change) in plan.changes.iter().enumerate() {
        let on = if change.after.is_some() { &change.depends_on } else { &change.recorded_dependencies };
        needs.extend(on.iter().filter_map(|address| Some((at, *index.get(address)?))));
    }
    needs.into_iter().filter(|(a, b)| a != b).collect()
}

fn single(plan: &Plan, chosen: &[usize], numbers: &BTreeMap<&Address, usize>, caption: String) -> Picture {
    let place: BTreeMap<usize, usize> = chosen.iter().enumerate().map(|(place, at)| (*at, place)).collect();
    let node = |at: &usize| {
        let change = &plan.changes[*at];
        let act = Act::of(change);
        Node {
            label: change.address.to_string(),
            title: format!(
                "{} ({}): {}",
                change.address,
                change.type_name,
                act.map_or("unchanged", Act::word)
            ),
            act,
            change: numbers.get(&change.address).copied(),
        }
    };
    let needs = needs(plan).into_iter().filter_map(|(a, b)| Some((*place.get(&a)?, *place.get(&b)?)));
    Picture { nodes: chosen.iter().map(node).collect(), needs: needs.collect(), caption }
}

fn grouped(
    plan: &Plan,
    chosen: &[usize],
    name: &dyn Fn(&ResourceChange) -> String,
    caption: String,
) -> Picture {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in chosen {
        groups.entry(name(&plan.changes[*at])).or_default().push(*at);
    }
    let mut place = BTreeMap::new();
    for (number, members) in groups.values().enumerate() {
        place.extend(members.iter().map(|at| (*at, number)));
    }
    let nodes = groups
        .iter()
        .map(|(name, members)| {
            let mut acts: BTreeMap<Act, usize> = BTreeMap::new();
            for act in members.iter().filter_map(|at| Act::of(&plan.changes[*at])) {
                *acts.entry(act).or_default() += 1;
            }
            let told: Vec<String> =
                acts.iter().map(|(act, count)| format!("{count} {}", act.word())).collect();
            let told = if told.is_empty() { "unchanged".to_owned() } else { told.join(", ") };
            let label = if members.len() == 1 { name.clone() } else { format!("{name} ×{}", members.len()) };
            // The loudest gives the colour.
            Node { label, title: format!("{name}: {told}"), act: acts.keys().next().copied(), change: None }
        })
        .collect();
    let needs: BTreeSet<(usize, usize)> = needs(plan)
        .into_iter()
        .filter_map(|(a, b)| Some((*place.get(&a)?, *place.get(&b)?)))
        .filter(|(a, b)| a != b)
        .collect();
    Picture { nodes, needs: needs.into_iter().collect(), caption }
}

/// `queue.orders` of `queue.orders.deadLetter`.
fn owner(address: &Address) -> String {
    address.as_str().splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// `queue` of `queue.orders`.
fn kind(address: &Address) -> String {
    address.as_str().split('.').next().unwrap_or_default().to_owned()
}
