//! Updates that a service takes only in several steps go out as several, and a plan says so.

#[path = "common/rig.rs"]
mod rig;

use evstack::model::{Action, Json};
use evstack::ops::plan::Wanted;
use rig::Rig;
use serde_json::json;
use std::time::Duration;

/// A table with these indexes, each on an attribute of its own name, and with more properties.
fn table(indexes: &[&str], more: &Json) -> String {
    let keys: Vec<&str> = indexes.iter().map(|index| index.split('/').next().expect("a name")).collect();
    let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let key = |name: &str| json!([{"AttributeName": name, "KeyType": "HASH"}]);
    let mut properties = json!({
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": key("id"),
        "AttributeDefinitions": std::iter::once("id").chain(keys.iter().copied()).map(attribute).collect::<Json>(),
    });
    if !indexes.is_empty() {
        let index = |text: &&str| {
            let (name, projection) = text.split_once('/').unwrap_or((text, "ALL"));
            json!({"IndexName": format!("by-{name}"), "KeySchema": key(name), "Projection": {"ProjectionType": projection}})
        };
        properties["GlobalSecondaryIndexes"] = indexes.iter().map(index).collect();
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        properties[name] = value.clone();
    }
    let stack = json!({
        "name": "shop",
        "resources": {"orders": {"type": "AWS::DynamoDB::Table", "properties": properties}},
    });
    stack.to_string()
}

fn updates(rig: &Rig) -> usize {
    rig.take_calls().iter().filter(|call| call.operation == "UpdateResource").count()
}

#[test]
fn one_index_comes_or_goes_with_each_update() {
    let none = json!({});
    let keys = json!({"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}});
    let images = json!({"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}});
    let expires =
        |attribute: &str| json!({"TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true}});
    let cases: [(&str, String, String, usize); 8] = [
        ("one comes", table(&["a"], &none), table(&["a", "b"], &none), 1),
        ("two come", table(&[], &none), table(&["a", "b"], &none), 2),
        ("two go", table(&["a", "b", "c"], &none), table(&["b"], &none), 2),
        ("all go", table(&["a", "b"], &none), table(&[], &none), 2),
        ("two go and two come", table(&["a", "b"], &none), table(&["c", "d"], &none), 4),
        ("one becomes another", table(&["a", "b"], &none), table(&["a/KEYS_ONLY", "b"], &none), 2),
        (
            "the stream says something else, and an index comes",
            table(&["a"], &keys),
            table(&["a", "b"], &images),
            2,
        ),
        (
            "another attribute says when items expire",
            table(&["a"], &expires("x")),
            table(&["a"], &expires("y")),
            2,
        ),
    ];
    for profile in [json!({}), json!({"preset": "aws"})] {
        for (what, before, after, expected) in &cases {
            let rig = Rig::new(&profile, 7);
            let _ = rig.apply(before).unwrap_or_else(|e| panic!("{what}: {e}"));
            let made = rig.plan_as(after, &Wanted::default()).expect("a plan");
            let change = made.plan.change(&"resource.orders".into()).expect("planned");
            assert_eq!((change.action, change.updates), (Action::Update, *expected), "{what}");
            rig.take_calls();
            let _ = rig.apply(after).unwrap_or_else(|e| panic!("{what}: {e}"));
            assert_eq!(updates(&rig), *expected, "{what}");
            // Reads lag behind for a moment.
            rig.wait(evstack::provider::Clock::sleep(&*rig.clock, Duration::from_secs(60)));
            let again = rig.plan(after).expect("a plan");
            assert!(again.is_empty(), "{what}: {again:?}");
        }
    }
}

#[test]
fn a_local_index_needs_another_table_and_that_is_known_before() {
    let rig = Rig::new(&json!({}), 1);
    let with = |local: &str| {
        let key =
            json!([{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": local, "KeyType": "RANGE"}]);
        let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        table(
            &[],
            &json!({
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
                "AttributeDefinitions": [attribute("id"), attribute("at"), attribute(local)],
                "LocalSecondaryIndexes": [{"IndexName": "local", "KeySchema": key, "Projection": {"ProjectionType": "ALL"}}],
            }),
        )
    };
    let _ = rig.apply(&with("a")).expect("it is made");
    let refused = rig.apply(&with("b")).expect_err("it holds data");
    assert!(refused.contains("the items in it"), "{refused}");
    let _ =
        rig.apply_as(&with("b"), &Wanted { allow_data_loss: true, ..Wanted::default() }).expect("replaced");
    assert!(rig.plan(&with("b")).expect("a plan").is_empty());
}
