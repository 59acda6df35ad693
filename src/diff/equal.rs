//! When two pieces of JSON mean the same.

use crate::languages::{asl, iam_policy, pattern};
use crate::model::{Json, Secrets, Value};
use serde_json::Map;

/// What a document says beside being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Nothing: a text and a number in it are two values. Policies are told by their statements.
    Json,
    /// JSON whose numbers and truth values a service takes and shows as text, too.
    Texts,
    /// An event pattern.
    Pattern,
    /// A state machine's definition.
    Definition,
}

/// Whether two values mean the same to AWS: numbers by value, a number or a boolean and its text,
/// JSON text and what it says, policies by IAM's rules, a secret and its hash.
#[must_use]
pub fn same(a: &Json, b: &Json, secrets: &Secrets) -> bool {
    equal(a, b, secrets, Scalars::AsText)
}

/// Whether two documents, each as text or as JSON, say the same.
pub(super) fn same_document(a: &Json, b: &Json, language: Language, secrets: &Secrets) -> bool {
    match language {
        Language::Json => equal(a, b, secrets, Scalars::Apart),
        Language::Texts => match (document(a), document(b)) {
            (Some(a), Some(b)) => same(&a, &b, secrets),
            _ => same(a, b, secrets),
        },
        // What isn't valid, or holds the hash of a secret, is JSON like any other.
        Language::Pattern => pattern::equal(a, b) || equal(a, b, secrets, Scalars::Apart),
        Language::Definition => asl::equal(a, b) || equal(a, b, secrets, Scalars::Apart),
    }
}

/// Whether a number or a truth value and its text are one: as a property's value they are, since
/// services show the one for the other; inside a document the difference is the author's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalars {
    AsText,
    Apart,
}

fn equal(a: &Json, b: &Json, secrets: &Secrets, scalars: Scalars) -> bool {
    match (a, b) {
        (Json::Object(x), Json::Object(y)) => match (is_hash(a), is_hash(b)) {
            (true, true) => a == b,
            (true, false) => *a == secrets.hash(b),
            (false, true) => secrets.hash(a) == *b,
            (false, false) => objects(x, y, secrets, scalars),
        },
        (hash, other) | (other, hash) if is_hash(hash) => *hash == secrets.hash(other),
        (Json::Array(x), Json::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y, secrets, scalars))
        }
        (Json::String(x), Json::String(y)) => {
            x == y
                || matches!((parsed(x), parsed(y)), (Some(x), Some(y)) if equal(&x, &y, secrets, Scalars::Apart))
        }
        (Json::String(text), document @ (Json::Object(_) | Json::Array(_)))
        | (document @ (Json::Object(_) | Json::Array(_)), Json::String(text)) => {
            parsed(text).is_some_and(|said| equal(&said, document, secrets, Scalars::Apart))
        }
        (Json::Number(x), Json::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Json::String(text), scalar @ (Json::Number(_) | Json::Bool(_)))
        | (scalar @ (Json::Number(_) | Json::Bool(_)), Json::String(text)) => {
            scalars == Scalars::AsText && says(text, scalar)
        }
        _ => a == b,
    }
}

/// The object or array that a document is, or spells.
fn document(json: &Json) -> Option<Json> {
    match json {
        Json::String(text) => parsed(text),
        Json::Object(_) | Json::Array(_) if !is_hash(json) => Some(json.clone()),
        _ => None,
    }
}

/// Whether a known value and JSON are the same to the letter: the common case, told without
/// building anything.
pub(super) fn plainly(value: &Value, json: &Json) -> bool {
    match (value, json) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(x), Json::Bool(y)) => x == y,
        (Value::Number(x), Json::Number(y)) => x == y,
        (Value::String(x), Json::String(y)) => x == y,
        (Value::Array(x), Json::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| plainly(x, y))
        }
        (Value::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| plainly(x, y)))
        }
        _ => false,
    }
}

/// What is written down about a desired value: plain JSON, each secret as its salted hash; `None`
/// if anything in it is unknown.
#[must_use]
pub fn declared(value: &Value, secrets: &Secrets) -> Option<Json> {
    Some(match value {
        // Of a secret that only the record knows there is nothing but the hash.
        Value::Sensitive(inner) => match inner.to_json()? {
            hash if is_hash(&hash) => hash,
            secret => secrets.hash(&secret),
        },
        Value::Array(items) => {
            Json::Array(items.iter().map(|v| declared(v, secrets)).collect::<Option<_>>()?)
        }
        Value::Object(members) => Json::Object(
            members
                .iter()
                .map(|(k, v)| Some((k.clone(), declared(v, secrets)?)))
                .collect::<Option<Map<_, _>>>()?,
        ),
        other => other.to_json()?,
    })
}

/// The other way: recorded JSON as a value, with each secret that `wanted` still has in its place.
/// What isn't known any more stays a hash, as a secret ([`is_hidden`] finds it).
#[must_use]
pub fn revealed(recorded: &Json, wanted: Option<&Value>, secrets: &Secrets) -> Value {
    match recorded {
        hash if is_hash(hash) => {
            let known = wanted.and_then(Value::to_json).filter(|secret| secrets.hash(secret) == *hash);
            Value::Sensitive(Box::new(Value::from(known.unwrap_or_else(|| hash.clone()))))
        }
        Json::Array(items) => {
            let wanted = match wanted.map(Value::reveal) {
                Some(Value::Array(wanted)) => wanted.as_slice(),
                _ => &[],
            };
            let item = |(index, item)| revealed(item, wanted.get(index), secrets);
            Value::Array(items.iter().enumerate().map(item).collect())
        }
        Json::Object(members) => {
            let member = |(key, value): (&String, &Json)| {
                (key.clone(), revealed(value, wanted.and_then(|wanted| wanted.get(key)), secrets))
            };
            Value::Object(members.iter().map(member).collect())
        }
        scalar => Value::from(scalar.clone()),
    }
}

/// Whether some secret in it is known by its hash alone.
#[must_use]
pub fn is_hidden(value: &Value) -> bool {
    let mut hidden = false;
    value.visit(&mut |value| {
        if let Value::Sensitive(inner) = value {
            hidden |= inner.to_json().is_some_and(|json| is_hash(&json));
        }
    });
    hidden
}

/// Whether it is the hash that stands for a secret: `{"$secret": "…"}`.
#[must_use]
pub fn is_hash(json: &Json) -> bool {
    json.as_object().is_some_and(|o| o.len() == 1 && o.contains_key("$secret"))
}

/// Whether the hash of a secret stands anywhere in it.
pub(super) fn has_hash(json: &Json) -> bool {
    match json {
        hash if is_hash(hash) => true,
        Json::Array(items) => items.iter().any(has_hash),
        Json::Object(members) => members.values().any(has_hash),
        _ => false,
    }
}

/// Nothing is there, in other words: many services don't tell an empty value from none.
pub(super) fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The object or array that a text spells.
pub(super) fn parsed(text: &str) -> Option<Json> {
    let start = text.trim_start();
    if !start.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Whether a text spells this number or boolean.
fn says(text: &str, scalar: &Json) -> bool {
    match scalar {
        Json::Bool(truth) => text.parse::<bool>().is_ok_and(|said| said == *truth),
        number => number.as_f64().is_some_and(|n| text.parse::<f64>().is_ok_and(|said| said == n)),
    }
}

fn objects(x: &Map<String, Json>, y: &Map<String, Json>, secrets: &Secrets, scalars: Scalars) -> bool {
    let alike = x.len() == y.len()
        && x.iter().all(|(key, value)| y.get(key).is_some_and(|v| equal(value, v, secrets, scalars)));
    alike || (is_policy(x) && is_policy(y) && policies(x, y))
}

fn is_policy(document: &Map<String, Json>) -> bool {
    document.get("Statement").is_some_and(|s| s.is_array() || s.is_object())
}

fn policies(x: &Map<String, Json>, y: &Map<String, Json>) -> bool {
    iam_policy::equal(&Json::Object(x.clone()), &Json::Object(y.clone()))
}

/// A live document in the spelling of the desired one, so that only what differs in meaning shows;
/// `None` if either isn't a document, or if they differ in spelling alone.
pub(super) fn aligned(desired: &Json, live: &Json, secrets: &Secrets) -> Option<Json> {
    let wanted = document(desired)?;
    let aligned = Some(align(&wanted, &document(live)?, secrets)).filter(|aligned| *aligned != wanted)?;
    Some(if desired.is_string() { Json::String(aligned.to_string()) } else { aligned })
}

fn align(desired: &Json, live: &Json, secrets: &Secrets) -> Json {
    if same(desired, live, secrets) || is_one_of_one(desired, live) || is_one_of_one(live, desired) {
        return desired.clone();
    }
    match (desired, live) {
        (Json::Object(wanted), Json::Object(there)) => {
            let align = |(key, value): (&String, &Json)| {
                let aligned = wanted.get(key).map(|w| align(w, value, secrets));
                (key.clone(), aligned.unwrap_or_else(|| value.clone()))
            };
            Json::Object(there.iter().map(align).collect())
        }
        (Json::Array(wanted), Json::Array(there)) if wanted.len() == there.len() => {
            wanted.iter().zip(there).map(|(w, t)| align(w, t, secrets)).collect()
        }
        _ => live.clone(),
    }
}

/// A policy's `"x"` and `["x"]`.
fn is_one_of_one(list: &Json, item: &Json) -> bool {
    list.as_array().is_some_and(|items| items.len() == 1 && item.is_string() && items[0] == *item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_means_the_same_is_the_same() {
        let secrets = Secrets::new("salt");
        let yes = [
            (json!(1), json!(1.0)),
            (json!(30), json!("30")),
            (json!(true), json!("true")),
            (json!({"a": 1, "b": [1]}), json!({"b": [1.0], "a": 1})),
            (json!("{\"a\": 1}"), json!({"a": 1})),
            (json!("{\"a\": 1, \"b\":2}"), json!("{\"b\":2,\"a\":1}")),
            (
                json!({"Statement": [{"Action": ["a:b"], "Resource": "*"}]}),
                json!({"Statement": {"Action": "a:b", "Resource": ["*"]}}),
            ),
            (json!("hush"), secrets.hash(&json!("hush"))),
        ];
        for (a, b) in yes {
            assert!(same(&a, &b, &secrets) && same(&b, &a, &secrets), "{a} {b}");
        }
        let no = [
            (json!(1), json!(2)),
            (json!("a"), json!("A")),
            (json!([1, 2]), json!([2, 1])),
            (json!({"a": 1}), json!({"a": 1, "b": 2})),
            (json!("loud"), secrets.hash(&json!("hush"))),
            // In a document the author's spelling counts.
            (json!("{\"a\": 30}"), json!("{\"a\": \"30\"}")),
            (json!({"a": true}), json!("{\"a\": \"true\"}")),
        ];
        for (a, b) in no {
            assert!(!same(&a, &b, &secrets) && !same(&b, &a, &secrets), "{a} {b}");
        }
    }

    #[test]
    fn documents_are_compared_by_their_language() {
        let secrets = Secrets::new("salt");
        let is_same = |a: Json, b: Json, language| same_document(&a, &b, language, &secrets);
        let (number, text) = (json!({"a": [30]}), json!("{\"a\": [\"30\"]}"));
        assert!(is_same(number.clone(), text.clone(), Language::Texts));
        for strict in [Language::Json, Language::Pattern, Language::Definition] {
            assert!(!is_same(number.clone(), text.clone(), strict), "{strict:?}");
        }
        let (one, other) = (json!({"a": ["x", "y"]}), json!("{\"a\": [\"y\", \"x\"]}"));
        assert!(is_same(one.clone(), other.clone(), Language::Pattern));
        assert!(!is_same(one.clone(), other, Language::Json));
        let (short, long) = (json!({"StartAt": "A"}), json!({"StartAt": "A", "QueryLanguage": "JSONPath"}));
        assert!(
            is_same(short.clone(), long.clone(), Language::Definition)
                && !is_same(short, long, Language::Json)
        );
        // With a secret in it, a pattern isn't one, and is still compared.
        let secret = json!({"a": [secrets.hash(&json!("hush"))]});
        assert!(is_same(json!({"a": ["hush"]}), secret.clone(), Language::Pattern));
        assert!(!is_same(one, secret, Language::Pattern));
    }
}
