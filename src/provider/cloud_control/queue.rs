//! How many messages are in a queue: SQS's `GetQueueAttributes`, in its own protocol (AWS JSON 1.0).

use super::Settings;
use super::classify::classify;
use crate::aws::{self, Answer, Client, Request};
use crate::model::{Json, Place};
use crate::provider::{Depth, Fault, FaultKind};
use serde_json::json;
use std::time::Duration;

const OPERATION: &str = "GetQueueAttributes";
const VISIBLE: &str = "ApproximateNumberOfMessages";
const IN_FLIGHT: &str = "ApproximateNumberOfMessagesNotVisible";
const DELAYED: &str = "ApproximateNumberOfMessagesDelayed";

/// SQS of one account and region.
#[derive(Debug)]
pub(super) struct Queues {
    client: Client,
    exact: bool,
}

impl Queues {
    /// `here`: the endpoint is on this machine. A cloud there counts what is there.
    pub(super) fn new(settings: &Settings, here: bool) -> Self {
        let place = Place {
            partition: Place::partition_of(&settings.region).to_owned(),
            region: settings.region.clone(),
            account: String::new(),
            base_url: None,
        };
        let endpoint = settings
            .endpoint
            .clone()
            .unwrap_or_else(|| format!("https://sqs.{}.{}", settings.region, place.dns_suffix()));
        let client = Client::new(aws::Settings {
            service: "sqs",
            region: settings.region.clone(),
            credentials: settings.credentials.clone(),
            endpoint,
            http_client: settings.http_client.clone(),
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(30),
        });
        Self { client, exact: here }
    }

    /// Asks once.
    pub(super) async fn depth(&self, queue_url: &str) -> Result<Option<Depth>, Fault> {
        let asked = json!({ "QueueUrl": queue_url, "AttributeNames": [VISIBLE, IN_FLIGHT, DELAYED] });
        let body = asked.to_string();
        let fault = |kind, code: &str, message: String, answer: Option<&Answer>| Fault {
            kind,
            operation: OPERATION,
            type_name: None,
            identifier: Some(queue_url.to_owned()),
            code: code.to_owned(),
            message,
            request_id: answer.and_then(|answer| answer.header("x-amzn-requestid")).map(str::to_owned),
        };
        let request = Request {
            method: "POST",
            headers: &[
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", "AmazonSQS.GetQueueAttributes"),
            ],
            body: body.as_bytes(),
            ..Request::default()
        };
        let answer = self.client.send(request).await.map_err(|no| match no.credentials {
            true => fault(FaultKind::Denied, "Credentials", no.words, None),
            false => fault(FaultKind::Unreachable, "Unreachable", no.words, None),
        })?;
        let said: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == 200 {
            let count = |name: &str| said["Attributes"][name].as_str()?.parse::<u64>().ok();
            return match (count(VISIBLE), count(IN_FLIGHT), count(DELAYED)) {
                (Some(visible), Some(in_flight), Some(delayed)) => {
                    Ok(Some(Depth { visible, in_flight, delayed, exact: self.exact }))
                }
                _ => {
                    let words = "the answer doesn't say how many messages there are".to_owned();
                    Err(fault(FaultKind::Internal, "BadAnswer", words, Some(&answer)))
                }
            };
        }
        let code = said["__type"].as_str().or(answer.header("x-amzn-errortype")).unwrap_or("");
        let code = code.rsplit('#').next().unwrap_or("");
        let message = ["message", "Message"].iter().find_map(|name| said[*name].as_str()).unwrap_or("");
        if matches!(code, "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue") {
            return Ok(None);
        }
        let kind = match code {
            "RequestThrottled" => FaultKind::Throttled,
            "UnsupportedOperation" | "InvalidSecurity" | "InvalidAddress" => FaultKind::Invalid,
            _ => classify(code, message, Some(answer.status)),
        };
        let code = if code.is_empty() { format!("HTTP {}", answer.status) } else { code.to_owned() };
        Err(fault(kind, &code, message.to_owned(), Some(&answer)))
    }
}
