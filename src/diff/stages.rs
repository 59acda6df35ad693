//! An update that the service takes only in several steps, one after the other.
//!
//! UpdateTable creates or deletes one index at a time, and a stream that is on can't say something
//! else before it is off. So such a change goes by models in between, each of which is one legal
//! update away from the one before. What comes in between is in `overlay.yaml`.

use super::overlay::{Facts, facts};
use super::{Context, Diff, DifferenceKind};
use crate::model::{Json, Value};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// What to ask for before what is wanted, in order; empty where one update does. `found` is how they
/// differ.
#[must_use]
pub fn stages(desired: &Value, live: &Json, found: &Diff, context: &Context<'_>) -> Vec<Value> {
    let Some(facts) = facts(context.resource_type.name.as_str()) else { return Vec::new() };
    let Value::Object(wanted) = desired else { return Vec::new() };
    let mut stages = Vec::new();
    let lists: Vec<Moves> =
        facts.one_at_a_time().filter_map(|(n, f)| Moves::of(n, f, facts, wanted, live, found)).collect();
    let off = |wanted: &mut IndexMap<String, Value>| switch_off(facts, wanted, live, found);
    if off(&mut wanted.clone()) {
        let mut stage = wanted.clone();
        off(&mut stage);
        for moves in &lists {
            moves.put(&mut stage, wanted, 0);
        }
        stages.push(stage);
    }
    let steps = lists.iter().map(|moves| moves.list.len()).max().unwrap_or(0);
    for done in 1..steps {
        let mut stage = wanted.clone();
        for moves in &lists {
            moves.put(&mut stage, wanted, done);
        }
        stages.push(stage);
    }
    for stage in &mut stages {
        only_used(facts, stage, live);
    }
    stages.into_iter().map(Value::Object).collect()
}

/// Items of one list that come and go, one with each update.
struct Moves<'a> {
    property: &'a str,
    key: &'a str,
    /// Those that go, then those that come; what is altered does both.
    list: Vec<Move>,
    live: Vec<Value>,
}

enum Move {
    Go(String),
    Come(String),
}

impl<'a> Moves<'a> {
    fn of(
        property: &'a str,
        in_place: &[String],
        facts: &'a Facts,
        wanted: &IndexMap<String, Value>,
        live: &Json,
        found: &Diff,
    ) -> Option<Self> {
        let path = [property.to_owned()];
        let key = facts.identity(&path)?;
        let there: Vec<Value> = live
            .get(property)
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .cloned()
            .map(Value::from)
            .collect();
        let items = |value: Option<&Value>| match value.map(Value::reveal) {
            Some(Value::Array(items)) => items.clone(),
            _ => Vec::new(),
        };
        let ours = items(wanted.get(property));
        let name = |item: Option<&Value>| item?.get(key)?.as_str().map(str::to_owned);
        let at = |items: &[Value], index: Option<&String>| name(items.get(index?.parse::<usize>().ok()?));
        let (mut go, mut come) = (BTreeSet::new(), BTreeSet::new());
        for difference in found.differences.iter().filter(|d| d.path.first().is_some_and(|p| p == property)) {
            let index = difference.path.get(1);
            match (difference.path.len(), difference.kind) {
                (1, DifferenceKind::Remove) => go.extend(there.iter().filter_map(|item| name(Some(item)))),
                (1, _) => come.extend(ours.iter().filter_map(|item| name(Some(item)))),
                (2, DifferenceKind::Remove) => go.extend(at(&there, difference.live_path.get(1))),
                (2, DifferenceKind::Add) => come.extend(at(&ours, index)),
                _ if difference.path.get(2).is_some_and(|member| in_place.contains(member)) => {}
                _ => {
                    let name = at(&ours, index);
                    go.extend(name.clone());
                    come.extend(name);
                }
            }
        }
        let list: Vec<Move> = go.into_iter().map(Move::Go).chain(come.into_iter().map(Move::Come)).collect();
        (!list.is_empty()).then_some(Self { property, key, list, live: there })
    }

    /// The list after so many moves.
    fn put(&self, stage: &mut IndexMap<String, Value>, wanted: &IndexMap<String, Value>, done: usize) {
        let mut gone = BTreeSet::new();
        let mut waiting = BTreeSet::new();
        for (number, one) in self.list.iter().enumerate() {
            match one {
                Move::Go(name) if number < done => drop(gone.insert(name.as_str())),
                Move::Come(name) if number >= done => drop(waiting.insert(name.as_str())),
                _ => {}
            }
        }
        let going: BTreeSet<&str> = self
            .list
            .iter()
            .filter_map(|one| match one {
                Move::Go(name) => Some(name.as_str()),
                Move::Come(_) => None,
            })
            .collect();
        let name =
            |item: &Value| item.get(self.key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
        let mut items = Vec::new();
        if let Some(Value::Array(ours)) = wanted.get(self.property).map(Value::reveal) {
            items.extend(ours.iter().filter(|item| !waiting.contains(name(item).as_str())).cloned());
        }
        let stays = |item: &&Value| {
            let name = name(item);
            going.contains(name.as_str()) && !gone.contains(name.as_str())
        };
        items.extend(self.live.iter().filter(stays).cloned());
        // What nobody declared stays: then the list is there, with nothing of ours in it.
        let theirs = self.live.iter().any(|item| !going.contains(name(item).as_str()));
        if items.is_empty() && !theirs {
            stage.shift_remove(self.property);
        } else {
            stage.insert(self.property.to_owned(), Value::Array(items));
        }
    }
}

/// Switches off what must be off before it can be another; whether there is such a thing.
fn switch_off(facts: &Facts, stage: &mut IndexMap<String, Value>, live: &Json, found: &Diff) -> bool {
    let mut any = false;
    for (path, members) in facts.off_first() {
        let changed =
            found.differences.iter().any(|d| d.kind == DifferenceKind::Change && d.path == path.names());
        let Some(there) = live.get(path.top()).filter(|_| changed) else { continue };
        any = true;
        match (members, there) {
            (Json::Object(members), Json::Object(there)) => {
                let mut off = there.clone();
                off.extend(members.clone());
                stage.insert(path.top().to_owned(), Value::from(Json::Object(off)));
            }
            _ => drop(stage.shift_remove(path.top())),
        }
    }
    any
}

/// Lists of what others use have in each stage what is used there, no more.
fn only_used(facts: &Facts, stage: &mut IndexMap<String, Value>, live: &Json) {
    for (list, users) in facts.used_by() {
        let Some(key) = facts.identity(&[list.to_owned()]) else { continue };
        let mut used = BTreeSet::new();
        for path in users {
            if let Some(top) = stage.get(path.top()) {
                names(top, &path.names()[1..], &mut used);
            }
        }
        let ours = match stage.get(list).map(Value::reveal) {
            Some(Value::Array(items)) => items.clone(),
            _ => continue,
        };
        let there = live.get(list).and_then(Json::as_array).into_iter().flatten().cloned().map(Value::from);
        let mut kept: IndexMap<String, Value> = IndexMap::new();
        for item in ours.into_iter().chain(there) {
            let name = item.get(key).and_then(Value::as_str).map(str::to_owned);
            if let Some(name) = name.filter(|name| used.contains(name)) {
                kept.entry(name).or_insert(item);
            }
        }
        stage.insert(list.to_owned(), Value::Array(kept.into_values().collect()));
    }
}

/// The texts at a path; `*` is any item.
fn names(value: &Value, path: &[String], found: &mut BTreeSet<String>) {
    let Some((name, rest)) = path.split_first() else {
        found.extend(value.as_str().map(str::to_owned));
        return;
    };
    match value.reveal() {
        Value::Array(items) if name == "*" => items.iter().for_each(|item| names(item, rest, found)),
        other => other.get(name).into_iter().for_each(|value| names(value, rest, found)),
    }
}
