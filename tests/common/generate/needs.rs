//! What must exist before a resource of some types can: `needs.json`.
//!
//! ```text
//! "AWS::Pipes::Pipe": {"needs": {"role": ["AWS::IAM::Role", {...}]}, "with": {"RoleArn": "$role.Arn"}}
//! ```
//!
//! `needs` are made in their order and may use those before them; `with` are the properties that
//! the resource has beside the generated ones, or instead of them; `fixed` are those that no
//! generated change may touch, and `change` is a change to make instead: a property and its value;
//! `plain` are texts that may have nothing but letters, digits and hyphens in them.

use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static TABLE: LazyLock<BTreeMap<String, Json>> =
    LazyLock::new(|| serde_json::from_str(include_str!("needs.json")).expect("the table is JSON"));

/// What was made, by its name in the table: the properties that a read shows.
pub type Made = BTreeMap<String, Json>;

/// Neighbours of a type: name, type, properties with references to those before.
pub fn of(type_name: &str) -> Vec<(&'static str, &'static str, &'static Json)> {
    let needs = TABLE.get(type_name).and_then(|row| row["needs"].as_object());
    let need = |(name, pair): (&'static String, &'static Json)| {
        (name.as_str(), pair[0].as_str().expect("a type"), &pair[1])
    };
    needs.into_iter().flatten().map(need).collect()
}

/// Puts the table's properties among the generated ones. A null takes one away.
pub fn complete(type_name: &str, made: &Made, properties: &mut Map<String, Json>) {
    for (name, value) in properties.iter_mut() {
        *value = plain(type_name, name, value.take());
    }
    let with = TABLE.get(type_name).and_then(|row| row["with"].as_object());
    for (name, value) in with.into_iter().flatten() {
        match filled(value, made) {
            Json::Null => {
                properties.shift_remove(name);
            }
            value => {
                properties.insert(name.clone(), value);
            }
        }
    }
}

/// A generated value as the service takes it.
pub fn plain(type_name: &str, property: &str, value: Json) -> Json {
    let names = TABLE.get(type_name).and_then(|row| row["plain"].as_array());
    match value {
        Json::String(text) if names.is_some_and(|names| names.iter().any(|name| name == property)) => {
            let kept: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            Json::String(if kept.is_empty() { "plain".to_owned() } else { kept })
        }
        value => value,
    }
}

/// The change that the table has for the type.
pub fn change(type_name: &str, made: &Made) -> Option<(String, Json)> {
    let change = TABLE.get(type_name)?["change"].as_array()?;
    Some((change.first()?.as_str()?.to_owned(), filled(change.get(1)?, made)))
}

/// The properties that a change must leave alone, because the table decides them.
pub fn decides(type_name: &str, property: &str) -> bool {
    TABLE.get(type_name).is_some_and(|row| {
        row["with"].get(property).is_some()
            || row["fixed"].as_array().is_some_and(|names| names.iter().any(|name| name == property))
    })
}

/// A value with its references followed: `$role.Arn`.
pub fn filled(value: &Json, made: &Made) -> Json {
    match value {
        Json::String(text) => match text.strip_prefix('$').and_then(|path| path.split_once('.')) {
            Some((name, property)) => made.get(name).map_or(value.clone(), |one| one[property].clone()),
            None => value.clone(),
        },
        Json::Array(items) => items.iter().map(|item| filled(item, made)).collect(),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(key, value)| (key.clone(), filled(value, made))).collect())
        }
        other => other.clone(),
    }
}
