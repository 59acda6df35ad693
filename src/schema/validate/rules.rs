//! The keywords, one function for each family.

use super::violation::{Keyword, Kind, Measure, Violation, escape};
use super::{MOST, Mode};
use crate::schema::{ResourceType, pattern};
use serde_json::{Map, Value as Json};
use std::collections::HashSet;

/// Schemas nest through references; no model that AWS takes is this deep.
const DEEPEST: usize = 128;

pub(super) struct Walk<'a> {
    resource: &'a ResourceType,
    mode: Mode,
    is_hole: &'a dyn Fn(&Json) -> bool,
}

/// Where the walk is.
struct At {
    pointer: String,
    depth: usize,
    found: Vec<Violation>,
}

impl At {
    fn report(&mut self, keyword: Keyword) {
        self.report_with(keyword, Vec::new());
    }

    fn report_with(&mut self, keyword: Keyword, causes: Vec<Violation>) {
        self.found.push(Violation { pointer: self.pointer.clone(), keyword, causes });
    }

    fn below(&mut self, key: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escape(key));
        walk(self);
        self.pointer.truncate(length);
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(resource: &'a ResourceType, mode: Mode, is_hole: &'a dyn Fn(&Json) -> bool) -> Self {
        Self { resource, mode, is_hole }
    }

    pub(super) fn run(&self, model: &Json) -> Vec<Violation> {
        let mut at = At { pointer: String::new(), depth: 0, found: Vec::new() };
        self.check(&self.resource.schema, model, &mut at);
        at.found
    }

    fn check(&self, schema: &Json, value: &Json, at: &mut At) {
        if at.depth > DEEPEST || at.found.len() > MOST || (self.is_hole)(value) {
            return;
        }
        if *schema == Json::Bool(false) {
            return at.report(Keyword::Not);
        }
        let schema = self.resource.resolve(schema);
        let Some(schema) = schema.as_object() else { return };
        at.depth += 1;
        if self.kind(schema, value, at) {
            self.values(schema, value, at);
            match value {
                Json::String(text) => Self::text(schema, text, at),
                Json::Number(_) => Self::number(schema, value, at),
                Json::Array(items) => self.array(schema, items, at),
                Json::Object(members) => self.object(schema, members, at),
                Json::Null | Json::Bool(_) => {}
            }
            self.alternatives(schema, value, at);
        }
        at.depth -= 1;
    }

    fn kind(&self, schema: &Map<String, Json>, value: &Json, at: &mut At) -> bool {
        let names = match get(schema, "type") {
            Some(one @ Json::String(_)) => std::slice::from_ref(one),
            Some(Json::Array(several)) => several,
            _ => return true,
        };
        let expected: Vec<Kind> = names.iter().filter_map(Json::as_str).filter_map(Kind::named).collect();
        // To the registry `5.0` is no integer.
        let decimal = value.is_f64() && self.mode == Mode::Registry;
        let found = if decimal { Kind::Number } else { Kind::of(value) };
        let fits = expected.is_empty() || expected.iter().any(|kind| found.is(*kind));
        if !fits {
            at.report(Keyword::Type { expected, found });
        }
        fits
    }

    fn values(&self, schema: &Map<String, Json>, value: &Json, at: &mut At) {
        if let Some(Json::Array(allowed)) = get(schema, "enum")
            && !allowed.iter().any(|one| equal(one, value))
            && !self.has_hole(value)
        {
            at.report(Keyword::Enum { allowed: allowed.clone() });
        }
        if let Some(Json::Array(allowed)) = get(schema, "enumCaseInsensitive").filter(|_| self.all())
            && let Some(text) = value.as_str()
            && !allowed.iter().filter_map(Json::as_str).any(|one| one.eq_ignore_ascii_case(text))
        {
            at.report(Keyword::Enum { allowed: allowed.clone() });
        }
        if let Some(expected) = get(schema, "const")
            && !equal(expected, value)
            && !self.has_hole(value)
        {
            at.report(Keyword::Const { expected: expected.clone() });
        }
    }

    fn text(schema: &Map<String, Json>, text: &str, at: &mut At) {
        let found = text.chars().count() as u64;
        limits(schema, Measure::Characters, ("minLength", "maxLength"), found, at);
        if let Some(pattern) = get(schema, "pattern").and_then(Json::as_str)
            && pattern::matches(pattern, text) == Some(false)
        {
            at.report(Keyword::Pattern { pattern: pattern.to_owned() });
        }
    }

    fn number(schema: &Map<String, Json>, value: &Json, at: &mut At) {
        for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] {
            if let Some(limit) = get(schema, keyword).filter(|_| out_of_range(schema, keyword, value)) {
                at.report(Keyword::Range { keyword, limit: limit.clone() });
            }
        }
    }

    fn array(&self, schema: &Map<String, Json>, items: &[Json], at: &mut At) {
        limits(schema, Measure::Items, ("minItems", "maxItems"), items.len() as u64, at);
        if get(schema, "uniqueItems") == Some(&Json::Bool(true))
            && let Some(index) = self.twice(items.iter())
        {
            at.report(Keyword::UniqueItems { index });
        }
        if let Some(Json::Array(keys)) = get(schema, "uniqueKeys").filter(|_| self.all()) {
            let keys: Vec<String> = keys.iter().filter_map(Json::as_str).map(str::to_owned).collect();
            let identity = |item: &Json| Json::Array(keys.iter().map(|k| item[k.as_str()].clone()).collect());
            let identities: Vec<Json> = items.iter().map(identity).collect();
            if self.twice(identities.iter()).is_some() {
                at.report(Keyword::UniqueKeys { keys });
            }
        }
        if let Some(Json::Array(first)) = get(schema, "prefixItems").filter(|_| self.all()) {
            for (index, (schema, item)) in first.iter().zip(items).enumerate() {
                at.below(&index.to_string(), |at| self.check(schema, item, at));
            }
        }
        if let Some(each) = get(schema, "items").filter(|each| !each.is_array()) {
            for (index, item) in items.iter().enumerate() {
                at.below(&index.to_string(), |at| self.check(each, item, at));
            }
        }
    }

    fn object(&self, schema: &Map<String, Json>, members: &Map<String, Json>, at: &mut At) {
        limits(schema, Measure::Keys, ("minProperties", "maxProperties"), members.len() as u64, at);
        for key in names(get(schema, "required")) {
            // The registry requires some properties that only the service can set.
            let computed = self.all() && at.pointer.is_empty() && self.resource.is_read_only(&[key]);
            if !members.contains_key(key) && !computed {
                at.report(Keyword::Required { key: key.to_owned() });
            }
        }
        self.companions(schema, members, at);
        let none = Map::new();
        let map = |key: &str| get(schema, key).and_then(Json::as_object).unwrap_or(&none);
        let (properties, patterns) = (map("properties"), map("patternProperties"));
        for (key, value) in members {
            if let Some(schema) = properties.get(key) {
                at.below(key, |at| self.check(schema, value, at));
                continue;
            }
            // A pattern that can't be evaluated may match: then nothing certain can be said.
            let mut matched = false;
            for (pattern, schema) in patterns {
                match pattern::matches(pattern, key) {
                    Some(true) => {
                        matched = true;
                        at.below(key, |at| self.check(schema, value, at));
                    }
                    Some(false) => {}
                    None => matched = true,
                }
            }
            match get(schema, "additionalProperties") {
                Some(Json::Bool(false)) if !matched => {
                    let known = properties.keys().cloned().collect();
                    at.report(Keyword::Extraneous { key: key.clone(), known });
                }
                Some(schema @ Json::Object(_)) if !matched => {
                    at.below(key, |at| self.check(schema, value, at));
                }
                _ => {}
            }
        }
    }

    /// Keys that need or exclude one another.
    fn companions(&self, schema: &Map<String, Json>, members: &Map<String, Json>, at: &mut At) {
        let present = |key: &&str| members.contains_key(*key);
        let mut needs = |keyword: &str| {
            for (key, needed) in get(schema, keyword).and_then(Json::as_object).into_iter().flatten() {
                if members.contains_key(key) {
                    for needs in names(Some(needed)).filter(|needs| !present(needs)) {
                        at.report(Keyword::Dependency { key: key.clone(), needs: needs.to_owned() });
                    }
                }
            }
        };
        needs("dependencies");
        if !self.all() {
            return;
        }
        needs("dependentRequired");
        for (key, excluded) in
            get(schema, "dependentExcluded").and_then(Json::as_object).into_iter().flatten()
        {
            // Each pair stands there from both sides: report it once.
            let later = |other: &&str| *other > key.as_str() || !mutual(schema, other, key);
            for other in names(Some(excluded)).filter(present).filter(later) {
                if members.contains_key(key) {
                    at.report(Keyword::Excluded { key: key.clone(), other: other.to_owned() });
                }
            }
        }
        for (keyword, exactly_one) in [("requiredXor", true), ("requiredOr", false)] {
            let keys: Vec<String> = names(get(schema, keyword)).map(str::to_owned).collect();
            let matched = keys.iter().filter(|key| members.contains_key(*key)).count();
            if !keys.is_empty() && (matched == 0 || (exactly_one && matched > 1)) {
                at.report(Keyword::NotOne { matched, keys });
            }
        }
    }

    fn alternatives(&self, schema: &Map<String, Json>, value: &Json, at: &mut At) {
        if let Some(Json::Array(all)) = get(schema, "allOf") {
            let (matched, causes) = self.each(all, value, at);
            if !causes.is_empty() {
                at.report_with(Keyword::NotAll { matched, total: all.len() }, causes);
            }
        }
        if let Some(Json::Array(any)) = get(schema, "anyOf") {
            let (matched, causes) = self.each(any, value, at);
            if matched == 0 {
                at.report_with(Keyword::NoneOf { total: any.len(), keys: asked_for(any) }, causes);
            }
        }
        if let Some(Json::Array(one)) = get(schema, "oneOf") {
            let (matched, causes) = self.each(one, value, at);
            if matched == 0 || (matched > 1 && !self.has_hole(value)) {
                at.report_with(Keyword::NotOne { matched, keys: asked_for(one) }, causes);
            }
        }
        if let Some(not) = get(schema, "not")
            && !self.has_hole(value)
            && self.fits(not, value, at)
        {
            at.report(Keyword::Not);
        }
        if let Some(condition) = get(schema, "if").filter(|_| self.all() && !self.has_hole(value)) {
            let branch = if self.fits(condition, value, at) { "then" } else { "else" };
            if let Some(branch) = get(schema, branch) {
                self.check(branch, value, at);
            }
        }
    }

    /// How many fit, and why the others don't.
    fn each(&self, schemas: &[Json], value: &Json, at: &At) -> (usize, Vec<Violation>) {
        let (mut matched, mut causes) = (0, Vec::new());
        for schema in schemas {
            let found = self.alone(schema, value, at);
            matched += usize::from(found.is_empty());
            causes.extend(found);
        }
        (matched, causes)
    }

    fn fits(&self, schema: &Json, value: &Json, at: &At) -> bool {
        self.alone(schema, value, at).is_empty()
    }

    fn alone(&self, schema: &Json, value: &Json, at: &At) -> Vec<Violation> {
        let mut inner = At { pointer: at.pointer.clone(), depth: at.depth, found: Vec::new() };
        self.check(schema, value, &mut inner);
        inner.found
    }

    /// Whether cfn-lint's own constraints count too.
    fn all(&self) -> bool {
        self.mode == Mode::Engine
    }

    fn has_hole(&self, value: &Json) -> bool {
        (self.is_hole)(value)
            || match value {
                Json::Array(items) => items.iter().any(|v| self.has_hole(v)),
                Json::Object(members) => members.values().any(|v| self.has_hole(v)),
                _ => false,
            }
    }

    /// The index of the first item that is there already; one with a hole is like no other.
    fn twice<'v>(&self, items: impl ExactSizeIterator<Item = &'v Json>) -> Option<usize> {
        repeated(items, &|item| self.has_hole(item))
    }
}

/// Whether an item is there twice.
pub(super) fn repeats(items: &[Json]) -> bool {
    repeated(items.iter(), &|_| false).is_some()
}

fn repeated<'v>(
    items: impl ExactSizeIterator<Item = &'v Json>,
    like_no_other: &dyn Fn(&Json) -> bool,
) -> Option<usize> {
    /// Up to here, comparing each with each is quicker than writing each out.
    const FEW: usize = 16;
    if items.len() <= FEW {
        let items: Vec<&Json> = items.filter(|item| !like_no_other(item)).collect();
        return (1..items.len()).find(|i| items[..*i].iter().any(|item| equal(item, items[*i])));
    }
    let mut seen = HashSet::new();
    items.enumerate().find(|(_, item)| !like_no_other(item) && !seen.insert(canonical(item))).map(|(i, _)| i)
}

/// Whether a number breaks the schema's limit of that keyword.
pub(super) fn out_of_range(schema: &Map<String, Json>, keyword: &str, value: &Json) -> bool {
    let limit = get(schema, keyword).and_then(Json::as_f64);
    let (Some(number), Some(limit)) = (value.as_f64(), limit) else { return false };
    match keyword {
        "minimum" => number < limit,
        "maximum" => number > limit,
        "exclusiveMinimum" => number <= limit,
        "exclusiveMaximum" => number >= limit,
        _ => limit > 0.0 && (number / limit).fract() != 0.0,
    }
}

/// A keyword of a schema. Most schemas have a handful of keywords: looking at each is quicker than
/// hashing.
pub(super) fn get<'s>(schema: &'s Map<String, Json>, keyword: &str) -> Option<&'s Json> {
    const HANDFUL: usize = 8;
    if schema.len() > HANDFUL {
        return schema.get(keyword);
    }
    schema.iter().find(|(key, _)| *key == keyword).map(|(_, value)| value)
}

fn limits(schema: &Map<String, Json>, of: Measure, keywords: (&str, &str), found: u64, at: &mut At) {
    let limit = |keyword: &str| get(schema, keyword).and_then(Json::as_u64);
    if let Some(limit) = limit(keywords.0).filter(|limit| found < *limit) {
        at.report(Keyword::Size { of, below: true, limit, found });
    }
    if let Some(limit) = limit(keywords.1).filter(|limit| found > *limit) {
        at.report(Keyword::Size { of, below: false, limit, found });
    }
}

pub(super) fn names(list: Option<&Json>) -> impl Iterator<Item = &str> {
    list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

fn mutual(schema: &Map<String, Json>, key: &str, other: &str) -> bool {
    names(get(schema, "dependentExcluded").and_then(|d| d.get(key))).any(|name| name == other)
}

/// The keys that alternatives ask for, if each asks for one key and nothing else.
fn asked_for(alternatives: &[Json]) -> Vec<String> {
    let only = |alternative: &Json| {
        let alternative = alternative.as_object()?;
        let mut required = names(get(alternative, "required"));
        let key = required.next()?.to_owned();
        (alternative.len() == 1 && required.next().is_none()).then_some(key)
    };
    alternatives.iter().map(only).collect::<Option<_>>().unwrap_or_default()
}

/// Equality of JSON Schema: numbers by value, objects without order.
pub(super) fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(_), Json::Number(_)) => a == b || canonical(a) == canonical(b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// The same text for what is equal.
fn canonical(value: &Json) -> String {
    match value {
        Json::Number(n) => match n.as_f64() {
            Some(float) if n.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => format!("{float:.0}"),
            _ => n.to_string(),
        },
        Json::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Json::Object(members) => {
            let mut parts: Vec<String> =
                members.iter().map(|(k, v)| format!("{}:{}", Json::from(k.as_str()), canonical(v))).collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}
