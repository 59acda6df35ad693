//! Cases of Cloud Control as data (`tests/cases/cloudcontrol`), for every client that replays them:
//! raw requests, the AWS SDK for Rust, and, from Python, boto3 and the AWS CLI.
//!
//! A case is `{"truth": where it is from, "steps": […]}`, and may say how the cloud behaves: `profile`
//! has knobs as `PUT /_evstack/profile` takes them, `seed` is what choices follow from; `latency`,
//! `roleDelay`, `queueRest` are short for three knobs; and `"clock": "still"` where only a clock that is
//! moved by hand can tell. A step calls
//! (`call`, `with`) and says what comes back: `answer` (a part of it), `error` and `message` (a part of
//! it, or all where it begins with `=`), with HTTP's `status` where that isn't 400; or it moves the
//! time on (`advance`, in milliseconds). `raw` is a body that no client would send. `keep` gives names
//! to values of the answer by pointer, for later steps to use as `$name`. Objects where the wire has
//! JSON in a string are written and compared as such.
//!
//! A step about a handler is shorter: it does a change to its end, `create`
//! (a type) with `state`, `update` (a type) `of` an identifier with `patch`, or `delete` (a type) `of` an
//! identifier. It `fails` with an error code and a `message`, or what is read then `is` as said, whole.
//! `{"read": type, "of": identifier}` only looks: what it finds `is` as said, or it is `"gone"`. Its
//! `keep` is a name for the identifier, or names for properties by pointer.

use bytes::Bytes;
use evstack::local::{Cloud, ManualClock, Options, Settings, Time};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Members that hold JSON in a string.
const TEXTS: [&str; 5] = ["DesiredState", "PatchDocument", "ResourceModel", "Properties", "Policy"];

/// A case's file, read.
pub struct Case {
    pub path: String,
    /// The case itself: how the cloud behaves.
    pub behaviour: Json,
    pub steps: Vec<Json>,
}

/// Kept values by name.
pub type Kept = BTreeMap<String, Json>;

/// What came back, whoever asked.
pub enum Answer {
    /// The members of the result.
    Result(Json),
    /// An error's name and words; HTTP's status where the client tells it.
    Error { code: String, message: String, status: u16 },
}

/// All cases, in order, those of folders in the folder too.
pub fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cloudcontrol");
    files(&folder).iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).expect("a case");
    let case: Json = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(case["truth"].is_string(), "{} says where it is from", path.display());
    Case {
        path: path.display().to_string(),
        steps: case["steps"].as_array().expect("steps").clone(),
        behaviour: case,
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the cases are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// A cloud in memory whose time stands still.
pub fn cloud(latency: u64) -> Cloud {
    behaving(&json!({ "latency": latency }))
}

/// A cloud that behaves as a case says.
pub fn behaving(case: &Json) -> Cloud {
    let mut knobs = case.get("profile").cloned().unwrap_or_else(|| json!({}));
    for (short, knob) in [("latency", "latency"), ("roleDelay", "role_delay"), ("queueRest", "queue_rest")] {
        if let Some(time) = case.get(short) {
            knobs[knob] = time.clone();
        }
    }
    let cloud = seeded(case["seed"].as_u64().unwrap_or(0));
    let (status, answer) = page(&cloud, "PUT", "profile", &knobs);
    assert_eq!(status, 200, "{answer}");
    cloud
}

fn seeded(seed: u64) -> Cloud {
    let options = Options {
        settings: Settings { seed, ..Settings::default() },
        clock: Arc::new(ManualClock::new(Time(1_795_000_000_000))),
        ..Options::default()
    };
    Cloud::open(None, options).expect("a cloud in memory opens")
}

/// One of the cloud's own pages.
pub fn page(cloud: &Cloud, method: &str, name: &str, body: &Json) -> (u16, Json) {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = http::Request::builder().method(method).uri(format!("/_evstack/{name}"));
    let response = cloud.handle(&request.body(body).expect("a request"));
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON comes back"))
}

/// Moves the time on, where the step says no more than that.
pub fn advanced(cloud: &Cloud, step: &Json) -> bool {
    let Some(time) = step["advance"].as_u64() else { return false };
    cloud.advance(Duration::from_millis(time)).expect("time goes on");
    true
}

/// Holds an answer against what the step says, and keeps what it keeps.
pub fn check(step: &Json, answer: &Answer, kept: &mut Kept, at: &str) {
    match (step["error"].as_str(), answer) {
        (Some(error), Answer::Error { code, message, status }) => {
            assert_eq!(code, error, "{at}: {message}");
            assert_eq!(u64::from(*status), step["status"].as_u64().unwrap_or(400), "{at}: {message}");
            let expected = filled(step["message"].as_str().unwrap_or_default(), kept);
            match expected.strip_prefix('=') {
                Some(whole) => assert_eq!(message, whole, "{at}"),
                None => assert!(message.contains(&expected), "{at}: {message}"),
            }
        }
        (None, Answer::Result(result)) => {
            let expected = expected(&step["answer"], kept);
            assert!(agrees(&expected, result), "{at}: expected {expected}\ngot {result}");
            for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
                let value = result.pointer(pointer.as_str().expect("a pointer"));
                kept.insert(name.clone(), value.unwrap_or_else(|| panic!("{at}: {pointer}")).clone());
            }
        }
        (expected, Answer::Error { code, message, .. }) => {
            panic!("{at}: {expected:?}, not {code}: {message}")
        }
        (expected, Answer::Result(result)) => panic!("{at}: {expected:?}, not {result}"),
    }
}

/// A message with the kept values in the places of their `$name`s.
fn filled(text: &str, kept: &Kept) -> String {
    kept.iter().fold(text.to_owned(), |text, (name, value)| match value.as_str() {
        Some(value) => text.replace(&format!("${name}"), value),
        None => text,
    })
}

/// A step's input as the wire has it: kept values put in, JSON in strings.
pub fn written(value: &Json, kept: &Kept) -> Json {
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

/// Kept values in an expected answer; JSON in strings stays JSON there.
pub fn expected(value: &Json, kept: &Kept) -> Json {
    match value {
        Json::String(text) => text.strip_prefix('$').and_then(|name| kept.get(name)).unwrap_or(value).clone(),
        Json::Array(items) => items.iter().map(|item| expected(item, kept)).collect(),
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), expected(value, kept))).collect())
        }
        other => other.clone(),
    }
}

/// Whether `actual` has all of `expected`; lists must agree in length. `"*"` is anything, and null
/// is absence.
pub fn agrees(expected: &Json, actual: &Json) -> bool {
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
