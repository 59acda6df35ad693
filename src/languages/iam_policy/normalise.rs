//! One form for policies that say the same.

use serde_json::{Map, Value};

/// Whether two policy documents say the same. Either may be JSON text.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    a == b || normalised(a) == normalised(b)
}

/// A policy in one form: every value that may be one or several is a sorted
/// list without repetitions; action names are in lower case, since IAM doesn't
/// tell them apart; `"*"` as a principal is `{"AWS": ["*"]}`; statements are
/// sorted, for their order has no meaning. What isn't a policy stays as it is.
#[must_use]
pub fn normalised(policy: &Value) -> Value {
    let parsed = policy.as_str().and_then(|text| serde_json::from_str(text).ok());
    let policy: &Value = parsed.as_ref().unwrap_or(policy);
    let Some(members) = policy.as_object() else {
        return policy.clone();
    };
    let mut form = Map::new();
    for (name, value) in members {
        let value = if name == "Statement" {
            let statements: Vec<Value> = several(value).iter().map(statement).collect();
            sorted(statements)
        } else {
            value.clone()
        };
        form.insert(name.clone(), value);
    }
    // Without one, a policy is in the language of 2008.
    form.entry("Version").or_insert_with(|| Value::from("2008-10-17"));
    form.sort_keys();
    Value::Object(form)
}

fn several(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    }
}

fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_cached_key(Value::to_string);
    values.dedup();
    Value::Array(values)
}

fn statement(statement: &Value) -> Value {
    let Some(members) = statement.as_object() else {
        return statement.clone();
    };
    let mut form = Map::new();
    for (name, value) in members {
        let value = match name.as_str() {
            "Action" | "NotAction" => {
                let lower = |action: Value| match action {
                    Value::String(action) => Value::String(action.to_ascii_lowercase()),
                    other => other,
                };
                sorted(several(value).into_iter().map(lower).collect())
            }
            "Resource" | "NotResource" => sorted(several(value)),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            // An empty `Sid` is none.
            "Sid" if value == "" => continue,
            _ => value.clone(),
        };
        form.insert(name.clone(), value);
    }
    form.sort_keys();
    Value::Object(form)
}

fn principal(value: &Value) -> Value {
    let mut form = Map::new();
    match value {
        Value::Object(kinds) => {
            for (kind, who) in kinds {
                form.insert(kind.clone(), sorted(several(who).into_iter().map(account).collect()));
            }
        }
        Value::String(anybody) if anybody == "*" => {
            form.insert("AWS".to_owned(), Value::Array(vec![Value::from("*")]));
        }
        other => return other.clone(),
    }
    form.sort_keys();
    Value::Object(form)
}

/// An account's number and the ARN of its root are the same principal.
fn account(who: Value) -> Value {
    let number = who.as_str().and_then(|who| {
        let rest = who.strip_prefix("arn:")?;
        let (_, number) = rest.split_once(":iam::")?;
        number.strip_suffix(":root")
    });
    number.map(Value::from).unwrap_or(who)
}

/// Operators keep their names; keys are in lower case, since IAM doesn't tell
/// them apart, and each value is a list of strings.
fn condition(value: &Value) -> Value {
    let Some(operators) = value.as_object() else {
        return value.clone();
    };
    let mut form = Map::new();
    for (operator, keys) in operators {
        let keys = match keys.as_object() {
            Some(keys) => {
                let mut form = Map::new();
                for (key, values) in keys {
                    let values = several(values).into_iter().map(|value| match value {
                        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
                        other => other,
                    });
                    form.insert(key.to_ascii_lowercase(), sorted(values.collect()));
                }
                form.sort_keys();
                Value::Object(form)
            }
            None => keys.clone(),
        };
        form.insert(operator.clone(), keys);
    }
    form.sort_keys();
    Value::Object(form)
}

#[cfg(test)]
mod tests {
    use super::{equal, normalised};
    use crate::languages::iam_policy::{allow, assumed_by, policy};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn with(statement: Value) -> Value {
        policy(vec![statement])
    }

    #[test]
    fn the_same_said_otherwise_is_equal() {
        let full = with(
            json!({"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": ["a"]}),
        );
        for other in [
            with(
                json!({"Resource": "a", "Action": ["sqs:getqueueurl", "SQS:SendMessage", "sqs:SendMessage"], "Effect": "Allow"}),
            ),
            json!({"Statement": {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": ["a"]}, "Version": "2012-10-17"}),
            Value::from(full.to_string()),
            with(
                json!({"Sid": "", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"], "Resource": "a"}),
            ),
        ] {
            assert!(equal(&full, &other), "{other}");
        }
        let principals = [
            (json!("*"), json!({"AWS": ["*"]})),
            (json!({"AWS": "arn:aws:iam::123456789012:root"}), json!({"AWS": ["123456789012"]})),
            (json!({"Service": ["b", "a"]}), json!({"Service": ["a", "b"]})),
        ];
        for (one, other) in principals {
            let of =
                |who: &Value| with(json!({"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}));
            assert!(equal(&of(&one), &of(&other)), "{one} {other}");
        }
        let when = |condition: Value| {
            with(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}))
        };
        assert!(equal(
            &when(json!({"Bool": {"aws:SecureTransport": false}})),
            &when(json!({"Bool": {"AWS:securetransport": ["false"]}})),
        ));
    }

    #[test]
    fn another_meaning_is_different() {
        let base = with(allow(&["sqs:SendMessage"], vec!["a"]));
        for other in [
            with(json!({"Effect": "Deny", "Action": ["sqs:SendMessage"], "Resource": ["a"]})),
            with(allow(&["sqs:SendMessage"], vec!["A"])),
            with(allow(&["sqs:SendMessage"], vec!["a", "b"])),
            with(allow(&["sqs:*"], vec!["a"])),
            policy(vec![allow(&["sqs:SendMessage"], vec!["a"]), allow(&["sqs:*"], vec!["b"])]),
            json!({"Statement": [allow(&["sqs:SendMessage"], vec!["a"])]}),
            json!("not a policy"),
        ] {
            assert!(!equal(&base, &other), "{other}");
        }
        assert!(!equal(&assumed_by("a.amazonaws.com"), &assumed_by("b.amazonaws.com")));
    }

    fn any_policy() -> impl Strategy<Value = Value> {
        let word =
            prop::sample::select(vec!["*", "sqs:Send", "SQS:send", "arn:aws:iam::1:root", "1", "", "a"]);
        let word = prop_oneof![
            word.clone().prop_map(Value::from),
            prop::collection::vec(word, 0..3).prop_map(Value::from),
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
        ];
        let named = |keys: Vec<&'static str>, value: BoxedStrategy<Value>| {
            prop::collection::vec((prop::sample::select(keys), value), 0..4).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()
            })
        };
        let inner = named(vec!["AWS", "Service", "aws:x", "AWS:X"], word.clone().boxed());
        let outer = named(vec!["Bool", "AWS"], prop_oneof![word.clone(), inner].boxed());
        let keys = vec!["Sid", "Effect", "Action", "NotAction", "Resource", "Principal", "Condition"];
        let statement = named(keys, prop_oneof![word.clone(), outer].boxed());
        let statements = prop_oneof![
            statement.clone(),
            prop::collection::vec(statement, 0..3).prop_map(Value::from),
            word
        ];
        named(vec!["Version", "Id", "Statement"], statements.boxed())
    }

    proptest! {
        #[test]
        fn one_form_is_the_last(policy in any_policy()) {
            let form = normalised(&policy);
            prop_assert_eq!(&normalised(&form), &form);
            prop_assert!(equal(&policy, &form));
        }
    }
}
