//! The walk over what was declared, what was seen and what is there.

use super::{Drifted, DriftedPath, Irrevocable, sides, veiled};
use crate::diff::Context;
use crate::diff::compare::shown;
use crate::diff::equal::{is_empty, same};
use crate::diff::shape::Shape;
use crate::model::{Json, NAMES, Secrets, Value};
use serde_json::Map;
use std::collections::BTreeSet;

pub(super) struct Walk<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) shape: Shape<'a>,
    pub(super) path: Vec<String>,
    /// Live places that the diff compared with something declared, and found otherwise.
    pub(super) counterparts: Vec<Vec<String>>,
    pub(super) found: Drifted,
}

impl Walk<'_> {
    /// What was declared here, what was seen here, what is here.
    pub(super) fn at(&mut self, declared: Option<&Json>, seen: Option<&Json>, live: Option<&Json>) {
        let ignored = self.context.ignore_changes.iter().any(|p| p.covers(&self.path));
        if ignored || self.shape.write_only(&self.path) || self.volatile() {
            return;
        }
        let whole = self.shape.document(&self.path);
        match (declared, seen, live) {
            // What can't change was compared with nothing yet: the plan takes it as it was sent.
            (Some(_), Some(seen), Some(live))
                if self.shape.fixed(&self.path) && !same(seen, live, self.context.secrets) =>
            {
                let told = self.found.changed.iter().any(|path| path.path.starts_with(&self.path));
                if !told {
                    let mut path = self.drifted(Some(seen), Some(live));
                    path.irrevocable = Some(Irrevocable::CreateOnly);
                    self.found.changed.push(path);
                }
            }
            (declared, Some(Json::Object(seen)), Some(Json::Object(live)))
                if !whole && declared.is_none_or(Json::is_object) =>
            {
                self.members(declared.and_then(Json::as_object), seen, live);
            }
            (declared, Some(Json::Array(seen)), Some(Json::Array(live))) if !whole => {
                let declared = declared.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
                self.items(declared, seen, live);
            }
            (None, seen, live) => self.compare(seen, live),
            // Declared: the diff has looked at it.
            (Some(_), ..) => {}
        }
    }

    fn members(
        &mut self,
        declared: Option<&Map<String, Json>>,
        seen: &Map<String, Json>,
        live: &Map<String, Json>,
    ) {
        let keys: BTreeSet<&String> = seen.keys().chain(live.keys()).collect();
        for key in keys {
            if self.shape.tags(&self.path) && key.starts_with("aws:") {
                continue;
            }
            self.path.push(key.clone());
            self.at(declared.and_then(|d| d.get(key)), seen.get(key), live.get(key));
            self.path.pop();
        }
    }

    /// Items are told apart by what they are: one that was seen and is there has not changed,
    /// wherever it stands; one that was declared is the diff's affair.
    fn items(&mut self, declared: &[Json], seen: &[Json], live: &[Json]) {
        let secrets = self.context.secrets;
        let is_declared = |item: &Json| declared.iter().any(|d| alike(d, item, secrets));
        let mut there: Vec<(usize, &Json)> = live.iter().enumerate().collect();
        let mut gone = Vec::new();
        for (index, item) in seen.iter().enumerate() {
            match there.iter().position(|(_, other)| same(item, other, secrets)) {
                Some(found) => {
                    there.remove(found);
                }
                None => gone.push((index, item)),
            }
        }
        let compared = |index: usize| {
            let below = |place: &&Vec<String>| place.starts_with(&self.path);
            let at =
                |place: &Vec<String>| place.get(self.path.len()).is_some_and(|at| *at == index.to_string());
            self.counterparts.iter().filter(below).any(at)
        };
        let added = there
            .into_iter()
            .filter(|(index, item)| !self.aws_tag(item) && !is_declared(item) && !compared(*index));
        let added: Vec<(usize, &Json)> = added.collect();
        let found = self.found.undeclared.len();
        for (index, item) in gone {
            if !is_declared(item) && !self.aws_tag(item) {
                self.item(index, Some(item), None);
            }
        }
        for (index, item) in added {
            self.item(index, None, Some(item));
        }
        // An item that takes the place of one with a secret may hold the new one.
        if seen.iter().any(|item| shown(item).has_secrets()) {
            for path in &mut self.found.undeclared[found..] {
                path.after = path.after.take().map(veiled);
            }
        }
    }

    fn item(&mut self, index: usize, seen: Option<&Json>, live: Option<&Json>) {
        self.path.push(index.to_string());
        self.compare(seen, live);
        self.path.pop();
    }

    fn compare(&mut self, seen: Option<&Json>, live: Option<&Json>) {
        let something = |json: Option<&Json>| json.map(|j| self.ours(j)).filter(|json| !is_empty(json));
        let (seen, live) = (something(seen), something(live));
        let equal = match (&seen, &live) {
            (Some(seen), Some(live)) => same(seen, live, self.context.secrets),
            (None, None) => true,
            _ => false,
        };
        if !equal {
            let mut path = self.drifted(seen.as_ref(), live.as_ref());
            path.irrevocable = self.irrevocable(&path);
            self.found.undeclared.push(path);
        }
    }

    fn drifted(&self, seen: Option<&Json>, live: Option<&Json>) -> DriftedPath {
        let (before, after) = sides(seen, live);
        let (seen, live) = (seen.cloned(), live.cloned());
        DriftedPath { path: self.path.clone(), before, after, seen, live, irrevocable: None }
    }

    fn irrevocable(&self, path: &DriftedPath) -> Option<Irrevocable> {
        let shape = &self.shape;
        if shape.read_only(&self.path) {
            Some(Irrevocable::Computed)
        } else if shape.create_only(&self.path) || shape.create_only_below(&self.path).next().is_some() {
            Some(Irrevocable::CreateOnly)
        } else if self.context.resource_type.handlers.update.is_none() {
            Some(Irrevocable::NoUpdate)
        } else if path.before.as_ref().is_some_and(Value::has_secrets) {
            Some(Irrevocable::Secret)
        } else {
            None
        }
    }

    /// Without the tags that AWS itself sets.
    fn ours(&self, json: &Json) -> Json {
        match json {
            Json::Object(members) if self.shape.tags(&self.path) => {
                let ours = members.iter().filter(|(key, _)| !key.starts_with("aws:"));
                Json::Object(ours.map(|(key, value)| (key.clone(), value.clone())).collect())
            }
            Json::Array(items) if self.shape.tags(&self.path) => {
                Json::Array(items.iter().filter(|item| !self.aws_tag(item)).cloned().collect())
            }
            other => other.clone(),
        }
    }

    /// Tags that AWS itself sets are nobody's change.
    fn aws_tag(&self, item: &Json) -> bool {
        self.shape.tags(&self.path)
            && item.get("Key").and_then(Json::as_str).is_some_and(|key| key.starts_with("aws:"))
    }

    /// Computed, and another after each update, whoever made it: it says only that something else
    /// changed.
    fn volatile(&self) -> bool {
        self.path.len() == 1 && crate::diff::changes_with_updates(self.context.resource_type, &self.path[0])
    }

    /// Notes the declared paths that no read shows.
    pub(super) fn hidden(&mut self, declared: &Json) {
        if self.shape.write_only(&self.path) {
            self.found.unverifiable.push(self.path.clone());
            return;
        }
        if !self.shape.hides_below(&self.path) {
            return;
        }
        let below: Vec<(String, &Json)> = match declared {
            Json::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
            Json::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
            _ => return,
        };
        for (key, value) in below {
            self.path.push(key);
            self.hidden(value);
            self.path.pop();
        }
    }
}

/// Whether a live item is (perhaps with more in it, or with other values) the declared one.
fn alike(declared: &Json, item: &Json, secrets: &Secrets) -> bool {
    match (declared, item) {
        (Json::Object(declared), Json::Object(item)) => {
            let named = NAMES.iter().find(|name| declared.contains_key(**name));
            match named {
                Some(name) => declared.get(*name) == item.get(*name),
                None => declared.iter().all(|(k, d)| item.get(k).is_some_and(|i| alike(d, i, secrets))),
            }
        }
        _ => same(declared, item, secrets),
    }
}
