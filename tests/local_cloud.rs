//! The local cloud against its cases: requests and answers as data, in `tests/cases/cloudcontrol`.
//!
//! A case is `{"truth": where it is from, "latency": milliseconds, "steps": […]}`. A step calls
//! (`call`, `with`) and says what comes back: `answer` (a part of it), `error` and `message`, or it
//! moves the time on (`advance`, in milliseconds). `keep` gives names to values of the answer by
//! pointer, for later steps to use as `$name`. Objects where the wire has JSON in a string are
//! written and compared as such.

use bytes::Bytes;
use evstack::local::{Cloud, ManualClock, Options, Profile, Time};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Members that hold JSON in a string.
const TEXTS: [&str; 5] = ["DesiredState", "PatchDocument", "ResourceModel", "Properties", "Policy"];

fn cloud(latency: u64) -> Cloud {
    let options = Options {
        profile: Profile { latency: Duration::from_millis(latency) },
        clock: Arc::new(ManualClock::new(Time(1_795_000_000_000))),
        ..Options::default()
    };
    Cloud::open(None, options).expect("a cloud in memory opens")
}

fn request(operation: &str, body: impl Into<Bytes>) -> http::Request<Bytes> {
    http::Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
             SignedHeaders=host, Signature=00",
        )
        .body(body.into())
        .expect("a request")
}

fn call(cloud: &Cloud, operation: &str, input: &Json) -> (u16, Json) {
    let response = cloud.handle(&request(operation, input.to_string()));
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.0");
    assert!(response.headers().contains_key("x-amzn-requestid"));
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON comes back"))
}

/// Puts kept values in, and JSON into strings where the wire has it so.
fn written(value: &Json, kept: &BTreeMap<String, Json>) -> Json {
    match value {
        Json::String(text) => text.strip_prefix('$').and_then(|name| kept.get(name)).unwrap_or(value).clone(),
        Json::Array(items) => items.iter().map(|item| written(item, kept)).collect(),
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| {
                let value = written(value, kept);
                let text = TEXTS.contains(&name.as_str()) && !value.is_string() && !value.is_null();
                (name.clone(), if text { json!(value.to_string()) } else { value })
            };
            Json::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

/// Whether `actual` has all of `expected`; lists must agree in length. `"*"` is anything, and null
/// is absence.
fn agrees(expected: &Json, actual: &Json) -> bool {
    match (expected, actual) {
        (Json::String(any), _) if any == "*" => !actual.is_null(),
        (Json::Object(members), Json::String(text)) => {
            // JSON in a string is compared whole.
            let parsed: Json = serde_json::from_str(text).unwrap_or_default();
            let same_keys = parsed.as_object().is_some_and(|p| p.len() == members.len());
            same_keys && agrees(expected, &parsed)
        }
        (Json::Object(members), _) => {
            members.iter().all(|(name, value)| agrees(value, actual.get(name).unwrap_or(&Json::Null)))
        }
        (Json::Array(items), Json::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(a, b)| agrees(a, b))
        }
        _ => expected == actual,
    }
}

#[test]
fn cloud_control_cases() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cloudcontrol");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the cases are there") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a case");
        let case: Json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let cloud = cloud(case["latency"].as_u64().unwrap_or(0));
        let mut kept = BTreeMap::new();
        for (number, step) in case["steps"].as_array().expect("steps").iter().enumerate() {
            let at = format!("{} step {}", path.display(), number + 1);
            if let Some(time) = step["advance"].as_u64() {
                cloud.advance(Duration::from_millis(time)).expect("time goes on");
                continue;
            }
            let operation = step["call"].as_str().unwrap_or_else(|| panic!("{at}: a call"));
            let (status, answer) = call(&cloud, operation, &written(&step["with"], &kept));
            if let Some(error) = step["error"].as_str() {
                assert_eq!(answer["__type"], error, "{at}: {answer}");
                assert_eq!(status, 400, "{at}: {answer}");
                let message = answer["Message"].as_str().unwrap_or_default();
                let expected = written(&step["message"], &kept);
                if let Some(expected) = expected.as_str() {
                    assert!(message.contains(expected), "{at}: {message}");
                }
            } else {
                assert_eq!(status, 200, "{at}: {answer}");
                let expected = expected(&step["answer"], &kept);
                assert!(agrees(&expected, &answer), "{at}: expected {expected}\ngot {answer}");
            }
            for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
                let value = answer.pointer(pointer.as_str().expect("a pointer"));
                kept.insert(name.clone(), value.unwrap_or_else(|| panic!("{at}: {pointer}")).clone());
            }
            count += 1;
        }
    }
    assert!(count > 50, "only {count} steps: are the cases there?");
}

/// Kept values in an expected answer; JSON in strings stays JSON there.
fn expected(value: &Json, kept: &BTreeMap<String, Json>) -> Json {
    match value {
        Json::String(text) => text.strip_prefix('$').and_then(|name| kept.get(name)).unwrap_or(value).clone(),
        Json::Array(items) => items.iter().map(|item| expected(item, kept)).collect(),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), expected(value, kept))).collect())
        }
        other => other.clone(),
    }
}
