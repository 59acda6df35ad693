//! A request's record and its `ProgressEvent`.

use crate::local::clock::Time;
use crate::local::services::Scope;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    /// The call that begins it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "CreateResource",
            Self::Update => "UpdateResource",
            Self::Delete => "DeleteResource",
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Pending,
    InProgress,
    Success,
    Failed,
    CancelInProgress,
    CancelComplete,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::CancelInProgress => "CANCEL_IN_PROGRESS",
            Self::CancelComplete => "CANCEL_COMPLETE",
        }
    }

    /// Whether nothing will change any more.
    pub(super) fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::CancelComplete)
    }
}

/// A request, kept for seven days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) token: String,
    pub(crate) scope: Scope,
    /// The principal that asked.
    pub(crate) caller: String,
    pub(crate) operation: Operation,
    pub(crate) type_name: String,
    /// For a create, known as soon as it can be.
    pub(crate) identifier: Option<String>,
    pub(crate) status: Status,
    pub(crate) error_code: Option<String>,
    pub(crate) status_message: Option<String>,
    /// The model's text at a successful end of a create or an update.
    pub(crate) model: Option<String>,
    /// The last change of status.
    pub(crate) event_time: Time,
    pub(crate) began: Time,
    /// When its time comes.
    #[serde(default)]
    pub(crate) ends: Time,
    /// When it makes sense to ask again, as far as anybody is told; only while it is under way.
    pub(crate) retry_after: Option<Time>,
    pub(crate) client_token: Option<String>,
    /// Tells whether a repeated client token repeats the same request.
    pub(crate) fingerprint: String,
    /// Why the handler won't do it with this caller's credentials.
    #[serde(default)]
    pub(crate) refused: Option<String>,
}

impl Request {
    /// The event as the wire has it. Lists leave the model out.
    pub(super) fn event(&self, with_model: bool) -> Json {
        let mut event = Map::new();
        let mut put = |name: &str, value: Json| {
            event.insert(name.to_owned(), value);
        };
        put("TypeName", json!(self.type_name));
        if let Some(identifier) = &self.identifier {
            put("Identifier", json!(identifier));
        }
        put("RequestToken", json!(self.token));
        put("Operation", json!(self.operation.as_str()));
        put("OperationStatus", json!(self.status.as_str()));
        put("EventTime", json!(self.event_time.epoch_seconds()));
        if let (Some(model), true) = (&self.model, with_model) {
            put("ResourceModel", json!(model));
        }
        if let Some(message) = &self.status_message {
            put("StatusMessage", json!(message));
        }
        if let Some(code) = &self.error_code {
            put("ErrorCode", json!(code));
        }
        if let Some(time) = self.retry_after {
            put("RetryAfter", json!(time.epoch_seconds()));
        }
        Json::Object(event)
    }
}
