//! The reader judged by cases (`tests/cases/asl`), by recorded definitions,
//! and by random documents.

use super::{NeedOn, doomed, emits, parse, permissions, refused_in_express};
use crate::languages::json5;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file in a folder, sorted, with its contents.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = fs::read_to_string(&path).expect("a case is text");
            found.push((path.display().to_string(), text));
        }
    }
    found.sort();
    found
}

fn lines(case: &Value, key: &str) -> Vec<String> {
    let lines = case[key].as_array().into_iter().flatten();
    lines.map(|line| line.as_str().expect("a line is a string").to_owned()).collect()
}

fn shown_needs(needs: &[super::Need]) -> Vec<String> {
    let shown = needs.iter().map(|need| {
        let on = match &need.resource {
            NeedOn::Argument { text, shape, suffix, .. } => {
                format!("{shape:?} {text}{}", suffix.clone().unwrap_or_default())
            }
            NeedOn::Any => "*".to_owned(),
            NeedOn::ArnPattern(pattern) => pattern.clone(),
            NeedOn::Own => "the machine".to_owned(),
            NeedOn::OwnExecutions => "the machine's executions".to_owned(),
            NeedOn::Unknowable { .. } => "?".to_owned(),
        };
        format!("{}: {} on {on}", need.state, need.actions.join(" "))
    });
    shown.collect()
}

/// A case is a definition and what is said of it: `problems`, `needs`,
/// `express` (what an express machine refuses), `emits`, and `doomed` (what
/// fails whenever it is evaluated).
#[test]
fn cases() {
    let cases = files(&root().join("tests/cases/asl"));
    assert!(!cases.is_empty());
    for (name, text) in cases {
        let case: Value = serde_yaml::from_str(&text).expect(&name);
        let (definition, problems) = parse(&case["definition"]);
        let mut said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        if let Some(definition) = &definition {
            let permissions = permissions(definition);
            said.extend(permissions.problems.iter().map(ToString::to_string));
            assert_eq!(shown_needs(&permissions.needs), lines(&case, "needs"), "needs of {name}");
            for need in &permissions.needs {
                if let NeedOn::Argument { pointer, .. } = &need.resource {
                    assert!(case["definition"].pointer(pointer).is_some(), "{pointer} of {name}");
                }
            }
            let refused: Vec<String> =
                refused_in_express(definition).iter().map(ToString::to_string).collect();
            assert_eq!(refused, lines(&case, "express"), "express of {name}");
            let emitted: Vec<String> = emits(definition)
                .into_iter()
                .map(|event| {
                    let text = |literal: Option<super::Literal>| {
                        literal.map_or("?".to_owned(), |literal| literal.text)
                    };
                    let bus = if event.default_bus { "default".to_owned() } else { text(event.bus) };
                    format!("{} {} to {bus}", text(event.source), text(event.detail_type))
                })
                .collect();
            assert_eq!(emitted, lines(&case, "emits"), "emits of {name}");
        }
        let doomed: Vec<String> = doomed(&case["definition"]).iter().map(ToString::to_string).collect();
        assert_eq!(doomed, lines(&case, "doomed"), "doomed of {name}");
        assert_eq!(said, lines(&case, "problems"), "problems of {name}");
        for problem in problems {
            assert!(case["definition"].pointer(&problem.pointer).is_some(), "{problem} of {name}");
        }
    }
}

/// The recorded definitions run on AWS, so nothing is wrong with them (but for
/// the one recorded for being refused); their placeholders stand for ARNs.
#[test]
fn recorded_definitions_are_read_without_a_problem() {
    let Some(folder) = json5::recorded("stepfunctions/definitions") else {
        return;
    };
    let function = "arn:aws:lambda:us-east-1:123456789012:function:placeholder";
    let mut read = 0;
    for (name, text) in files(&folder) {
        // Templates whose operator or errors are filled in by their tests.
        if name.ends_with("choiceoperators/template.json5") || name.ends_with("catch_tbd.json5") {
            continue;
        }
        let document = json5::parse(&text).expect(&name);
        let text = document.to_string();
        let filled = ["%LAMBDA_FUNCTION_ARN_LITERAL_PLACEHOLDER%", "__tbd__", "_tbd_"]
            .iter()
            .fold(text, |text, placeholder| text.replace(placeholder, function));
        let document: Value = serde_json::from_str(&filled).expect("filling in keeps it JSON");
        let (definition, problems) = parse(&document);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        if name.ends_with("invalid_der.json5") {
            assert_eq!(said, ["SCHEMA_VALIDATION_FAILED: field `States` is required at /"]);
        } else {
            assert!(said.is_empty(), "{name}: {said:#?}");
            assert!(definition.is_some(), "{name}");
            // Recorded for a function that isn't there: AWS accepts it, and it fails when it runs.
            assert_eq!(
                doomed(&document).len(),
                usize::from(name.ends_with("seeded_jsonata.json5")),
                "{name}"
            );
        }
        read += 1;
    }
    assert!(read > 70, "{read} definitions");
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Task",
        "Map",
        "Parallel",
        "Choice",
        "Pass",
        "Wait",
        "JSONata",
        "A",
        "B",
        "$.x",
        "{% 'q' %}",
        "{% $x %}",
        "arn:aws:states:::sqs:sendMessage",
        "arn:aws:states:::dynamodb:putItem.sync",
        "${queue.q.QueueUrl}",
        "",
        "arn:aws:states:::aws-sdk:dynamodb:transactWriteItems",
        "arn:aws:states:::events:putEvents",
        "DISTRIBUTED",
    ]);
    let keys = prop::sample::select(vec![
        "StartAt",
        "States",
        "Type",
        "Next",
        "End",
        "Resource",
        "Parameters",
        "Arguments",
        "QueueUrl",
        "QueueUrl.$",
        "Entries",
        "A",
        "B",
        "Choices",
        "And",
        "Not",
        "Branches",
        "ItemProcessor",
        "ProcessorConfig",
        "Mode",
        "Retry",
        "Catch",
        "ErrorEquals",
        "TransactItems",
        "Put",
        "TableName",
        "Condition",
        "Variable",
        "QueryLanguage",
        "a/~b",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 96, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..7).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    /// Whatever it is given, the reader answers, and its pointers point.
    #[test]
    fn any_document_gets_an_answer(inner in any_json()) {
        let wrapped = json!({"StartAt": "A", "States": {"A": inner}});
        for document in [&inner_of(&wrapped), &wrapped] {
            let (definition, problems) = parse(document);
            for problem in &problems {
                prop_assert!(document.pointer(&problem.pointer).is_some() || problem.pointer.ends_with("/StartAt"), "{problem}");
            }
            if let Some(definition) = definition {
                let _ = permissions(&definition);
                let _ = emits(&definition);
                let _ = refused_in_express(&definition);
            }
        }
    }
}

fn inner_of(wrapped: &Value) -> Value {
    wrapped["States"]["A"].clone()
}

#[test]
fn a_very_deep_document_gets_an_answer() {
    let mut machine = json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}});
    let mut rule = json!({"Variable": "$.x", "IsNull": true});
    for _ in 0..200 {
        machine = json!({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [machine], "End": true}}});
        rule = json!({"Not": rule});
    }
    rule["Next"] = json!("A");
    machine["States"]["B"] = json!({"Type": "Choice", "Choices": [rule]});
    let (_, problems) = parse(&machine);
    let deep = problems.iter().filter(|problem| problem.kind == crate::languages::Kind::TooDeeplyNested);
    assert_eq!(deep.count(), 2);
}

/// The machines of the reviews stack: nothing is wrong with them, and their
/// roles follow from them alone, without `grants`.
#[test]
fn the_reviews_machines_need_no_grants() {
    let express = ["frontend", "audit", "story"];
    let mut published = Vec::new();
    let mut read = 0;
    for (name, text) in files(&root().join("stacks/reviews")) {
        let Some(machine) = name.rsplit('/').next().and_then(|name| name.strip_suffix(".asl.yaml")) else {
            continue;
        };
        let document: Value = serde_yaml::from_str(&text).expect(&name);
        let (definition, problems) = parse(&document);
        assert_eq!(problems, [], "{machine}");
        let definition = definition.expect(machine);
        assert_eq!(permissions(&definition).problems, [], "{machine}");
        if express.contains(&machine) {
            assert_eq!(refused_in_express(&definition), [], "{machine}");
        }
        for event in emits(&definition) {
            assert_eq!(event.bus.map(|bus| bus.text).as_deref(), Some("${bus.central.Name}"), "{machine}");
            published.push(event.detail_type.expect("a reviews event has a fixed type").text);
        }
        read += 1;
    }
    assert_eq!(read, 8);
    published.sort();
    let expected = [
        "caseClaimedEmailSent",
        "customerServiceCaseClaimed",
        "negativeEmailSent",
        "negativeReview",
        "newReview",
        "positiveEmailSent",
        "positiveReview",
    ];
    assert_eq!(published, expected.map(|event| format!("${{event.{event}.detailType}}")));
}
