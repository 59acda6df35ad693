//! Whether what was declared is live, and what nobody declared untouched: written for this test alone,
//! and knowing nothing of the engine's own comparison.

use super::menu::Entry;
use evstack::schema::ResourceType;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// `a.b` as a JSON Pointer.
pub fn pointer(path: &str) -> String {
    path.split('.').map(|name| format!("/{name}")).collect()
}

/// The value of the first pattern (`a.*.b`) that this path fits.
pub fn matches_any<'e, V: 'e>(
    patterns: impl Iterator<Item = (&'e String, &'e V)>,
    path: &[String],
) -> Option<&'e V> {
    let fits = |pattern: &str| {
        let names: Vec<&str> = pattern.split('.').collect();
        names.len() == path.len()
            && names
                .iter()
                .zip(path)
                .all(|(name, at)| *name == "*" && at.parse::<usize>().is_ok() || name == at)
    };
    let mut patterns = patterns;
    patterns.find(|(pattern, _)| fits(pattern)).map(|(_, value)| value)
}

/// Whether the order of an array says nothing.
pub fn unordered(kind: &ResourceType, entry: &Entry, path: &[String]) -> bool {
    let sets: BTreeMap<&String, &()> = entry.sets.iter().map(|set| (set, &())).collect();
    matches_any(sets.iter().map(|(set, unit)| (*set, *unit)), path).is_some() || kind.is_unordered(path)
}

/// The comparison of one type's models.
pub struct Judge<'a> {
    pub kind: &'a ResourceType,
    pub entry: &'a Entry,
}

impl Judge<'_> {
    /// Where `declared` isn't in `live`.
    pub fn lacks(&self, declared: &Json, live: Option<&Json>, path: &mut Vec<String>) -> Option<String> {
        let live = live.filter(|value| !value.is_null());
        let wrong = |path: &[String]| {
            Some(format!(
                "{}: wanted {declared}, and there is {}",
                path.join("."),
                live.unwrap_or(&Json::Null)
            ))
        };
        let language = matches_any(self.entry.documents.iter(), path).map(String::as_str);
        let types = self.kind.property(path).map(|p| p["type"].clone());
        let language = language.or_else(|| {
            let types = types.as_ref()?.as_array()?;
            (types.iter().any(|t| t == "object") && types.iter().any(|t| t == "string")).then_some("json")
        });
        if let Some(language) = language {
            let same = live.is_some_and(|live| said(language, declared) == said(language, live));
            return if same || (live.is_none() && empty(declared)) { None } else { wrong(path) };
        }
        match (declared, live) {
            (declared, None) if empty(declared) => None,
            (Json::Object(members), Some(Json::Object(there))) => members.iter().find_map(|(key, value)| {
                path.push(key.clone());
                let lacks = self.lacks(value, there.get(key), path);
                path.pop();
                lacks
            }),
            (Json::Array(items), Some(Json::Array(there))) => {
                if unordered(self.kind, self.entry, path) {
                    let mut free: Vec<&Json> = there.iter().collect();
                    for (index, item) in items.iter().enumerate() {
                        path.push(index.to_string());
                        let found =
                            free.iter().position(|other| self.lacks(item, Some(other), path).is_none());
                        path.pop();
                        match found {
                            Some(at) => drop(free.remove(at)),
                            None => return wrong(path),
                        }
                    }
                    return None;
                }
                let mut rest = there.iter();
                for (index, item) in items.iter().enumerate() {
                    path.push(index.to_string());
                    let found = rest.any(|other| self.lacks(item, Some(other), path).is_none());
                    path.pop();
                    if !found {
                        return wrong(path);
                    }
                }
                None
            }
            (a, Some(b)) if scalar(a) == scalar(b) && scalar(a).is_some() => None,
            (Json::String(a), Some(Json::String(b))) if a.eq_ignore_ascii_case(b) => {
                let caseless = self.entry.caseless.iter().map(|at| (at, &()));
                if matches_any(caseless, path).is_some() { None } else { wrong(path) }
            }
            (Json::String(a), Some(Json::String(b))) => {
                let name = |text: &str| {
                    text.trim_end_matches(":*").rsplit(['/', ':']).next().unwrap_or("").to_owned()
                };
                let arns = self.entry.arns.iter().map(|at| (at, &()));
                if matches_any(arns, path).is_some() && name(a) == name(b) { None } else { wrong(path) }
            }
            _ => wrong(path),
        }
    }

    /// What was there, and neither `was` nor `is` declares, and is there no longer.
    pub fn touched(
        &self,
        before: &Json,
        (was, is): (Option<&Json>, Option<&Json>),
        after: Option<&Json>,
        path: &mut Vec<String>,
    ) -> Option<String> {
        let document = matches_any(self.entry.documents.iter(), path).is_some();
        if was.is_none() && is.is_none() {
            return self.lacks(before, after, path).map(|what| format!("undeclared, and touched: {what}"));
        }
        // What others put into an object goes with it; a tag is no member of one.
        let tags = path.first().is_some_and(|top| self.kind.tagging.property.as_ref() == Some(top));
        match before {
            _ if document => None,
            Json::Object(_) if is.is_none() && !tags => None,
            Json::Object(members) => members.iter().find_map(|(key, value)| {
                path.push(key.clone());
                let skipped =
                    self.kind.is_read_only(path) || path.len() == 1 && self.entry.moves.contains(key);
                let owned = (was.and_then(|o| o.get(key)), is.and_then(|o| o.get(key)));
                let found = if skipped {
                    None
                } else {
                    self.touched(value, owned, after.and_then(|a| a.get(key)), path)
                };
                path.pop();
                found
            }),
            Json::Array(items) if unordered(self.kind, self.entry, path) => {
                let owned = [was, is].into_iter().flatten();
                let ours: Vec<&Json> = owned.filter_map(Json::as_array).flatten().collect();
                let there = after.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
                path.push("0".to_owned());
                let lost = items.iter().find(|item| {
                    let is_ours =
                        ours.iter().any(|o| self.lacks(o, Some(item), path).is_none() || named(o, item));
                    !is_ours && !there.iter().any(|other| self.lacks(item, Some(other), path).is_none())
                });
                path.pop();
                lost.map(|item| format!("{}: nobody declared {item}, and it is gone", path.join(".")))
            }
            _ => None,
        }
    }

    /// What was declared, no longer is, and is still there as no default is.
    pub fn stayed(
        &self,
        was: &Json,
        is: Option<&Json>,
        live: Option<&Json>,
        path: &mut Vec<String>,
    ) -> Option<String> {
        let live = live.filter(|value| !empty(value))?;
        match (was, is) {
            (Json::Object(was), Some(Json::Object(is)))
                if matches_any(self.entry.documents.iter(), path).is_none() =>
            {
                was.iter().find_map(|(key, value)| {
                    path.push(key.clone());
                    let found = self.stayed(value, is.get(key), live.get(key), path);
                    path.pop();
                    found
                })
            }
            (Json::Array(was), Some(Json::Array(is))) if unordered(self.kind, self.entry, path) => {
                path.push("0".to_owned());
                let there = live.as_array().map_or(&[][..], Vec::as_slice);
                let twin =
                    |item: &Json, among: &[Json]| among.iter().find(|other| named(other, item)).cloned();
                for item in was {
                    if let (Some(now), Some(there)) = (twin(item, is), twin(item, there))
                        && let Some(what) = self.stayed(item, Some(&now), Some(&there), path)
                    {
                        return Some(what);
                    }
                }
                let gone =
                    was.iter().filter(|item| !is.iter().any(|other| other == *item || named(other, item)));
                let mut found = None;
                for item in gone {
                    // One item may still be there because another one says the same.
                    let mut among = |items: &[Json]| {
                        items.iter().any(|other| self.lacks(item, Some(other), path).is_none())
                    };
                    if !among(is) && among(there) {
                        found = Some(item);
                    }
                }
                let found = found.map(|item| format!("{}: {item} was removed and stayed", path.join(".")));
                path.pop();
                found
            }
            (_, Some(_)) => None,
            // What others added to it stays.
            (Json::Array(was), None)
                if unordered(self.kind, self.entry, path)
                    && !live.as_array().is_some_and(|there| {
                        path.push("0".to_owned());
                        let ours = was.iter().any(|item| {
                            there.iter().any(|other| self.lacks(item, Some(other), path).is_none())
                        });
                        path.pop();
                        ours
                    }) =>
            {
                None
            }
            (_, None) => self.no_default(live, path),
        }
    }

    fn no_default(&self, live: &Json, path: &mut Vec<String>) -> Option<String> {
        if empty(live) || path.len() == 1 && self.entry.moves.contains(&path[0]) {
            return None;
        }
        match live {
            Json::Object(members) if matches_any(self.entry.documents.iter(), path).is_none() => {
                members.iter().find_map(|(key, value)| {
                    path.push(key.clone());
                    let found = self.no_default(value, path);
                    path.pop();
                    found
                })
            }
            Json::Array(items)
                if path.len() == 1
                    && items.iter().all(|item| {
                        item["Key"].as_str().is_some_and(|key| {
                            key.starts_with("aws:")
                                || key.starts_with("evstack:")
                                || key.starts_with("foreign")
                        })
                    }) =>
            {
                None
            }
            Json::String(_)
                if path.len() == 2
                    && path[0].ends_with("Tags")
                    && (path[1].starts_with("aws:")
                        || path[1].starts_with("evstack:")
                        || path[1].starts_with("foreign")) =>
            {
                None
            }
            value => {
                let default = self
                    .entry
                    .defaults
                    .get(&path.join("."))
                    .or_else(|| self.entry.unshown.get(&path.join(".")));
                let is_default = default.is_some_and(|default| {
                    default == value || (scalar(default) == scalar(value) && scalar(value).is_some())
                });
                (!is_default).then(|| format!("{}: removed, and there is still {value}", path.join(".")))
            }
        }
    }
}

/// Whether two items bear the same name.
fn named(a: &Json, b: &Json) -> bool {
    ["Key", "Id", "PolicyName", "IndexName", "AttributeName", "StatusCode"]
        .iter()
        .any(|name| a.get(*name).is_some() && a.get(*name) == b.get(*name))
}

pub fn empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.values().all(empty),
        _ => false,
    }
}

/// A scalar in one spelling: `30`, `30.0` and `"30"` are one.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => number.as_f64().map(|n| n.to_string()),
        Json::String(text) => Some(text.parse::<f64>().map_or_else(|_| text.clone(), |n| n.to_string())),
        Json::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// What a document says, in one spelling.
fn said(language: &str, value: &Json) -> String {
    let parsed = value.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok());
    plain(language, "", parsed.as_ref().unwrap_or(value)).to_string()
}

fn plain(language: &str, key: &str, value: &Json) -> Json {
    let is_default = |name: &str, value: &Json| match name {
        "QueryLanguage" => value == "JSONPath",
        "InputPath" => value == "$",
        "BackoffRate" => value.as_f64() == Some(2.0),
        "MaxAttempts" => value == 3,
        "IntervalSeconds" => value == 1,
        _ => false,
    };
    match value {
        Json::Object(members) => {
            let mut form = Map::new();
            for (name, value) in members {
                if !(language == "definition" && is_default(name, value)) {
                    form.insert(name.clone(), plain(language, name, value));
                }
            }
            form.sort_keys();
            Json::Object(form)
        }
        Json::Array(items) => {
            let mut items: Vec<Json> = items
                .iter()
                .map(|item| plain(language, if language == "policy" { key } else { "" }, item))
                .collect();
            if language == "policy" || language == "pattern" && key != "numeric" {
                items.sort_by_key(Json::to_string);
                items.dedup();
            }
            if language == "policy" && items.len() == 1 { items.remove(0) } else { Json::Array(items) }
        }
        Json::String(text) if key == "Action" => Json::from(text.to_lowercase()),
        Json::String(text) if language == "policy" && (text == "true" || text == "false") => {
            Json::from(text == "true")
        }
        Json::String(text) if language == "policy" => {
            Json::from(text.trim_start_matches("arn:aws:iam::").trim_end_matches(":root"))
        }
        Json::Number(number) => Json::from(number.as_f64()),
        scalar => scalar.clone(),
    }
}
