//! Lists: ordered ones, sets, and lists whose items have a name of their own.
//!
//! An item that nobody declared is not ours (law 1), wherever in the list it stands; an item that
//! was declared and no longer is, goes.

use super::DifferenceKind;
use super::compare::{Walk, shown};
use super::equal::{plainly, same};
use crate::model::{Json, NAMES, Value};

/// Items of a set for which a better pairing is looked for.
const LONGEST: usize = 500;

impl Walk<'_> {
    pub(super) fn compare_items(&mut self, items: &[Value], recorded: Option<&Json>, live: &[Json]) -> Value {
        let recorded = recorded.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        if self.shape.tags(&self.path) || self.shape.unordered(&self.path) {
            self.compare_set(items, recorded, live)
        } else {
            self.compare_list(items, recorded, live)
        }
    }

    /// In order; what others put between is left alone.
    fn compare_list(&mut self, items: &[Value], recorded: &[Json], live: &[Json]) -> Value {
        let mut pairs: Vec<Option<usize>> = vec![None; live.len()];
        let mut from = 0;
        for (i, item) in items.iter().enumerate() {
            let next = (from..live.len())
                .find(|j| self.below(&i.to_string(), &j.to_string(), |walk| walk.satisfied(item, &live[*j])));
            let Some(j) = next else {
                return match self.recognised(recorded, live) {
                    Some(ours) => self.compare_ours(items, recorded, live, &ours),
                    None => self.compare_by_position(items, recorded, live),
                };
            };
            pairs[j] = Some(i);
            from = j + 1;
        }
        let (mut was, _) = self.parted(items, recorded);
        let mut before = Vec::with_capacity(live.len());
        for (j, there) in live.iter().enumerate() {
            match pairs[j] {
                Some(i) => before.push(self.kept_item(&items[i], (i, j), recorded, &mut was, there)),
                None if self.take(&mut was, there) => before.push(self.remove_item(j, there)),
                None => {}
            }
        }
        Value::Array(before)
    }

    /// Where what was sent last stands in order, if all of it does and others' items stand beside it.
    fn recognised(&mut self, recorded: &[Json], live: &[Json]) -> Option<Vec<usize>> {
        if recorded.is_empty() || recorded.len() >= live.len() {
            return None;
        }
        let mut ours: Vec<usize> = Vec::with_capacity(recorded.len());
        for was in recorded {
            let from = ours.last().map_or(0, |last| last + 1);
            let found = (from..live.len())
                .find(|j| self.below("*", "*", |walk| walk.satisfied(&shown(was), &live[*j])))?;
            ours.push(found);
        }
        Some(ours)
    }

    /// By position among ours alone: others' items keep their places.
    fn compare_ours(&mut self, items: &[Value], recorded: &[Json], live: &[Json], ours: &[usize]) -> Value {
        let mut before = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let at = ours.get(i);
            let live_key = at.map_or_else(|| "-".to_owned(), usize::to_string);
            let there = self.below(&i.to_string(), &live_key, |walk| match at {
                Some(j) => walk.compare(item, recorded.get(i), live.get(*j)),
                None => walk.differs(item, None),
            });
            before.extend(there);
        }
        for j in ours.iter().skip(items.len()) {
            before.push(self.remove_item(*j, &live[*j]));
        }
        Value::Array(before)
    }

    /// Whether all of a list that was declared is there: what stands beside it is others'.
    pub(super) fn are_there(&mut self, recorded: &Json, live: &[Json]) -> bool {
        if self.shape.reset(&self.path).is_some() || self.shape.document(&self.path) {
            return false;
        }
        let mut free = vec![true; live.len()];
        recorded.as_array().into_iter().flatten().all(|was| {
            let found = (0..live.len())
                .find(|j| free[*j] && self.below("*", "*", |walk| walk.satisfied(&shown(was), &live[*j])));
            found.is_some_and(|j| std::mem::replace(&mut free[j], false))
        })
    }

    fn compare_by_position(&mut self, items: &[Value], recorded: &[Json], live: &[Json]) -> Value {
        let mut before = Vec::with_capacity(live.len());
        for (i, item) in items.iter().enumerate() {
            let live_key = if i < live.len() { i.to_string() } else { "-".to_owned() };
            let there = self.below(&i.to_string(), &live_key, |walk| match live.get(i) {
                Some(there) => walk.compare(item, recorded.get(i), Some(there)),
                None => walk.differs(item, None),
            });
            before.extend(there);
        }
        let mut gone: Vec<&Json> = recorded.iter().skip(items.len()).collect();
        for (j, there) in live.iter().enumerate().skip(items.len()) {
            if self.take(&mut gone, there) {
                before.push(self.remove_item(j, there));
            }
        }
        Value::Array(before)
    }

    /// Without order: first what is there as wanted, then what has the same name, then the rest.
    fn compare_set(&mut self, items: &[Value], recorded: &[Json], live: &[Json]) -> Value {
        let reserved = self.shape.tags(&self.path);
        let mut free: Vec<bool> = live.iter().map(|l| !(reserved && is_reserved(l))).collect();
        let (mut was, new) = self.parted(items, recorded);
        let mut pair = self.satisfied_pairs(items, live, &free, &was);
        for j in pair.iter().flatten() {
            free[*j] = false;
        }
        let kept: Vec<bool> = pair.iter().map(Option::is_some).collect();
        for (i, item) in items.iter().enumerate().filter(|(i, _)| !kept[*i]) {
            let key = self.item_name(item);
            pair[i] = key.and_then(|key| {
                let name = item.get(key).and_then(Value::to_json)?;
                (0..live.len()).find(|j| free[*j] && live[*j].get(key).is_some_and(|v| *v == name))
            });
            if let Some(j) = pair[i] {
                free[j] = false;
            }
        }
        let mut before = Vec::with_capacity(live.len());
        for (i, item) in items.iter().enumerate() {
            match pair[i] {
                Some(j) if kept[i] => {
                    before.push(self.kept_item(item, (i, j), recorded, &mut was, &live[j]));
                }
                Some(j) => {
                    let namesake = self.namesake(item, recorded).cloned();
                    let there = self.below(&i.to_string(), &j.to_string(), |walk| {
                        walk.compare(item, namesake.as_ref(), Some(&live[j]))
                    });
                    before.extend(there);
                }
                None => {
                    self.below(&i.to_string(), "-", |walk| walk.differs(item, None));
                }
            }
        }
        let mut gone = without_renewed(was, new);
        for (j, there) in live.iter().enumerate() {
            if free[j] && self.take(&mut gone, there) {
                before.push(self.remove_item(j, there));
            }
        }
        Value::Array(before)
    }

    /// Pairs as many items as can be with something there that is as they want it. An item that
    /// says little may fit several, so a pair gives way where the other has somewhere else to go.
    fn satisfied_pairs(
        &mut self,
        items: &[Value],
        live: &[Json],
        free: &[bool],
        was: &[&Json],
    ) -> Vec<Option<usize>> {
        if let Some(pairs) = identical_pairs(items, live, free) {
            return pairs;
        }
        let mut fits: Vec<Vec<usize>> = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let mut found = Vec::new();
            for j in (0..live.len()).filter(|j| free[*j]) {
                if self.below(&i.to_string(), &j.to_string(), |w| w.satisfied(item, &live[j])) {
                    found.push(j);
                }
            }
            // What the record says of something else is the worse fit.
            if found.len() > 1 && !was.is_empty() {
                found.sort_by_cached_key(|j| was.iter().any(|was| self.shows(was, &live[*j])));
            }
            fits.push(found);
        }
        let mut owner: Vec<Option<usize>> = vec![None; live.len()];
        for (i, fits) in fits.iter().enumerate() {
            if let Some(j) = fits.iter().find(|j| owner[**j].is_none()) {
                owner[*j] = Some(i);
            }
        }
        // Only where items say little does the first fit leave one out; long lists are left at that.
        for i in (0..items.len().min(LONGEST)).filter(|i| !owner.contains(&Some(*i))).collect::<Vec<_>>() {
            settle(i, &fits, &mut owner, &mut vec![false; live.len()]);
        }
        let mut pair = vec![None; items.len()];
        for (j, i) in owner.iter().enumerate() {
            if let Some(i) = i {
                pair[*i] = Some(j);
            }
        }
        pair
    }

    /// An item that a read shows as it is wanted: what a read doesn't show may still differ, and what
    /// was declared in it and no longer is may still be there. `was` is what the record has of items
    /// that were other than they are wanted: the one that this item was, and had more, is taken from it.
    fn kept_item(
        &mut self,
        item: &Value,
        (i, j): (usize, usize),
        recorded: &[Json],
        was: &mut Vec<&Json>,
        live: &Json,
    ) -> Value {
        if self.hidden {
            // All that was sent is the declaration's.
            let there =
                self.below(&i.to_string(), &j.to_string(), |walk| walk.compare(item, Some(live), Some(live)));
            return there.unwrap_or(Value::Null);
        }
        let hides = self.shape.hides_below(&self.path);
        let wanted = item.to_json();
        let is_less =
            |walk: &mut Self, was: &Json| wanted.as_ref().is_some_and(|item| !walk.shows(was, item));
        let before = match was.iter().position(|was| self.shows(was, live) && is_less(self, was)) {
            Some(at) => Some(was.remove(at)),
            None => {
                let sent = |was: &&Json| wanted.as_ref().is_some_and(|w| same(w, was, self.context.secrets));
                let before = recorded.iter().find(sent);
                if before.is_some() && !hides {
                    return item.clone();
                }
                let before = before.or_else(|| self.namesake(item, recorded));
                before.or_else(|| recorded.get(i).filter(|_| hides))
            }
        };
        let before = before.cloned();
        if !hides && before.is_none() {
            return item.clone();
        }
        let there = self
            .below(&i.to_string(), &j.to_string(), |walk| walk.compare(item, before.as_ref(), Some(live)));
        there.unwrap_or(Value::Null)
    }

    /// Whether a live item has all that was recorded of one.
    fn shows(&mut self, was: &Json, live: &Json) -> bool {
        self.below("*", "*", |walk| walk.satisfied(&shown(was), live))
    }

    fn remove_item(&mut self, index: usize, there: &Json) -> Value {
        let key = index.to_string();
        self.below(&key, &key, |walk| walk.push(DifferenceKind::Remove, Some(there.clone()), None));
        shown(there)
    }

    /// Recorded items that aren't wanted any more as they are, and wanted ones that weren't recorded so.
    fn parted<'r>(&self, items: &[Value], recorded: &'r [Json]) -> (Vec<&'r Json>, Vec<Json>) {
        let mut new: Vec<Json> = items.iter().filter_map(Value::to_json).collect();
        let mut was = Vec::new();
        for recorded in recorded {
            match new.iter().position(|item| same(item, recorded, self.context.secrets)) {
                Some(at) => drop(new.swap_remove(at)),
                None => was.push(recorded),
            }
        }
        (was, new)
    }

    /// Takes from `gone` what this live item is, if it was ours.
    fn take(&mut self, gone: &mut Vec<&Json>, there: &Json) -> bool {
        let named =
            |was: &&Json| NAMES.iter().any(|n| was.get(*n).is_some_and(|value| there.get(*n) == Some(value)));
        let key = gone.iter().position(named).or_else(|| {
            // One that says little may be any: the one that says most is it.
            let fits = (0..gone.len()).filter(|at| self.shows(gone[*at], there));
            fits.max_by_key(|at| gone[*at].to_string().len())
        });
        match key {
            Some(at) => {
                gone.remove(at);
                true
            }
            None => false,
        }
    }

    fn item_name(&self, item: &Value) -> Option<&'static str> {
        let scalar = |key: &&&'static str| {
            matches!(item.get(key), Some(Value::String(_) | Value::Number(_) | Value::Bool(_)))
        };
        match self.shape.identity(&self.path) {
            Some(key) => Some(key),
            None => NAMES.iter().find(scalar).copied(),
        }
    }

    fn namesake<'r>(&self, item: &Value, recorded: &'r [Json]) -> Option<&'r Json> {
        let key = self.item_name(item)?;
        let name = item.get(key).and_then(Value::to_json)?;
        recorded.iter().find(|was| was.get(key) == Some(&name))
    }
}

/// Of the recorded items those that are no longer wanted, not even under the same name.
fn without_renewed(was: Vec<&Json>, mut new: Vec<Json>) -> Vec<&Json> {
    let mut gone = Vec::new();
    for was in was {
        let is_it =
            |item: &Json| NAMES.iter().any(|n| was.get(*n).is_some_and(|name| item.get(*n) == Some(name)));
        match new.iter().position(is_it) {
            Some(at) => drop(new.swap_remove(at)),
            None => gone.push(was),
        }
    }
    gone
}

/// The pairs, if each item is there to the letter: the common case.
fn identical_pairs(items: &[Value], live: &[Json], free: &[bool]) -> Option<Vec<Option<usize>>> {
    let mut free = free.to_vec();
    let mut pairs = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        let here = (i < live.len() && free[i] && plainly(item, &live[i])).then_some(i);
        let j = here.or_else(|| (0..live.len()).find(|j| free[*j] && plainly(item, &live[*j])))?;
        free[j] = false;
        pairs.push(Some(j));
    }
    Some(pairs)
}

/// Finds a place for item `i`, moving others if they can move.
fn settle(i: usize, fits: &[Vec<usize>], owner: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for &j in &fits[i] {
        if !std::mem::replace(&mut tried[j], true)
            && owner[j].is_none_or(|other| settle(other, fits, owner, tried))
        {
            owner[j] = Some(i);
            return true;
        }
    }
    false
}

/// AWS's own tags can't be set and aren't ours.
pub(super) fn is_reserved(tag: &Json) -> bool {
    tag.get("Key").and_then(Json::as_str).is_some_and(|key| key.starts_with("aws:"))
}
