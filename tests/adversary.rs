//! Each thing that the local cloud does to its clients: alone, counted, and the same for the same
//! seed; and evstack itself against all of them.

mod common;

use bytes::Bytes;
use common::Sandbox;
use evstack::local::{Cloud, ManualClock, Options, Preset, Settings, Time};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A client that goes on whatever it hears, and notes it.
struct Client {
    cloud: Cloud,
    heard: Vec<String>,
}

impl Client {
    fn new(knobs: &Json, seed: u64) -> Self {
        let options = Options {
            settings: Settings { seed, ..Settings::default() },
            clock: Arc::new(ManualClock::new(Time(1_795_000_000_000))),
            ..Options::default()
        };
        let client = Self { cloud: Cloud::open(None, options).expect("opens"), heard: Vec::new() };
        client.page("PUT", "profile", knobs);
        client
    }

    fn page(&self, method: &str, name: &str, body: &Json) -> Json {
        let request = http::Request::builder().method(method).uri(format!("/_evstack/{name}"));
        let response = self.cloud.handle(&request.body(Bytes::from(body.to_string())).expect("a request"));
        assert_eq!(response.status(), 200, "{:?}", response.body());
        serde_json::from_slice(response.body()).expect("JSON")
    }

    fn call(&mut self, operation: &str, input: Json) -> Json {
        let request = http::Request::post("/")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("CloudApiService.{operation}"))
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
                 SignedHeaders=host, Signature=00",
            )
            .body(Bytes::from(input.to_string()))
            .expect("a request");
        let Some(response) = self.cloud.exchange(&request) else {
            self.heard.push(format!("{operation}: nothing"));
            return Json::Null;
        };
        let answer: Json = serde_json::from_slice(response.body()).expect("JSON");
        self.heard.push(format!("{operation}: {} {answer}", response.status().as_u16()));
        answer
    }

    fn wait(&self, milliseconds: u64) {
        self.cloud.advance(Duration::from_millis(milliseconds)).expect("time goes on");
    }

    /// A role that is needed at once, and a queue that is deleted and changed and made anew.
    fn role_and_queue(&mut self) {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust});
        let schedule = json!({
            "Name": "s", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": "arn:aws:iam::000000000000:role/r"}});
        for (kind, model) in [("AWS::IAM::Role", &role), ("AWS::Scheduler::Schedule", &schedule)] {
            self.call("CreateResource", json!({"TypeName": kind, "DesiredState": model.to_string()}));
            self.wait(200);
        }
        // Its policy is a document, which may be spelled in many ways.
        self.call("GetResource", json!({"TypeName": "AWS::IAM::Role", "Identifier": "r"}));
        const QUEUE: &str = "AWS::SQS::Queue";
        let base = self.page("GET", "health", &Json::Null)["base_url"].as_str().expect("a URL").to_owned();
        let queue = json!({"TypeName": QUEUE, "Identifier": format!("{base}/000000000000/q")});
        for _ in 0..5 {
            let desired = json!({"QueueName": "q"}).to_string();
            self.call("CreateResource", json!({"TypeName": QUEUE, "DesiredState": desired}));
            self.wait(200);
            self.call("GetResource", queue.clone());
            let patch = json!([{"op": "add", "path": "/DelaySeconds", "value": 7}]).to_string();
            let update =
                json!({"TypeName": QUEUE, "Identifier": queue["Identifier"], "PatchDocument": patch});
            self.call("UpdateResource", update);
            self.wait(200);
            self.call("GetResource", queue.clone());
            self.call("DeleteResource", queue.clone());
            self.wait(200);
        }
    }

    /// Repositories, of whose service the cloud knows only the schema: to those it adds.
    fn repositories(&mut self) {
        const TYPE: &str = "AWS::ECR::Repository";
        for number in 0..6 {
            let repository = json!({"TypeName": TYPE, "Identifier": format!("repo{number}")});
            let desired = json!({"RepositoryName": format!("repo{number}")}).to_string();
            self.call("CreateResource", json!({"TypeName": TYPE, "DesiredState": desired}));
            self.wait(200);
            let patch =
                json!([{"op": "add", "path": "/Tags", "value": [{"Key": "k", "Value": "v"}]}]).to_string();
            let update =
                json!({"TypeName": TYPE, "Identifier": repository["Identifier"], "PatchDocument": patch});
            self.call("UpdateResource", update);
            self.wait(200);
            self.call("GetResource", repository.clone());
            self.call("DeleteResource", repository);
            self.wait(200);
        }
    }

    /// The lives of some log groups and repositories, of a role and a queue; what was counted comes back by name.
    fn lives(&mut self) -> BTreeSet<String> {
        const TYPE: &str = "AWS::Logs::LogGroup";
        for number in 0..20 {
            let name = format!("g{number}");
            let tags: Vec<Json> = (0..4).map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect();
            let desired = json!({"LogGroupName": name, "Tags": tags}).to_string();
            let begun = self.call("CreateResource", json!({"TypeName": TYPE, "DesiredState": desired}));
            for _ in 0..3 {
                let token = begun["ProgressEvent"]["RequestToken"].as_str().unwrap_or("none");
                self.call("GetResourceRequestStatus", json!({ "RequestToken": token }));
                self.call("GetResource", json!({"TypeName": TYPE, "Identifier": name}));
                self.call("ListResources", json!({"TypeName": TYPE, "MaxResults": 100}));
                self.wait(20);
            }
            self.wait(100);
            let patch = json!([{"op": "add", "path": "/RetentionInDays", "value": 7}]).to_string();
            let update = json!({"TypeName": TYPE, "Identifier": name, "PatchDocument": patch});
            self.call("UpdateResource", update);
            self.call("GetResource", json!({"TypeName": TYPE, "Identifier": name}));
            self.wait(100);
            self.call("DeleteResource", json!({"TypeName": TYPE, "Identifier": name}));
            self.call("GetResource", json!({"TypeName": TYPE, "Identifier": name}));
            self.call("ListResources", json!({"TypeName": TYPE, "MaxResults": 100}));
            self.wait(100);
        }
        self.role_and_queue();
        self.repositories();
        let counts = self.page("GET", "counts", &Json::Null);
        let counted = counts["misbehaviours"].as_object().expect("counts").iter();
        counted.filter(|(_, count)| **count != 0).map(|(name, _)| name.clone()).collect()
    }
}

#[test]
fn each_knob_does_what_it_says_and_nothing_else() {
    let throttled =
        ["throttled-call", "throttled-call-429", "throttled-call-503", "throttled-call-as-general"];
    let cases: &[(Json, &[&str])] = &[
        (json!({}), &[]),
        (json!({"latency": [5, 30]}), &[]),
        (json!({"throttle": 0.3}), &throttled),
        (json!({"throttle_rate": {"per_second": 20, "burst": 3}}), &throttled),
        (json!({"throttled_operations": 0.5}), &["throttled-operation", "throttled-operation-as-general"]),
        (json!({"faults_before": 0.5}), &["failed-before"]),
        (json!({"faults_after": 0.5}), &["failed-after", "remnant"]),
        (json!({"create_lag": 50}), &["create-lag"]),
        (json!({"update_lag": [10, 50]}), &["update-lag"]),
        (json!({"delete_lag": 50}), &["delete-lag"]),
        (json!({"list_lag": 50}), &["list-lag"]),
        (json!({"lost_answers": 0.2}), &["lost-answer"]),
        (json!({"answer_delay": [1, 20]}), &["slow-answer"]),
        (json!({"latency": 50, "retry_after": 10}), &["early-retry-after"]),
        (json!({"reordered": 0.5}), &["reordered"]),
        (json!({"respelled": 1}), &["respelled"]),
        (json!({"system_tags": 0.5}), &["system-tag"]),
        (json!({"operations": {"AWS::Logs::LogGroup": {"CREATE": 30}}}), &[]),
        (json!({"role_delay": 60_000}), &["role-not-yet-usable"]),
        (json!({"queue_rest": 60_000}), &["name-rested"]),
        (json!({"invented": 0.9}), &["invented"]),
        (json!({"invented_after_update": 0.9}), &["invented-after-update"]),
        (json!({"unacceptable": 0.9}), &["unacceptable"]),
    ];
    let turned = cases.iter().flat_map(|(knobs, _)| knobs.as_object().expect("knobs").keys());
    let turned: BTreeSet<String> = turned.cloned().collect();
    let all = Client::new(&json!({}), 7).page("GET", "profile", &Json::Null);
    let all: BTreeSet<String> = all.as_object().expect("knobs").keys().cloned().collect();
    assert_eq!(turned, all, "each knob has its case");
    for (knobs, expected) in cases {
        let mut client = Client::new(knobs, 7);
        let counted = client.lives();
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(counted, expected, "{knobs}");
        // The same seed does the same; another one doesn't, where there is a choice.
        let mut again = Client::new(knobs, 7);
        again.lives();
        assert_eq!(client.heard, again.heard, "{knobs}");
    }
}

#[test]
fn all_of_it_at_once_follows_the_seed() {
    let knobs = json!({"preset": "adversary"});
    let heard = |seed| {
        let mut client = Client::new(&knobs, seed);
        let counted = client.lives();
        assert!(counted.len() > 10, "{counted:?}");
        client.heard
    };
    assert_eq!(heard(1), heard(1));
    assert_ne!(heard(1), heard(2));
}

/// What is under way, and what readers don't see yet, is so after a restart too.
#[test]
fn delays_and_lags_outlive_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ManualClock::new(Time(1_795_000_000_000)));
    let open = || {
        let mut profile = Preset::Instant.profile();
        profile.latency = Duration::from_millis(500).into();
        profile.create_lag = Duration::from_millis(1_000).into();
        let options = Options { profile, clock: clock.clone(), ..Options::default() };
        let cloud = Cloud::open(Some(folder.path()), options).expect("opens");
        Client { cloud, heard: Vec::new() }
    };
    let (mut client, read) = (open(), json!({"TypeName": "AWS::Logs::LogGroup", "Identifier": "a"}));
    let desired = json!({"LogGroupName": "a"}).to_string();
    let create = json!({"TypeName": "AWS::Logs::LogGroup", "DesiredState": desired});
    let token = client.call("CreateResource", create)["ProgressEvent"]["RequestToken"].clone();
    drop(client);
    let mut client = open();
    client.wait(499);
    let status = |client: &mut Client| {
        let event = client.call("GetResourceRequestStatus", json!({ "RequestToken": token }));
        event["ProgressEvent"]["OperationStatus"].clone()
    };
    assert_eq!(status(&mut client), "IN_PROGRESS");
    client.wait(1);
    assert_eq!(status(&mut client), "SUCCESS");
    drop(client);
    let mut client = open();
    client.wait(999);
    assert_eq!(client.call("GetResource", read.clone())["__type"], "ResourceNotFoundException");
    client.wait(1);
    assert_eq!(client.call("GetResource", read)["ResourceDescription"]["Identifier"], "a");
}

/// The engine against a cloud that does all of it, a little less often: it ends well, with nothing
/// twice and nothing left over, and a plan finds nothing more to do.
#[test]
fn a_whole_system_is_made_and_taken_away_by_an_adversary() {
    let sandbox = Sandbox::with_stacks();
    let flags = ["--profile", "adversary", "--throttle", "0.02", "--faults", "0.02", "--seed", "3"];
    let served = sandbox.serve(&flags);
    sandbox.ok(&["apply", "--yes", "stacks/reviews.yaml"]);
    let made = served.inventory();
    assert_eq!(made.len(), sandbox.recorded("stacks/reviews.yaml").len(), "{made:#?}");
    let plan = sandbox.ok(&["plan", "stacks/reviews.yaml"]).stdout;
    assert!(plan.contains("No changes. Your infrastructure matches the configuration."), "{plan}");
    sandbox.ok(&["destroy", "--yes", "--allow-data-loss", "stacks/reviews.yaml"]);
    assert_eq!(served.inventory(), []);
}
