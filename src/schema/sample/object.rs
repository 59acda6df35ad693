//! Objects: which keys there are, and which there must not be.

use super::value::{Extent, Sampler};
use super::{merge, text};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// Deeper than this, nothing optional is made.
const DEEP: usize = 5;

impl Sampler<'_> {
    pub(super) fn object(&mut self, schema: &Map<String, Json>) -> Option<Map<String, Json>> {
        let nothing = Map::new();
        let map = |key: &str| schema.get(key).and_then(Json::as_object).unwrap_or(&nothing);
        let properties = map("properties");
        let wanted = self.wanted(schema, properties);
        let mut made = Map::new();
        for (name, each) in properties.iter().filter(|(name, _)| wanted.contains(*name)) {
            match self.below(name, |inner| inner.value(each)) {
                Some(value) => {
                    made.insert(name.clone(), value);
                }
                None if merge::strings(schema.get("required")).contains(name) => return None,
                None => {}
            }
        }
        let least = schema.get("minProperties").and_then(Json::as_u64).unwrap_or(0);
        let most = schema.get("maxProperties").and_then(Json::as_u64).unwrap_or(u64::MAX);
        let free = self.free(schema);
        for _ in 0..8 {
            let enough = match self.extent {
                Extent::Least => least,
                Extent::Some if free.is_some() && properties.is_empty() => least.max(2).min(most),
                Extent::Some => least,
            };
            if made.len() as u64 >= enough {
                break;
            }
            let Some((pattern, each)) = &free else { break };
            let named = pattern.iter().map(|p| ("pattern".to_owned(), p.clone())).collect();
            let key = text::text(&named, "key", self.place, self.choose)?;
            let value = self.below("*", |inner| inner.value(each))?;
            made.insert(key, value);
        }
        Some(made)
    }

    /// What keys beyond the named ones look like, and their values.
    fn free(&self, schema: &Map<String, Json>) -> Option<(Option<Json>, Json)> {
        let patterns = schema.get("patternProperties").and_then(Json::as_object);
        if let Some((pattern, each)) = patterns.and_then(|patterns| patterns.iter().next()) {
            return Some((Some(Json::from(pattern.as_str())), each.clone()));
        }
        match schema.get("additionalProperties") {
            Some(each @ Json::Object(_)) => Some((None, each.clone())),
            Some(Json::Bool(false)) => None,
            _ => Some((None, serde_json::json!({"type": "string"}))),
        }
    }

    /// The named keys to make.
    fn wanted(&mut self, schema: &Map<String, Json>, properties: &Map<String, Json>) -> BTreeSet<String> {
        let mut wanted: BTreeSet<String> = merge::strings(schema.get("required")).into_iter().collect();
        let avoided = merge::strings(schema.get(merge::AVOIDED));
        for keyword in ["requiredXor", "requiredOr"] {
            let keys = merge::strings(schema.get(keyword));
            if !keys.is_empty() && !keys.iter().any(|key| wanted.contains(key)) {
                wanted.insert(keys[(self.choose)(keys.len())].clone());
            }
        }
        let one_of: Vec<String> = merge::strings(schema.get("requiredXor"));
        self.complete(schema, &mut wanted);
        let least = schema.get("minProperties").and_then(Json::as_u64).unwrap_or(0);
        let names: Vec<&String> = properties.keys().collect();
        let offset = (self.choose)(names.len());
        for at in 0..names.len() {
            let name = names[(at + offset) % names.len()];
            let short = (wanted.len() as u64) < least;
            let taken = match self.extent {
                Extent::Least => short,
                Extent::Some if self.path.len() > DEEP => short,
                Extent::Some => short || (self.choose)(2 + self.path.len()) == 0,
            };
            if !taken || wanted.contains(name) || avoided.contains(name) {
                continue;
            }
            if one_of.contains(name) || !self.may_be_set(name) {
                continue;
            }
            let mut with = wanted.clone();
            with.insert(name.clone());
            self.complete(schema, &mut with);
            if !excluded(schema, &with) && !with.iter().any(|name| avoided.contains(name)) {
                wanted = with;
            }
        }
        wanted.retain(|name| self.may_be_set(name));
        wanted
    }

    /// Adds what the keys that are there need.
    fn complete(&self, schema: &Map<String, Json>, wanted: &mut BTreeSet<String>) {
        loop {
            let before = wanted.len();
            for keyword in ["dependencies", "dependentRequired"] {
                for (key, needed) in schema.get(keyword).and_then(Json::as_object).into_iter().flatten() {
                    if wanted.contains(key) {
                        wanted.extend(merge::strings(Some(needed)));
                    }
                }
            }
            if wanted.len() == before {
                return;
            }
        }
    }

    /// Whether this is the caller's to say. What the registry requires though the service sets it
    /// has to be said.
    fn may_be_set(&mut self, name: &str) -> bool {
        if self.computed {
            return true;
        }
        let top = self.path.is_empty();
        let read_only = self.below(name, |inner| inner.kind.is_read_only(&inner.path));
        !read_only || (top && self.kind.is_required(name))
    }
}

fn excluded(schema: &Map<String, Json>, keys: &BTreeSet<String>) -> bool {
    let pairs = schema.get("dependentExcluded").and_then(Json::as_object);
    pairs.into_iter().flatten().any(|(key, others)| {
        keys.contains(key) && merge::strings(Some(others)).iter().any(|other| keys.contains(other))
    })
}
