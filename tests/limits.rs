//! Sizes that services limit and schemas don't are told by `check`, at their place.

mod common;

use common::Sandbox;
use serde_json::{Value as Json, json};

/// Resources of AWS, as a stack in JSON.
fn checked(resources: &Json) -> Vec<(String, String, i64)> {
    let sandbox = Sandbox::new();
    let stack = json!({"name": "shop", "resources": resources});
    sandbox.write("evstack.json", &serde_json::to_string_pretty(&stack).expect("a stack"));
    let document = sandbox.run(&["check", "--json"]).json();
    let told = document["stacks"][0]["diagnostics"].as_array().expect("a list").iter();
    told.map(|d| {
        let text = |key: &str| d[key].as_str().unwrap_or_default().to_owned();
        (text("code"), format!("{}: {}", text("severity"), text("message")), d["line"].as_i64().unwrap_or(0))
    })
    .collect()
}

/// A policy whose text has exactly so many characters.
fn policy(length: usize) -> Json {
    let of = |resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sqs:*", "Resource": format!("arn:aws:sqs:*:*:{resource}")}]})
    };
    let bare = of("").to_string().len();
    of(&"q".repeat(length - bare))
}

fn role(policies: &[usize]) -> Json {
    let inline = |(index, length): (usize, &usize)| json!({"PolicyName": format!("p{index}"), "PolicyDocument": policy(*length)});
    json!({"type": "AWS::IAM::Role", "properties": {
        "RoleName": "worker",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        "Policies": policies.iter().enumerate().map(inline).collect::<Vec<_>>()}})
}

#[test]
fn the_inline_policies_of_a_role_count_together() {
    assert_eq!(checked(&json!({"a": role(&[5_000, 5_240])})), []);
    let told = checked(&json!({"a": role(&[5_000, 5_241])}));
    let [(code, message, line)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((code.as_str(), *line > 1), ("E0406", true));
    assert_eq!(
        message,
        "error: the inline policies of `resource.a` have 10241 characters without white space, and IAM takes \
         10240 of a role"
    );
    // Those that are resources of their own too.
    let more = json!({"type": "AWS::IAM::RolePolicy", "properties": {
        "RoleName": "worker", "PolicyName": "more", "PolicyDocument": policy(241)}});
    let told = checked(&json!({"a": role(&[5_000, 5_000]), "b": more}));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("have 10241 characters"), "{told:?}");
}

#[test]
fn documents_have_limits_of_their_own_and_quotas_are_warnings() {
    let managed = |length: usize| json!({"a": {"type": "AWS::IAM::ManagedPolicy", "properties": {"PolicyDocument": policy(length)}}});
    assert_eq!(checked(&managed(6_144)), []);
    assert_eq!(checked(&managed(6_145))[0].0, "E0406");
    // A pattern as text counts without its white space.
    let rule = |length: usize| {
        let of = |source: &str| json!({"source": [source]});
        let bare = of("").to_string().len();
        let pattern = format!("  {}\n", of(&"s".repeat(length - bare)));
        json!({"a": {"type": "AWS::Events::Rule", "properties": {"EventPattern": pattern}}})
    };
    assert_eq!(checked(&rule(2_048)), []);
    let told = checked(&rule(2_049));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "E0407");
    assert!(
        told[0].1.starts_with("warning: `EventPattern` of `resource.a` (AWS::Events::Rule) has 2049 "),
        "{told:?}"
    );
    assert!(checked(&rule(4_097)).iter().any(|(code, ..)| code == "E0406"));
}
