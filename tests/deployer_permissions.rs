//! The policy of `plan --permissions` is enough for the apply of its plan, and nothing in it is for
//! nothing: sessions of the local cloud's STS judge it.

#[path = "common/rig.rs"]
mod rig;

use aws_credential_types::Credentials;
use aws_sdk_cloudcontrol::config::SharedCredentialsProvider;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use evstack::model::{Address, Json};
use evstack::ops::plan::Wanted;
use evstack::plan::{PermissionContext, Permissions, Plan};
use evstack::provider::cloud_control::{CloudControl, Settings};
use evstack::provider::{Clock, in_process};
use evstack::schema::Catalogue;
use rig::Rig;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// A rig that knows the files of `stacks/`, and the text of the reviews stack.
fn reviews() -> (Rig, String) {
    let mut rig = Rig::new(&json!({}), 7);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name = path.strip_prefix(&root).expect("it is below").display().to_string();
                rig.files.insert(name, text);
            }
        }
    }
    let text = rig.files["reviews.yaml"].clone();
    (rig, text)
}

fn documents(rig: &Rig, text: &str, plan: &Plan) -> Vec<Json> {
    policies(rig, text, plan, false)
}

fn policies(rig: &Rig, text: &str, plan: &Plan, adopt: bool) -> Vec<Json> {
    let state = rig.state(&rig.load(text).expect("a stack without mistakes"));
    let recorded_type = |address: &Address| state.resources.get(address).map(|r| r.type_name.clone());
    let place = rig.place();
    let context = PermissionContext {
        catalogue: Catalogue::bundled(),
        place: &place,
        refresh: true,
        adopt,
        recorded_type: &recorded_type,
        leftovers: &[],
    };
    let mut permissions = Permissions::default();
    permissions.add(plan, &context);
    permissions.documents()
}

/// From now on the rig's engine is a session of a role that has these policies and no others.
fn become_session(rig: &mut Rig, name: &str, documents: &[Json]) {
    let trust = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}});
    let make = |type_name: &str, state: &Json| {
        let input = json!({"TypeName": type_name, "DesiredState": state.to_string()});
        rig.change("CreateResource", &input).expect("it is made")
    };
    let arns: Vec<String> = documents
        .iter()
        .enumerate()
        .map(|(index, document)| {
            let policy = json!({"ManagedPolicyName": format!("{name}-{index}"), "PolicyDocument": document});
            make("AWS::IAM::ManagedPolicy", &policy)
        })
        .collect();
    let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust, "ManagedPolicyArns": arns});
    make("AWS::IAM::Role", &role);

    let http_client = || {
        let cloud = Arc::clone(&rig.cloud);
        in_process::http_client(move |request| cloud.exchange(&request))
    };
    let sts = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client())
        .endpoint_url("http://127.0.0.1");
    let sts = aws_sdk_sts::Client::from_conf(sts.build());
    let arn = format!("arn:aws:iam::000000000000:role/{name}");
    let answer = rig.wait(sts.assume_role().role_arn(arn).role_session_name("deployer").send());
    let answer = answer.expect("it is assumed");
    let issued = answer.credentials().expect("credentials");
    let token = Some(issued.session_token().to_owned());
    let credentials =
        Credentials::new(issued.access_key_id(), issued.secret_access_key(), token, None, "test");
    let provider = CloudControl::new(Settings {
        region: "us-east-1".to_owned(),
        credentials: SharedCredentialsProvider::new(credentials),
        endpoint: Some("http://127.0.0.1".to_owned()),
        http_client: http_client(),
        limiter: None,
        breaker: None,
        clock: Arc::clone(&rig.clock) as Arc<dyn Clock>,
        seed: 1,
    });
    rig.provider = Arc::new(provider);
}

fn statements(documents: &[Json]) -> impl Iterator<Item = &Json> {
    documents.iter().flat_map(|document| document["Statement"].as_array().expect("a list"))
}

fn services(documents: &[Json]) -> BTreeSet<String> {
    let actions = statements(documents).flat_map(|s| s["Action"].as_array().expect("a list"));
    actions.map(|a| a.as_str().expect("a name").split(':').next().expect("a service").to_owned()).collect()
}

/// The documents without one service's statements.
fn without(documents: &[Json], service: &str) -> Vec<Json> {
    let prefix = format!("{service}:");
    let kept = |statement: &&Json| !statement["Action"][0].as_str().expect("a name").starts_with(&prefix);
    documents
        .iter()
        .map(|document| {
            let all = document["Statement"].as_array().expect("a list").iter().filter(kept);
            json!({"Version": "2012-10-17", "Statement": all.collect::<Vec<_>>()})
        })
        .filter(|document| document["Statement"] != json!([]))
        .collect()
}

#[test]
fn a_session_with_this_policy_applies_changes_and_destroys() {
    let (mut rig, text) = reviews();
    let wanted = documents(&rig, &text, &rig.plan(&text).expect("a plan"));
    assert!(wanted.iter().all(|document| document.to_string().len() <= 6_144));
    become_session(&mut rig, "creates", &wanted);
    let _ = rig.apply(&text).expect("the policy is enough for the creates");

    let changed = text.replace("retain: 30d", "retain: 31d");
    assert_ne!(text, changed);
    let plan = rig.plan(&changed).expect("a plan");
    let wanted = documents(&rig, &changed, &plan);
    become_session(&mut rig, "updates", &wanted);
    let _ = rig.apply(&changed).expect("the policy is enough for the update");

    let destroy = Wanted { destroy: true, allow_data_loss: true, ..Wanted::default() };
    let plan = rig.plan_as(&changed, &destroy).expect("a plan").plan;
    let wanted = documents(&rig, &changed, &plan);
    become_session(&mut rig, "deletes", &wanted);
    let _ = rig.destroy(&changed).expect("the policy is enough for the deletes");
}

#[test]
fn without_any_one_service_it_is_not_enough() {
    let (rig, text) = reviews();
    let wanted = documents(&rig, &text, &rig.plan(&text).expect("a plan"));
    // The local cloud is sure of a refusal only where a handler can do nothing of its own service.
    let own = [
        ("apigateway", "api.audit"),
        ("cloudformation", "table.audit"),
        ("dynamodb", "table.audit"),
        ("events", "bus.central"),
        ("iam", "stateMachine.story"),
        ("logs", "stateMachine.story"),
        ("pipes", "pipe.reviews"),
        ("schemas", "bus.central"),
        ("ses", "email.support"),
        ("sns", "topic.agents"),
        ("sqs", "queue.claims"),
        ("states", "stateMachine.story"),
    ];
    let all = services(&wanted);
    for (service, target) in own {
        assert!(all.contains(service), "{service}: {all:?}");
        let (mut rig, text) = reviews();
        become_session(&mut rig, "deployer", &without(&wanted, service));
        let refusal = match rig
            .try_apply(&text, &Wanted { targets: vec![Address::new(target)], ..Wanted::default() })
        {
            Ok((_, outcome)) => {
                assert!(!outcome.is_complete(), "nobody misses {service}");
                outcome
                    .failures
                    .iter()
                    .map(|f| f.diagnostic.message.clone() + &format!("{:?}", f.fault))
                    .collect()
            }
            Err(words) => words,
        };
        assert!(refusal.contains("AccessDenied") && refusal.contains(service), "{service}: {refusal}");
    }
}

#[test]
fn what_is_known_is_named_and_the_rest_is_everything() {
    let rig = Rig::new(&json!({}), 7);
    let text = "name: shop\nqueues:\n  orders: {deadLetter: false}\n";
    let plan = rig.plan(text).expect("a plan");
    let arn = "arn:aws:sqs:us-east-1:000000000000:shop-local-orders";
    let expected = json!([{"Version": "2012-10-17", "Statement": [
        {"Sid": "Cloudformation", "Effect": "Allow", "Resource": "*", "Action": [
            "cloudformation:CancelResourceRequest", "cloudformation:CreateResource", "cloudformation:GetResource",
            "cloudformation:GetResourceRequestStatus", "cloudformation:ListResourceRequests"]},
        {"Sid": "Sqs", "Effect": "Allow", "Resource": [arn], "Action": [
            "sqs:CreateQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags", "sqs:TagQueue", "sqs:UntagQueue"]},
    ]}]);
    assert_eq!(json!(documents(&rig, text, &plan)), expected);
    let _ = rig.apply(text).expect("it is applied");
    // Nothing changes: what is there is read.
    let plan = rig.plan(text).expect("a plan");
    let expected = json!([{"Version": "2012-10-17", "Statement": [
        {"Sid": "Cloudformation", "Effect": "Allow", "Resource": "*", "Action": ["cloudformation:GetResource"]},
        {"Sid": "Sqs", "Effect": "Allow", "Resource": [arn], "Action": [
            "sqs:GetQueueAttributes", "sqs:ListQueueTags"]},
    ]}]);
    assert_eq!(json!(documents(&rig, text, &plan)), expected);
    // One that is replaced and kept isn't deleted.
    let kept =
        text.replace("deadLetter: false", "deadLetter: false, name: other, options: {retainOnDelete: true}");
    let plan = rig.plan(&kept).expect("a plan");
    let policy = json!(documents(&rig, &kept, &plan)).to_string();
    assert!(policy.contains("sqs:CreateQueue") && !policy.contains("Delete"), "{policy}");
}

/// What the provider can ask of Cloud Control, by its own words for its faults.
fn asked() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/cloud_control/mod.rs");
    let source = std::fs::read_to_string(path).expect("the provider's source");
    let after = |before| source.split(before).skip(1).filter_map(|rest| rest.split('"').next());
    // One of them has a constant.
    let named = after("operation: \"").chain(after("const LIST: &str = \""));
    named.map(|operation| format!("cloudformation:{operation}")).collect()
}

#[test]
fn whatever_the_provider_can_call_is_in_the_policy_of_a_plan_that_leads_to_it() {
    let rig = Rig::new(&json!({}), 7);
    let one = "name: shop\nresources:\n  vpc: {type: AWS::EC2::VPC, properties: {CidrBlock: 10.0.0.0/16}}\n";
    let (other, none) =
        (format!("{one}queues: {{orders: {{deadLetter: false}}}}\n"), "name: shop\nresources: {}\n");
    let changed = other.replace("false", "false, visibilityTimeout: 60s");
    let mut called = BTreeSet::new();
    let wanted = Wanted { allow_data_loss: true, ..Wanted::default() };
    let begun = ["CancelResourceRequest", "GetResourceRequestStatus", "ListResourceRequests"];
    for (text, adopt, of) in [
        (one, true, vec!["ListResources", "CreateResource"]),
        (&other, false, vec!["CreateResource"]),
        (&changed, false, vec!["UpdateResource"]),
        (none, false, vec!["DeleteResource"]),
    ] {
        let plan = rig.plan_as(text, &wanted).expect("a plan").plan;
        let policy = policies(&rig, text, &plan, adopt);
        let actions: BTreeSet<String> = statements(&policy)
            .flat_map(|statement| statement["Action"].as_array().expect("a list"))
            .filter_map(|action| action.as_str().filter(|a| a.starts_with("cloudformation:")))
            .map(str::to_owned)
            .collect();
        let expected = begun.iter().chain(&of).chain(&["GetResource"]).map(|o| format!("cloudformation:{o}"));
        assert_eq!(actions, expected.collect(), "{text}");
        called.extend(actions);
        let _ = rig.apply_as(text, &wanted).expect("it is applied");
    }
    assert_eq!(called, asked());
}
