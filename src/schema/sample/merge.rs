//! A schema with its references followed and one of its alternatives chosen: one flat set of
//! keywords.

use super::Choose;
use crate::schema::ResourceType;
use serde_json::{Map, Value as Json, json};

/// Alternatives within alternatives.
const DEEPEST: usize = 24;

/// Keys that an alternative that was not chosen asks for: having them all would be having both.
pub(super) const AVOIDED: &str = "avoided";

/// The keywords of `schema`. Where there is a choice, it is made.
pub(super) fn flat(kind: &ResourceType, schema: &Json, choose: Choose<'_>) -> Option<Map<String, Json>> {
    below(kind, schema, choose, 0)
}

fn below(kind: &ResourceType, schema: &Json, choose: Choose<'_>, depth: usize) -> Option<Map<String, Json>> {
    if depth > DEEPEST || *schema == Json::Bool(false) {
        return None;
    }
    let mut keywords = kind.resolve(schema).as_object().cloned().unwrap_or_default();
    let mut parts = Vec::new();
    if let Some(Json::Array(all)) = keywords.shift_remove("allOf") {
        for one in &all {
            parts.push(below(kind, one, choose, depth + 1)?);
        }
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Json::Array(several)) = keywords.shift_remove(keyword) else { continue };
        // Forms that ask for what isn't there (`type: object` of a string) aren't eligible.
        let eligible: Vec<usize> =
            (0..several.len()).filter(|i| agrees(&keywords, kind.resolve(&several[*i]))).collect();
        let chosen = *eligible.get(choose(eligible.len()))?;
        let mut part = below(kind, &several[chosen], choose, depth + 1)?;
        if keyword == "oneOf" {
            let own = strings(part.get("required"));
            let others = several.iter().enumerate().filter(|(i, _)| *i != chosen);
            for (_, other) in others {
                let asked = strings(kind.resolve(other).get("required"));
                let avoided = asked.into_iter().filter(|key| !own.contains(key));
                extend(&mut part, AVOIDED, avoided.map(Json::from));
            }
            show(&mut part, choose);
        }
        parts.push(part);
    }
    for part in parts {
        add(&mut keywords, part);
    }
    Some(keywords)
}

/// A form without required keys is told apart by one of its keys: one of them must be there.
fn show(part: &mut Map<String, Json>, choose: Choose<'_>) {
    let keys: Vec<String> = part
        .get("properties")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(k, _)| k.clone())
        .collect();
    if strings(part.get("required")).is_empty()
        && let Some(key) = keys.get(choose(keys.len()))
    {
        part.insert("required".to_owned(), json!([key]));
    }
}

fn agrees(keywords: &Map<String, Json>, form: &Json) -> bool {
    match (keywords.get("type"), form.get("type")) {
        (Some(Json::String(a)), Some(Json::String(b))) => a == b,
        (Some(Json::Array(several)), Some(one @ Json::String(_)))
        | (Some(one @ Json::String(_)), Some(Json::Array(several))) => several.contains(one),
        _ => true,
    }
}

pub(super) fn strings(list: Option<&Json>) -> Vec<String> {
    list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn extend(keywords: &mut Map<String, Json>, key: &str, more: impl Iterator<Item = Json>) {
    let list = keywords.entry(key).or_insert_with(|| json!([]));
    if let Json::Array(list) = list {
        for one in more {
            if !list.contains(&one) {
                list.push(one);
            }
        }
    }
}

/// Both sets of keywords at once.
fn add(keywords: &mut Map<String, Json>, part: Map<String, Json>) {
    for (key, value) in part {
        let Some(there) = keywords.get_mut(&key) else {
            keywords.insert(key, value);
            continue;
        };
        match (key.as_str(), there, value) {
            ("required" | AVOIDED, there @ Json::Array(_), Json::Array(more)) => {
                let Json::Array(list) = there else { continue };
                list.extend(more.into_iter().filter(|one| !list.contains(one)).collect::<Vec<_>>());
            }
            ("properties" | "definitions" | "dependencies", Json::Object(there), Json::Object(more)) => {
                for (name, schema) in more {
                    match there.get_mut(&name) {
                        Some(known) if *known != schema => *known = json!({"allOf": [known.take(), schema]}),
                        Some(_) => {}
                        None => {
                            there.insert(name, schema);
                        }
                    }
                }
            }
            ("pattern", there, value) if *there != value => {
                let mut both = match there.take() {
                    Json::Array(several) => several,
                    one => vec![one],
                };
                both.push(value);
                *there = Json::Array(both);
            }
            ("enum", Json::Array(there), Json::Array(more)) => there.retain(|one| more.contains(one)),
            ("minLength" | "minimum" | "minItems" | "minProperties", there, value)
                if value.as_f64() > there.as_f64() =>
            {
                *there = value;
            }
            ("maxLength" | "maximum" | "maxItems" | "maxProperties", there, value)
                if value.as_f64() < there.as_f64() =>
            {
                *there = value;
            }
            ("type", there, value) => *there = value,
            _ => {}
        }
    }
}
