//! What each service's own handlers make, show and refuse: cases in short, in `tests/cases/resources`.
//!
//! A case is `{"truth": where it is from, "steps": […]}`. A step changes or reads one resource and
//! waits for the end: `create`, `update`, `delete` or `read` names the type, `of` the identifier,
//! `with` the properties or the patch. It ends well, and `shows` is a part of what is read then
//! (`"gone"`: nothing is), or it `fails` with that code and the message has what it `says`. `keep`
//! gives names to values by pointer into the properties, `id` one to the identifier: later steps have
//! them as `$name`, or as `${name}` within a text. `account` and `region` say who asks and where. A
//! step may move the time on instead (`advance`, in milliseconds).

use super::{agrees, cloud};
use bytes::Bytes;
use evstack::local::Cloud;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

type Kept = BTreeMap<String, Json>;

#[test]
fn every_service_keeps_its_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/resources");
    let mut count = 0;
    for path in files(&folder) {
        let text = std::fs::read_to_string(&path).expect("a case");
        let case: Json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(case["truth"].is_string(), "{}: no truth", path.display());
        let (cloud, mut kept) = (cloud(0), Kept::new());
        for (number, step) in case["steps"].as_array().expect("steps").iter().enumerate() {
            let at = format!("{} step {}", path.display(), number + 1);
            take(&cloud, &filled(step, &kept), &mut kept, &at);
            count += 1;
        }
    }
    assert!(count > 20, "only {count} steps: are the cases there?");
}

/// The cases of a folder and of those below it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the cases are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A value with the kept values in it.
fn filled(value: &Json, kept: &Kept) -> Json {
    match value {
        Json::String(text) => match text.strip_prefix('$').and_then(|name| kept.get(name)) {
            Some(value) => value.clone(),
            None => Json::String(kept.iter().fold(text.clone(), |text, (name, value)| {
                text.replace(&format!("${{{name}}}"), value.as_str().unwrap_or_default())
            })),
        },
        Json::Array(items) => items.iter().map(|item| filled(item, kept)).collect(),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), filled(value, kept))).collect())
        }
        other => other.clone(),
    }
}

fn take(cloud: &Cloud, step: &Json, kept: &mut Kept, at: &str) {
    if let Some(time) = step["advance"].as_u64() {
        cloud.advance(Duration::from_millis(time)).expect("time goes on");
        return;
    }
    let verbs = ["create", "update", "delete", "read"];
    let verb = verbs.into_iter().find(|verb| step[*verb].is_string());
    let verb = verb.unwrap_or_else(|| panic!("{at}: none of {verbs:?}"));
    let (kind, mut identifier) = (&step[verb], step["of"].clone());
    if verb != "read" {
        let mut input = json!({ "TypeName": kind, "Identifier": identifier });
        let operation = match verb {
            "create" => {
                input = json!({ "TypeName": kind, "DesiredState": step["with"].to_string() });
                "CreateResource"
            }
            "update" => {
                input["PatchDocument"] = json!(step["with"].to_string());
                "UpdateResource"
            }
            _ => "DeleteResource",
        };
        let (status, answer) = call(cloud, step, operation, &input);
        assert_eq!(status, 200, "{at}: {answer}");
        let token = json!({ "RequestToken": answer["ProgressEvent"]["RequestToken"] });
        let (_, answer) = call(cloud, step, "GetResourceRequestStatus", &token);
        let event = &answer["ProgressEvent"];
        if let Some(code) = step["fails"].as_str() {
            assert_eq!(event["OperationStatus"], "FAILED", "{at}: {event}");
            assert_eq!(event["ErrorCode"], code, "{at}: {event}");
            let said = event["StatusMessage"].as_str().unwrap_or_default();
            let says = step["says"].as_str().unwrap_or_else(|| panic!("{at}: what it says"));
            assert!(said.contains(says), "{at}: {said}");
            return;
        }
        assert_eq!(event["OperationStatus"], "SUCCESS", "{at}: {event}");
        identifier = event["Identifier"].clone();
    }
    if let Some(name) = step["id"].as_str() {
        kept.insert(name.to_owned(), identifier.clone());
    }
    let input = json!({ "TypeName": kind, "Identifier": identifier });
    let (status, answer) = call(cloud, step, "GetResource", &input);
    if verb == "delete" || step["shows"] == "gone" {
        assert_eq!(answer["__type"], "ResourceNotFoundException", "{at}: {answer}");
        return;
    }
    assert_eq!(status, 200, "{at}: {answer}");
    let text = answer["ResourceDescription"]["Properties"].as_str().expect("properties");
    let properties: Json = serde_json::from_str(text).expect("JSON");
    let shows = &step["shows"];
    assert!(shows.is_null() || agrees(shows, &properties), "{at}: expected {shows}\ngot {properties}");
    for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
        let value = properties.pointer(pointer.as_str().expect("a pointer"));
        kept.insert(name.clone(), value.unwrap_or_else(|| panic!("{at}: {pointer} of {properties}")).clone());
    }
}

fn call(cloud: &Cloud, step: &Json, operation: &str, input: &Json) -> (u16, Json) {
    let account = step["account"].as_str().unwrap_or("test");
    let region = step["region"].as_str().unwrap_or("us-east-1");
    let credential = format!("{account}/20261123/{region}/cloudcontrolapi/aws4_request");
    let request = http::Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{operation}"))
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"),
        )
        .body(Bytes::from(input.to_string()))
        .expect("a request");
    let response = cloud.handle(&request);
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON comes back"))
}
