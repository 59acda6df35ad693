//! The real SDK against scripted answers: what is sent, and what each answer means.

use super::*;
use crate::provider::{FaultKind, JumpingClock, Status, identity, in_process};
use bytes::Bytes;
use serde_json::json;
use std::sync::Mutex;

type Sent = Arc<Mutex<Vec<(http::HeaderMap, Json)>>>;

/// A client whose requests get these answers, one after the other; and what it sent.
fn scripted(answers: Vec<(u16, &str, Json)>) -> (CloudControl, Sent) {
    let sent: Sent = Arc::default();
    let seen = Arc::clone(&sent);
    let answers: Vec<(u16, String, Json)> =
        answers.into_iter().map(|(status, error, body)| (status, error.to_owned(), body)).collect();
    let answers = Mutex::new(answers.into_iter());
    let http_client = in_process::http_client(move |request| {
        let body = serde_json::from_slice(request.body()).expect("a JSON body");
        seen.lock().expect("not poisoned").push((request.headers().clone(), body));
        let (status, error, body) =
            answers.lock().expect("not poisoned").next().expect("no more requests than answers");
        let mut response = http::Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amzn-requestid", "request-id-1");
        if !error.is_empty() {
            response = response.header("x-amzn-errortype", error);
        }
        Some(response.body(Bytes::from(body.to_string())).expect("a response"))
    });
    let control = CloudControl::new(Settings {
        region: "eu-west-1".to_owned(),
        credentials: identity::local_credentials(),
        endpoint: Some("http://127.0.0.1:4566".to_owned()),
        http_client,
        limiter: Some(Arc::default()),
        breaker: None,
        clock: Arc::new(JumpingClock::default()),
        seed: 1,
    });
    (control, sent)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    // The SDK's own timeouts use tokio's clock.
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

fn queue() -> TypeName {
    TypeName::new("AWS::SQS::Queue")
}

#[test]
fn a_create_is_signed_json_with_its_token_and_its_progress_is_read() {
    let event = json!({"ProgressEvent": {
        "TypeName": "AWS::SQS::Queue", "RequestToken": "r-1", "Operation": "CREATE",
        "OperationStatus": "IN_PROGRESS", "Identifier": "q",
    }});
    let (control, sent) = scripted(vec![(200, "", event)]);
    let progress = block_on(control.create(&queue(), &json!({"QueueName": "q"}), "token-1"));
    let progress = progress.expect("accepted");
    assert_eq!((progress.request_token.as_str(), progress.status), ("r-1", Status::Running));
    assert_eq!(progress.identifier.as_deref(), Some("q"));
    let sent = sent.lock().expect("not poisoned");
    let (headers, body) = &sent[0];
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    assert_eq!(header("x-amz-target"), "CloudApiService.CreateResource");
    assert_eq!(header("content-type"), "application/x-amz-json-1.0");
    assert!(header("authorization").contains("/eu-west-1/cloudcontrolapi/aws4_request"));
    assert_eq!(body["ClientToken"], "token-1");
    assert_eq!(body["DesiredState"], r#"{"QueueName":"q"}"#);
}

#[test]
fn a_begin_is_never_sent_twice_by_itself() {
    let (control, sent) = scripted(vec![(400, "ThrottlingException", json!({"message": "Rate exceeded"}))]);
    let fault = block_on(control.create(&queue(), &json!({}), "t")).expect_err("throttled");
    assert_eq!(fault.kind, FaultKind::Throttled);
    assert_eq!(sent.lock().expect("not poisoned").len(), 1);
}

#[test]
fn refusals_keep_code_words_and_request_id_modelled_or_not() {
    let words = "Model validation failed (#: extraneous key [X] is not permitted)";
    let cases = [
        ("ValidationException", words, FaultKind::Invalid),
        ("com.amazonaws.cloudcontrol#NotUpdatableException", "createOnlyProperties", FaultKind::NotUpdatable),
        ("ConcurrentOperationException", "busy", FaultKind::Conflict),
        ("ClientTokenConflictException", "used by r-1", FaultKind::TokenConflict),
        ("ExpiredTokenException", "expired", FaultKind::Denied),
        ("TypeNotFoundException", "cannot be found", FaultKind::UnsupportedType),
    ];
    for (code, message, kind) in cases {
        let (control, _) = scripted(vec![(400, code, json!({"message": message}))]);
        let fault = block_on(control.update(&queue(), "q", &json!([]), "t")).expect_err("refused");
        assert_eq!(fault.kind, kind, "{fault:?}");
        assert_eq!(fault.message, message);
        assert_eq!(fault.code, code.rsplit('#').next().expect("a code"));
        assert_eq!(fault.request_id.as_deref(), Some("request-id-1"));
        assert_eq!(fault.identifier.as_deref(), Some("q"));
    }
}

#[test]
fn a_read_is_asked_again_while_it_is_throttled_and_nothing_there_is_none() {
    let description = json!({"TypeName": "AWS::SQS::Queue", "ResourceDescription": {
        "Identifier": "q", "Properties": r#"{"DelaySeconds":5}"#,
    }});
    let throttled = (400, "ThrottlingException", json!({"message": "slow"}));
    let (control, sent) = scripted(vec![throttled.clone(), throttled, (200, "", description)]);
    let live = block_on(control.read(&queue(), "q")).expect("answered");
    assert_eq!(live, Some(json!({"DelaySeconds": 5})));
    assert_eq!(sent.lock().expect("not poisoned").len(), 3);

    let words =
        "AWS::SQS::Queue Handler returned status FAILED: gone (HandlerErrorCode: NotFound, RequestToken: 1)";
    for code in ["ResourceNotFoundException", "GeneralServiceException"] {
        let (control, _) = scripted(vec![(400, code, json!({"message": words}))]);
        assert_eq!(block_on(control.read(&queue(), "q")).expect("answered"), None, "{code}");
    }
}

#[test]
fn deleting_what_is_not_there_succeeds_at_once_and_in_the_event() {
    let gone = json!({"ProgressEvent": {
        "Operation": "DELETE", "OperationStatus": "FAILED", "ErrorCode": "NotFound", "RequestToken": "r-1",
    }});
    let unconfirmed = json!({"ProgressEvent": {
        "Operation": "DELETE", "OperationStatus": "FAILED", "ErrorCode": "InvalidRequest", "RequestToken": "r-1",
        "StatusMessage": "Invalid request provided: subscription arn:aws:sns:us-east-1:1:t:s cannot be deleted if pending confirmation",
    }});
    let at_once = (400, "ResourceNotFoundException", json!({"message": "gone"}));
    for answer in [at_once, (200, "", gone), (200, "", unconfirmed)] {
        let (control, _) = scripted(vec![answer]);
        let progress = block_on(control.delete(&queue(), "q", "t")).expect("no fault");
        assert_eq!(progress.status, Status::Succeeded);
    }
}

#[test]
fn an_answer_without_sense_leaves_open_whether_it_was_done() {
    let (control, _) = scripted(vec![(502, "", json!("bad gateway"))]);
    let fault = block_on(control.create(&queue(), &json!({}), "t")).expect_err("no sense");
    assert!(matches!(fault.kind, FaultKind::Unreachable | FaultKind::Internal), "{fault:?}");
}

#[test]
fn lists_are_read_to_their_last_page() {
    let page = |identifier: &str, next: Option<&str>| {
        let mut page = json!({"TypeName": "AWS::SQS::Queue", "ResourceDescriptions": [
            {"Identifier": identifier, "Properties": "{}"},
        ]});
        if let Some(next) = next {
            page["NextToken"] = json!(next);
        }
        (200, "", page)
    };
    let (control, sent) = scripted(vec![page("a", Some("n")), page("b", None)]);
    let found = block_on(control.list(&queue(), None)).expect("answered");
    assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(sent.lock().expect("not poisoned")[1].1["NextToken"], "n");
}

#[test]
fn what_is_longer_than_the_service_takes_is_not_sent() {
    let (control, sent) = scripted(Vec::new());
    let long = json!({"QueueName": "x".repeat(262_144)});
    let created = block_on(control.create(&queue(), &long, "t-1"));
    let updated = block_on(control.update(
        &queue(),
        "q",
        &json!([{"op": "add", "path": "/Tags", "value": long}]),
        "t-2",
    ));
    for answer in [created, updated] {
        let fault = answer.expect_err("refused");
        assert_eq!(fault.kind, FaultKind::Invalid);
        assert!(fault.to_string().contains("Cloud Control takes 262144"), "{fault}");
    }
    assert!(sent.lock().expect("not poisoned").is_empty());
}

#[test]
fn a_queues_depth_is_asked_of_sqs_and_what_it_answers_is_told() {
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
    let attributes = json!({"Attributes": {
        "ApproximateNumberOfMessages": "10", "ApproximateNumberOfMessagesNotVisible": "2",
        "ApproximateNumberOfMessagesDelayed": "1",
    }});
    let throttled = json!({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Slow down"});
    let (control, sent) = scripted(vec![(400, "", throttled), (200, "", attributes)]);
    let depth = block_on(control.depth(url)).expect("an answer");
    assert_eq!(depth, Some(Depth { visible: 10, in_flight: 2, delayed: 1, exact: true }));
    let sent = sent.lock().expect("not poisoned");
    let (headers, body) = &sent[1];
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    assert_eq!((sent.len(), header("x-amz-target")), (2, "AmazonSQS.GetQueueAttributes"));
    assert_eq!(header("content-type"), "application/x-amz-json-1.0");
    assert!(header("authorization").contains("/eu-west-1/sqs/aws4_request"));
    assert_eq!(body["QueueUrl"], url);
    let refused = |status, body: Json| block_on(scripted(vec![(status, "", body)]).0.depth(url));
    let gone = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"});
    assert_eq!(refused(400, gone), Ok(None));
    let denied =
        json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "not authorized"});
    let fault = refused(403, denied).expect_err("denied");
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Denied, "not authorized"));
    let other = refused(404, json!({})).expect_err("nothing of SQS");
    assert_eq!(other.code, "HTTP 404");
}

#[test]
fn sqs_is_asked_where_it_is_and_believed_at_once_only_on_this_machine() {
    for (region, endpoint, asked, exact) in [
        ("eu-west-1", None, "sqs.eu-west-1.amazonaws.com", false),
        ("cn-north-1", None, "sqs.cn-north-1.amazonaws.com.cn", false),
        ("eu-west-1", Some("http://localhost:4566"), "localhost:4566", true),
        ("eu-west-1", Some("http://cloud.test:4566"), "cloud.test:4566", false),
    ] {
        let host: Arc<Mutex<String>> = Arc::default();
        let seen = Arc::clone(&host);
        let http_client = in_process::http_client(move |request| {
            *seen.lock().expect("not poisoned") =
                request.uri().authority().map(ToString::to_string).unwrap_or_default();
            let zero = json!({"Attributes": {
                "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0",
                "ApproximateNumberOfMessagesDelayed": "0",
            }});
            Some(http::Response::new(Bytes::from(zero.to_string())))
        });
        let control = CloudControl::new(Settings {
            region: region.to_owned(),
            credentials: identity::local_credentials(),
            endpoint: endpoint.map(str::to_owned),
            http_client,
            limiter: None,
            breaker: None,
            clock: Arc::new(JumpingClock::default()),
            seed: 1,
        });
        let depth = block_on(control.depth("https://q/1/a")).expect("an answer");
        assert_eq!(depth, Some(Depth { exact, ..Depth::default() }));
        assert_eq!(*host.lock().expect("not poisoned"), asked);
    }
}

/// Sixty operations that have succeeded, asked about at once: how many requests of each kind were sent,
/// and which identifiers were told. `list`: what ListResourceRequests answers.
fn sixty_at_once(list: impl Fn() -> (u16, Json) + Send + Sync + 'static) -> (usize, usize, Vec<String>) {
    let event = |token: &str| {
        json!({"RequestToken": token, "Operation": "CREATE", "OperationStatus": "SUCCESS",
               "TypeName": "AWS::SQS::Queue", "Identifier": format!("{token}'s")})
    };
    let counts: Arc<Mutex<(usize, usize)>> = Arc::default();
    let counting = Arc::clone(&counts);
    let http_client = in_process::http_client(move |request| {
        let target = request.headers().get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let body: Json = serde_json::from_slice(request.body()).expect("a JSON body");
        let mut counts = counting.lock().expect("not poisoned");
        let (status, answer) = if target.ends_with(".ListResourceRequests") {
            counts.1 += 1;
            let wanted = json!({"OperationStatuses": ["SUCCESS"]});
            assert_eq!((&body["ResourceRequestStatusFilter"], &body["MaxResults"]), (&wanted, &json!(100)));
            match list() {
                (200, _) => {
                    let all: Vec<Json> = (0..60).map(|number| event(&format!("r-{number}"))).collect();
                    (200, json!({"ResourceRequestStatusSummaries": all}))
                }
                refused => refused,
            }
        } else {
            counts.0 += 1;
            (200, json!({"ProgressEvent": event(body["RequestToken"].as_str().expect("a token"))}))
        };
        let mut response = http::Response::builder().status(status);
        if let Some(code) = answer["code"].as_str() {
            response = response.header("x-amzn-errortype", code);
        }
        Some(response.body(Bytes::from(answer.to_string())).expect("a response"))
    });
    let control = CloudControl::new(Settings {
        region: "eu-west-1".to_owned(),
        credentials: identity::local_credentials(),
        endpoint: None,
        http_client,
        limiter: Some(Arc::default()),
        breaker: None,
        clock: Arc::new(JumpingClock::default()),
        seed: 1,
    });
    let control = Arc::new(control);
    let told = block_on(async {
        let mut asked = tokio::task::JoinSet::new();
        for number in 0..60 {
            let control = Arc::clone(&control);
            asked.spawn(async move {
                let progress = control.status(&format!("r-{number}")).await.expect("an answer");
                assert_eq!(progress.status, Status::Succeeded);
                (number, progress.identifier.unwrap_or_default())
            });
        }
        let mut told = asked.join_all().await;
        told.sort();
        told.into_iter().map(|(_, identifier)| identifier).collect()
    });
    let (alone, lists) = *counts.lock().expect("not poisoned");
    (alone, lists, told)
}

#[test]
fn one_list_answers_all_who_wait_and_without_leave_to_list_each_asks() {
    let all: Vec<String> = (0..60).map(|number| format!("r-{number}'s")).collect();
    let (alone, lists, told) = sixty_at_once(|| (200, Json::Null));
    assert!(alone + lists <= 30 && lists >= 1, "{alone} alone, {lists} lists");
    assert_eq!(told, all);
    for (code, status) in [("AccessDeniedException", 400), ("UnsupportedActionException", 400)] {
        let (alone, lists, told) = sixty_at_once(move || (status, json!({"code": code, "message": "no"})));
        assert!(alone == 60 && (1..=5).contains(&lists), "{code}: {alone} alone, {lists} lists");
        assert_eq!(told, all);
    }
}
