//! A killed local cloud loses nothing that it acknowledged, and what was under way goes on.

use bytes::Bytes;
use evstack::local::{Clock, Cloud, Found, ManualClock, Options, Profile, RealClock, find};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const FOLDER: &str = "EVSTACK_TEST_DURABILITY_FOLDER";

fn create(cloud: &Cloud, name: &str) -> Json {
    let input = json!({
        "TypeName": "AWS::Logs::LogGroup",
        "DesiredState": json!({ "LogGroupName": name }).to_string(),
        "ClientToken": name,
    });
    let request = http::Request::post("/")
        .header("x-amz-target", "CloudApiService.CreateResource")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, Signature=00",
        )
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let response = cloud.handle(&request);
    assert_eq!(response.status(), 200, "{:?}", response.body());
    serde_json::from_slice(response.body()).expect("JSON")
}

fn names(cloud: &Cloud) -> Vec<String> {
    let inventory = cloud.inventory();
    let resources = inventory["resources"].as_array().expect("resources");
    resources.iter().map(|r| r["identifier"].as_str().expect("an identifier").to_owned()).collect()
}

/// The process that is killed: this test's own binary, started again with [`FOLDER`] set. Creates
/// resources for as long as it lives and names each that was acknowledged.
fn create_until_killed(folder: &Path, round: &str) -> ! {
    let profile = Profile { latency: Duration::from_millis(3).into(), ..Profile::default() };
    let cloud = Cloud::open(Some(folder), Options { profile, ..Options::default() }).expect("opens");
    let mut out = std::io::stdout().lock();
    for number in 0.. {
        let name = format!("{round}-{number}");
        create(&cloud, &name);
        writeln!(out, "made {name}").expect("the parent listens");
    }
    unreachable!("it is killed before it has counted to the end")
}

#[test]
fn kill_loses_nothing_acknowledged() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let round = std::env::var("EVSTACK_TEST_DURABILITY_ROUND").expect("the round is set too");
        create_until_killed(&PathBuf::from(folder), &round);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = BTreeSet::new();
    for round in 0..5_usize {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "kill_loses_nothing_acknowledged", "--nocapture"])
            .env(FOLDER, folder.path())
            .env("EVSTACK_TEST_DURABILITY_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut lines = lines.map_while(Result::ok);
        let made = |line: String| line.strip_prefix("made ").map(str::to_owned);
        acknowledged.extend(lines.by_ref().filter_map(made).take(15 + round * 7));
        assert_eq!(find(folder.path()).expect("looks"), Found::Held { pid: Some(child.id()) });
        child.kill().expect("SIGKILL");
        child.wait().expect("it is gone");
        // What it said before it was gone counts too.
        acknowledged.extend(lines.filter_map(made));
        assert_eq!(find(folder.path()).expect("looks"), Found::Free);
    }
    let later = RealClock.now().after(Duration::from_secs(60));
    let options = Options { clock: Arc::new(ManualClock::new(later)), ..Options::default() };
    let cloud = Cloud::open(Some(folder.path()), options).expect("opens");
    assert_eq!(cloud.turn().expect("does what was due"), None, "nothing is left to do");
    let exist = names(&cloud);
    let distinct: BTreeSet<String> = exist.iter().cloned().collect();
    assert_eq!(distinct.len(), exist.len(), "nothing is there twice");
    let lost: Vec<&String> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    // One more in each round may have been made without our hearing of it.
    assert!(distinct.len() <= acknowledged.len() + 5, "{} of {}", distinct.len(), acknowledged.len());
    // The same client token still means the same request.
    let first = acknowledged.first().expect("some were made");
    assert_eq!(create(&cloud, first)["ProgressEvent"]["OperationStatus"], "SUCCESS");
}

fn change(cloud: &Cloud, operation: &str, input: &Json) -> Json {
    let request = http::Request::post("/")
        .header("x-amz-target", format!("CloudApiService.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, Signature=00",
        )
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let response = cloud.handle(&request);
    let answer: Json = serde_json::from_slice(response.body()).expect("JSON");
    let token = json!({ "RequestToken": answer["ProgressEvent"]["RequestToken"] });
    if operation == "GetResourceRequestStatus" {
        answer["ProgressEvent"].clone()
    } else {
        change(cloud, "GetResourceRequestStatus", &token)
    }
}

/// JSON in a text may nest as deep as a reader goes, and is kept as an object: still, what is kept can
/// be read at the next start.
#[test]
fn a_deep_policy_as_text_leaves_the_data_readable() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Cloud::open(Some(folder.path()), Options::default()).expect("opens");
    let cloud = open();
    let create = |cloud: &Cloud, type_name: &str, state: Json| {
        change(cloud, "CreateResource", &json!({ "TypeName": type_name, "DesiredState": state.to_string() }))
    };
    let url = create(&cloud, "AWS::SQS::Queue", json!({ "QueueName": "q" }))["Identifier"].clone();
    let policy = |levels: usize| {
        let condition = format!("{}{}{}", "{\"a\":".repeat(levels), "{}", "}".repeat(levels));
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Condition": {condition}}}]}}"#
        )
    };
    const TYPE: &str = "AWS::SQS::QueueInlinePolicy";
    // Four levels are around the condition in the model.
    for (levels, expected) in [(123, "FAILED"), (96, "FAILED"), (95, "SUCCESS")] {
        let made = create(&cloud, TYPE, json!({ "Queue": url, "PolicyDocument": policy(levels) }));
        assert_eq!(made["OperationStatus"], expected, "{levels}: {made}");
        if expected == "FAILED" {
            assert_eq!(made["ErrorCode"], "InvalidRequest", "{made}");
        }
    }
    let patch = json!([{ "op": "replace", "path": "/PolicyDocument", "value": policy(123) }]);
    let input = json!({ "TypeName": TYPE, "Identifier": url, "PatchDocument": patch.to_string() });
    let updated = change(&cloud, "UpdateResource", &input);
    assert_eq!(updated["ErrorCode"], "InvalidRequest", "{updated}");
    let before = names(&cloud);
    drop(cloud);
    assert_eq!(names(&open()), before);
    assert_eq!(before.len(), 2);
}
