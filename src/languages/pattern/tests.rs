//! Patterns judged by the answers of AWS, by cases, and by random documents.

use super::{Pattern, parse};
use crate::languages::json5;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;

/// Every recorded answer: a plain name matches, `_NEG` doesn't, `_EXC` is
/// refused.
#[test]
fn recorded_answers() {
    let Some(folder) = json5::recorded("event-patterns") else {
        return;
    };
    let mut wrong = Vec::new();
    let mut read = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let case = json5::parse(&fs::read_to_string(&path).expect("a case is text")).expect(&name);
        let answer = match Pattern::parse(&case["EventPattern"]) {
            Err(_) => "refused",
            Ok(pattern) if pattern.matches(&case["Event"]) => "match",
            Ok(_) => "no match",
        };
        let recorded = match name.rsplit('_').next() {
            Some("EXC") => "refused",
            Some("NEG") => "no match",
            _ => "match",
        };
        if answer != recorded {
            wrong.push(format!("{name}: {answer}, recorded {recorded}"));
        }
        read += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(read >= 71, "{read} cases");
}

#[test]
fn arrays_in_events_stand_for_their_elements() {
    let pattern = json!({"detail": {"items": {"sku": ["a"], "count": [{"numeric": [">", 1]}]}}});
    let pattern = Pattern::parse(&pattern).expect("it is valid");
    for (items, matches) in [
        (json!([{"sku": "a", "count": 2}, {"sku": "b", "count": 1}]), true),
        // Both have to hold in the same element.
        (json!([{"sku": "a", "count": 1}, {"sku": "b", "count": 2}]), false),
        (json!([[{"sku": ["x", "a"], "count": [0, 5]}]]), true),
        (json!([]), false),
        (json!("a"), false),
    ] {
        assert_eq!(pattern.matches(&json!({"detail": {"items": items}})), matches, "{items}");
    }
    let nowhere =
        Pattern::parse(&json!({"detail": {"items": {"sku": [{"exists": false}]}}})).expect("it is valid");
    assert!(!nowhere.matches(&json!({"detail": {"items": [{"sku": "a"}, {"other": 1}]}})));
    assert!(nowhere.matches(&json!({"detail": {"items": [{"other": 1}]}})));
    assert!(nowhere.matches(&json!({"detail": {}})));
}

#[test]
fn alternatives() {
    let pattern = json!({
        "source": ["shop"],
        "$or": [{"detail": {"total": [{"numeric": [">=", 100]}]}}, {"detail": {"vip": [true]}}]
    });
    let pattern = Pattern::parse(&pattern).expect("it is valid");
    for (event, matches) in [
        (json!({"source": "shop", "detail": {"total": 100}}), true),
        (json!({"source": "shop", "detail": {"total": 1, "vip": true}}), true),
        (json!({"source": "shop", "detail": {"total": 1}}), false),
        (json!({"source": "other", "detail": {"total": 100}}), false),
    ] {
        assert_eq!(pattern.matches(&event), matches, "{event}");
    }
    // One alternative is no choice: then it is a field.
    let field = Pattern::parse(&json!({"$or": ["a"]})).expect("it is valid");
    assert!(field.matches(&json!({"$or": "a"})));
}

#[test]
fn every_mistake_is_at_its_place() {
    let (pattern, problems) = parse(&json!({
        "source": "shop",
        "detail": {
            "a/b": [{"prefix": 1}],
            "c": [],
            "d": [["nested"]],
            "e": [{"numeric": ["<", 1, ">", 0]}, {"numeric": [">", 5, "<", 1]}],
            "f": [{"prefix": "a", "suffix": "b"}],
            "g": [{"anything-but": {"cidr": "10.0.0.0/8"}}],
            "h": {},
            "i": [{"wildcard": "a**"}],
            "fine": ["${config.stage}", {"numeric": [">", "${config.limit}"]}, {"cidr": "${config.network}"}]
        }
    }));
    assert_eq!(pattern, None);
    let said: Vec<String> =
        problems.iter().map(|problem| format!("{} at {}", problem.message, problem.pointer)).collect();
    assert_eq!(
        said,
        [
            "`source` must be an object or an array at /source",
            "prefix match pattern must be a string at /detail/a~1b/0/prefix",
            "an empty array matches nothing: empty arrays aren't allowed at /detail/c",
            "an array in a pattern's array isn't a value at /detail/d/0",
            "bad numeric range: it has one bound, or `>` and then `<` at /detail/e/0/numeric",
            "bottom must be less than top at /detail/e/1/numeric",
            "a match expression has one operator, and only one at /detail/f/0",
            "anything-but doesn't know cidr at /detail/g/0/anything-but/cidr",
            "an empty object matches nothing: empty patterns aren't allowed at /detail/h",
            "wildcard match pattern isn't valid: two wildcards stand next to each other at /detail/i/0/wildcard",
        ]
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "a",
        "b",
        "detail",
        "$or",
        "prefix",
        "suffix",
        "numeric",
        "exists",
        "anything-but",
        "cidr",
        "wildcard",
        "equals-ignore-case",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9i32..9).prop_map(Value::from),
        prop::sample::select(vec!["a", ">", "<", "=", "*a", "10.0.0.0/8", "${x}", ""]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..4).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    /// Whatever the pattern and the event, there is an answer.
    #[test]
    fn any_pattern_gets_an_answer(pattern in any_json(), event in any_json()) {
        let (read, problems) = parse(&pattern);
        prop_assert_eq!(read.is_some(), problems.is_empty());
        for problem in problems {
            prop_assert!(pattern.pointer(&problem.pointer).is_some(), "{}", problem);
        }
        if let Some(read) = read {
            let _ = read.matches(&event);
        }
    }

    /// An event matches the pattern that asks for exactly what it is.
    #[test]
    fn an_event_matches_itself(a in "[a-z]{0,5}", b in -100i32..100, c in any::<bool>()) {
        let event = json!({"a": a, "detail": {"b": b, "c": [c, null]}});
        let pattern = json!({"a": [a], "detail": {"b": [f64::from(b)], "c": [c]}});
        prop_assert!(Pattern::parse(&pattern).expect("it is valid").matches(&event));
    }
}

/// Half a megabyte of objects against questions that no element answers.
#[test]
fn a_large_event_takes_no_time() {
    let elements: Vec<Value> = (0..50_000).map(|index| json!({"b": {"d": index}})).collect();
    let pattern = json!({"a": {"b": {"c": [{"exists": false}], "d": [{"numeric": ["<", 0]}]}}});
    let pattern = Pattern::parse(&pattern).expect("it is valid");
    assert!(!pattern.matches(&json!({"a": elements})));
}
