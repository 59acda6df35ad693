//! Every transform of the registry, and what the diff makes of it.

use super::*;
use crate::diff::{self, Diff};
use crate::model::Options;
use crate::schema::{Catalogue, PropertyPath, ResourceType};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::sync::Arc as Shared;

/// Each transform of each type.
fn all() -> Vec<(Shared<ResourceType>, PropertyPath, String)> {
    let catalogue = Catalogue::bundled();
    let types = catalogue.type_names().filter_map(|name| catalogue.get(name));
    types
        .flat_map(|kind| {
            let transforms = kind.property_transform.clone();
            transforms.into_iter().map(move |(path, transform)| (kind.clone(), path, transform))
        })
        .collect()
}

/// A model in which only one property has a value.
fn model(names: &[String], value: Json) -> Json {
    match names.split_first() {
        None => value,
        Some((star, rest)) if star == "*" => json!([model(rest, value)]),
        Some((name, rest)) => json!({ name.as_str(): model(rest, value) }),
    }
}

/// The object around the property.
fn around<'m>(whole: &'m Json, names: &[String]) -> &'m Json {
    let above = &names[..names.len() - 1];
    above.iter().fold(whole, |json, name| if name == "*" { &json[0] } else { &json[name.as_str()] })
}

fn samples() -> Vec<Json> {
    vec![
        json!("Sample-Name"),
        json!("arn:aws:lambda:eu-west-1:123456789012:function:name"),
        json!("a/b/c"),
        json!("10.1.2.3/16"),
        json!("2001:db8:0:1::/64"),
        json!("2001:0db8:0001:0002:0003::/64"),
        json!("12:30Z"),
        json!("80-80"),
        json!("8.0.1"),
        json!("CUSTOM"),
        json!(5),
        json!(true),
        json!(["a"]),
        json!({"Owner": "AWS"}),
    ]
}

#[test]
fn every_transform_of_the_registry_gives_something() {
    let (mut count, mut silent) = (0, Vec::new());
    for (kind, path, transform) in all() {
        count += 1;
        let written = alternatives(&transform);
        let compiled = compiled(&transform, &path.names()[0]);
        assert_eq!(compiled.len(), written.len(), "{} {path}: {transform}", kind.name);
        let gives = samples().into_iter().any(|sample| {
            let whole = model(path.names(), sample);
            let property = path.names().last().expect("a path has a name");
            compiled.iter().all(|one| one.made(around(&whole, path.names()), &whole, property).is_some())
        });
        if !gives {
            silent.push(format!("{} {path}", kind.name));
        }
    }
    assert!(count >= 204, "{count}");
    assert!(silent.is_empty(), "{silent:?}");
}

fn compare(kind: &ResourceType, desired: &Json, live: &Json) -> Diff {
    let (options, secrets) = (Options::default(), Secrets::new("salt"));
    let context = diff::Context::new(kind, &options, &secrets);
    diff::diff(&Value::from(desired.clone()), None, live, &context)
}

/// A text that a pattern matches.
fn matching(pattern: &str, runner: &mut TestRunner) -> Option<String> {
    let pattern = pattern.trim_start_matches('^').trim_end_matches('$').replace("\\/", "/");
    // A line's end and its like are no part of a name.
    let pattern = pattern.replace(".*", "[a-z]*").replace(".+?", "[a-z]+");
    let strategy = proptest::string::string_regex(&pattern).ok()?;
    Some(strategy.new_tree(runner).ok()?.current())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn what_a_transform_makes_of_a_value_is_no_difference(
        name in "[A-Z][a-zA-Z]{2,6}-[a-z0-9]{1,5}", choice in 0usize..8
    ) {
        let mut runner = TestRunner::deterministic();
        let (mut made_count, mut told) = (0, 0);
        for (kind, path, transform) in all() {
            if kind.is_write_only(path.names()) || kind.is_read_only(path.names()) {
                continue;
            }
            let desired = model(path.names(), json!(name));
            let compiled = compiled(&transform, &path.names()[0]);
            let one = &compiled[choice % compiled.len()];
            let property = path.names().last().expect("a path has a name");
            let Some(Json::String(made)) = one.made(around(&desired, path.names()), &desired, property) else {
                continue;
            };
            let live = if one.pattern { matching(&made, &mut runner) } else { Some(made) };
            let Some(live) = live else { continue };
            made_count += 1;
            let difference = compare(&kind, &desired, &model(path.names(), json!(live)));
            prop_assert!(difference.is_empty(), "{} {}: {} shown as {}", kind.name, path, name, live);
            let other = compare(&kind, &desired, &model(path.names(), json!("another value, /: altogether")));
            told += usize::from(!other.is_empty());
        }
        prop_assert!(made_count > 160, "{}", made_count);
        // Only what holds for any value at all lets another pass.
        prop_assert!(told >= made_count - 3, "{} of {}", told, made_count);
    }
}

#[test]
fn names_belong_to_the_object_around_or_to_the_whole() {
    let get = |name: &str| Catalogue::bundled().get(name).expect("it exists");
    let same = |name: &str, desired: Json, live: Json| compare(&get(name), &desired, &live).is_empty();
    let key = "arn:aws:kms:eu-west-1:123456789012:key/abc";
    let cluster = |id: &str| json!({"MasterUserSecret": {"KmsKeyId": id}, "Engine": "Aurora-MySQL"});
    let live = json!({"MasterUserSecret": {"KmsKeyId": key}, "Engine": "aurora-mysql"});
    assert!(same("AWS::RDS::DBCluster", cluster("abc"), live.clone()));
    assert!(!same("AWS::RDS::DBCluster", cluster("abd"), live));
    let metrics = |name: &str| json!({"Metrics": [{"EventType": name, "MetricName": "M"}]});
    assert!(same("AWS::Personalize::MetricAttribution", metrics("click"), metrics("CLICK")));
    assert!(!same("AWS::Personalize::MetricAttribution", metrics("click"), metrics("CLICKS")));
}

#[test]
fn an_outcome_is_a_pattern_only_where_one_is_written() {
    let get = |name: &str| Catalogue::bundled().get(name).expect("it exists");
    let same = |name: &str, desired: Json, live: Json| compare(&get(name), &desired, &live).is_empty();
    let record = |name: &str| json!({"Name": name, "Type": "A"});
    assert!(same("AWS::Route53::RecordSet", record("WWW.example.com."), record("www.example.com")));
    assert!(!same("AWS::Route53::RecordSet", record("www.example.com"), record("wwwXexample.com")));
    let version = |version: &str| json!({"EngineVersion": version});
    assert!(same("AWS::RDS::DBInstance", version("8.0"), version("8.0.35")));
    assert!(!same("AWS::RDS::DBInstance", version("8.0"), version("8.4.1")));
}

#[test]
fn what_is_removed_from_a_list_is_known_in_what_a_read_shows() {
    let kind = Catalogue::bundled().get("AWS::EC2::SecurityGroup").expect("it exists");
    let rule = |protocol: &str, port: u16| json!({"IpProtocol": protocol, "FromPort": port, "ToPort": port, "CidrIp": "10.0.0.0/8"});
    let group = |rules: Vec<Json>| json!({"GroupDescription": "web", "SecurityGroupIngress": rules});
    let (options, secrets) = (Options::default(), Secrets::new("salt"));
    let context = diff::Context::new(&kind, &options, &secrets);
    let run = |desired: Json, recorded: Json, live: Json| {
        diff::diff(&Value::from(desired), Some(&recorded), &live, &context)
    };
    let sent = group(vec![rule("6", 80), rule("6", 443)]);
    let live = group(vec![rule("tcp", 80), rule("tcp", 443)]);
    assert!(run(sent.clone(), sent.clone(), live.clone()).is_empty());
    let fewer = run(group(vec![rule("6", 80)]), sent, live);
    assert_eq!(fewer.differences.len(), 1, "{:?}", fewer.differences);
    assert_eq!(fewer.differences[0].live_path, ["SecurityGroupIngress", "1"]);
}

/// A transform that is a string alone matches whatever a read shows: it says nothing of another value.
#[test]
fn what_any_value_is_shown_as_does_not_hide_a_change() {
    let kind = Catalogue::bundled().get("AWS::DirectConnect::Lag").expect("it exists");
    let (options, secrets) = (Options::default(), crate::model::Secrets::new("salt"));
    let context = diff::Context::new(&kind, &options, &secrets);
    let lag = |location: &str| json!({"LagName": "l", "ConnectionsBandwidth": "1Gbps", "Location": location});
    let found = |wanted: &str, sent: Option<&str>| -> Diff {
        let sent = sent.map(lag);
        diff::diff(&crate::model::Value::from(lag(wanted)), sent.as_ref(), &lag("EqDC2"), &context)
    };
    assert!(found("eqdc2-by-name", Some("eqdc2-by-name")).is_empty());
    assert!(found("eqdc2-by-name", None).is_empty(), "of what is taken over it can't be told");
    assert!(found("another", Some("eqdc2-by-name")).forces_replacement());
}
