//! The local cloud against its cases: requests and answers as data (`common/cases.rs` says how).

#[path = "common/cases.rs"]
mod cases;
#[path = "common/in_short.rs"]
mod in_short;

use bytes::Bytes;
use cases::{Answer, Kept, agrees, cloud, page};
use evstack::local::Cloud;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

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
    send(cloud, operation, input.to_string())
}

fn send(cloud: &Cloud, operation: &str, body: String) -> (u16, Json) {
    let response = cloud.handle(&request(operation, body));
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.0");
    assert!(response.headers().contains_key("x-amzn-requestid"));
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON comes back"))
}

#[test]
fn cloud_control_cases() {
    let mut count = 0;
    let (mut operations, mut errors) = (BTreeSet::new(), BTreeSet::new());
    for case in cases::all() {
        let cloud = cases::behaving(&case.behaviour);
        let mut kept = Kept::new();
        for (number, step) in case.steps.iter().enumerate() {
            let at = format!("{} step {}", case.path, number + 1);
            if cases::advanced(&cloud, step) {
                continue;
            }
            count += 1;
            let Some(operation) = step["call"].as_str() else {
                handled(&cloud, step, &at, &mut kept);
                continue;
            };
            let body = match step["raw"].as_str() {
                Some(raw) => raw.to_owned(),
                None => cases::written(&step["with"], &kept).to_string(),
            };
            let (status, body) = send(&cloud, operation, body);
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            let answer = match status {
                200 => Answer::Result(body),
                status => Answer::Error { code: text("__type"), message: text("Message"), status },
            };
            cases::check(step, &answer, &mut kept, &at);
            errors.extend(step["error"].as_str().map(str::to_owned));
            operations.insert(operation.to_owned());
        }
    }
    assert!(count > 150, "only {count} steps: are the cases there?");
    for operation in OPERATIONS {
        assert!(operations.contains(operation), "no case calls {operation}");
    }
    for (error, why_not) in ERRORS {
        assert_eq!(errors.contains(error), why_not.is_empty(), "{error}: {why_not}");
    }
}

/// The service's operations (service model cloudcontrol 2021-09-30).
const OPERATIONS: [&str; 8] = [
    "CancelResourceRequest",
    "CreateResource",
    "DeleteResource",
    "GetResource",
    "GetResourceRequestStatus",
    "ListResourceRequests",
    "ListResources",
    "UpdateResource",
];

/// Why an error of a synchronous answer has no case: it would be a read or list handler that fails.
const NO_FAILING_READ: &str = "a read or list handler's error; handlers here fail in a request's event, and reads by the fault profile alone";

/// The service model's error shapes and those that AWS's services have in common; with the reason
/// where no call to a cloud without faults causes it.
const ERRORS: [(&str, &str); 24] = [
    ("AlreadyExistsException", "a create of what exists is accepted; its event says AlreadyExists"),
    ("ClientTokenConflictException", ""),
    ("ConcurrentModificationException", ""),
    ("ConcurrentOperationException", ""),
    ("GeneralServiceException", NO_FAILING_READ),
    ("HandlerFailureException", NO_FAILING_READ),
    ("HandlerInternalFailureException", NO_FAILING_READ),
    ("InvalidCredentialsException", NO_FAILING_READ),
    ("InvalidRequestException", ""),
    ("NetworkFailureException", NO_FAILING_READ),
    ("NotStabilizedException", NO_FAILING_READ),
    ("NotUpdatableException", ""),
    ("PrivateTypeException", "no private types can be registered here"),
    ("RequestTokenNotFoundException", ""),
    ("ResourceConflictException", NO_FAILING_READ),
    ("ResourceNotFoundException", ""),
    ("ServiceInternalErrorException", NO_FAILING_READ),
    ("ServiceLimitExceededException", NO_FAILING_READ),
    ("SerializationException", ""),
    ("ThrottlingException", "only where the profile throttles"),
    ("TypeNotFoundException", ""),
    ("UnknownOperationException", ""),
    ("UnsupportedActionException", ""),
    ("ValidationException", ""),
];

/// A step about a handler: what is to be done is done to its end.
fn handled(cloud: &Cloud, step: &Json, at: &str, kept: &mut Kept) {
    let text = |name: &str| step[name].as_str();
    let (operation, type_name) = ["create", "update", "delete", "read"]
        .iter()
        .find_map(|operation| Some((*operation, text(operation)?)))
        .unwrap_or_else(|| panic!("{at}: something to do"));
    let mut input = json!({ "TypeName": type_name });
    let mut identifier = cases::expected(&step["of"], kept);
    if operation == "create" {
        input["DesiredState"] = json!(cases::written(&step["state"], kept).to_string());
    } else {
        input["Identifier"] = identifier.clone();
    }
    if operation == "update" {
        input["PatchDocument"] = json!(cases::written(&step["patch"], kept).to_string());
    }
    if operation != "read" {
        let name = match operation {
            "create" => "CreateResource",
            "update" => "UpdateResource",
            _ => "DeleteResource",
        };
        let (_, begun) = call(cloud, name, &input);
        let token = &begun["ProgressEvent"]["RequestToken"];
        assert!(token.is_string(), "{at}: {begun}");
        let (_, ended) = call(cloud, "GetResourceRequestStatus", &json!({ "RequestToken": token }));
        let event = &ended["ProgressEvent"];
        if let Some(code) = text("fails") {
            assert_eq!(event["ErrorCode"], code, "{at}: {event}");
            let message = event["StatusMessage"].as_str().unwrap_or_default();
            let words = cases::expected(&step["message"], kept);
            assert!(message.contains(words.as_str().unwrap_or_default()), "{at}: {message}");
            return;
        }
        assert_eq!(event["OperationStatus"], "SUCCESS", "{at}: {event}");
        if operation == "delete" {
            return;
        }
        identifier = event["Identifier"].clone();
    }
    if let Some(name) = text("keep") {
        kept.insert(name.to_owned(), identifier.clone());
    }
    let (_, read) = call(cloud, "GetResource", &json!({ "TypeName": type_name, "Identifier": identifier }));
    if step["is"] == "gone" {
        assert_eq!(read["__type"], "ResourceNotFoundException", "{at}: {read}");
    } else if !step["is"].is_null() {
        let shown = &read["ResourceDescription"]["Properties"];
        let is = cases::expected(&step["is"], kept);
        assert!(agrees(&is, shown), "{at}: expected {is}\ngot {shown}");
    }
    for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
        let shown = read["ResourceDescription"]["Properties"].as_str().unwrap_or_default();
        let shown: Json = serde_json::from_str(shown).unwrap_or_else(|_| panic!("{at}: {read}"));
        let value = shown.pointer(pointer.as_str().unwrap_or_default());
        kept.insert(name.clone(), value.unwrap_or_else(|| panic!("{at}: {pointer}")).clone());
    }
}

/// Whatever comes in, an answer goes out, and in some protocol's shape.
mod hostile {
    use super::*;
    use proptest::prelude::*;

    fn operation() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "CreateResource",
            "GetResource",
            "UpdateResource",
            "DeleteResource",
            "ListResources",
            "GetResourceRequestStatus",
            "ListResourceRequests",
            "CancelResourceRequest",
        ])
    }

    /// Values that are nearly right, so that they get far.
    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(json!("AWS::SQS::Queue")),
            Just(json!("AWS::Logs::LogGroup")),
            Just(json!("AWS::ApiGateway::Method")),
            Just(json!("{\"QueueName\":\"q\"}")),
            Just(json!("{\"LogGroupName\":\"g\",\"RetentionInDays\":-1}")),
            Just(json!("[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]")),
            Just(json!("[{\"op\":\"add\",\"path\":\"/Tags/-\",\"value\":{}}]")),
            Just(json!("g")),
            Just(json!("a|b|c")),
            Just(json!(1)),
            Just(json!(null)),
            any::<i64>().prop_map(Json::from),
            ".{0,40}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Json::from))
    }

    fn input() -> impl Strategy<Value = Json> {
        let member = prop::sample::select(vec![
            "TypeName",
            "DesiredState",
            "Identifier",
            "PatchDocument",
            "ClientToken",
            "RequestToken",
            "NextToken",
            "MaxResults",
            "ResourceModel",
            "ResourceRequestStatusFilter",
        ]);
        prop::collection::btree_map(member, value(), 0..6)
            .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    proptest! {
        #[test]
        fn inputs_are_answered(calls in prop::collection::vec((operation(), input()), 1..8)) {
            let cloud = cloud(0);
            for (operation, input) in calls {
                let (status, answer) = call(&cloud, operation, &input);
                prop_assert!(matches!(status, 200 | 400), "{status} {answer}");
                prop_assert_eq!(status == 200, answer.get("__type").is_none(), "{}", answer);
            }
        }

        #[test]
        fn bytes_are_answered(
            path in "/[ -~&&[^<>\"{}|^`\\\\ ]]{0,30}",
            target in prop::option::of("[ -~]{0,40}"),
            authorization in "(AWS4-HMAC-SHA256 )?(Credential=)?[ -~]{0,60}",
            content_type in "[ -~]{0,40}",
            body in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut builder = http::Request::post(&path)
                .header("authorization", authorization)
                .header("content-type", content_type);
            if let Some(target) = target {
                builder = builder.header("x-amz-target", target);
            }
            let request = builder.body(Bytes::from(body));
            prop_assume!(request.is_ok());
            let response = cloud(0).handle(&request.expect("assumed"));
            prop_assert!(response.status().as_u16() >= 200);
            prop_assert!(!response.body().is_empty());
        }
    }
}

/// Who asks before anything else: STS in its protocol, and services that aren't here by name.
#[test]
fn other_protocols_are_answered_in_their_own_shape() {
    let cloud = cloud(0);
    let send = |signing: &str, headers: &[(&str, &str)], path: &str, body: &'static str| {
        let credential =
            format!("AWS4-HMAC-SHA256 Credential=test/20261123/eu-west-1/{signing}/aws4_request");
        let mut builder = http::Request::post(path).header("authorization", credential);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let response = cloud.handle(&builder.body(Bytes::from_static(body.as_bytes())).expect("a request"));
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
    };
    let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let (status, body) = send("sts", &form, "/", "Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(status, 200);
    assert!(body.contains("<GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn>"), "{body}");

    let (status, body) = send("sns", &form, "/", "Action=Publish");
    assert_eq!(status, 501);
    assert!(body.contains("<Code>UnsupportedOperation</Code>") && body.contains("SNS Publish"), "{body}");

    let json =
        [("x-amz-target", "DynamoDB_20120810.GetItem"), ("content-type", "application/x-amz-json-1.0")];
    let (status, body) = send("dynamodb", &json, "/", "{}");
    assert_eq!(status, 501);
    assert!(
        body.contains("\"__type\":\"UnsupportedOperation\"") && body.contains("DynamoDB GetItem"),
        "{body}"
    );

    let cbor = [("smithy-protocol", "rpc-v2-cbor")];
    let (status, body) =
        send("comprehend", &cbor, "/service/Comprehend_20171127/operation/DetectSentiment", "");
    assert_eq!(status, 501);
    assert!(body.contains("Comprehend DetectSentiment"), "{body}");

    let (status, body) = send("pipes", &[], "/v1/pipes/p", "");
    assert_eq!(status, 501);
    assert!(body.contains("EventBridge Pipes POST /v1/pipes/p"), "{body}");

    let unsigned = http::Request::post("/").header("x-amz-target", "CloudApiService.ListResources");
    let response = cloud.handle(&unsigned.body(Bytes::new()).expect("a request"));
    assert_eq!(response.status(), 400);
    assert!(String::from_utf8_lossy(response.body()).contains("MissingAuthenticationTokenException"));
}

#[test]
fn its_own_pages_are_there() {
    let cloud = cloud(0);
    let get = |path: &str| {
        let response = cloud.handle(&http::Request::get(path).body(Bytes::new()).expect("a request"));
        let body: Json = serde_json::from_slice(response.body()).expect("JSON");
        (response.status().as_u16(), body)
    };
    assert_eq!(get("/_evstack/health").1["account"], "000000000000");
    assert_eq!(get("/_evstack/inventory").1, json!({ "resources": [], "pending": [] }));
    let input = json!({"TypeName": "AWS::Logs::LogGroup", "DesiredState": "{\"LogGroupName\":\"g\"}"});
    let (_, answer) = call(&cloud, "CreateResource", &input);
    let (_, inventory) = get("/_evstack/inventory");
    assert_eq!(inventory["resources"][0]["identifier"], "g");
    assert_eq!(inventory["resources"][0]["created"]["request"], answer["ProgressEvent"]["RequestToken"]);
    assert_eq!(get("/_evstack/x").0, 404);
}

#[test]
fn the_profile_is_read_and_turned_while_it_runs() {
    let cloud = cloud(0);
    let (_, before) = page(&cloud, "GET", "profile", &Json::Null);
    assert_eq!((&before["latency"], &before["throttle"]), (&json!(0), &json!(0.0)));
    let (status, turned) = page(&cloud, "PATCH", "profile", &json!({"throttle": 1, "latency": [5, 9]}));
    assert_eq!((status, &turned["latency"]), (200, &json!([5, 9])));
    let listed = json!({"TypeName": "AWS::Logs::LogGroup"});
    let (status, answer) = call(&cloud, "ListResources", &listed);
    assert!(matches!(status, 400 | 429 | 503), "{answer}");
    let (_, counts) = page(&cloud, "GET", "counts", &Json::Null);
    assert_eq!(counts["calls"], json!({"cloudcontrolapi:ListResources": 1}));
    assert_eq!(counts["misbehaviours"].as_object().expect("counts").values().filter(|n| **n == 1).count(), 1);
    let (_, counts) = page(&cloud, "DELETE", "counts", &Json::Null);
    assert_eq!(counts["calls"], json!({}));
    // What is wrong changes nothing; what a PUT leaves out is as in the instant profile.
    let (status, refused) = page(&cloud, "PATCH", "profile", &json!({"lag": 5}));
    assert_eq!(status, 400);
    assert!(refused["message"].as_str().expect("why").contains("unknown field `lag`"), "{refused}");
    assert_eq!(page(&cloud, "GET", "profile", &Json::Null).1, turned);
    let (_, put) = page(&cloud, "PUT", "profile", &json!({"role_delay": 7}));
    assert_eq!((&put["throttle"], &put["role_delay"]), (&json!(0.0), &json!(7)));
    assert_eq!(call(&cloud, "ListResources", &listed).0, 200);
    assert_eq!(page(&cloud, "POST", "profile", &json!({})).0, 404);
}

/// Lists page through everything once, in any page size, whatever else has like names.
#[test]
fn lists_have_everything_once() {
    let cloud = cloud(0);
    for number in 0..25 {
        let state = json!({ "LogGroupName": format!("g{number}") }).to_string();
        call(&cloud, "CreateResource", &json!({"TypeName": "AWS::Logs::LogGroup", "DesiredState": state}));
    }
    for size in [1, 7, 25, 100] {
        let mut found = Vec::new();
        let mut input = json!({"TypeName": "AWS::Logs::LogGroup", "MaxResults": size});
        loop {
            let (_, page) = call(&cloud, "ListResources", &input);
            let descriptions = page["ResourceDescriptions"].as_array().expect("descriptions");
            assert!(descriptions.len() <= size);
            found.extend(descriptions.iter().map(|d| d["Identifier"].to_string()));
            match page.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => break,
            }
        }
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!((found.len(), distinct.len()), (25, 25), "pages of {size}");
    }
}

/// What was taken in can be read again: JSON has a deepest level, and a row wraps the model in more.
#[test]
fn the_deepest_model_that_is_taken_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let hour = evstack::local::Delay::milliseconds(3_600_000, 3_600_000);
    let profile = evstack::local::Profile { latency: hour, ..Default::default() };
    let options = evstack::local::Options { profile, ..evstack::local::Options::default() };
    let mut taken = 0;
    for depth in 90..140 {
        let cloud = Cloud::open(Some(folder.path()), options.clone()).expect("what was taken is read again");
        let pattern = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let desired = format!("{{\"Name\":\"rule-{depth}\",\"EventPattern\":{pattern}}}");
        let input = json!({ "TypeName": "AWS::Events::Rule", "DesiredState": desired });
        match call(&cloud, "CreateResource", &input) {
            (200, _) => taken = depth,
            (status, answer) => assert_eq!(status, 400, "{answer}"),
        }
    }
    assert!((90..139).contains(&taken), "models as deep as {taken} are taken");
}
