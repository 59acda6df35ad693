//! CreateResource, UpdateResource, DeleteResource: each is checked, recorded, and left to a task.

use super::super::finish::Work;
use super::super::input::{self, Members};
use super::super::model::{Operation, Request, Status};
use super::super::{adversary, fault, patch, permissions, shown};
use super::{Target, check, handled, identifier, registry_path};
use crate::local::fault::Fault;
use crate::local::services::resources::Properties;
use crate::local::services::{self, Caller};
use crate::local::world::World;
use crate::schema::PropertyPath;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// CreateResource. Whether one is there already, the handler finds out.
pub(crate) fn create(world: &mut World, input: &Json, caller: &Caller) -> Result<Json, Fault> {
    let mut members = Members::of(input);
    let target = Target::read(&mut members)?;
    let client_token = members.optional(&input::CLIENT_TOKEN)?;
    let text = members.required(&input::DESIRED_STATE)?;
    members.end()?;
    let kind = target.kind()?;
    let start = match Start::of(world, caller, Operation::Create, &target, client_token, &[text])? {
        Begun::Fresh(start) => start,
        Begun::Repeated(event) => return Ok(event),
    };
    handled(&kind, kind.handlers.create.as_ref(), "CREATE")?;
    let model = Json::Object(input::object(text, &input::DESIRED_STATE)?);
    check(&kind, &model)?;
    let identifier = kind.identifier_from(&model).filter(|_| {
        // What the service computes isn't known by what a caller says of it.
        kind.primary_identifier.iter().all(|path| !kind.is_read_only(path.names()))
    });
    start.begin(world, identifier, |token| Work::Create { token, desired: model })
}

/// UpdateResource: the patch is applied to what a read shows, and the result is checked whole, with
/// what the read added. Write-only properties are in no read: those that the patch doesn't add
/// again are gone (hashicorp/terraform-provider-awscc pull request 196; go-to-k/cdkd pull request 812).
pub(crate) fn update(world: &mut World, input: &Json, caller: &Caller) -> Result<Json, Fault> {
    let mut members = Members::of(input);
    let target = Target::read(&mut members)?;
    let client_token = members.optional(&input::CLIENT_TOKEN)?;
    let named = members.required(&input::IDENTIFIER)?;
    let document = members.required(&input::PATCH_DOCUMENT)?;
    members.end()?;
    let kind = target.kind()?;
    let start = match Start::of(world, caller, Operation::Update, &target, client_token, &[named, document])?
    {
        Begun::Fresh(start) => start,
        Begun::Repeated(event) => return Ok(event),
    };
    handled(&kind, kind.handlers.update.as_ref(), "UPDATE")?;
    let identifier = identifier(world, &caller.scope, &kind, named)?;
    start.refuse_concurrent(world, &identifier)?;
    let type_name = kind.name.as_str();
    let Some(resource) = world.services.resources.get(&caller.scope, type_name, &identifier).cloned() else {
        return Err(fault::resource_not_found(type_name, &identifier, &world.rng.uuid()));
    };
    let live = Json::Object(shown::shown(world, &kind, &resource));
    let mut wanted = patch::apply(document, &live)?;
    if !wanted.is_object() {
        check(&kind, &wanted)?;
    }
    let create_only = changed(&kind.create_only, &live, &wanted);
    if !create_only.is_empty() {
        return Err(fault::not_updatable(&create_only));
    }
    let read_only = changed(&kind.read_only, &live, &wanted);
    if !read_only.is_empty() {
        return Err(fault::read_only(&read_only));
    }
    shown::without_system_tags(&kind, &live, &mut wanted);
    check(&kind, &wanted)?;
    start.begin(world, Some(identifier), |token| Work::Update { token, wanted })
}

/// DeleteResource. Whether the resource is there, the handler finds out: deleting what isn't there
/// is accepted, and its event is FAILED with NotFound (go-to-k/cdkd pull request 1254, seen on AWS;
/// CloudFormation CLI User Guide, "Resource type handler contract").
pub(crate) fn delete(world: &mut World, input: &Json, caller: &Caller) -> Result<Json, Fault> {
    let mut members = Members::of(input);
    let target = Target::read(&mut members)?;
    let client_token = members.optional(&input::CLIENT_TOKEN)?;
    let named = members.required(&input::IDENTIFIER)?;
    members.end()?;
    let kind = target.kind()?;
    let start = match Start::of(world, caller, Operation::Delete, &target, client_token, &[named])? {
        Begun::Fresh(start) => start,
        Begun::Repeated(event) => return Ok(event),
    };
    handled(&kind, kind.handlers.delete.as_ref(), "DELETE")?;
    let identifier = identifier(world, &caller.scope, &kind, named)?;
    start.begin(world, Some(identifier), |token| Work::Delete { token })
}

/// The paths whose values differ.
fn changed(paths: &[PropertyPath], live: &Json, wanted: &Json) -> Vec<String> {
    let changed = |path: &&PropertyPath| values_at(live, path.names()) != values_at(wanted, path.names());
    paths.iter().filter(changed).map(|path| registry_path(path.names())).collect()
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
    /// happened to the resource since. `body` is what the request says beside its target.
    fn of(
        world: &World,
        caller: &Caller,
        operation: Operation,
        target: &Target<'_>,
        client_token: Option<&str>,
        body: &[&str],
    ) -> Result<Begun, Fault> {
        let mut digest = Sha256::new();
        let (version, role) = (target.version.unwrap_or(""), target.role.unwrap_or(""));
        for part in [operation.as_str(), target.type_name, version, role].iter().chain(body) {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        let fingerprint = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if let Some(token) = client_token
            && let Some(first) = world.services.cloudcontrol.by_client_token(&caller.scope, token, world.now)
        {
            return if first.fingerprint == fingerprint {
                Ok(Begun::Repeated(json!({ "ProgressEvent": first.event(true) })))
            } else {
                Err(fault::client_token_conflict(token, &first.token))
            };
        }
        Ok(Begun::Fresh(Self {
            caller: caller.clone(),
            operation,
            type_name: target.type_name.to_owned(),
            client_token: client_token.map(str::to_owned),
            fingerprint,
        }))
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
        let refused = permissions::refused(world, &self.caller, &self.type_name, self.operation);
        let token = world.rng.uuid();
        let due = world.now.after(adversary::duration(world, &self.type_name, self.operation));
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
            ends: due,
            retry_after: Some(adversary::retry_after(world, due)),
            client_token: self.client_token,
            fingerprint: self.fingerprint,
            refused,
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
