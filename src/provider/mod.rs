//! What the engine asks of a cloud. `cloud_control` speaks to AWS (or to anything that answers as
//! AWS does, over any HTTP client it is given); `memory` is for tests of the engine.

pub mod breaker;
mod clock;
pub mod cloud_control;
mod fault;
pub mod identity;
pub mod in_process;
mod leave;
pub mod limiter;
pub mod memory;
pub mod retry;
mod urgency;

pub use breaker::Breaker;
pub use clock::{Clock, JumpingClock, SystemClock};
pub use cloud_control::CloudControl;
pub use fault::{Fault, FaultKind};
pub use leave::{May, only_while};
pub use limiter::Limiter;
pub use urgency::Urgency;

use crate::model::Json;
use crate::schema::TypeName;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A boxed future, so that a provider can be a trait object.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// Where an asynchronous operation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not started or under way.
    Running,
    /// Done.
    Succeeded,
    /// Ended with a fault; something may be left behind if an identifier is known.
    Failed(Fault),
    /// Cancelled on request.
    Cancelled,
}

/// Cloud Control's `ProgressEvent`, as far as the engine needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Asks for this operation again, for seven days.
    pub request_token: String,
    /// May be known before the end.
    pub identifier: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// How long to wait before asking again, when the service says so.
    pub retry_after: Option<Duration>,
}

impl Progress {
    /// Deleting what isn't there is a success.
    pub(crate) fn gone_is_deleted(answer: Result<Self, Fault>) -> Result<Self, Fault> {
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Self {
                request_token: String::new(),
                identifier: fault.identifier,
                status: Status::Succeeded,
                retry_after: None,
            }),
            answer => answer,
        }
    }
}

/// Whether a cloud answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It does, as far as anybody knows.
    None,
    /// The last request had no answer; it is being asked again.
    Begun,
    /// It was silent for too long: nothing is asked any more.
    Final,
}

/// What a request began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// A create.
    Create,
    /// An update.
    Update,
    /// A delete.
    Delete,
}

/// Which requests are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// All creates, however they ended.
    Creates,
    /// Updates and deletes that have no end yet.
    Unfinished,
}

/// A request that the service still knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What it began.
    pub begun: Begun,
    /// Of what type.
    pub type_name: TypeName,
    /// When it came, in seconds since 1970, if that is said.
    pub began: Option<u64>,
    /// Where it stands.
    pub progress: Progress,
}

/// How many messages are in a queue, as far as its service knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// That a consumer may take now.
    pub visible: u64,
    /// That a consumer has taken and not deleted yet.
    pub in_flight: u64,
    /// That become visible later.
    pub delayed: u64,
    /// Whether that is how many there are. SQS's counts are right only about a minute after the last
    /// message was sent (its `GetQueueAttributes`).
    pub exact: bool,
}

impl Depth {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.visible.saturating_add(self.in_flight).saturating_add(self.delayed)
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let noun = if total == 1 { "message" } else { "messages" };
        let Self { visible, in_flight, delayed, .. } = self;
        write!(f, "{total} {noun} ({visible} visible, {in_flight} in flight, {delayed} delayed)")
    }
}

/// A cloud.
pub trait Provider: Send + Sync {
    /// The live properties; `None` when it isn't there.
    fn read<'a>(&'a self, type_name: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>>;

    /// Begins a create. The same client token never creates twice.
    fn create<'a>(
        &'a self,
        type_name: &'a TypeName,
        desired: &'a Json,
        client_token: &'a str,
    ) -> Answer<'a, Progress>;

    /// Begins an update by an RFC 6902 patch.
    fn update<'a>(
        &'a self,
        type_name: &'a TypeName,
        identifier: &'a str,
        patch: &'a Json,
        client_token: &'a str,
    ) -> Answer<'a, Progress>;

    /// Begins a delete. What isn't there is a success.
    fn delete<'a>(
        &'a self,
        type_name: &'a TypeName,
        identifier: &'a str,
        client_token: &'a str,
    ) -> Answer<'a, Progress>;

    /// Where the operation stands.
    fn status<'a>(&'a self, request_token: &'a str) -> Answer<'a, Progress>;

    /// Asks to stop what hasn't ended.
    fn cancel<'a>(&'a self, request_token: &'a str) -> Answer<'a, ()>;

    /// Identifiers (and what else the list says) of all resources of a type.
    fn list<'a>(
        &'a self,
        type_name: &'a TypeName,
        model: Option<&'a Json>,
    ) -> Answer<'a, Vec<(String, Json)>>;

    /// Requests of the account and region that the service remembers (Cloud Control: those of seven
    /// days), in no order; `None` where it doesn't tell.
    fn requests(&self, _sought: Sought) -> Answer<'_, Option<Vec<Remembered>>> {
        Box::pin(async { Ok(None) })
    }

    /// How many messages are in a queue, by its URL; `None` if there is no such queue (any more).
    fn depth<'a>(&'a self, queue_url: &'a str) -> Answer<'a, Option<Depth>> {
        Box::pin(std::future::ready(Err(Fault {
            kind: FaultKind::Invalid,
            operation: "GetQueueAttributes",
            type_name: None,
            identifier: Some(queue_url.to_owned()),
            code: "Unsupported".to_owned(),
            message: "this cloud doesn't tell what is in a queue".to_owned(),
            request_id: None,
        })))
    }

    /// Waits until another operation may begin, where requests are held to a pace: the longest way
    /// goes first. Comes back with whether its first request has its turn thereby.
    fn admit(&self, _urgency: Urgency) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(std::future::ready(false))
    }

    /// Whether it answers: while it doesn't, nothing new is worth beginning.
    fn silence(&self) -> Silence {
        Silence::None
    }
}
