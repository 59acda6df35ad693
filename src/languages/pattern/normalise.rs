//! One form for patterns that match the same events.
//!
//! Only what the language itself says to be without meaning is taken away: the order of an object's
//! fields, the order and repetition of the alternatives in an array, of `$or`'s branches and of what
//! `anything-but` refuses (each list is read as "one of these"), and how a number is written.
//! What merely happens to match the same (`{"numeric": ["=", 5]}` and `5`, two prefixes of which one
//! begins with the other) stays apart: a change of it is somebody's wish. Source: EventBridge User
//! Guide, "Comparison operators".

use super::Pattern;
use serde_json::{Map, Number, Value};

/// Whether two patterns are the same but for what has no meaning. Either may be JSON text. What
/// isn't a valid pattern equals nothing, not even itself.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    matches!((normalised(a), normalised(b)), (Some(a), Some(b)) if a == b)
}

/// The pattern in its one form; `None` for what isn't a valid pattern.
#[must_use]
pub fn normalised(pattern: &Value) -> Option<Value> {
    let spelled = pattern.as_str().map(serde_json::from_str::<Value>).transpose().ok()?;
    let pattern = spelled.as_ref().unwrap_or(pattern);
    // Reading it also bounds its depth.
    Pattern::parse(pattern).ok()?;
    Some(fields(pattern.as_object()?))
}

/// An object that has the outline of an event.
fn fields(members: &Map<String, Value>) -> Value {
    let mut form = Map::new();
    for (name, value) in members {
        let value = match value {
            Value::Object(inner) => fields(inner),
            Value::Array(branches) if name == "$or" && branches.iter().all(Value::is_object) => {
                // Branches of `$or`, or matchers of a field with that name: either way one of these.
                one_of(branches.iter().map(|branch| branch.as_object().map_or(Value::Null, member)).collect())
            }
            Value::Array(matchers) => one_of(matchers.iter().map(matcher).collect()),
            other => other.clone(),
        };
        form.insert(name.clone(), value);
    }
    form.sort_keys();
    Value::Object(form)
}

/// What stands in `$or`: a branch, unless it is a match expression.
fn member(branch: &Map<String, Value>) -> Value {
    let is_operator = branch.keys().any(|key| super::OPERATORS.contains(&key.as_str()));
    if is_operator { matcher(&Value::Object(branch.clone())) } else { fields(branch) }
}

fn matcher(entry: &Value) -> Value {
    match entry {
        Value::Object(expression) => {
            let form = |(name, value): (&String, &Value)| {
                let value = if name == "anything-but" { refused(value) } else { plain(value) };
                (name.clone(), value)
            };
            Value::Object(expression.iter().map(form).collect())
        }
        scalar => plain(scalar),
    }
}

/// What `anything-but` refuses: one or several, plain or under an operator.
fn refused(value: &Value) -> Value {
    match value {
        Value::Object(operator) => {
            Value::Object(operator.iter().map(|(name, value)| (name.clone(), refused(value))).collect())
        }
        Value::Array(values) => one_of(values.iter().map(plain).collect()),
        one => Value::Array(vec![plain(one)]),
    }
}

fn one_of(mut values: Vec<Value>) -> Value {
    values.sort_by_cached_key(Value::to_string);
    values.dedup();
    Value::Array(values)
}

/// 300, 300.0 and 3e2 are one number.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            Value::Number(number.as_f64().and_then(Number::from_f64).unwrap_or_else(|| number.clone()))
        }
        Value::Array(values) => values.iter().map(plain).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_has_no_meaning_makes_no_difference() {
        let same = [
            (
                json!({"source": ["a", "b"], "detail": {"x": [1]}}),
                json!({"detail": {"x": [1.0]}, "source": ["b", "a", "b"]}),
            ),
            (json!({"a": ["x"]}), json!("{ \"a\" : [ \"x\" ] }")),
            (
                json!({"a": [{"anything-but": "x"}, {"exists": false}]}),
                json!({"a": [{"exists": false}, {"anything-but": ["x"]}]}),
            ),
            (json!({"a": [{"anything-but": ["x", "y"]}]}), json!({"a": [{"anything-but": ["y", "x"]}]})),
            (
                json!({"a": [{"anything-but": {"prefix": "x"}}]}),
                json!({"a": [{"anything-but": {"prefix": ["x"]}}]}),
            ),
            (json!({"$or": [{"a": [1]}, {"b": [2, 3]}]}), json!({"$or": [{"b": [3, 2]}, {"a": [1]}]})),
            (
                json!({"$or": [{"prefix": "a"}, {"prefix": "b"}]}),
                json!({"$or": [{"prefix": "b"}, {"prefix": "a"}]}),
            ),
        ];
        for (a, b) in same {
            assert!(equal(&a, &b) && equal(&b, &a), "{a} {b}");
        }
    }

    #[test]
    fn what_has_meaning_does() {
        let different = [
            (json!({"a": ["30"]}), json!({"a": [30]})),
            (json!({"a": ["true"]}), json!({"a": [true]})),
            (json!({"a": ["x"]}), json!({"a": ["X"]})),
            (json!({"a": [{"numeric": [">", 1, "<", 2]}]}), json!({"a": [{"numeric": [">", 1, "<", 3]}]})),
            (json!({"a": [{"numeric": ["=", 5]}]}), json!({"a": [5]})),
            (json!({"a": [{"prefix": "x"}]}), json!({"a": [{"suffix": "x"}]})),
            (json!({"a": {"b": [1]}}), json!({"a": {"b": [1], "c": [1]}})),
            // Not patterns.
            (json!({"a": "x"}), json!({"a": "x"})),
            (json!("no JSON"), json!("no JSON")),
            (json!({}), json!({})),
        ];
        for (a, b) in different {
            assert!(!equal(&a, &b) && !equal(&b, &a), "{a} {b}");
        }
    }
}
