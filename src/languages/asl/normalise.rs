//! One form for definitions that run the same.
//!
//! What is taken to be without meaning, and why:
//!
//! - the order of members everywhere: JSON objects have none, and states are told by their names;
//! - how a number is written in a field of the language (`30`, `30.0`);
//! - a field that says what the language says without it: `Version`, `QueryLanguage` where it is the
//!   one in force, a path field of `$`, the three numbers of a retrier, `MaxConcurrency` of 0.
//!
//! What counts: comments (somebody reads them in the console), the order of choices, retriers,
//! catchers and branches, and every value inside a payload (`Parameters`, `Arguments`, `Result`, …):
//! there `1` and `1.0` become different text. Nothing is added: a state with neither `Next` nor
//! `End` is a mistake, not one that ends. Source: the Amazon States Language specification.

use serde_json::{Map, Number, Value, json};

/// Workflows in workflows are followed this deep; below, members are compared as they stand.
const DEEPEST: usize = 32;

/// The language of expressions where nothing else is said.
const JSON_PATH: &str = "JSONPath";

/// Whether two definitions are the same but for what has no meaning. Either may be JSON text. What
/// isn't a JSON object equals nothing, not even itself.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    matches!((normalised(a), normalised(b)), (Some(a), Some(b)) if a == b)
}

/// The definition in its one form; `None` for what isn't a JSON object.
#[must_use]
pub fn normalised(definition: &Value) -> Option<Value> {
    let spelled = definition.as_str().map(serde_json::from_str::<Value>).transpose().ok()?;
    let members = spelled.as_ref().unwrap_or(definition).as_object()?;
    let language = members.get("QueryLanguage").and_then(Value::as_str).unwrap_or(JSON_PATH).to_owned();
    let mut form = workflow(members, &language, 0);
    if form.get("Version") == Some(&json!("1.0")) {
        form.shift_remove("Version");
    }
    if form.get("QueryLanguage") == Some(&json!(JSON_PATH)) {
        form.shift_remove("QueryLanguage");
    }
    Some(Value::Object(form))
}

fn workflow(members: &Map<String, Value>, language: &str, depth: usize) -> Map<String, Value> {
    let mut form = Map::new();
    for (name, value) in members {
        let value = match (name.as_str(), value) {
            ("States", Value::Object(states)) => {
                let state = |(name, value): (&String, &Value)| {
                    let form = value.as_object().map(|members| state(members, language, depth));
                    (name.clone(), form.unwrap_or_else(|| value.clone()))
                };
                Value::Object(states.iter().map(state).collect())
            }
            ("TimeoutSeconds", number) => amount(number),
            _ => value.clone(),
        };
        form.insert(name.clone(), value);
    }
    form
}

fn state(members: &Map<String, Value>, machine: &str, depth: usize) -> Value {
    let own = members.get("QueryLanguage").and_then(Value::as_str).unwrap_or(machine);
    let mut form = Map::new();
    for (name, value) in members {
        let form_of = match (name.as_str(), value) {
            ("QueryLanguage", Value::String(language)) if language == machine => continue,
            ("InputPath" | "OutputPath" | "ResultPath", Value::String(path))
                if path == "$" && own == JSON_PATH =>
            {
                continue;
            }
            ("MaxConcurrency", number) if number.as_f64() == Some(0.0) => continue,
            (
                "TimeoutSeconds"
                | "HeartbeatSeconds"
                | "Seconds"
                | "MaxConcurrency"
                | "ToleratedFailureCount"
                | "ToleratedFailurePercentage",
                number,
            ) => amount(number),
            ("Retry", Value::Array(retriers)) => retriers.iter().map(retrier).collect(),
            ("Branches", Value::Array(branches)) if depth < DEEPEST => {
                branches.iter().map(|branch| inner(branch, machine, depth)).collect()
            }
            ("Iterator" | "ItemProcessor", processor) if depth < DEEPEST => inner(processor, machine, depth),
            _ => value.clone(),
        };
        form.insert(name.clone(), form_of);
    }
    Value::Object(form)
}

fn inner(value: &Value, machine: &str, depth: usize) -> Value {
    match value {
        Value::Object(members) => Value::Object(workflow(members, machine, depth.saturating_add(1))),
        other => other.clone(),
    }
}

fn retrier(value: &Value) -> Value {
    let Some(members) = value.as_object() else { return value.clone() };
    let mut form = Map::new();
    for (name, value) in members {
        let default = match name.as_str() {
            "IntervalSeconds" => Some(1.0),
            "MaxAttempts" => Some(3.0),
            "BackoffRate" => Some(2.0),
            _ => None,
        };
        if default.is_some() && value.as_f64() == default {
            continue;
        }
        let number = default.is_some() || name == "MaxDelaySeconds";
        form.insert(name.clone(), if number { amount(value) } else { value.clone() });
    }
    Value::Object(form)
}

/// A number of the language; an expression or a path stays.
fn amount(value: &Value) -> Value {
    value.as_f64().and_then(Number::from_f64).map_or_else(|| value.clone(), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_meaning_makes_no_difference() {
        let plain = json!({"StartAt": "A", "States": {
            "A": {"Type": "Task", "Resource": "r", "TimeoutSeconds": 30, "Next": "B",
                  "Retry": [{"ErrorEquals": ["x"]}]},
            "B": {"Type": "Map", "End": true,
                  "ItemProcessor": {"StartAt": "C", "States": {"C": {"Type": "Pass", "End": true}}}}}});
        let written_out = json!({"Version": "1.0", "QueryLanguage": "JSONPath", "States": {
            "B": {"End": true, "Type": "Map", "MaxConcurrency": 0,
                  "ItemProcessor": {"States": {"C": {"End": true, "Type": "Pass", "InputPath": "$"}}, "StartAt": "C"}},
            "A": {"Type": "Task", "Resource": "r", "QueryLanguage": "JSONPath", "TimeoutSeconds": 30.0, "Next": "B",
                  "ResultPath": "$", "OutputPath": "$",
                  "Retry": [{"ErrorEquals": ["x"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2.0}]}},
            "StartAt": "A"});
        assert!(equal(&plain, &written_out));
        let text = Value::String(serde_json::to_string_pretty(&written_out).expect("JSON"));
        assert!(equal(&plain, &text) && equal(&text, &plain));
    }

    #[test]
    fn what_has_meaning_does() {
        let machine = |state: Value| json!({"StartAt": "A", "States": {"A": state}});
        let pass = json!({"Type": "Pass", "End": true});
        let with = |name: &str, value: Value| {
            let mut state = pass.clone();
            state[name] = value;
            machine(state)
        };
        let different = [
            (machine(pass.clone()), with("Comment", json!("why"))),
            (with("Result", json!("30")), with("Result", json!(30))),
            (with("Result", json!(1)), with("Result", json!(1.0))),
            (with("Parameters", json!({"MaxConcurrency": 0})), with("Parameters", json!({}))),
            (with("Parameters", json!({"ResultPath": "$"})), with("Parameters", json!({}))),
            (machine(pass.clone()), machine(json!({"Type": "Pass"}))),
            (machine(pass.clone()), with("ResultPath", Value::Null)),
            (
                with("Retry", json!([{"ErrorEquals": ["a"]}, {"ErrorEquals": ["b"]}])),
                with("Retry", json!([{"ErrorEquals": ["b"]}, {"ErrorEquals": ["a"]}])),
            ),
            (machine(pass.clone()), with("QueryLanguage", json!("JSONata"))),
        ];
        for (a, b) in different {
            assert!(!equal(&a, &b), "{a} {b}");
        }
        assert!(!equal(&json!("{"), &json!("{")) && !equal(&json!([]), &json!([])));
    }
}
