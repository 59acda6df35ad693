//! Cloud Control through the AWS SDK: AWS itself, or anything that answers as AWS does.
//!
//! The SDK serialises, signs and parses; its retries are off, because a create may only be sent
//! again with thought given to its client token. What is safe to ask again (reads, lists, status)
//! is asked again here; begins are asked again by `apply`, which journals each try.

mod classify;
mod fault;
mod polls;
mod progress;
mod queue;
mod withheld;

use super::breaker::is_here;
use super::limiter::Limiter;
use super::retry::{self, Backoff};
use super::{
    Answer, Begun, Breaker, Clock, Depth, Fault, FaultKind, Progress, Provider, Remembered, Silence, Sought,
    Urgency,
};
use crate::model::Json;
use crate::schema::TypeName;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudcontrol::Client;
use aws_sdk_cloudcontrol::config::retry::RetryConfig;
use aws_sdk_cloudcontrol::config::timeout::TimeoutConfig;
use aws_sdk_cloudcontrol::config::{
    BehaviorVersion, Config, IdentityCache, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_cloudcontrol::types::{Operation, OperationStatus, ResourceRequestStatusFilter};
use fault::Asked;
use progress::progress;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use classify::classify;

/// Where to send requests, and how fast.
pub struct Settings {
    /// `us-east-1`.
    pub region: String,
    /// Who asks.
    pub credentials: SharedCredentialsProvider,
    /// Instead of AWS's own endpoint of the region.
    pub endpoint: Option<String>,
    /// Carries the requests: rustls, or [`super::in_process::http_client`].
    pub http_client: SharedHttpClient,
    /// Shared by all clients of one account and region; none for the in-process cloud.
    pub limiter: Option<Arc<Limiter>>,
    /// What all who ask this endpoint know of whether it answers; none for the in-process cloud.
    pub breaker: Option<Arc<Breaker>>,
    /// Waits between tries.
    pub clock: Arc<dyn Clock>,
    /// For the jitter of those waits.
    pub seed: u64,
}

/// How long an answer may take; on this machine a program that takes longer is stopped, or stuck.
const READ: Duration = Duration::from_secs(60);
const READ_HERE: Duration = Duration::from_secs(20);

/// Cloud Control.
pub struct CloudControl {
    client: Client,
    queues: queue::Queues,
    polls: polls::Polls,
    limiter: Option<Arc<Limiter>>,
    breaker: Option<Arc<Breaker>>,
    clock: Arc<dyn Clock>,
    seed: u64,
    /// For the words of a fault.
    at: String,
}

impl CloudControl {
    /// A client; nothing is sent yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let here = settings.endpoint.as_deref().is_some_and(is_here);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(if here { READ_HERE } else { READ })
            .build();
        let at = settings
            .endpoint
            .clone()
            .unwrap_or_else(|| format!("https://cloudcontrolapi.{}.amazonaws.com", settings.region));
        let queues = queue::Queues::new(&settings, here);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region))
            .credentials_provider(settings.credentials)
            .http_client(settings.http_client)
            .identity_cache(IdentityCache::lazy().build())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(withheld::Gate);
        if let Some(endpoint) = settings.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Self {
            client: Client::from_conf(config.build()),
            queues,
            polls: polls::Polls::default(),
            limiter: settings.limiter,
            breaker: settings.breaker,
            clock: settings.clock,
            seed: settings.seed,
            at,
        }
    }

    /// One request that begins something.
    async fn paced<T, F>(&self, ask: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        self.in_turn(Urgency::now().begin, ask).await
    }

    /// One request, at the pace of the limiter, which learns from the answer. While nobody answers
    /// it waits with all others.
    async fn in_turn<T, F>(&self, way: Duration, mut ask: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        loop {
            let turn = match &self.breaker {
                Some(breaker) => Some(breaker.turn(&*self.clock).await.ok_or_else(|| breaker.silent())?),
                None => None,
            };
            let request = async {
                let Some(limiter) = &self.limiter else { return ask().await };
                let _turn = match Urgency::is_paid() {
                    true => limiter.paid(),
                    false => limiter.turn(&*self.clock, way).await,
                };
                let answer = ask().await;
                if !matches!(&answer, Err(fault) if fault.kind == FaultKind::Withheld) {
                    limiter.learn(&answer, self.clock.now());
                }
                answer
            };
            let answer = match turn {
                Some(turn) => turn.ask(&*self.clock, request).await,
                None => Some(request.await),
            };
            if let Some(answer) = answer {
                return answer;
            }
        }
    }

    /// Asks again, for as long as its class says, what changes nothing.
    async fn patiently<T, F>(&self, mut ask: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut backoff = Backoff::new(self.seed);
        loop {
            match self.in_turn(Urgency::now().after, &mut ask).await {
                Err(fault) => match retry::reading(fault.kind).and_then(|policy| backoff.next(policy)) {
                    Some(wait) => self.clock.sleep(wait).await,
                    None => return Err(fault),
                },
                answer => return answer,
            }
        }
    }
}

impl CloudControl {
    /// One request for all whose questions wait; the answer to this one, if it is a success.
    async fn ask_for_all(&self, request_token: &str) -> Result<Option<Progress>, Fault> {
        let asked = Asked { operation: LIST, type_name: None, identifier: None, at: &self.at };
        let ended = ResourceRequestStatusFilter::builder().operation_statuses(OperationStatus::Success);
        let request = self
            .client
            .list_resource_requests()
            .max_results(MOST_ON_A_PAGE)
            .resource_request_status_filter(ended.build());
        match request.send().await.map_err(|e| asked.refused(e)) {
            Ok(page) => {
                let events = page.resource_request_status_summaries();
                let successes = events.iter().map(|event| progress(event, asked, self.clock.wall()));
                Ok(self.polls.tell(successes.collect(), request_token))
            }
            Err(fault) if is_worth_another(fault.kind) => Err(fault),
            // Whoever may ask for one need not be allowed to list them.
            Err(_) => {
                self.polls.close();
                Ok(None)
            }
        }
    }
}

/// Whether it isn't the list that is refused, but any request.
fn is_worth_another(kind: FaultKind) -> bool {
    use FaultKind::{Silent, Throttled, Unreachable, Withheld};
    matches!(kind, Throttled | Unreachable | Silent | Withheld)
}

const LIST: &str = "ListResourceRequests";

/// The most that ListResourceRequests gives at once, by the API's reference.
const MOST_ON_A_PAGE: i32 = 100;

/// Characters that `DesiredState` and `PatchDocument` may have, by the API's reference.
const LONGEST: usize = 262_144;

/// What is longer than the service takes isn't sent: its own words for that name no resource.
fn checked(asked: Asked<'_>, text: String) -> Result<String, Fault> {
    let length = text.chars().count();
    if length <= LONGEST {
        return Ok(text);
    }
    let words = format!("the request has {length} characters, and Cloud Control takes {LONGEST}");
    Err(Fault { kind: FaultKind::Invalid, code: "TooLong".to_owned(), ..senseless(asked, words) })
}

/// What the service says when it answers in no form that makes sense.
fn senseless(asked: Asked<'_>, why: String) -> Fault {
    Fault {
        kind: FaultKind::Internal,
        operation: asked.operation,
        type_name: asked.type_name.cloned(),
        identifier: asked.identifier.map(str::to_owned),
        code: "BadAnswer".to_owned(),
        message: why,
        request_id: None,
    }
}

fn model(asked: Asked<'_>, text: Option<&str>) -> Result<Json, Fault> {
    let text = text.unwrap_or("{}");
    serde_json::from_str(text).map_err(|e| senseless(asked, format!("the properties aren't JSON: {e}")))
}

/// The progress event of an answer, which is never missing when all is well.
macro_rules! progress_of {
    ($answer:expr, $asked:expr, $clock:expr) => {{
        let answer = $answer.map_err(|e| $asked.refused(e))?;
        match answer.progress_event() {
            Some(event) => Ok(progress(event, $asked, $clock.wall())),
            None => Err(senseless($asked, "the answer has no progress event".to_owned())),
        }
    }};
}

impl Provider for CloudControl {
    fn read<'a>(&'a self, type_name: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>> {
        let asked = Asked {
            operation: "GetResource",
            type_name: Some(type_name),
            identifier: Some(identifier),
            at: &self.at,
        };
        Box::pin(async move {
            let answer = self
                .patiently(|| async {
                    let request =
                        self.client.get_resource().type_name(type_name.as_str()).identifier(identifier);
                    request.send().await.map_err(|e| asked.refused(e))
                })
                .await;
            match answer {
                Ok(answer) => {
                    let text = answer.resource_description().and_then(|d| d.properties());
                    model(asked, text).map(Some)
                }
                Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
                Err(fault) => Err(fault),
            }
        })
    }

    fn create<'a>(
        &'a self,
        type_name: &'a TypeName,
        desired: &'a Json,
        client_token: &'a str,
    ) -> Answer<'a, Progress> {
        let asked =
            Asked { operation: "CreateResource", type_name: Some(type_name), identifier: None, at: &self.at };
        Box::pin(async move {
            let desired = checked(asked, desired.to_string())?;
            self.paced(|| async {
                let request = self
                    .client
                    .create_resource()
                    .type_name(type_name.as_str())
                    .desired_state(desired.clone())
                    .client_token(client_token);
                progress_of!(request.send().await, asked, self.clock)
            })
            .await
        })
    }

    fn update<'a>(
        &'a self,
        type_name: &'a TypeName,
        identifier: &'a str,
        patch: &'a Json,
        client_token: &'a str,
    ) -> Answer<'a, Progress> {
        let asked = Asked {
            operation: "UpdateResource",
            type_name: Some(type_name),
            identifier: Some(identifier),
            at: &self.at,
        };
        Box::pin(async move {
            let patch = checked(asked, patch.to_string())?;
            self.paced(|| async {
                let request = self
                    .client
                    .update_resource()
                    .type_name(type_name.as_str())
                    .identifier(identifier)
                    .patch_document(patch.clone())
                    .client_token(client_token);
                progress_of!(request.send().await, asked, self.clock)
            })
            .await
        })
    }

    fn delete<'a>(
        &'a self,
        type_name: &'a TypeName,
        identifier: &'a str,
        client_token: &'a str,
    ) -> Answer<'a, Progress> {
        let asked = Asked {
            operation: "DeleteResource",
            type_name: Some(type_name),
            identifier: Some(identifier),
            at: &self.at,
        };
        Box::pin(async move {
            self.paced(|| async {
                let request = self
                    .client
                    .delete_resource()
                    .type_name(type_name.as_str())
                    .identifier(identifier)
                    .client_token(client_token);
                let answer: Result<Progress, Fault> =
                    async { progress_of!(request.send().await, asked, self.clock) }.await;
                Progress::gone_is_deleted(answer)
            })
            .await
        })
    }

    fn status<'a>(&'a self, request_token: &'a str) -> Answer<'a, Progress> {
        let asked =
            Asked { operation: "GetResourceRequestStatus", type_name: None, identifier: None, at: &self.at };
        Box::pin(async move {
            let (poll, told) = self.polls.enter(request_token);
            let asks = async {
                loop {
                    let answer = self
                        .patiently(|| async {
                            if poll.goes() {
                                return self.ask_for_all(request_token).await;
                            }
                            let request =
                                self.client.get_resource_request_status().request_token(request_token);
                            progress_of!(request.send().await, asked, self.clock).map(Some)
                        })
                        .await;
                    if let Some(answer) = answer.transpose() {
                        return answer;
                    }
                }
            };
            tokio::select! {
                biased;
                Ok(progress) = told => Ok(progress),
                answer = asks => answer,
            }
        })
    }

    fn cancel<'a>(&'a self, request_token: &'a str) -> Answer<'a, ()> {
        let asked =
            Asked { operation: "CancelResourceRequest", type_name: None, identifier: None, at: &self.at };
        Box::pin(async move {
            self.paced(|| async {
                let request = self.client.cancel_resource_request().request_token(request_token);
                request.send().await.map(|_| ()).map_err(|e| asked.refused(e))
            })
            .await
        })
    }

    fn list<'a>(
        &'a self,
        type_name: &'a TypeName,
        model: Option<&'a Json>,
    ) -> Answer<'a, Vec<(String, Json)>> {
        let asked =
            Asked { operation: "ListResources", type_name: Some(type_name), identifier: None, at: &self.at };
        Box::pin(async move {
            let (mut found, mut next) = (Vec::new(), None::<String>);
            loop {
                let page = self
                    .patiently(|| async {
                        let request = self
                            .client
                            .list_resources()
                            .type_name(type_name.as_str())
                            .set_resource_model(model.map(Json::to_string))
                            .set_next_token(next.clone());
                        request.send().await.map_err(|e| asked.refused(e))
                    })
                    .await?;
                for description in page.resource_descriptions() {
                    let Some(identifier) = description.identifier() else { continue };
                    found.push((identifier.to_owned(), self::model(asked, description.properties())?));
                }
                next = page.next_token().map(str::to_owned);
                if next.is_none() {
                    return Ok(found);
                }
            }
        })
    }

    fn requests(&self, sought: Sought) -> Answer<'_, Option<Vec<Remembered>>> {
        let asked = Asked { operation: LIST, type_name: None, identifier: None, at: &self.at };
        Box::pin(async move {
            let filter = ResourceRequestStatusFilter::builder();
            let filter = match sought {
                Sought::Creates => filter.operations(Operation::Create),
                Sought::Unfinished => filter
                    .operations(Operation::Update)
                    .operations(Operation::Delete)
                    .operation_statuses(OperationStatus::Pending)
                    .operation_statuses(OperationStatus::InProgress)
                    .operation_statuses(OperationStatus::CancelInProgress),
            };
            let filter = filter.build();
            let (mut found, mut next) = (Vec::new(), None::<String>);
            loop {
                let page = self
                    .patiently(|| async {
                        let request = self
                            .client
                            .list_resource_requests()
                            .max_results(MOST_ON_A_PAGE)
                            .resource_request_status_filter(filter.clone())
                            .set_next_token(next.clone());
                        request.send().await.map_err(|e| asked.refused(e))
                    })
                    .await;
                let page = match page {
                    // Who may change things need not be allowed to list what was asked for.
                    Err(fault) if fault.kind == FaultKind::Denied => return Ok(None),
                    page => page?,
                };
                for event in page.resource_request_status_summaries() {
                    let Some(type_name) = event.type_name() else { continue };
                    let begun = match event.operation() {
                        Some(Operation::Create) => Begun::Create,
                        Some(Operation::Update) => Begun::Update,
                        Some(Operation::Delete) => Begun::Delete,
                        _ => continue,
                    };
                    found.push(Remembered {
                        begun,
                        type_name: TypeName::new(type_name),
                        began: event.event_time().and_then(|at| u64::try_from(at.secs()).ok()),
                        progress: progress(event, asked, self.clock.wall()),
                    });
                }
                next = page.next_token().map(str::to_owned);
                if next.is_none() {
                    return Ok(Some(found));
                }
            }
        })
    }

    fn depth<'a>(&'a self, queue_url: &'a str) -> Answer<'a, Option<Depth>> {
        Box::pin(async move {
            let mut backoff = Backoff::new(self.seed);
            loop {
                match self.queues.depth(queue_url).await {
                    Err(fault) => match retry::reading(fault.kind).and_then(|policy| backoff.next(policy)) {
                        Some(wait) => self.clock.sleep(wait).await,
                        None => return Err(fault),
                    },
                    answer => return answer,
                }
            }
        })
    }

    fn admit(&self, urgency: Urgency) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            match &self.limiter {
                Some(limiter) => limiter.admit(&*self.clock, urgency.begin).await,
                None => false,
            }
        })
    }

    fn silence(&self) -> Silence {
        self.breaker.as_ref().map_or(Silence::None, |breaker| breaker.silence())
    }
}

#[cfg(test)]
mod tests;
