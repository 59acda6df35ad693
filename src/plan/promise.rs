//! Law 2, checked: what a plan showed as known holds at apply.

use crate::model::Value;

/// One value that came out otherwise than planned.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenPromise {
    /// Names and indices from the top.
    pub path: Vec<String>,
    /// What the plan said; may be sensitive.
    pub planned: Value,
    /// What it is; none if it isn't there at all.
    pub actual: Option<Value>,
}

/// Everything that was known in the plan and is otherwise now. Unknowns may become anything.
#[must_use]
pub fn broken_promises(planned: &Value, actual: &Value) -> Vec<BrokenPromise> {
    let mut broken = Vec::new();
    walk(planned, Some(actual), &mut Vec::new(), &mut broken);
    broken
}

fn walk(planned: &Value, actual: Option<&Value>, path: &mut Vec<String>, broken: &mut Vec<BrokenPromise>) {
    let mut note = |actual: Option<&Value>, path: &[String]| {
        broken.push(BrokenPromise { path: path.to_vec(), planned: planned.clone(), actual: actual.cloned() });
    };
    match (planned.reveal(), actual.map(Value::reveal)) {
        (Value::Unknown(_), _) => {}
        (Value::Object(members), Some(Value::Object(others))) => {
            for (key, member) in members {
                path.push(key.clone());
                walk(member, others.get(key), path, broken);
                path.pop();
            }
            for (key, other) in others.iter().filter(|(key, _)| !members.contains_key(*key)) {
                path.push(key.clone());
                broken.push(BrokenPromise {
                    path: path.clone(),
                    planned: Value::Null,
                    actual: Some(other.clone()),
                });
                path.pop();
            }
        }
        (Value::Array(items), Some(Value::Array(others))) if items.len() == others.len() => {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                path.push(index.to_string());
                walk(item, Some(other), path, broken);
                path.pop();
            }
        }
        (planned, Some(actual)) if planned == actual => {}
        (_, actual) => note(actual, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;
    use serde_json::json;

    #[test]
    fn unknowns_may_become_anything_and_nothing_else_may_change() {
        let mut planned = Value::from(json!({"Name": "a", "Targets": [{"Id": "x"}], "Arn": null}));
        if let Value::Object(members) = &mut planned {
            members.insert("Arn".into(), Value::unknown(Address::new("rule.x"), "Arn", "why"));
        }
        let kept = Value::from(json!({"Name": "a", "Targets": [{"Id": "x"}], "Arn": "arn:…"}));
        assert_eq!(broken_promises(&planned, &kept), []);
        let other = Value::from(json!({"Name": "b", "Targets": [{"Id": "y"}], "Arn": "arn:…", "More": 1}));
        let paths: Vec<String> = broken_promises(&planned, &other).iter().map(|b| b.path.join("/")).collect();
        assert_eq!(paths, ["Name", "Targets/0/Id", "More"]);
    }
}
