//! Properties by path, through arrays and maps where the path says `*`.

use crate::local::services::resources::Properties;
use serde_json::{Map, Value as Json};

/// The value at a path of plain names.
pub(super) fn get<'a>(properties: &'a Properties, path: &[String]) -> Option<&'a Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(properties.get(first)?, |node, name| node.get(name))
}

/// Sets the value at a path of plain names, making the objects on the way.
pub(super) fn set(properties: &mut Properties, path: &[String], value: Json) {
    match path {
        [] => {}
        [last] => {
            properties.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let below = properties.entry(first.clone()).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(below) = below {
                set(below, rest, value);
            }
        }
    }
}

/// Removes what lies at a path, and an object that thereby becomes empty: a read handler that knows
/// nothing of it doesn't show it (a Lambda function's `Code`, whose keys are all hidden, is in no read:
/// pulumi/pulumi-aws-native issue 277).
pub(super) fn remove(properties: &mut Properties, path: &[String]) {
    match path {
        [] => {}
        [last] if last == "*" => properties.clear(),
        [last] => {
            properties.shift_remove(last);
        }
        [first, rest @ ..] if first == "*" => {
            properties.values_mut().for_each(|below| remove_in(below, rest));
        }
        [first, rest @ ..] => {
            let is_empty = |node: &Json| node.as_object().is_some_and(Map::is_empty);
            if let Some(below) = properties.get_mut(first).filter(|below| !is_empty(below)) {
                remove_in(below, rest);
                if is_empty(below) {
                    properties.shift_remove(first);
                }
            }
        }
    }
}

/// Takes away what lies at a path, and nothing else.
pub(super) fn drop(properties: &mut Properties, path: &[String]) {
    if let [first, rest @ ..] = path {
        let below = if first == "*" {
            properties.values_mut().collect()
        } else {
            properties.get_mut(first).into_iter().collect::<Vec<_>>()
        };
        if rest.is_empty() {
            properties.shift_remove(first);
        } else {
            below.into_iter().for_each(|below| drop_in(below, rest));
        }
    }
}

fn drop_in(node: &mut Json, path: &[String]) {
    match node {
        Json::Object(below) => drop(below, path),
        Json::Array(items) => {
            let rest = if path.first().is_some_and(|name| name == "*") { &path[1..] } else { path };
            items.iter_mut().for_each(|item| drop_in(item, rest));
        }
        _ => {}
    }
}

fn remove_in(node: &mut Json, path: &[String]) {
    match node {
        Json::Object(below) => remove(below, path),
        Json::Array(items) => {
            let rest = if path.first().is_some_and(|name| name == "*") { &path[1..] } else { path };
            if rest.is_empty() {
                items.clear();
            } else {
                items.iter_mut().for_each(|item| remove_in(item, rest));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Json) -> Properties {
        value.as_object().cloned().expect("an object")
    }

    fn path(text: &str) -> Vec<String> {
        text.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn hidden_values_go() {
        let stored = object(
            json!({"A": {"Secret": 1, "Seen": 2}, "L": [{"S": 1, "T": 2}, {"T": 3}], "W": "w", "O": {"S": 1}, "E": {}}),
        );
        let mut shown = stored.clone();
        for hidden in ["A/Secret", "L/*/S", "W", "Absent/X", "O/S", "E/S"] {
            remove(&mut shown, &path(hidden));
        }
        assert_eq!(shown, object(json!({"A": {"Seen": 2}, "L": [{"T": 2}, {"T": 3}], "E": {}})));
    }
}
