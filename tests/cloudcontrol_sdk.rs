//! The AWS SDK for Rust replays the cases of Cloud Control over a real socket: it signs, serialises
//! and parses as it would with AWS. What a typed client can't say (members of wrong types, unknown
//! operations) is left out and counted.

#[path = "common/cases.rs"]
mod cases;

use aws_sdk_cloudcontrol::Client;
use aws_sdk_cloudcontrol::config::retry::RetryConfig;
use aws_sdk_cloudcontrol::config::{BehaviorVersion, Config, Region};
use aws_sdk_cloudcontrol::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudcontrol::types::{
    Operation, OperationStatus, ProgressEvent, ResourceDescription, ResourceRequestStatusFilter,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use cases::{Answer, Kept};
use evstack::local::{Cloud, http::serve};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A served cloud, as long as this lives.
struct Served {
    cloud: Arc<Cloud>,
    client: Client,
    stop: tokio::sync::oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
}

impl Served {
    async fn new(cloud: Cloud) -> Self {
        let cloud = Arc::new(cloud);
        let (ready, address) = tokio::sync::oneshot::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn({
            let cloud = Arc::clone(&cloud);
            async move {
                let on_ready = |addresses: &[std::net::SocketAddr]| {
                    ready.send(addresses[0]).expect("the test waits");
                };
                let until = async { drop(stopped.await) };
                serve(cloud, "127.0.0.1", &[0], on_ready, until).await.expect("it is served");
            }
        });
        let address = address.await.expect("it gets ready");
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(evstack::provider::identity::local_credentials())
            .endpoint_url(format!("http://{address}"))
            .http_client(evstack::provider::identity::https())
            .retry_config(RetryConfig::disabled())
            .build();
        Self { cloud, client: Client::from_conf(config), stop, serving }
    }

    async fn end(self) {
        self.stop.send(()).expect("it still serves");
        self.serving.await.expect("it ends well");
    }
}

#[test]
fn the_sdk_replays_the_cases() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (replayed, left_out) = runtime.block_on(async {
        let (mut replayed, mut left_out) = (0, Vec::new());
        // Handlers have their cases in short, which are replayed below.
        let calls = |step: &Json| step.get("call").is_some() || step.get("advance").is_some();
        for case in cases::all().into_iter().filter(|case| case.steps.iter().all(calls)) {
            let served = Served::new(cases::behaving(&case.behaviour)).await;
            let mut kept = Kept::new();
            for (number, step) in case.steps.iter().enumerate() {
                let at = format!("{} step {}", case.path, number + 1);
                if cases::advanced(&served.cloud, step) {
                    continue;
                }
                let input = cases::written(&step["with"], &kept);
                let call = step["call"].as_str().expect("a call");
                if step.get("raw").is_some() || !sayable(call, &input) {
                    left_out.push(at);
                    continue;
                }
                let answer = call_with(&served.client, call, &input).await;
                cases::check(step, &answer, &mut kept, &at);
                replayed += 1;
            }
            served.end().await;
        }
        (replayed, left_out)
    });
    assert!(replayed > 120, "only {replayed} steps");
    assert!(left_out.len() < 20, "{left_out:#?}");
}

/// The waiter that the service model defines, as another SDK's reader of our answers.
#[test]
fn the_waiter_waits_until_a_request_succeeds() {
    use aws_sdk_cloudcontrol::client::Waiters;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let served = Served::new(cases::cloud(0)).await;
        let create = served.client.create_resource().type_name("AWS::Logs::LogGroup");
        let event = create.desired_state(r#"{"LogGroupName":"g"}"#).send().await.expect("is accepted");
        let token = event.progress_event.and_then(|event| event.request_token).expect("a token");
        let waiter = served.client.wait_until_resource_request_success().request_token(token);
        let end = waiter.wait(std::time::Duration::from_secs(10)).await.expect("it succeeds");
        let event = end.into_result().expect("an answer").progress_event.expect("an event");
        assert_eq!(event.operation_status, Some(OperationStatus::Success));
        served.end().await;
    });
}

/// Whether a typed client can say it.
fn sayable(call: &str, input: &Json) -> bool {
    let mut members = input.as_object().into_iter().flatten();
    let text = |value: &Json| value.is_string();
    let texts = |value: &Json| value.as_array().is_some_and(|items| items.iter().all(text));
    let right = |(name, value): (&String, &Json)| match name.as_str() {
        "MaxResults" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "ResourceRequestStatusFilter" => value.as_object().is_some_and(|filter| filter.values().all(texts)),
        "Unknown" => false,
        _ => text(value),
    };
    let known = call.ends_with("Resource") || call.contains("ResourceRequest") || call == "ListResources";
    known && members.all(right)
}

async fn call_with(client: &Client, call: &str, input: &Json) -> Answer {
    let text = |name: &str| input[name].as_str().map(str::to_owned);
    let number = |name: &str| input[name].as_i64().and_then(|n| i32::try_from(n).ok());
    match call {
        "CreateResource" => {
            let call = client.create_resource();
            let call = call.set_type_name(text("TypeName")).set_type_version_id(text("TypeVersionId"));
            let call = call.set_role_arn(text("RoleArn")).set_client_token(text("ClientToken"));
            let sent = call.set_desired_state(text("DesiredState")).send().await;
            answer(sent, |output| json!({ "ProgressEvent": output.progress_event.as_ref().map(event) }))
        }
        "UpdateResource" => {
            let call = client.update_resource();
            let call = call.set_type_name(text("TypeName")).set_type_version_id(text("TypeVersionId"));
            let call = call.set_role_arn(text("RoleArn")).set_client_token(text("ClientToken"));
            let call = call.set_identifier(text("Identifier"));
            let sent = call.set_patch_document(text("PatchDocument")).send().await;
            answer(sent, |output| json!({ "ProgressEvent": output.progress_event.as_ref().map(event) }))
        }
        "DeleteResource" => {
            let call = client.delete_resource();
            let call = call.set_type_name(text("TypeName")).set_type_version_id(text("TypeVersionId"));
            let call = call.set_role_arn(text("RoleArn")).set_client_token(text("ClientToken"));
            let sent = call.set_identifier(text("Identifier")).send().await;
            answer(sent, |output| json!({ "ProgressEvent": output.progress_event.as_ref().map(event) }))
        }
        "GetResource" => {
            let call = client.get_resource();
            let call = call.set_type_name(text("TypeName")).set_type_version_id(text("TypeVersionId"));
            let call = call.set_role_arn(text("RoleArn"));
            let sent = call.set_identifier(text("Identifier")).send().await;
            answer(sent, |output| {
                json!({
                    "TypeName": output.type_name,
                    "ResourceDescription": output.resource_description.as_ref().map(description),
                })
            })
        }
        "ListResources" => {
            let call = client.list_resources();
            let call = call.set_type_name(text("TypeName")).set_type_version_id(text("TypeVersionId"));
            let call = call.set_role_arn(text("RoleArn")).set_next_token(text("NextToken"));
            let call = call.set_max_results(number("MaxResults"));
            let sent = call.set_resource_model(text("ResourceModel")).send().await;
            answer(sent, |output| {
                json!({
                    "TypeName": output.type_name,
                    "NextToken": output.next_token,
                    "ResourceDescriptions":
                        output.resource_descriptions().iter().map(description).collect::<Vec<_>>(),
                })
            })
        }
        "GetResourceRequestStatus" => {
            let sent = client.get_resource_request_status().set_request_token(text("RequestToken"));
            answer(sent.send().await, |output| {
                json!({
                    "ProgressEvent": output.progress_event.as_ref().map(event),
                    "HooksProgressEvent": output.hooks_progress_event().iter().map(|_| "a hook").collect::<Vec<_>>(),
                })
            })
        }
        "ListResourceRequests" => {
            let call = client.list_resource_requests();
            let call = call.set_max_results(number("MaxResults")).set_next_token(text("NextToken"));
            let sent = call.set_resource_request_status_filter(filter(input)).send().await;
            answer(sent, |output| {
                json!({
                    "NextToken": output.next_token,
                    "ResourceRequestStatusSummaries":
                        output.resource_request_status_summaries().iter().map(event).collect::<Vec<_>>(),
                })
            })
        }
        "CancelResourceRequest" => {
            let sent = client.cancel_resource_request().set_request_token(text("RequestToken"));
            answer(
                sent.send().await,
                |output| json!({ "ProgressEvent": output.progress_event.as_ref().map(event) }),
            )
        }
        other => panic!("no operation {other}"),
    }
}

/// What the client understood of an answer.
fn answer<O, E>(sent: Result<O, SdkError<E, HttpResponse>>, members: impl FnOnce(&O) -> Json) -> Answer
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match sent {
        Ok(output) => Answer::Result(members(&output)),
        Err(error) => {
            let status = error.raw_response().map_or(0, |response| response.status().as_u16());
            let Some(service) = error.as_service_error() else { panic!("no answer: {error:?}") };
            Answer::Error {
                code: service.code().unwrap_or_default().to_owned(),
                message: service.message().unwrap_or_default().to_owned(),
                status,
            }
        }
    }
}

fn filter(input: &Json) -> Option<ResourceRequestStatusFilter> {
    let filter = input.get("ResourceRequestStatusFilter")?;
    let names = |key: &str| {
        let items = filter.get(key)?.as_array()?;
        Some(items.iter().filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>())
    };
    let operations =
        names("Operations").map(|names| names.iter().map(|n| Operation::from(n.as_str())).collect());
    let statuses = names("OperationStatuses")
        .map(|names| names.iter().map(|n| OperationStatus::from(n.as_str())).collect());
    let filter = ResourceRequestStatusFilter::builder().set_operations(operations);
    Some(filter.set_operation_statuses(statuses).build())
}

fn event(event: &ProgressEvent) -> Json {
    json!({
        "TypeName": event.type_name,
        "Identifier": event.identifier,
        "RequestToken": event.request_token,
        "HooksRequestToken": event.hooks_request_token,
        "Operation": event.operation.as_ref().map(|o| o.as_str()),
        "OperationStatus": event.operation_status.as_ref().map(|s| s.as_str()),
        "EventTime": event.event_time.map(|time| time.as_secs_f64()),
        "ResourceModel": event.resource_model,
        "StatusMessage": event.status_message,
        "ErrorCode": event.error_code.as_ref().map(|c| c.as_str()),
        "RetryAfter": event.retry_after.map(|time| time.as_secs_f64()),
    })
}

fn description(described: &ResourceDescription) -> Json {
    json!({ "Identifier": described.identifier, "Properties": described.properties })
}

/// What the services' own handlers make, show and refuse (`tests/cases/resources`, and the cases in
/// short of `tests/cases/cloudcontrol`): each change is carried to its end.
#[test]
fn the_sdk_replays_the_handlers_cases() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let steps = runtime.block_on(async {
        let mut steps = 0;
        let protocol = |case: &cases::Case| case.steps.iter().all(|s| s.get("call").is_some());
        for case in cases::all().into_iter().filter(|case| !protocol(case)) {
            steps += carried(&case.path, cases::behaving(&case.behaviour), &case.steps).await;
        }
        for path in files(std::path::Path::new("tests/cases/resources")) {
            let text = std::fs::read_to_string(&path).expect("a case");
            let case: Json = serde_json::from_str(&text).expect("JSON");
            let of_case = case["steps"].as_array().expect("steps");
            steps += carried(&path.display().to_string(), cases::cloud(0), of_case).await;
        }
        steps
    });
    assert!(steps > 400, "only {steps} steps");
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the cases are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// How many steps were replayed: up to one that another account or region takes.
async fn carried(path: &str, cloud: Cloud, steps: &[Json]) -> usize {
    let (served, mut kept, mut count) = (Served::new(cloud).await, Kept::new(), 0);
    for (number, step) in steps.iter().enumerate() {
        let at = format!("{path} step {}", number + 1);
        if cases::advanced(&served.cloud, step) {
            continue;
        }
        if step.get("account").or(step.get("region")).or(step.get("call")).is_some() {
            break;
        }
        carry(&served.client, &filled(step, &kept), &mut kept, &at).await;
        count += 1;
    }
    served.end().await;
    count
}

async fn carry(client: &Client, step: &Json, kept: &mut Kept, at: &str) {
    let verbs = [
        ("create", "CreateResource", "DesiredState"),
        ("update", "UpdateResource", "PatchDocument"),
        ("delete", "DeleteResource", ""),
        ("read", "", ""),
    ];
    let (verb, operation, member) =
        verbs.into_iter().find(|(verb, ..)| step[verb].is_string()).expect("something to do");
    let whole = [&step["with"], &step["state"], &step["patch"]].into_iter().find(|v| !v.is_null());
    // Where the wire has JSON in a string, the cases of the protocol's folder don't.
    let body = whole.map(|v| if step["with"].is_null() { cases::written(v, kept) } else { v.clone() });
    let mut input = json!({ "TypeName": step[verb], "Identifier": step["of"] });
    let mut identifier = step["of"].clone();
    if verb != "read" {
        if let (false, Some(body)) = (member.is_empty(), body) {
            input[member] = json!(body.to_string());
        }
        let token = match call_with(client, operation, &input).await {
            Answer::Result(begun) => begun["ProgressEvent"]["RequestToken"].clone(),
            Answer::Error { code, message, .. } => panic!("{at}: {code}: {message}"),
        };
        let asked = json!({ "RequestToken": token });
        let Answer::Result(ended) = call_with(client, "GetResourceRequestStatus", &asked).await else {
            panic!("{at}: the request is known");
        };
        let event = &ended["ProgressEvent"];
        if let Some(code) = step["fails"].as_str() {
            assert_eq!(event["ErrorCode"], code, "{at}: {event}");
            let said = event["StatusMessage"].as_str().unwrap_or_default();
            let says = step["says"].as_str().or(step["message"].as_str()).unwrap_or_default();
            assert!(said.contains(says), "{at}: {said}");
            return;
        }
        assert_eq!(event["OperationStatus"], "SUCCESS", "{at}: {event}");
        if verb == "delete" {
            return;
        }
        identifier = event["Identifier"].clone();
    }
    for name in [&step["keep"], &step["id"]].into_iter().filter_map(Json::as_str) {
        kept.insert(name.to_owned(), identifier.clone());
    }
    let asked = json!({ "TypeName": step[verb], "Identifier": identifier });
    let shown = match call_with(client, "GetResource", &asked).await {
        Answer::Result(read) => read["ResourceDescription"]["Properties"].clone(),
        Answer::Error { code, message, .. } => {
            assert_eq!(code, "ResourceNotFoundException", "{at}: {message}");
            let shows = if step["shows"].is_null() { &step["is"] } else { &step["shows"] };
            assert!(shows == "gone" || shows.is_null(), "{at}: {message}");
            return;
        }
    };
    let properties: Json = serde_json::from_str(shown.as_str().unwrap_or_default()).expect("properties");
    let fits = (step["shows"].is_null() || cases::agrees(&step["shows"], &properties))
        && (step["is"].is_null() || cases::agrees(&step["is"], &shown));
    assert!(fits, "{at}: expected {} {}\ngot {properties}", step["shows"], step["is"]);
    for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
        let value = properties.pointer(pointer.as_str().expect("a pointer"));
        kept.insert(name.clone(), value.unwrap_or_else(|| panic!("{at}: {pointer}")).clone());
    }
}

/// A value with the kept values in it, also within texts.
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
