//! Random resources and random edits of them, from `types.yaml` and `kinds.yaml`.

use super::generate::Random;
use super::random;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What is said of a type or kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    pub with: Map<String, Json>,
    pub may: Map<String, Json>,
    pub either: Vec<Vec<Map<String, Json>>>,
    pub defaults: BTreeMap<String, Json>,
    /// Defaults that no read shows.
    pub unshown: BTreeMap<String, Json>,
    pub sets: Vec<String>,
    pub documents: BTreeMap<String, String>,
    pub moves: Vec<String>,
    /// Lists whose items need one in another list: nobody adds to them by hand.
    pub tied: Vec<String>,
    /// Texts whose case says nothing.
    pub caseless: Vec<String>,
    /// ARNs that may be read as their name, or without the `:*` at their end.
    pub arns: Vec<String>,
    /// Of a kind: its main resource's type; none where it has several.
    pub main: String,
    /// Of a kind: what else the stack declares.
    pub beside: Vec<String>,
    /// Of a kind: values that say the same.
    pub same: Vec<[Json; 2]>,
}

pub static TYPES: LazyLock<BTreeMap<String, Entry>> =
    LazyLock::new(|| serde_yaml::from_str(include_str!("types.yaml")).expect("types.yaml"));

pub static KINDS: LazyLock<BTreeMap<String, Entry>> =
    LazyLock::new(|| serde_yaml::from_str(include_str!("kinds.yaml")).expect("kinds.yaml"));

/// What was made before: `@queue.Arn`.
pub type Neighbours = BTreeMap<String, Json>;

/// Whether the order of the array at a place says nothing.
pub type IsSet<'a> = &'a dyn Fn(&[String]) -> bool;

/// Properties, and which of each group they follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    pub properties: Map<String, Json>,
    choices: Vec<usize>,
}

/// Makes and changes the properties of one entry.
pub struct Maker<'a> {
    pub entry: &'a Entry,
    pub neighbours: &'a Neighbours,
    /// Optional properties that are never there: to find the smallest case.
    pub without: &'a BTreeSet<String>,
}

impl Maker<'_> {
    pub fn make(&self, random: &mut Random) -> Declared {
        let choices: Vec<usize> = self.entry.either.iter().map(|group| random.below(group.len())).collect();
        let mut properties = Map::new();
        for (key, node) in &self.entry.with {
            self.member(key, node, random, &mut properties);
        }
        for (group, choice) in self.entry.either.iter().zip(&choices) {
            for (key, node) in &group[*choice] {
                self.member(key, node, random, &mut properties);
            }
        }
        for (key, node) in &self.entry.may {
            // A choice is made whether or not it counts, so that the others stay the same.
            let (there, value) = (random.below(2) == 0, self.value(node, random));
            if there && !self.without.contains(key) {
                properties.insert(key.clone(), value);
            }
        }
        Declared { properties, choices }
    }

    fn member(&self, key: &str, node: &Json, random: &mut Random, into: &mut Map<String, Json>) {
        let name = key.strip_suffix('?');
        let (there, value) = (name.is_none() || random.below(2) == 0, self.value(node, random));
        if there && !self.without.contains(name.unwrap_or(key)) {
            into.insert(name.unwrap_or(key).to_owned(), value);
        }
    }

    pub fn value(&self, node: &Json, random: &mut Random) -> Json {
        match node {
            Json::String(text) => self.reference(text),
            Json::Array(items) => items.iter().map(|item| self.value(item, random)).collect(),
            Json::Object(members) => match special(members) {
                Some((name, inner)) => self.special(name, inner, members, random),
                None => {
                    let mut made = Map::new();
                    for (key, node) in members {
                        self.member(key, node, random, &mut made);
                    }
                    Json::Object(made)
                }
            },
            scalar => scalar.clone(),
        }
    }

    fn special(&self, name: &str, inner: &Json, members: &Map<String, Json>, random: &mut Random) -> Json {
        match name {
            "$of" => {
                let choices = inner.as_array().expect("a list");
                self.value(&choices[random.below(choices.len())], random)
            }
            "$some" => {
                let mut items = inner.as_array().expect("a list").clone();
                random::shuffle(&mut items, random);
                let least = members.get("least").and_then(Json::as_u64).unwrap_or(0);
                let least = usize::try_from(least).expect("a small number");
                items.truncate(least + random.below(items.len() - least + 1));
                items.iter().map(|item| self.value(item, random)).collect()
            }
            "$text" => random::text(&self.value(inner, random), random),
            "$document" => {
                let value = self.value(inner, random);
                if random.below(2) == 0 { value } else { random::text(&value, random) }
            }
            "$pattern" => random::pattern(random),
            "$policy" => random::policy(&self.value(inner, random), random),
            "$definition" => random::definition(random),
            "$tags" => {
                let tags = random::tags(random);
                tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
            }
            "$tagMap" => Json::Object(random::tags(random).into_iter().map(|(k, v)| (k, json!(v))).collect()),
            _ => random::words(random),
        }
    }

    fn reference(&self, text: &str) -> Json {
        match text.strip_prefix('@').and_then(|path| path.split_once('.')) {
            Some((name, property)) => {
                let value =
                    &self.neighbours.get(name).unwrap_or_else(|| panic!("no neighbour {name}"))[property];
                assert!(!value.is_null(), "{text} has no value");
                value.clone()
            }
            None => json!(text),
        }
    }

    /// What somebody else may add to what is live, beside what is declared: where (a pointer that an
    /// `add` takes) and what.
    pub fn additions(
        &self,
        declared: &Declared,
        live: &Json,
        is_set: IsSet<'_>,
        random: &mut Random,
    ) -> Vec<(Vec<String>, Json)> {
        let mut found = Vec::new();
        let properties = Json::Object(declared.properties.clone());
        for (key, node) in self.nodes(declared) {
            let optional = key.ends_with('?') || self.entry.may.contains_key(key);
            let name = key.trim_end_matches('?');
            let (there, shown) = (properties.get(name), live.get(name));
            let mut path = vec![name.to_owned()];
            self.add_below(node, optional, (there, shown), (&mut path, is_set), random, &mut found);
        }
        found
    }

    fn add_below(
        &self,
        node: &Json,
        optional: bool,
        (declared, live): (Option<&Json>, Option<&Json>),
        (path, is_set): (&mut Vec<String>, IsSet<'_>),
        random: &mut Random,
        found: &mut Vec<(Vec<String>, Json)>,
    ) {
        let Some(declared) = declared else {
            if optional && live.is_none() {
                found.push((path.clone(), self.value(node, random)));
            }
            return;
        };
        let (Json::Object(members), Some(live)) = (node, live) else { return };
        match (special(members), declared, live) {
            (Some(("$some", choices)), Json::Array(_), Json::Array(there)) if is_set(path) => {
                for choice in choices.as_array().into_iter().flatten() {
                    let item = self.value(choice, random);
                    let name = |item: &Json| item.as_object().and_then(|o| o.values().next().cloned());
                    let same =
                        |other: &Json| *other == item || name(&item).is_some_and(|n| name(other) == Some(n));
                    if !there.iter().any(same) {
                        let end = path.iter().cloned().chain(["-".to_owned()]);
                        found.push((end.collect(), item));
                    }
                }
            }
            (None, Json::Object(properties), Json::Object(there)) => {
                for (key, node) in members {
                    let name = key.trim_end_matches('?');
                    path.push(name.to_owned());
                    let (declared, live) = (properties.get(name), there.get(name));
                    self.add_below(node, key.ends_with('?'), (declared, live), (path, is_set), random, found);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// All keys that this resource may have.
    fn nodes<'m>(&'m self, declared: &Declared) -> Vec<(&'m String, &'m Json)> {
        let chosen = self.entry.either.iter().zip(&declared.choices).flat_map(|(group, at)| &group[*at]);
        self.entry.with.iter().chain(chosen).chain(&self.entry.may).collect()
    }

    /// Another resource that differs in one place; what was done comes back in words.
    pub fn edit(&self, declared: &Declared, random: &mut Random) -> Option<(Declared, String)> {
        (0..12).find_map(|_| {
            let (next, what) = self.try_edit(declared, random)?;
            (next.properties != declared.properties).then_some((next, what))
        })
    }

    fn try_edit(&self, declared: &Declared, random: &mut Random) -> Option<(Declared, String)> {
        let mut next = declared.clone();
        let group = random.below(self.entry.either.len());
        if !self.entry.either.is_empty() && random.below(5) == 0 {
            let (choices, was) = (&self.entry.either[group], declared.choices[group]);
            let choice = random.below(choices.len());
            for key in choices[was].keys().map(|key| key.trim_end_matches('?')) {
                next.properties.shift_remove(key);
            }
            for (key, node) in &choices[choice] {
                self.member(key, node, random, &mut next.properties);
            }
            next.choices[group] = choice;
            return Some((next, format!("group {group}: {was} becomes {choice}")));
        }
        let nodes = self.nodes(declared);
        let (key, node) = *nodes.get(random.below(nodes.len()))?;
        let name = key.trim_end_matches('?');
        if self.without.contains(name) {
            return None;
        }
        let optional = key.ends_with('?') || self.entry.may.contains_key(key);
        match next.properties.get(name) {
            Some(_) if optional && random.below(3) == 0 => {
                next.properties.shift_remove(name);
                Some((next, format!("{name} goes")))
            }
            Some(value) => {
                let value = self.tweak(node, value, random);
                next.properties.insert(name.to_owned(), value);
                Some((next, format!("{name} changes")))
            }
            None => {
                next.properties.insert(name.to_owned(), self.value(node, random));
                Some((next, format!("{name} comes")))
            }
        }
    }

    /// The value with a change as deep in it as chance has it.
    fn tweak(&self, node: &Json, value: &Json, random: &mut Random) -> Json {
        let (Json::Object(members), true) = (node, random.below(4) != 0) else {
            return self.value(node, random);
        };
        match (special(members), value) {
            (Some(("$some", choices)), Json::Array(items)) => {
                let mut items = items.clone();
                let choices = choices.as_array().expect("a list");
                let least = members.get("least").and_then(Json::as_u64).unwrap_or(0);
                // What tells an item of this menu apart is its first member.
                let named = |item: &Json| item.as_object().and_then(|o| o.values().next().cloned());
                let choice = self.value(&choices[random.below(choices.len())], random);
                let there = items.iter().position(|item| match (named(item), named(&choice)) {
                    (Some(a), Some(b)) => a == b,
                    _ => *item == choice,
                });
                match there {
                    Some(at) if random.below(2) == 0 && items.len() as u64 > least => drop(items.remove(at)),
                    Some(at) => items[at] = choice,
                    None => items.insert(random.below(items.len() + 1), choice),
                }
                Json::Array(items)
            }
            (Some(("$tags", _)), Json::Array(items)) if !items.is_empty() => {
                let mut items = items.clone();
                let at = random.below(items.len());
                match random.below(2) {
                    0 => drop(items.remove(at)),
                    _ => items[at]["Value"] = json!(format!("v{}", random.below(100))),
                }
                Json::Array(items)
            }
            (None, Json::Object(there)) => {
                let mut next = there.clone();
                let keys: Vec<&String> = members.keys().collect();
                let key = keys[random.below(keys.len())];
                let (name, optional) = (key.trim_end_matches('?'), key.ends_with('?'));
                match there.get(name) {
                    Some(_) if optional && random.below(2) == 0 => drop(next.shift_remove(name)),
                    Some(value) => {
                        drop(next.insert(name.to_owned(), self.tweak(&members[key], value, random)))
                    }
                    None => drop(next.insert(name.to_owned(), self.value(&members[key], random))),
                }
                Json::Object(next)
            }
            _ => self.value(node, random),
        }
    }
}

fn special(members: &Map<String, Json>) -> Option<(&str, &Json)> {
    const NAMES: [&str; 9] =
        ["$of", "$some", "$text", "$document", "$pattern", "$policy", "$definition", "$tags", "$tagMap"];
    let (name, inner) = members.iter().next()?;
    (NAMES.contains(&name.as_str()) || name == "$words").then_some((name.as_str(), inner))
}
