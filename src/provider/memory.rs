//! A cloud in memory for tests of the engine: deterministic, asynchronous as Cloud Control is, with
//! trouble by script.
//!
//! A type whose properties have a `Name` is identified by it, and so can't exist twice; any other
//! gets an identifier of its own with each create, so that a create done twice is seen. Every
//! resource has two computed properties: `Arn`, decided by type and identifier, and `Serial`, which
//! nobody can predict.

use super::{Answer, Begun, Fault, FaultKind, Progress, Provider, Remembered, Sought, Status};
use crate::model::Json;
use crate::schema::TypeName;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Refused at once; nothing was begun.
    Refuse(FaultKind),
    /// Begun, and then failed.
    Fail(FaultKind),
    /// A create that fails and leaves the resource behind.
    FailLeaving(FaultKind),
    /// A create that fails, makes nothing, and names what it was to make.
    FailNaming(FaultKind),
    /// The request never arrived.
    LoseRequest,
    /// It was begun, but the answer never came.
    LoseAnswer,
    /// A create that makes nothing and ends well, with this, which is there.
    Answer(String),
    /// A create that ends well, while reads don't see it that many times.
    Lag(u32),
}

/// What was asked of the cloud, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `CreateResource`.
    pub operation: &'static str,
    /// The identifier, or for a create its `Name` or token.
    pub of: String,
}

struct Request {
    operation: &'static str,
    type_name: TypeName,
    identifier: Option<String>,
    body: Json,
    polls: u32,
    trouble: Option<Trouble>,
    ended: Option<Status>,
}

#[derive(Default)]
struct World {
    resources: BTreeMap<(TypeName, String), Json>,
    lagging: HashMap<(TypeName, String), u32>,
    requests: Vec<Request>,
    tokens: HashMap<String, usize>,
    serial: u64,
    calls: Vec<Call>,
    script: Vec<(&'static str, String, Trouble)>,
    /// So many of the requests are no longer known.
    forgotten: usize,
    /// Whether it tells what was asked for.
    mute: bool,
}

/// The cloud.
pub struct Memory {
    world: Mutex<World>,
    /// How many times an operation is still running when its status is asked for.
    polls: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Memory {
    /// Operations are still running for that many polls.
    #[must_use]
    pub fn new(polls: u32) -> Self {
        Self { world: Mutex::default(), polls }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call of that operation for that name or identifier goes wrong. Several for one call
    /// are used one after the other.
    pub fn trouble(&self, operation: &'static str, of: &str, trouble: Trouble) {
        self.world().script.push((operation, of.to_owned(), trouble));
    }

    /// Everything that is there: (type, identifier) → properties.
    #[must_use]
    pub fn resources(&self) -> BTreeMap<(TypeName, String), Json> {
        self.world().resources.clone()
    }

    /// Puts something there that nobody created through this provider.
    pub fn put(&self, type_name: &TypeName, identifier: &str, properties: Json) {
        self.world().resources.insert((type_name.clone(), identifier.to_owned()), properties);
    }

    /// Reads of it see nothing that many times, once it is there.
    pub fn lag(&self, type_name: &TypeName, identifier: &str, reads: u32) {
        self.world().lagging.insert((type_name.clone(), identifier.to_owned()), reads);
    }

    /// Takes something away behind the engine's back.
    pub fn lose(&self, type_name: &TypeName, identifier: &str) {
        self.world().resources.remove(&(type_name.clone(), identifier.to_owned()));
    }

    /// Ends everything that is under way, as time would.
    pub fn settle(&self) {
        let mut world = self.world();
        for index in 0..world.requests.len() {
            if world.requests[index].ended.is_none() {
                world.end(index);
            }
        }
    }

    /// Ends what is under way and forgets all requests and their client tokens, as Cloud Control does
    /// after days.
    pub fn forget(&self) {
        self.settle();
        let mut world = self.world();
        world.forgotten = world.requests.len();
        world.tokens.clear();
    }

    /// Doesn't tell any more which requests there were.
    pub fn hush(&self) {
        self.world().mute = true;
    }

    /// Everything that was asked so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.clone()
    }

    fn begin(
        &self,
        operation: &'static str,
        type_name: &TypeName,
        identifier: Option<&str>,
        body: &Json,
        client_token: &str,
    ) -> Result<Progress, Fault> {
        let mut world = self.world();
        let name = body.get("Name").and_then(Json::as_str);
        let of = identifier.or(name).unwrap_or(type_name.as_str()).to_owned();
        world.calls.push(Call { operation, of: of.clone() });
        let fault = |kind, message: &str| fault(operation, type_name, identifier, kind, message);
        if let Some(index) = world.tokens.get(client_token).copied() {
            let known = &world.requests[index];
            if known.body != *body || known.operation != operation {
                let message = format!("the client token is used by request {}", request_token(index));
                return Err(fault(FaultKind::TokenConflict, &message));
            }
            return Ok(world.progress(index));
        }
        let trouble = world.take_trouble(operation, &of);
        match &trouble {
            Some(Trouble::Refuse(kind)) => return Err(fault(*kind, "refused by script")),
            Some(Trouble::LoseRequest) => return Err(fault(FaultKind::Unreachable, "no answer")),
            _ => {}
        }
        if let Some(identifier) = identifier
            && !world.resources.contains_key(&(type_name.clone(), identifier.to_owned()))
        {
            return Err(fault(FaultKind::NotFound, "it isn't there"));
        }
        let index = world.requests.len();
        world.requests.push(Request {
            operation,
            type_name: type_name.clone(),
            identifier: identifier.map(str::to_owned),
            body: body.clone(),
            polls: self.polls,
            trouble: trouble.clone(),
            ended: None,
        });
        world.tokens.insert(client_token.to_owned(), index);
        if trouble == Some(Trouble::LoseAnswer) {
            return Err(fault(FaultKind::Unreachable, "no answer"));
        }
        Ok(world.progress(index))
    }
}

fn request_token(index: usize) -> String {
    format!("request-{index}")
}

fn fault(
    operation: &'static str,
    type_name: &TypeName,
    identifier: Option<&str>,
    kind: FaultKind,
    message: &str,
) -> Fault {
    Fault {
        kind,
        operation,
        type_name: Some(type_name.clone()),
        identifier: identifier.map(str::to_owned),
        code: format!("{kind:?}"),
        message: message.to_owned(),
        request_id: None,
    }
}

impl World {
    fn take_trouble(&mut self, operation: &'static str, of: &str) -> Option<Trouble> {
        let at = self.script.iter().position(|(o, n, _)| *o == operation && n == of)?;
        Some(self.script.remove(at).2)
    }

    fn progress(&self, index: usize) -> Progress {
        let request = &self.requests[index];
        Progress {
            request_token: request_token(index),
            identifier: request.identifier.clone(),
            status: request.ended.clone().unwrap_or(Status::Running),
            retry_after: None,
        }
    }

    /// Does what was asked.
    fn end(&mut self, index: usize) {
        let request = &self.requests[index];
        let (type_name, operation, body) =
            (request.type_name.clone(), request.operation, request.body.clone());
        let mut identifier = request.identifier.clone();
        let failure = |kind, identifier: Option<&str>| {
            // Services repeat in their refusals what they were sent.
            let sent = if operation == "CreateResource" { body.to_string() } else { String::new() };
            Status::Failed(fault(
                operation,
                &type_name,
                identifier,
                kind,
                format!("failed {sent}").trim_end(),
            ))
        };
        let trouble = request.trouble.clone();
        let ended = match (operation, trouble) {
            (_, Some(Trouble::Fail(kind))) => failure(kind, identifier.as_deref()),
            ("CreateResource", Some(Trouble::FailNaming(kind))) => {
                identifier = body.get("Name").and_then(Json::as_str).map(str::to_owned);
                failure(kind, identifier.as_deref())
            }
            ("CreateResource", Some(Trouble::Answer(there))) => {
                identifier = Some(there);
                Status::Succeeded
            }
            ("CreateResource", trouble) => {
                let made = self.make(&type_name, &body);
                match (made, trouble) {
                    (Err(()), _) => failure(FaultKind::AlreadyExists, None),
                    (Ok(made), Some(Trouble::FailLeaving(kind))) => {
                        identifier = Some(made);
                        failure(kind, identifier.as_deref())
                    }
                    (Ok(made), trouble) => {
                        if let Some(Trouble::Lag(reads)) = trouble {
                            self.lagging.insert((type_name.clone(), made.clone()), reads);
                        }
                        identifier = Some(made);
                        Status::Succeeded
                    }
                }
            }
            ("UpdateResource", _) => {
                let key = (type_name.clone(), identifier.clone().unwrap_or_default());
                match self.resources.get_mut(&key).map(|properties| patch(properties, &body)) {
                    Some(true) => Status::Succeeded,
                    Some(false) => failure(FaultKind::Invalid, identifier.as_deref()),
                    None => failure(FaultKind::NotFound, identifier.as_deref()),
                }
            }
            _ => {
                self.resources.remove(&(type_name.clone(), identifier.clone().unwrap_or_default()));
                Status::Succeeded
            }
        };
        let request = &mut self.requests[index];
        request.identifier = identifier;
        request.ended = Some(ended);
    }

    fn make(&mut self, type_name: &TypeName, body: &Json) -> Result<String, ()> {
        self.serial += 1;
        let identifier = match body.get("Name").and_then(Json::as_str) {
            Some(name) => name.to_owned(),
            None => format!("made-{}", self.serial),
        };
        let key = (type_name.clone(), identifier.clone());
        if self.resources.contains_key(&key) {
            return Err(());
        }
        let mut properties = body.clone();
        properties["Arn"] = json!(format!("arn:memory:{type_name}/{identifier}"));
        properties["Serial"] = json!(format!("serial-{}", self.serial));
        self.resources.insert(key, properties);
        Ok(identifier)
    }
}

/// Applies the patch, or leaves everything as it is and says false.
fn patch(properties: &mut Json, patch: &Json) -> bool {
    let Ok(patch) = serde_json::from_value::<json_patch::Patch>(patch.clone()) else { return false };
    json_patch::patch(properties, &patch).is_ok()
}

impl Provider for Memory {
    fn read<'a>(&'a self, type_name: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>> {
        Box::pin(async move {
            let mut world = self.world();
            world.calls.push(Call { operation: "GetResource", of: identifier.to_owned() });
            match world.take_trouble("GetResource", identifier) {
                Some(Trouble::Refuse(kind)) => {
                    let words = "refused by script";
                    return Err(fault("GetResource", type_name, Some(identifier), kind, words));
                }
                Some(_) => {
                    let kind = FaultKind::Unreachable;
                    return Err(fault("GetResource", type_name, Some(identifier), kind, "no answer"));
                }
                None => {}
            }
            let key = (type_name.clone(), identifier.to_owned());
            if let Some(reads) = world.lagging.get_mut(&key)
                && *reads > 0
            {
                *reads -= 1;
                return Ok(None);
            }
            Ok(world.resources.get(&key).cloned())
        })
    }

    fn create<'a>(
        &'a self,
        type_name: &'a TypeName,
        desired: &'a Json,
        client_token: &'a str,
    ) -> Answer<'a, Progress> {
        Box::pin(async move { self.begin("CreateResource", type_name, None, desired, client_token) })
    }

    fn update<'a>(
        &'a self,
        type_name: &'a TypeName,
        identifier: &'a str,
        patch: &'a Json,
        client_token: &'a str,
    ) -> Answer<'a, Progress> {
        Box::pin(
            async move { self.begin("UpdateResource", type_name, Some(identifier), patch, client_token) },
        )
    }

    fn delete<'a>(
        &'a self,
        type_name: &'a TypeName,
        identifier: &'a str,
        client_token: &'a str,
    ) -> Answer<'a, Progress> {
        Box::pin(async move {
            let answer = self.begin("DeleteResource", type_name, Some(identifier), &Json::Null, client_token);
            Progress::gone_is_deleted(answer)
        })
    }

    fn status<'a>(&'a self, token: &'a str) -> Answer<'a, Progress> {
        Box::pin(async move {
            let mut world = self.world();
            world.calls.push(Call { operation: "GetResourceRequestStatus", of: token.to_owned() });
            let index = token.strip_prefix("request-").and_then(|n| n.parse::<usize>().ok());
            let Some(index) = index.filter(|i| (world.forgotten..world.requests.len()).contains(i)) else {
                let mut unknown = fault(
                    "GetResourceRequestStatus",
                    &TypeName::new(""),
                    None,
                    FaultKind::UnknownRequest,
                    "",
                );
                unknown.message = format!("Request with token {token} was not found");
                unknown.type_name = None;
                return Err(unknown);
            };
            if world.requests[index].ended.is_none() {
                match world.requests[index].polls.checked_sub(1) {
                    Some(left) => world.requests[index].polls = left,
                    None => world.end(index),
                }
            }
            Ok(Progress { retry_after: Some(Duration::from_secs(1)), ..world.progress(index) })
        })
    }

    fn cancel<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut world = self.world();
            let index = token.strip_prefix("request-").and_then(|n| n.parse::<usize>().ok());
            if let Some(request) = index.and_then(|i| world.requests.get_mut(i))
                && request.ended.is_none()
            {
                request.ended = Some(Status::Cancelled);
            }
            Ok(())
        })
    }

    fn requests(&self, sought: Sought) -> Answer<'_, Option<Vec<Remembered>>> {
        Box::pin(async move {
            let world = self.world();
            if world.mute {
                return Ok(None);
            }
            let known = world.requests.iter().enumerate().skip(world.forgotten);
            let begun = |request: &Request| match request.operation {
                "CreateResource" => Begun::Create,
                "UpdateResource" => Begun::Update,
                _ => Begun::Delete,
            };
            let found = known.filter(|(_, request)| match sought {
                Sought::Creates => begun(request) == Begun::Create,
                Sought::Unfinished => begun(request) != Begun::Create && request.ended.is_none(),
            });
            Ok(Some(
                found
                    .map(|(index, request)| Remembered {
                        begun: begun(request),
                        type_name: request.type_name.clone(),
                        began: None,
                        progress: world.progress(index),
                    })
                    .collect(),
            ))
        })
    }

    fn list<'a>(
        &'a self,
        type_name: &'a TypeName,
        _model: Option<&'a Json>,
    ) -> Answer<'a, Vec<(String, Json)>> {
        Box::pin(async move {
            let world = self.world();
            let of_type = world.resources.iter().filter(|((t, _), _)| t == type_name);
            Ok(of_type
                .map(|((_, identifier), properties)| (identifier.clone(), properties.clone()))
                .collect())
        })
    }
}
