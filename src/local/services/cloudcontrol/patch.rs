//! RFC 6902 patches on a live model, within bounds: a patch is a small program and a hostile one
//! must not eat the memory, the stack or the hour.

use super::fault;
use crate::local::fault::Fault;
use json_patch::{Patch, PatchOperation};
use serde_json::Value as Json;

/// As deep as the JSON reader itself goes.
const DEEPEST: usize = 128;
/// All that `copy` and `move` operations of one patch may carry, in JSON values.
const CARRIED: usize = 200_000;

/// Applies `document` to `model`, all of it or nothing.
pub(super) fn apply(document: &str, model: &Json) -> Result<Json, Fault> {
    let patch: Patch = serde_json::from_str(document).map_err(|error| {
        fault::invalid_request(format!("PatchDocument is not a valid JSON Patch: {error}"))
    })?;
    let mut patched = model.clone();
    let mut carried = 0;
    for operation in &patch.0 {
        let (place, value) = match operation {
            PatchOperation::Add(add) => (&add.path, Some(&add.value)),
            PatchOperation::Replace(replace) => (&replace.path, Some(&replace.value)),
            PatchOperation::Copy(copy) => (&copy.path, copy.from.resolve(&patched).ok()),
            PatchOperation::Move(mv) => (&mv.path, mv.from.resolve(&patched).ok()),
            PatchOperation::Remove(remove) => (&remove.path, None),
            PatchOperation::Test(test) => (&test.path, None),
        };
        if let Some(value) = value {
            if matches!(operation, PatchOperation::Copy(_) | PatchOperation::Move(_)) {
                carried += values(value);
            }
            if carried > CARRIED || place.count() + depth(value) > DEEPEST {
                return Err(fault::invalid_request("PatchDocument makes the model too large or too deep"));
            }
        }
        json_patch::patch(&mut patched, std::slice::from_ref(operation)).map_err(|error| {
            fault::invalid_request(format!("PatchDocument can't be applied to the resource: {error}"))
        })?;
    }
    Ok(patched)
}

/// How many values there are, itself included. The depth is bounded, so this may recurse.
fn values(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
        Json::Object(members) => 1 + members.values().map(values).sum::<usize>(),
        _ => 1,
    }
}

fn depth(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn doubling_by_copies_is_refused() {
        let operations: Vec<Json> =
            (0..64).map(|i| json!({"op": "copy", "from": "", "path": format!("/x{i}")})).collect();
        let error = apply(&json!(operations).to_string(), &json!({"a": 1})).expect_err("refused");
        assert!(error.message.contains("too large"), "{}", error.message);
    }

    #[test]
    fn nesting_by_copies_is_refused() {
        let mut operations = Vec::new();
        let mut path = String::new();
        for _ in 0..40 {
            path.push_str("/a");
            operations.push(json!({"op": "copy", "from": "", "path": path}));
        }
        let outcome = apply(&json!(operations).to_string(), &json!({}));
        assert!(outcome.is_err());
    }

    #[test]
    fn a_failing_operation_leaves_the_model_alone() {
        let model = json!({"a": 1});
        let document = r#"[{"op":"replace","path":"/a","value":2},{"op":"remove","path":"/b"}]"#;
        assert!(apply(document, &model).is_err());
        assert_eq!(model, json!({"a": 1}));
    }

    fn leaf() -> impl Strategy<Value = Json> {
        prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), "[a-c]{0,2}".prop_map(Json::from)]
    }

    proptest! {
        /// A flat model against a map: every sequence of sets and removals ends the same.
        #[test]
        fn patches_do_what_they_say(
            steps in prop::collection::vec(("[a-e~/]{1,2}", prop::option::of(leaf())), 0..20),
        ) {
            let mut expected = serde_json::Map::new();
            let mut operations = Vec::new();
            for (name, value) in steps {
                let path = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
                match value {
                    Some(value) => {
                        operations.push(json!({"op": "add", "path": path, "value": value}));
                        expected.insert(name, value);
                    }
                    None if expected.contains_key(&name) => {
                        operations.push(json!({"op": "remove", "path": path}));
                        expected.remove(&name);
                    }
                    None => {}
                }
            }
            let patched = apply(&json!(operations).to_string(), &json!({})).expect("applies");
            prop_assert_eq!(patched, Json::Object(expected));
        }

        #[test]
        fn no_document_panics(document in ".{0,200}") {
            let _ = apply(&document, &json!({"a": [1, 2, {"b": 3}]}));
        }
    }
}
