//! What failed, or may have been done though nobody said so, is neither forgotten nor done twice.

#[path = "common/rig.rs"]
mod rig;

use evstack::ops::plan::Wanted;
use rig::Rig;
use serde_json::{Value as Json, json};
use std::time::Duration;

const ROLE: &str = "AWS::IAM::Role";

fn role(policies: &[&str], inline: &[&str], tags: &[&str]) -> String {
    let arns: Json = policies.iter().map(|name| json!(format!("arn:aws:iam::aws:policy/{name}"))).collect();
    let allow = |action: &str| {
        json!({"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
    };
    let inline: Json =
        inline.iter().map(|name| json!({"PolicyName": name, "PolicyDocument": allow("sqs:*")})).collect();
    let tags: Json = tags.iter().map(|key| json!({"Key": key, "Value": "x"})).collect();
    let mut trust = allow("sts:AssumeRole");
    trust["Statement"][0]["Principal"] = json!({"Service": "states.amazonaws.com"});
    trust["Statement"][0].as_object_mut().expect("a statement").remove("Resource");
    let properties = json!({
        "RoleName": "worker", "AssumeRolePolicyDocument": trust, "ManagedPolicyArns": arns,
        "Policies": inline, "Tags": tags,
    });
    json!({"name": "shop", "resources": {"worker": {"type": ROLE, "properties": properties}}}).to_string()
}

/// The names in one list of the live role, other stacks' and our own tags left out.
fn names(rig: &Rig, list: &str, key: &str) -> Vec<String> {
    let live = rig.get(ROLE, "worker").expect("it is there");
    let items = live[list].as_array().cloned().unwrap_or_default();
    let name = |item: &Json| {
        let text = if key.is_empty() { item.as_str() } else { item[key].as_str() };
        text.and_then(|text| text.rsplit('/').next()).unwrap_or_default().to_owned()
    };
    let mut names: Vec<String> = items.iter().map(name).filter(|n| !n.starts_with("evstack:")).collect();
    names.sort();
    names
}

#[test]
fn an_item_that_a_failed_update_should_have_removed_is_removed_by_the_next() {
    for (before, after) in [(1.0, 0.0), (0.0, 1.0)] {
        let rig = Rig::new(&json!({}), 3);
        let _ = rig
            .apply(&role(&["AdministratorAccess", "AmazonSQSFullAccess"], &["keep", "drop"], &["a", "b"]))
            .expect("it is made");
        let less = role(&["AmazonSQSFullAccess"], &["keep"], &["b"]);
        rig.set_profile(&json!({"faults_before": before, "faults_after": after}));
        let failed = rig.attempt(&less, &Wanted::default());
        // One that did its work before it failed is seen to have done it.
        let complete = failed.is_ok_and(|(_, outcome)| outcome.is_complete());
        assert_eq!(complete, after == 1.0);
        rig.set_profile(&json!({}));
        rig.wait_for(Duration::from_secs(60));
        let _ = rig.apply(&less).expect("it goes on");
        assert_eq!(names(&rig, "ManagedPolicyArns", ""), ["AmazonSQSFullAccess"]);
        assert_eq!(names(&rig, "Policies", "PolicyName"), ["keep"]);
        assert_eq!(names(&rig, "Tags", "Key"), ["b"]);
        // What another adds after that is another's.
        assert!(rig.plan(&less).expect("a plan").is_empty());
    }
}

#[test]
fn what_took_anothers_place_is_protected_as_it_is_declared() {
    let topic = json!({"name": "shop", "resources": {"x": {"type": "AWS::SNS::Topic",
        "properties": {"TopicName": "x"}}}});
    let table = json!({"name": "shop", "resources": {"x": {"type": "AWS::DynamoDB::Table",
        "options": {"protect": true},
        "properties": {"TableName": "users", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}}});
    let none = json!({"name": "shop", "resources": {}}).to_string();
    let rig = Rig::new(&json!({}), 5);
    let _ = rig.apply(&topic.to_string()).expect("it is made");
    let _ = rig.apply(&table.to_string()).expect("it is replaced");
    let refused = rig.attempt(&none, &Wanted::default());
    assert!(refused.is_err(), "a protected table goes");
    assert!(rig.get("AWS::DynamoDB::Table", "users").is_ok());
    // The other way round nothing holds a topic that a table once stood for.
    let rig = Rig::new(&json!({}), 5);
    let mut open = table;
    open["resources"]["x"]["options"] = json!({"protect": false});
    let _ = rig.apply(&open.to_string()).expect("it is made");
    let _ = rig.apply_as(&topic.to_string(), &Wanted { allow_data_loss: true, ..Wanted::default() });
    let _ = rig.apply(&none).expect("a topic may go");
}

/// Something between answers a create that was begun with a page of its own.
#[test]
fn a_create_whose_answer_broke_down_on_the_way_is_not_made_twice() {
    let api = "name: shop\nresources: {web: {type: AWS::ApiGatewayV2::Api, \
               properties: {Name: web, ProtocolType: HTTP}}}\n";
    for tries in [1, 2] {
        let rig = Rig::new(&json!({}), 9);
        rig.breaks(true);
        assert!(rig.apply(api).is_err(), "nobody knows that it is there");
        for _ in 1..tries {
            let _ = rig.apply(api);
        }
        rig.breaks(false);
        let _ = rig.apply(api).expect("it is found");
        let apis = rig.inventory().into_iter().filter(|(kind, _)| kind == "AWS::ApiGatewayV2::Api");
        assert_eq!(apis.count(), 1);
        assert!(rig.plan(api).expect("a plan").is_empty());
    }
}

/// What answers so each time doesn't hold up the rest: what was made is looked for.
#[test]
fn a_create_that_breaks_down_each_time_does_not_hold_up_the_stack() {
    let topic = "orders: {type: AWS::SNS::Topic, properties: {TopicName: orders}}";
    let api = "web: {type: AWS::ApiGatewayV2::Api, properties: {Name: web, ProtocolType: HTTP}}";
    let rig = Rig::new(&json!({}), 11);
    let _ = rig.apply(&format!("name: shop\nresources: {{{topic}}}\n")).expect("it is made");
    rig.breaks(true);
    let both = format!("name: shop\nresources: {{{topic}, {api}}}\n");
    assert!(rig.apply(&both).is_err(), "nobody knows that it is there");
    let _ = rig.apply(&format!("name: shop\nresources: {{{topic}}}\n")).expect("the rest goes on");
    let kinds: Vec<String> = rig.inventory().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["AWS::SNS::Topic"]);
}
