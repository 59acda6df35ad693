//! Secrets within what is compared as a whole.
//!
//! A policy or a definition differs as one document, and what is there is shown beside what is wanted.
//! Where one of the two, or what was sent last, holds a secret, the other side's value at that place
//! is one too: the secret until now, as a read shows it.

use super::Diff;
use super::compare::shown;
use super::equal::has_hash;
use crate::model::{Json, Value};

/// The same differences, with every value hidden that stands where a secret does.
pub(super) fn over(mut diff: Diff, desired: &Value, recorded: Option<&Json>) -> Diff {
    let sent = recorded.filter(|json| has_hash(json)).map(shown);
    if diff.differences.is_empty() || (sent.is_none() && !desired.has_secrets()) {
        return diff;
    }
    let sides: Vec<&Value> = [Some(desired), sent.as_ref()].into_iter().flatten().collect();
    for side in &sides {
        diff.before = diff.before.take().map(|before| veiled(before, side));
    }
    for difference in &mut diff.differences {
        difference.sensitive |=
            sides.iter().any(|side| at(side, &difference.path).is_some_and(Value::has_secrets));
    }
    diff
}

fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    let Some((first, rest)) = path.split_first() else { return Some(value) };
    match value {
        Value::Object(members) => members.get(first).and_then(|member| at(member, rest)),
        Value::Array(items) => items.get(first.parse::<usize>().ok()?).and_then(|item| at(item, rest)),
        // All below a secret is one.
        Value::Sensitive(_) => Some(value),
        _ => None,
    }
}

/// Hides in `before` what stands where `by` has a secret.
fn veiled(before: Value, by: &Value) -> Value {
    if matches!(before, Value::Sensitive(_)) || !by.has_secrets() {
        return before;
    }
    match (before, by) {
        (Value::Object(before), Value::Object(by)) => Value::Object(
            before
                .into_iter()
                .map(|(key, value)| match by.get(&key) {
                    Some(by) => (key, veiled(value, by)),
                    None => (key, value),
                })
                .collect(),
        ),
        // Which item was which isn't sure: each is taken for each that has a secret.
        (Value::Array(before), Value::Array(by)) => {
            let hiding: Vec<&Value> = by.iter().filter(|item| item.has_secrets()).collect();
            let item = |item: Value| {
                if by.contains(&item) { item } else { hiding.iter().fold(item, |item, by| veiled(item, by)) }
            };
            Value::Array(before.into_iter().map(item).collect())
        }
        (Value::Null, _) => Value::Null,
        (before, _) => Value::Sensitive(Box::new(before)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(text: &str) -> Value {
        Value::Sensitive(Box::new(Value::from(text)))
    }

    fn statement(action: &str, id: Value) -> Value {
        let members = [("Action", Value::from(action)), ("Id", id)];
        Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    #[test]
    fn what_stands_where_a_secret_does_is_hidden() {
        let by = Value::Array(vec![statement("a", secret("new")), statement("b", Value::from("open"))]);
        let before =
            Value::Array(vec![statement("b", Value::from("open")), statement("a", Value::from("until now"))]);
        let found = veiled(before, &by);
        let Value::Array(items) = &found else { panic!("{found:?}") };
        assert_eq!(items[0], statement("b", Value::from("open")));
        assert_eq!(items[1], statement("a", secret("until now")));
        // In another shape it is hidden as a whole.
        assert!(matches!(veiled(Value::from("until now"), &by), Value::Sensitive(_)));
        assert!(has_hash(&json!([{"a": {"$secret": "0"}}])) && !has_hash(&json!({"a": [1]})));
    }
}
