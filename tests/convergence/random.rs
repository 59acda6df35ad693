//! Random texts, tags, event patterns, policies and definitions.

use super::generate::Random;
use serde_json::{Map, Value as Json, json};

pub fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last + 1));
    }
}

fn one<'a, T>(choices: &'a [T], random: &mut Random) -> &'a T {
    &choices[random.below(choices.len())]
}

pub fn words(random: &mut Random) -> Json {
    json!(*one(
        &["a", "b", "Bestellungen für März", "with \"quotes\" and \\", "x: y # z", "30", "true"],
        random
    ))
}

pub fn tags(random: &mut Random) -> Vec<(String, String)> {
    let mut keys = vec!["team", "Env", "cost:center", "a b", "zz"];
    shuffle(&mut keys, random);
    keys.truncate(1 + random.below(3));
    keys.into_iter().map(|key| (key.to_owned(), format!("v{}", random.below(4)))).collect()
}

/// JSON as text: in a line or in several, members in one order or the other.
pub fn text(value: &Json, random: &mut Random) -> Json {
    let value = if random.below(2) == 0 { value.clone() } else { turned(value) };
    let text = match random.below(3) {
        0 => serde_json::to_string(&value),
        1 => serde_json::to_string_pretty(&value),
        _ => serde_json::to_string(&value).map(|text| format!(" {text}\n")),
    };
    json!(text.expect("it is JSON"))
}

/// With the members of every object the other way round.
pub fn turned(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            Json::Object(members.iter().rev().map(|(k, v)| (k.clone(), turned(v))).collect())
        }
        Json::Array(items) => items.iter().map(turned).collect(),
        scalar => scalar.clone(),
    }
}

pub fn pattern(random: &mut Random) -> Json {
    let mut made = Map::new();
    made.insert("source".to_owned(), alternatives(random));
    for _ in 0..random.below(3) {
        let name = *one(&["detail-type", "account", "region"], random);
        made.insert(name.to_owned(), alternatives(random));
    }
    if random.below(2) == 0 {
        let mut detail = Map::new();
        for name in ["state", "size", "deep"].iter().take(1 + random.below(3)) {
            let value = match *name {
                "deep" => json!({ "er": alternatives(random) }),
                _ => alternatives(random),
            };
            detail.insert((*name).to_owned(), value);
        }
        if random.below(4) == 0 {
            detail.insert(
                "$or".to_owned(),
                json!([{ "a": alternatives(random) }, { "b": alternatives(random) }]),
            );
        }
        made.insert("detail".to_owned(), Json::Object(detail));
    }
    Json::Object(made)
}

fn alternatives(random: &mut Random) -> Json {
    let mut all = vec![
        json!("shop"),
        json!("30"),
        json!(30),
        json!(true),
        json!({"prefix": "a."}),
        json!({"anything-but": ["x", "y"]}),
        json!({"numeric": [">", 1, "<=", 5]}),
        json!({"exists": false}),
        json!({"suffix": ".b"}),
        json!({"equals-ignore-case": "Done"}),
        json!(null),
    ];
    shuffle(&mut all, random);
    all.truncate(1 + random.below(3));
    Json::Array(all)
}

/// `wants`: the actions and the resource; `service` or `principal` for who.
pub fn policy(wants: &Json, random: &mut Random) -> Json {
    let actions = wants["actions"].as_array().expect("actions");
    let statement = |sid: &str, random: &mut Random| {
        let mut some = actions.clone();
        shuffle(&mut some, random);
        some.truncate(1 + random.below(some.len()));
        let mut made = Map::new();
        made.insert("Sid".to_owned(), json!(sid));
        made.insert("Effect".to_owned(), json!(*one(&["Allow", "Deny"], random)));
        if wants.get("service").is_some() {
            made["Effect"] = json!("Allow");
            let services = ["events.amazonaws.com", "states.amazonaws.com", "pipes.amazonaws.com"];
            let services = &services[..1 + random.below(3)];
            made.insert("Principal".to_owned(), json!({ "Service": services }));
        } else if wants.get("principal").is_some() {
            let who = one(&["111122223333", "arn:aws:iam::444455556666:root"], random);
            made.insert("Principal".to_owned(), json!({ "AWS": who }));
        }
        made.insert("Action".to_owned(), if some.len() == 1 { some[0].clone() } else { json!(some) });
        if let Some(resource) = wants.get("resource") {
            made.insert("Resource".to_owned(), resource.clone());
        }
        if random.below(3) == 0 {
            let limit = json!(one(&["true", "false"], random));
            made.insert("Condition".to_owned(), json!({"Bool": {"aws:SecureTransport": limit}}));
        }
        Json::Object(made)
    };
    let count = 1 + random.below(2);
    let statements: Vec<Json> = (0..count).map(|n| statement(&format!("S{n}"), random)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

pub fn definition(random: &mut Random) -> Json {
    let wait = json!({"Type": "Wait", "Seconds": 1 + random.below(3), "Next": "End"});
    let pass = json!({"Type": "Pass", "Result": *one(&["30", "a"], random), "Next": "End"});
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSeconds": 30,
        "Parameters": {"QueueUrl": "http://127.0.0.1:4566/000000000000/q", "MessageBody.$": "$.a"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1 + random.below(2), "MaxAttempts": 3}],
        "Next": "End"});
    let choice = json!({"Type": "Choice", "Default": "End",
        "Choices": [{"Variable": "$.n", "NumericEquals": random.below(3), "Next": "End"}]});
    let first = one(&[wait, pass, task, choice], random).clone();
    let mut made = json!({"StartAt": "Begin", "States": {"Begin": first, "End": {"Type": "Succeed"}}});
    if random.below(2) == 0 {
        made["Comment"] = words(random);
    }
    made
}
