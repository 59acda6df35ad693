//! CreateResource, UpdateResource, DeleteResource: each is checked, recorded, and left to a task.

use super::super::finish::Work;
use super::super::model::{Operation, Request, Status};
use super::super::{fault, input, patch};
use super::{check, handled, identifier, kind};
use crate::local::fault::Fault;
use crate::local::services::resources::Properties;
use crate::local::services::{self, Caller, generic};
use crate::local::world::World;
use crate::schema::{PropertyPath, ResourceType};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// CreateResource.
pub(crate) fn create(world: &mut World, input: &Json, caller: &Caller) -> Result<Json, Fault> {
    let kind = kind(input)?;
    let text = input::required(input, &input::DESIRED_STATE)?;
    let start = match Start::of(world, input, caller, Operation::Create, &kind, text)? {
        Begun::Fresh(start) => start,
        Begun::Repeated(event) => return Ok(event),
    };
    handled(&kind, kind.handlers.create.as_ref(), "CREATE")?;
    let desired = input::object(text, &input::DESIRED_STATE)?;
    let model = Json::Object(desired);
    check(&kind, &model)?;
    let identifier = kind.identifier_from(&model).filter(|_| {
        // What the service computes isn't known by what a caller says of it.
        kind.primary_identifier.iter().all(|path| !kind.is_read_only(path.names()))
    });
    start.begin(world, identifier, |token| Work::Create { token, desired: model })
}

/// UpdateResource.
pub(crate) fn update(world: &mut World, input: &Json, caller: &Caller) -> Result<Json, Fault> {
    let kind = kind(input)?;
    let identifier = identifier(&kind, input)?;
    let document = input::required(input, &input::PATCH_DOCUMENT)?;
    let body = format!("{identifier}\n{document}");
    let start = match Start::of(world, input, caller, Operation::Update, &kind, &body)? {
        Begun::Fresh(start) => start,
        Begun::Repeated(event) => return Ok(event),
    };
    handled(&kind, kind.handlers.update.as_ref(), "UPDATE")?;
    start.refuse_concurrent(world, &identifier)?;
    let type_name = kind.name.as_str();
    let Some(resource) = world.services.resources.get(&caller.scope, type_name, &identifier).cloned() else {
        return Err(fault::resource_not_found(type_name, &identifier, &world.rng.uuid()));
    };
    let live = Json::Object(services::handler(type_name).read(&kind, &resource.properties));
    let patched = patch::apply(document, &live)?;
    let Json::Object(mut wanted) = patched else {
        return Err(fault::model("#: expected type: JSONObject"));
    };
    generic::with_hidden(&kind, &resource.properties, &mut wanted);
    let stored = Json::Object(resource.properties.clone());
    let wanted = Json::Object(wanted);
    refuse_changes(&kind.create_only, &stored, &wanted, "createOnlyProperties")?;
    refuse_changes(&kind.read_only, &stored, &wanted, "readOnlyProperties")?;
    check(&kind, &wanted)?;
    start.begin(world, Some(identifier), |token| Work::Update { token, wanted })
}

/// DeleteResource. Whether the resource is there, the handler finds out.
pub(crate) fn delete(world: &mut World, input: &Json, caller: &Caller) -> Result<Json, Fault> {
    let kind = kind(input)?;
    let identifier = identifier(&kind, input)?;
    let start = match Start::of(world, input, caller, Operation::Delete, &kind, &identifier)? {
        Begun::Fresh(start) => start,
        Begun::Repeated(event) => return Ok(event),
    };
    handled(&kind, kind.handlers.delete.as_ref(), "DELETE")?;
    start.begin(world, Some(identifier), |token| Work::Delete { token })
}

/// Refuses a patch that touches properties which can't be changed.
fn refuse_changes(paths: &[PropertyPath], stored: &Json, wanted: &Json, role: &str) -> Result<(), Fault> {
    let changed = |path: &&PropertyPath| values_at(stored, path.names()) != values_at(wanted, path.names());
    let touched: Vec<String> =
        paths.iter().filter(changed).map(|path| format!("/properties/{}", path.names().join("/"))).collect();
    if touched.is_empty() { Ok(()) } else { Err(fault::not_updatable(&touched, role)) }
}

/// All values at a path. Those in items of arrays don't say whose they are: an array that grows by
/// an item without one touches nothing.
fn values_at<'a>(node: &'a Json, path: &[String]) -> Vec<&'a Json> {
    let Some((first, rest)) = path.split_first() else { return vec![node] };
    match node {
        Json::Object(members) if first == "*" => members.values().flat_map(|v| values_at(v, rest)).collect(),
        Json::Object(members) => members.get(first).map(|v| values_at(v, rest)).unwrap_or_default(),
        Json::Array(items) => {
            let rest = if first == "*" { rest } else { path };
            items.iter().flat_map(|v| values_at(v, rest)).collect()
        }
        _ => Vec::new(),
    }
}

/// A change that is about to be recorded.
struct Start {
    caller: Caller,
    operation: Operation,
    type_name: String,
    client_token: Option<String>,
    fingerprint: String,
}

enum Begun {
    Fresh(Start),
    /// The same request with the same client token: its event, as it stands.
    Repeated(Json),
}

impl Start {
    /// Looks at the client token first: a repeated request has its first answer, whatever has
    /// happened to the resource since.
    fn of(
        world: &World,
        input: &Json,
        caller: &Caller,
        operation: Operation,
        kind: &ResourceType,
        body: &str,
    ) -> Result<Begun, Fault> {
        let client_token = input::optional(input, &input::CLIENT_TOKEN)?.map(str::to_owned);
        let type_name = kind.name.as_str().to_owned();
        let mut digest = Sha256::new();
        for part in [operation.as_str(), "\n", &type_name, "\n", body] {
            digest.update(part.as_bytes());
        }
        let fingerprint = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if let Some(token) = &client_token
            && let Some(first) = world.services.cloudcontrol.by_client_token(&caller.scope, token, world.now)
        {
            return if first.fingerprint == fingerprint {
                Ok(Begun::Repeated(json!({ "ProgressEvent": first.event(true) })))
            } else {
                Err(fault::client_token_conflict(&first.token))
            };
        }
        Ok(Begun::Fresh(Self { caller: caller.clone(), operation, type_name, client_token, fingerprint }))
    }

    fn refuse_concurrent(&self, world: &World, identifier: &str) -> Result<(), Fault> {
        match world.services.cloudcontrol.busy_with(&self.caller.scope, &self.type_name, identifier) {
            Some(token) => Err(fault::concurrent_operation(&self.type_name, identifier, token)),
            None => Ok(()),
        }
    }

    /// Records the request and puts its task into the queue.
    fn begin(
        self,
        world: &mut World,
        identifier: Option<String>,
        work: impl FnOnce(String) -> Work,
    ) -> Result<Json, Fault> {
        if let Some(identifier) = &identifier {
            self.refuse_concurrent(world, identifier)?;
        }
        let token = world.rng.uuid();
        let due = world.now.after(world.profile.latency);
        let request = Request {
            token: token.clone(),
            scope: self.caller.scope,
            caller: self.caller.arn,
            operation: self.operation,
            type_name: self.type_name,
            identifier,
            status: Status::InProgress,
            error_code: None,
            status_message: None,
            model: None,
            event_time: world.now,
            began: world.now,
            retry_after: Some(due),
            client_token: self.client_token,
            fingerprint: self.fingerprint,
        };
        let event = request.event(true);
        world.services.cloudcontrol.put(request);
        world.schedule(due, services::Work::CloudControl(work(token)));
        Ok(json!({ "ProgressEvent": event }))
    }
}

/// A resource's properties from a model.
pub(crate) fn properties(model: Json) -> Properties {
    match model {
        Json::Object(properties) => properties,
        _ => Properties::new(),
    }
}
