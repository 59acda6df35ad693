//! What a call to the local cloud costs, with its data on disk, in process and over HTTP:
//! `cargo bench --bench local_cloud`.

mod served;

use bytes::Bytes;
use evstack::local::{Cloud, Options};
use serde_json::{Value as Json, json};
use std::time::Instant;

const COUNT: usize = 1000;
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
    Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, SignedHeaders=host, Signature=00";

fn call(cloud: &Cloud, operation: &str, input: &Json) -> Json {
    let request = http::Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{operation}"))
        .header("authorization", AUTHORIZATION)
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let response = cloud.handle(&request);
    assert_eq!(response.status(), 200, "{:?}", response.body());
    serde_json::from_slice(response.body()).expect("JSON")
}

/// Runs `one` for each of the resources and prints the mean.
fn measure(what: &str, mut one: impl FnMut(usize)) {
    let (began, cpu) = (Instant::now(), cpu_seconds("/proc/self/stat"));
    (0..COUNT).for_each(&mut one);
    let wall = began.elapsed().as_secs_f64();
    let cpu = cpu_seconds("/proc/self/stat") - cpu;
    let each = |seconds: f64| seconds * 1000.0 / COUNT as f64;
    println!("{what:<24} {:.4} ms wall, {:.4} ms CPU each", each(wall), each(cpu));
}

/// User and system time of a process, from Linux's `/proc`, in its hundredths of a second; 0
/// elsewhere.
fn cpu_seconds(stat: &str) -> f64 {
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks =
        |n| after_name.split_whitespace().nth(n).and_then(|t: &str| t.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() {
    let folder = std::env::temp_dir().join(format!("evstack-bench-{}", std::process::id()));
    println!("in process:");
    let began = Instant::now();
    let cloud = Cloud::open(Some(&folder), Options::default()).expect("opens");
    println!("{:<24} {:.1} ms", "open, empty", began.elapsed().as_secs_f64() * 1000.0);
    let id = |n: usize| format!("http://127.0.0.1:4566/000000000000/queue-{n}");
    measure("create and poll", |n| {
        let desired = json!({"QueueName": format!("queue-{n}"), "VisibilityTimeout": 60, "Tags": [{"Key": "n", "Value": "x"}]});
        let input = json!({"TypeName": "AWS::SQS::Queue", "DesiredState": desired.to_string(), "ClientToken": format!("t{n}")});
        let token = call(&cloud, "CreateResource", &input)["ProgressEvent"]["RequestToken"].clone();
        let event = call(&cloud, "GetResourceRequestStatus", &json!({"RequestToken": token}));
        assert_eq!(event["ProgressEvent"]["OperationStatus"], "SUCCESS");
    });
    measure("read", |n| {
        call(&cloud, "GetResource", &json!({"TypeName": "AWS::SQS::Queue", "Identifier": id(n)}));
    });
    measure("update and poll", |n| {
        let patch = r#"[{"op":"replace","path":"/VisibilityTimeout","value":90}]"#;
        let input = json!({"TypeName": "AWS::SQS::Queue", "Identifier": id(n), "PatchDocument": patch});
        let token = call(&cloud, "UpdateResource", &input)["ProgressEvent"]["RequestToken"].clone();
        call(&cloud, "GetResourceRequestStatus", &json!({"RequestToken": token}));
    });
    drop(cloud);
    let began = Instant::now();
    let cloud = Cloud::open(Some(&folder), Options::default()).expect("opens");
    println!("{:<24} {:.1} ms", "open, 1,000 resources", began.elapsed().as_secs_f64() * 1000.0);
    measure("delete", |n| {
        call(&cloud, "DeleteResource", &json!({"TypeName": "AWS::SQS::Queue", "Identifier": id(n)}));
    });
    drop(cloud);
    println!("over HTTP:");
    let served = folder.join("served");
    served::measure(&served);
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        eprintln!("{} stays: {error}", folder.display());
    }
}
