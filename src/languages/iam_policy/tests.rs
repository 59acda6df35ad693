//! Policies against their cases (`tests/cases/iam_policy`) and against laws that hold for any.
//!
//! A file of cases is `{"truth": …, "cases": [{"name": …, "caller": …, "action": …, "resource": …,
//! "owner": …, "keys": …, "identity": [policy], "resource_policy": policy, "boundary": policy,
//! "session": [policy], "resource_decides": true, "decision": "allowed" | "denied by identity 1" |
//! "no resource"}]}`. Policies may be statements alone. What a case leaves out, the file's `given` has.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const ACCOUNT: &str = "111122223333";

fn whole(policy: &Value) -> Value {
    match policy {
        Value::Object(members) if members.contains_key("Statement") => policy.clone(),
        statements => json!({"Version": VERSION, "Statement": statements}),
    }
}

fn caller(value: &Value) -> Principal {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    match value.as_object().and_then(|members| members.keys().next()).map_or("", String::as_str) {
        "role" => Principal::RoleSession { role: text("role"), session: text("session") },
        "user" if value.get("federated").is_some() => {
            Principal::FederatedUser { user: text("user"), session: text("federated") }
        }
        "user" => Principal::User { arn: text("user") },
        "root" => Principal::Root { account: text("root") },
        "service" => Principal::Service(text("service")),
        "provider" => Principal::Federated(text("provider")),
        "anonymous" => Principal::Anonymous,
        other => panic!("a caller: {other}"),
    }
}

fn keys_of(value: &Value) -> Keys {
    let mut keys = Keys::new();
    for (name, values) in value.as_object().into_iter().flatten() {
        for value in values.as_array().unwrap_or(&vec![values.clone()]) {
            keys.add(name, value.as_str().expect("a text"));
        }
    }
    keys
}

fn word(decision: &Decision) -> String {
    let sort = |sort: &Sort| match sort {
        Sort::Identity => "identity",
        Sort::Resource => "resource",
        Sort::Boundary => "boundary",
        Sort::Session => "session",
    };
    match decision {
        Decision::Allowed(_) => "allowed".to_owned(),
        Decision::Denied(place) => format!("denied by {} {}", sort(&place.sort), place.statement + 1),
        Decision::NotAllowed(missing) => format!("no {}", sort(missing)),
    }
}

fn decided(case: &Value) -> Decision {
    let list = |name: &str| -> Vec<Policy> {
        match &case[name] {
            Value::Null => Vec::new(),
            Value::Array(items) => items.iter().map(|item| Policy::read(&whole(item))).collect(),
            one => vec![Policy::read(&whole(one))],
        }
    };
    let (identity, session) = (list("identity"), list("session"));
    let one = |name: &str| case.get(name).map(|policy| Policy::read(&whole(policy)));
    let (resource, boundary) = (one("resource_policy"), one("boundary"));
    let given = |policy| Given { name: "p", policy };
    let (identity, session): (Vec<_>, Vec<_>) =
        (identity.iter().map(given).collect(), session.iter().map(given).collect());
    let resource: Vec<_> = resource.iter().map(given).collect();
    let policies = Policies {
        identity: &identity,
        resource: &resource,
        boundary: boundary.as_ref().map(given),
        session: &session,
        resource_decides: case["resource_decides"] == true,
    };
    let (principal, keys) = (caller(&case["caller"]), keys_of(&case["keys"]));
    let request = Request {
        principal: &principal,
        action: case["action"].as_str().expect("an action"),
        resource: case["resource"].as_str().expect("a resource"),
        owner: case["owner"].as_str(),
        keys: &keys,
    };
    evaluate(&request, &policies)
}

#[test]
fn decisions_are_as_documented() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/iam_policy");
    let mut count = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the cases are there") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a file");
        let file: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(file["truth"].is_string(), "{} has no truth", path.display());
        for case in file["cases"].as_array().expect("cases") {
            let mut case = case.clone();
            for (name, value) in file["given"].as_object().into_iter().flatten() {
                if case.get(name).is_none() {
                    case[name] = value.clone();
                }
            }
            let word = word(&decided(&case));
            if case["decision"] != word.as_str() {
                wrong.push(format!("{}: {}: {word}, not {}", path.display(), case["name"], case["decision"]));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 60, "only {count} cases: are they there?");
}

#[test]
fn mistakes_are_told_at_their_place() {
    let told = |policy: Value, purpose: Purpose| {
        let (policy, problems) = parse(&policy, purpose);
        assert_eq!(policy.is_none(), !problems.is_empty());
        problems.into_iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect::<Vec<_>>()
    };
    let allow = || json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"});
    assert_eq!(told(policy(vec![allow()]), Purpose::Identity), Vec::<String>::new());
    assert_eq!(
        told(json!({"Version": VERSION, "Statement": allow()}), Purpose::Identity),
        Vec::<String>::new()
    );
    assert_eq!(told(json!(policy(vec![allow()]).to_string()), Purpose::Identity), Vec::<String>::new());
    assert_eq!(told(assumed_by("pipes.amazonaws.com"), Purpose::Trust), Vec::<String>::new());
    let bad = json!({"Version": "2013", "Extra": 1, "Statement": [
        {"Sid": "a", "Effect": "Maybe", "Action": ["sqs", "a:b:c", 1], "Resource": "queue"},
        {"Sid": "a", "Effect": "Deny", "NotAction": "sqs:*", "Principal": "*", "Condition": {
            "StringIs": {}, "NumericEquals": {"aws:x": ["1", "x"]}, "Bool": {"x": "maybe"},
            "DateLessThan": {"aws:CurrentTime": "soon"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/40"}}},
        "x",
    ]});
    let expected = [
        "/Extra: a policy has no element `Extra`",
        "/Version: the version has to be 2012-10-17 or 2008-10-17",
        "/Statement/0/Effect: `Effect` has to be Allow or Deny",
        "/Statement/0/Action/2: this has to be a string",
        "/Statement/0/Resource: the resource `queue` has to be an ARN or \"*\"",
        "/Statement/1/Principal: a policy of an identity names no principal",
        "/Statement/1: the statement has no `Resource`",
        "/Statement/1/Condition/StringIs: there is no condition operator `StringIs`",
        "/Statement/1/Condition/NumericEquals/aws:x/1: `x` isn't a number, which `NumericEquals` compares",
        "/Statement/1/Condition/Bool/x: the key `x` has to begin with its service: `aws:…`",
        "/Statement/1/Condition/Bool/x: `maybe` isn't true or false, which `Bool` compares",
        "/Statement/1/Condition/DateLessThan/aws:CurrentTime: `soon` isn't a date, which `DateLessThan` compares",
        "/Statement/1/Condition/IpAddress/aws:SourceIp: `10.0.0.0/40` isn't an address or a network, which \
         `IpAddress` compares",
        "/Statement/2: a statement has to be an object",
    ];
    assert_eq!(told(bad, Purpose::Identity), expected);
    let twice = policy(vec![json!({"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}); 2]);
    assert_eq!(told(twice, Purpose::Identity), ["/Statement/1/Sid: the statement id `a` is there twice"]);
    let trust = policy(vec![json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})]);
    assert_eq!(
        told(trust, Purpose::Trust),
        [
            "/Statement/0/Action: a trust policy is about actions of STS alone",
            "/Statement/0: the statement has no `Principal`",
            "/Statement/0/Resource: a trust policy names no resource: it is its role's",
        ]
    );
    // What a stack fills in later isn't judged.
    let later = policy(vec![json!({"Effect": "Allow", "Action": "${a}", "Resource": "${queue.q.Arn}",
        "Condition": {"NumericEquals": {"aws:x": "${config.n}"}}})]);
    assert_eq!(told(later, Purpose::Identity), Vec::<String>::new());
}

/// Statements from a small world, so that they often apply.
fn statement() -> impl Strategy<Value = Value> {
    let effect = prop::sample::select(vec!["Allow", "Allow", "Deny"]);
    let action = prop::sample::select(vec!["sqs:SendMessage", "sqs:*", "SQS:send*", "*", "sns:Publish"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:sqs:us-east-1:111122223333:q",
        "arn:aws:sqs:*:*:${aws:username}",
        "arn:aws:sqs:us-east-1:111122223333:?",
        "arn:aws:sns:us-east-1:111122223333:t",
    ]);
    let condition = prop::option::of(prop::sample::select(vec![
        json!({"StringEquals": {"aws:username": ["q", "x"]}}),
        json!({"StringNotLike": {"AWS:UserName": "q*"}}),
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}),
        json!({"NumericLessThanIfExists": {"s3:max-keys": 5}}),
        json!({"Null": {"aws:username": true}}),
    ]));
    let lists = (prop::collection::vec(action, 1..3), prop::collection::vec(resource, 1..3));
    (effect, lists, condition, any::<(bool, bool)>()).prop_map(
        |(effect, (actions, resources), condition, (not_action, not_resource))| {
            let (action, resource) = (
                if not_action && actions.len() == 2 { "NotAction" } else { "Action" },
                if not_resource && resources.len() == 2 { "NotResource" } else { "Resource" },
            );
            let mut statement = json!({"Effect": effect, action: actions, resource: resources});
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn asked(extra: Value) -> impl Strategy<Value = Value> {
    let action =
        prop::sample::select(vec!["sqs:SendMessage", "SQS:sendmessage", "sns:Publish", "s3:GetObject"]);
    let resource = prop::sample::select(vec![
        "arn:aws:sqs:us-east-1:111122223333:q",
        "arn:aws:sqs:eu-west-1:444455556666:x",
        "arn:aws:sns:us-east-1:111122223333:t",
        "*",
    ]);
    let user = prop::option::of(prop::sample::select(vec!["q", "x", "other"]));
    (action, resource, user).prop_map(move |(action, resource, user)| {
        let mut case = extra.clone();
        case["caller"] = json!({"user": format!("arn:aws:iam::{ACCOUNT}:user/u")});
        case["action"] = json!(action);
        case["resource"] = json!(resource);
        case["keys"] =
            user.map_or(json!({}), |user| json!({"aws:username": user, "aws:TagKeys": ["a", "b"]}));
        case
    })
}

proptest! {
    #[test]
    fn deny_beats_allow_and_another_allow_never_takes_away(
        identity in prop::collection::vec(statement(), 0..4),
        more in statement(),
        case in asked(json!({})),
    ) {
        let with = |statements: &[Value]| {
            let mut case = case.clone();
            case["identity"] = json!([statements]);
            decided(&case)
        };
        let before = with(&identity);
        let mut both = identity.clone();
        both.push(more.clone());
        let after = with(&both);
        if more["Effect"] == "Allow" {
            prop_assert_eq!(matches!(before, Decision::Denied(_)), matches!(after, Decision::Denied(_)));
            prop_assert!(!before.is_allowed() || after.is_allowed());
        } else {
            let alone = with(&[more]);
            prop_assert!(!matches!(alone, Decision::Denied(_)) || matches!(after, Decision::Denied(_)));
            prop_assert!(!after.is_allowed() || before.is_allowed());
        }
        // A boundary only takes away.
        let mut bounded = case.clone();
        bounded["identity"] = json!([identity]);
        bounded["boundary"] = json!([both[both.len() - 1]]);
        prop_assert!(!decided(&bounded).is_allowed() || before.is_allowed());
        // Said in another form, it is the same.
        let mut same = case;
        same["identity"] = json!([normalised(&policy(identity))]);
        prop_assert_eq!(decided(&same).is_allowed(), before.is_allowed());
    }

    #[test]
    fn anything_can_be_read(document in anything()) {
        for purpose in [Purpose::Identity, Purpose::Resource, Purpose::Trust] {
            let (policy, problems) = parse(&document, purpose);
            prop_assert_eq!(policy.is_none(), !problems.is_empty());
            for problem in problems {
                let parsed = document.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
                prop_assert!(parsed.as_ref().unwrap_or(&document).pointer(&problem.pointer).is_some(), "{}", problem);
            }
        }
        let case = json!({"caller": {"user": "arn:aws:iam::111122223333:user/u"}, "action": "sqs:SendMessage",
            "resource": "arn:aws:sqs:us-east-1:111122223333:q", "keys": {}, "identity": [document]});
        let _ = decided(&case);
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "*",
        "Allow",
        "Deny",
        "sqs:*",
        "arn:aws:iam::1:root",
        "${aws:x}",
        "${",
        "2012-10-17",
        "",
        "é:*",
        "1",
    ]);
    let leaf = prop_oneof![
        word.prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
    ];
    let name = prop::sample::select(vec![
        "Version",
        "Id",
        "Statement",
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
        "AWS",
        "Service",
        "StringLike",
        "ForAnyValue:NumericEquals",
        "Null",
        "DateEquals",
        "IpAddress",
        "BinaryEquals",
        "ArnLike",
        "aws:x",
        "a/b~c",
    ]);
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}
