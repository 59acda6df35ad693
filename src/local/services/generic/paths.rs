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

/// Removes what lies at a path; an object that thereby becomes empty stays, as an empty object.
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
            if let Some(below) = properties.get_mut(first) {
                remove_in(below, rest);
            }
        }
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

/// Copies what lies at a path from `stored` to `wanted` where `wanted` has nothing there but has
/// its parent. Items of an array belong together by their position, as long as there are as many.
pub(super) fn keep(stored: &Properties, wanted: &mut Properties, path: &[String]) {
    match path {
        [] => {}
        [last] => {
            if let Some(value) = stored.get(last)
                && !wanted.contains_key(last)
            {
                wanted.insert(last.clone(), value.clone());
            }
        }
        [first, rest @ ..] => {
            if let (Some(from), Some(to)) = (stored.get(first), wanted.get_mut(first)) {
                keep_in(from, to, rest);
            }
        }
    }
}

fn keep_in(from: &Json, to: &mut Json, path: &[String]) {
    match (from, to) {
        (Json::Object(from), Json::Object(to)) if path.first().is_some_and(|name| name == "*") => {
            for (key, to) in to.iter_mut() {
                if let Some(from) = from.get(key) {
                    keep_in(from, to, &path[1..]);
                }
            }
        }
        (Json::Object(from), Json::Object(to)) => keep(from, to, path),
        (Json::Array(from), Json::Array(to)) if from.len() == to.len() => {
            let rest = if path.first().is_some_and(|name| name == "*") { &path[1..] } else { path };
            from.iter().zip(to).for_each(|(from, to)| keep_in(from, to, rest));
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
    fn hidden_values_go_and_come_back() {
        let stored =
            object(json!({"A": {"Secret": 1, "Seen": 2}, "L": [{"S": 1, "T": 2}, {"T": 3}], "W": "w"}));
        let mut shown = stored.clone();
        for hidden in ["A/Secret", "L/*/S", "W", "Absent/X"] {
            remove(&mut shown, &path(hidden));
        }
        assert_eq!(shown, object(json!({"A": {"Seen": 2}, "L": [{"T": 2}, {"T": 3}]})));
        for hidden in ["A/Secret", "L/*/S", "W", "Absent/X"] {
            keep(&stored, &mut shown, &path(hidden));
        }
        assert_eq!(shown, stored);
    }

    #[test]
    fn a_parent_that_was_removed_does_not_come_back() {
        let stored = object(json!({"A": {"Secret": 1}, "L": [{"S": 1}, {"S": 2}]}));
        let mut wanted = object(json!({"L": [{}]}));
        keep(&stored, &mut wanted, &path("A/Secret"));
        keep(&stored, &mut wanted, &path("L/*/S"));
        assert_eq!(wanted, object(json!({"L": [{}]})));
    }
}
