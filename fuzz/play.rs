//! Bytes as a play of requests to a local cloud in memory, each of which must be answered well.
//!
//! Two forms, so that the seeds are readable and the project's own cases are seeds:
//!
//! - JSON with `steps`, as in `tests/cases/cloudcontrol`, and any bytes after it: those change the
//!   bodies of its calls as trees (four bytes a change: which step, which node, how, with what), so
//!   that the changed bodies are still JSON and get far.
//! - Anything else is one HTTP request: a line with method and path, lines with headers, an empty
//!   line, a body.

use bytes::Bytes;
use evstack::local::{Cloud, ManualClock, Options, Time};
use http::Request;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Members that hold JSON in a string.
const TEXTS: [&str; 5] = ["DesiredState", "PatchDocument", "ResourceModel", "Properties", "Policy"];
/// A play's length: longer ones find nothing that two shorter ones wouldn't.
const STEPS: usize = 40;
/// In a raw request, this line stands for a caller's signature.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/cloudcontrolapi/aws4_request, \
                      SignedHeaders=host, Signature=00";

/// Plays `input`.
///
/// # Panics
/// An answer isn't one that a client could read.
pub fn play(input: &[u8]) {
    let options =
        Options { clock: Arc::new(ManualClock::new(Time(1_795_000_000_000))), ..Options::default() };
    let cloud = Cloud::open(None, options).expect("a cloud in memory opens");
    let mut values = serde_json::Deserializer::from_slice(input).into_iter::<Json>();
    match values.next() {
        Some(Ok(case)) if case.get("steps").is_some_and(Json::is_array) => {
            let changes = &input[values.byte_offset().min(input.len())..];
            steps(&cloud, case["steps"].as_array().map_or(&[], Vec::as_slice), changes);
        }
        _ => {
            if let Some(request) = raw(input) {
                ask(&cloud, &request);
            }
        }
    }
    // What was begun is done, and everything that exists can be told.
    cloud.advance(Duration::from_secs(3600)).expect("memory takes everything");
    assert!(cloud.inventory()["resources"].is_array());
}

fn steps(cloud: &Cloud, steps: &[Json], changes: &[u8]) {
    let mut kept = BTreeMap::new();
    for (number, step) in steps.iter().take(STEPS).enumerate() {
        if let Some(time) = step["advance"].as_u64() {
            cloud.advance(Duration::from_millis(time.min(1 << 40))).expect("time goes on");
            continue;
        }
        let (operation, mut with) = asked(step);
        for change in changes.chunks_exact(4).filter(|change| usize::from(change[0]) % STEPS == number) {
            alter(&mut with, change[1], change[2], change[3]);
        }
        let request = Request::post("/")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("CloudApiService.{operation}"))
            .header("authorization", SIGNED)
            .body(Bytes::from(written(&with, &kept).to_string()));
        // An operation's name that can't stand in a header reaches nobody.
        let Ok(request) = request else { continue };
        let answer = ask(cloud, &request);
        match &step["keep"] {
            Json::Object(names) => {
                for (name, pointer) in names {
                    if let Some(value) = pointer.as_str().and_then(|pointer| answer.pointer(pointer)) {
                        kept.insert(name.clone(), value.clone());
                    }
                }
            }
            Json::String(name) => {
                // The identifier of what a short step made.
                let token = answer["ProgressEvent"]["RequestToken"].clone();
                let body = json!({ "RequestToken": token }).to_string();
                let (mut parts, _) = request.into_parts();
                let target = http::HeaderValue::from_static("CloudApiService.GetResourceRequestStatus");
                parts.headers.insert("x-amz-target", target);
                let answer = ask(cloud, &Request::from_parts(parts, Bytes::from(body)));
                kept.insert(name.clone(), answer["ProgressEvent"]["Identifier"].clone());
            }
            _ => {}
        }
    }
}

/// A step's operation and input, also of the short forms: `{"create": type, "state": …}` and so on.
fn asked(step: &Json) -> (&str, Json) {
    let of = |type_name: &Json| json!({ "TypeName": type_name, "Identifier": step["of"] });
    if let Some(type_name) = step.get("create") {
        return ("CreateResource", json!({ "TypeName": type_name, "DesiredState": step["state"] }));
    }
    if let Some(type_name) = step.get("update") {
        let mut input = of(type_name);
        input["PatchDocument"] = step["patch"].clone();
        return ("UpdateResource", input);
    }
    if let Some(type_name) = step.get("delete") {
        return ("DeleteResource", of(type_name));
    }
    if let Some(type_name) = step.get("read") {
        return ("GetResource", of(type_name));
    }
    (step["call"].as_str().unwrap_or_default(), step["with"].clone())
}

/// A tree of more nodes isn't changed any further.
const LARGEST_TREE: usize = 4_000;

/// Changes one node of a tree.
fn alter(tree: &mut Json, which: u8, how: u8, with: u8) {
    let mut nodes = Vec::new();
    pointers(tree, String::new(), &mut nodes);
    // Copies of copies grow without end, and then only this would be tried.
    if nodes.len() > LARGEST_TREE {
        return;
    }
    let pointer = nodes[usize::from(which) % nodes.len()].clone();
    let other = nodes[usize::from(with) % nodes.len()].clone();
    let other = tree.pointer(&other).cloned().unwrap_or_default();
    let Some(node) = tree.pointer_mut(&pointer) else { return };
    match how % 12 {
        0 => *node = json!(null),
        1 => *node = json!(with),
        2 => *node = json!(-i64::from(with) * 0x0101_0101_0101),
        3 => *node = json!(f64::from(with) * 1e300),
        4 => *node = json!(with & 1 == 0),
        5 => *node = json!("x".repeat(usize::from(with) * 8)),
        6 => *node = json!(char::from_u32(u32::from(with) * 97).unwrap_or('\u{0}').to_string()),
        7 => *node = json!([node.clone(), node.clone()]),
        8 => *node = other,
        9 => *node = json!({ "Fn": node.clone() }),
        10 => match node {
            Json::Object(members) if !members.is_empty() => {
                let name = members.keys().nth(usize::from(with) % members.len()).cloned();
                members.shift_remove(&name.unwrap_or_default());
            }
            Json::Array(items) => items.truncate(usize::from(with) % (items.len() + 1)),
            Json::String(text) => *text = text.chars().rev().collect(),
            _ => *node = json!([]),
        },
        _ => match node {
            Json::Object(members) => {
                members.insert(format!("Key{with}"), other);
            }
            Json::Array(items) => items.push(other),
            Json::String(text) => text.push(char::from(with)),
            _ => *node = json!({}),
        },
    }
}

/// Where everything is, parents first. The JSON reader bounds the depth.
fn pointers(node: &Json, at: String, found: &mut Vec<String>) {
    match node {
        Json::Object(members) => {
            for (name, value) in members {
                pointers(value, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
    found.push(at);
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

/// One HTTP request, if the bytes are as much as that: sockets refuse the others.
fn raw(input: &[u8]) -> Option<Request<Bytes>> {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((input, &[][..]), |at| (&input[..at], &input[at + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let mut builder = Request::builder().method(words.next()?).uri(words.next()?);
    for line in lines {
        if line == b"SIGNED" {
            builder = builder.header("authorization", SIGNED);
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        builder = builder.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    builder.body(Bytes::copy_from_slice(body)).ok()
}

/// Sends a request and looks at the answer: a status, a content type, and a body of that type.
fn ask(cloud: &Cloud, request: &Request<Bytes>) -> Json {
    let answer = cloud.handle(request);
    let status = answer.status().as_u16();
    assert!((200..600).contains(&status), "{status}");
    let body = answer.body();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind {
        "text/xml" => assert!(body.starts_with(b"<") && body.ends_with(b">"), "{body:?}"),
        "application/cbor" => assert!(body.first().is_some_and(|byte| byte >> 5 == 5), "{body:?}"),
        kind if kind.contains("json") => {
            let read = serde_json::from_slice::<Json>(body);
            return read.unwrap_or_else(|error| panic!("{status} {kind} {error}: {body:?}"));
        }
        _ => assert!(body.is_empty(), "a body of no known type: {kind:?} {body:?}"),
    }
    Json::Null
}
