//! Two sides' grants → the rows of what changed, as few as say it.

use super::read::{Grant, Grants, Origin, only};
use super::{IamAction, IamChange, Scope};
use std::collections::BTreeMap;

/// Which side a grant is on, and where it is written.
type Place = (IamAction, Origin);

/// What is on one side only.
pub(super) fn rows(before: &Grants, after: &Grants) -> Vec<IamChange> {
    let spelled = |name: &str| -> String {
        let written = after.spelling.get(name).or_else(|| before.spelling.get(name));
        written.cloned().unwrap_or_else(|| name.to_owned())
    };
    let alone = |one: &Grants, other: &Grants, action: IamAction| -> Vec<(Grant, Place)> {
        let alone = one.all.iter().filter(|(grant, _)| !other.all.contains_key(grant));
        alone.map(|(grant, origin)| (grant.clone(), (action, origin.clone()))).collect()
    };
    let mut grants = alone(after, before, IamAction::Add);
    grants.extend(alone(before, after, IamAction::Remove));
    let grants = merged(grants, |grant| &mut grant.actions);
    let grants = merged(grants, |grant| &mut grant.resources);
    let mut rows: Vec<IamChange> = grants
        .into_iter()
        .map(|(grant, (action, origin))| IamChange {
            action,
            sort: grant.sort,
            who: grant.who,
            effect: grant.effect,
            actions: Scope {
                except: grant.actions.except,
                names: grant.actions.names.iter().map(|name| spelled(name)).collect(),
            },
            resources: grant.resources,
            conditions: grant.conditions,
            conditions_before: Vec::new(),
            broad: Vec::new(),
            address: origin.address,
            pointer: origin.pointer,
            place: None,
        })
        .collect();
    rows = paired(rows);
    rows.sort_by(|a, b| {
        (&a.address, a.sort, &a.pointer, &a.who, a.action, &a.resources, &a.actions, &a.conditions).cmp(&(
            &b.address,
            b.sort,
            &b.pointer,
            &b.who,
            b.action,
            &b.resources,
            &b.actions,
            &b.conditions,
        ))
    });
    rows
}

/// Joins grants of one resource that differ in one list alone.
fn merged(grants: Vec<(Grant, Place)>, list: impl Fn(&mut Grant) -> &mut Scope) -> Vec<(Grant, Place)> {
    let mut joined: BTreeMap<(Grant, IamAction, crate::model::Address), (Vec<String>, Origin)> =
        BTreeMap::new();
    let mut whole = Vec::new();
    for (mut grant, (action, origin)) in grants {
        if list(&mut grant).except {
            whole.push((grant, (action, origin)));
            continue;
        }
        let names = std::mem::take(&mut list(&mut grant).names);
        let key = (grant, action, origin.address.clone());
        joined.entry(key).or_insert_with(|| (Vec::new(), origin)).0.extend(names);
    }
    let joined = joined.into_iter().map(|((mut grant, action, _), (names, origin))| {
        *list(&mut grant) = only(names);
        (grant, (action, origin))
    });
    whole.extend(joined);
    whole
}

/// What goes and comes again under other conditions is one change.
fn paired(rows: Vec<IamChange>) -> Vec<IamChange> {
    let (removed, mut kept): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.action == IamAction::Remove);
    let key = |row: &IamChange| {
        (
            row.address.clone(),
            row.sort,
            row.effect,
            row.who.clone(),
            row.actions.clone(),
            row.resources.clone(),
        )
    };
    let mut added: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, row) in kept.iter().enumerate().rev() {
        added.entry(key(row)).or_default().push(index);
    }
    for row in removed {
        match added.get_mut(&key(&row)).and_then(Vec::pop) {
            Some(index) => {
                kept[index].action = IamAction::Change;
                kept[index].conditions_before = row.conditions;
            }
            None => kept.push(row),
        }
    }
    kept
}
