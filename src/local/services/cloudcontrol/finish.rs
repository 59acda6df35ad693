//! What happens when an operation's time has come.

use super::model::{Operation, Request, Status};
use super::ops::{DEEPEST, properties};
use super::{adversary, lag, patch};
use crate::local::services::generic::undeclared;
use crate::local::services::resource::{Context, HandlerFault};
use crate::local::services::resources::{Origin, Properties, Resource};
use crate::local::services::{self, handler};
use crate::local::world::World;
use crate::schema::{Catalogue, ResourceType};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A request that is due.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Work {
    Create {
        token: String,
        desired: Json,
    },
    /// The whole wanted model.
    Update {
        token: String,
        wanted: Json,
    },
    Delete {
        token: String,
    },
    Cancel {
        token: String,
    },
}

impl Work {
    /// Of the request.
    pub(crate) fn token(&self) -> &str {
        let (Self::Create { token, .. }
        | Self::Update { token, .. }
        | Self::Delete { token }
        | Self::Cancel { token }) = self;
        token
    }
}

/// Ends a request whose work broke off by a mistake of this cloud: its resource is free again.
pub(crate) fn broke_off(world: &mut World, token: &str) {
    let Some(mut request) = world.services.cloudcontrol.find(token).map(|r| (**r).clone()) else { return };
    if request.status.is_terminal() {
        return;
    }
    request.status = Status::Failed;
    request.error_code = Some("InternalFailure".to_owned());
    request.status_message = Some("Internal Failure".to_owned());
    request.event_time = world.now;
    request.retry_after = None;
    world.services.cloudcontrol.put(request);
}

/// Carries it out. A request that has ended meanwhile (it was cancelled) is left alone.
pub(crate) fn run(world: &mut World, work: Work) {
    let Some(mut request) = world.services.cloudcontrol.find(work.token()).map(|r| (**r).clone()) else {
        return;
    };
    let cancels = matches!(work, Work::Cancel { .. });
    if request.status.is_terminal() || (cancels != (request.status == Status::CancelInProgress)) {
        return;
    }
    let kind = Catalogue::bundled().get(&request.type_name);
    let outcome = match (work, kind) {
        (Work::Cancel { .. }, _) => Ok(Outcome::Cancelled),
        _ if request.refused.is_some() => {
            Err(HandlerFault::new("AccessDenied", request.refused.clone().unwrap_or_default()))
        }
        (work, Some(kind)) => handled(world, &mut request, work, &kind),
        (_, None) => Err(HandlerFault::new(
            "InternalFailure",
            format!("The type '{}' cannot be found.", request.type_name),
        )),
    };
    match outcome {
        Ok(Outcome::Done(model)) => {
            request.status = Status::Success;
            request.model = model;
        }
        Ok(Outcome::Cancelled) => request.status = Status::CancelComplete,
        Err(HandlerFault { code, message, identifier, remnant }) => {
            request.identifier = identifier.or(request.identifier);
            request.status = Status::Failed;
            request.error_code = Some(code.to_owned());
            request.status_message = Some(message);
            if let Some(remnant) = remnant.filter(|_| request.operation == Operation::Create) {
                leave(world, &request, remnant);
            }
        }
    }
    request.event_time = world.now;
    request.retry_after = None;
    world.services.cloudcontrol.put(request);
}

/// Calls the type's handler, as far as the profile lets it get.
fn handled(
    world: &mut World,
    request: &mut Request,
    work: Work,
    kind: &ResourceType,
) -> Result<Outcome, HandlerFault> {
    adversary::before(world, request)?;
    let outcome = match work {
        Work::Create { desired, .. } => create(world, request, kind, properties(desired)),
        Work::Update { wanted, .. } => update(world, request, kind, properties(wanted)),
        Work::Delete { .. } => delete(world, request, kind),
        Work::Cancel { .. } => Ok(Outcome::Cancelled),
    }?;
    adversary::after(world, request)?;
    Ok(outcome)
}

enum Outcome {
    /// With the model's text, where there is a model.
    Done(Option<String>),
    Cancelled,
}

fn create(
    world: &mut World,
    request: &mut Request,
    kind: &ResourceType,
    desired: Properties,
) -> Result<Outcome, HandlerFault> {
    let made = handler(&request.type_name).create(&mut context(world, request, kind), desired);
    let made = within_bounds(made)?;
    let model = Json::Object(made);
    let Some(identifier) = kind.identifier_from(&model) else {
        return Err(HandlerFault::new(
            "InternalFailure",
            format!("{} was made without its identifier", kind.name),
        ));
    };
    let mut made = properties(model);
    let filed = handler(&request.type_name).filed_under(&made, &identifier);
    if world.services.resources.get(&request.scope, &request.type_name, &filed).is_some() {
        if handler(&request.type_name).answers_with_what_is_there() {
            request.identifier = Some(identifier);
            return Ok(Outcome::Done(model_text(request, kind, &made)));
        }
        return Err(HandlerFault::already_exists(&request.type_name, &identifier));
    }
    if services::typed(&request.type_name).is_none() {
        undeclared::add(&context(world, request, kind), &identifier, false, &mut made);
    }
    request.identifier = Some(identifier);
    let shown = model_text(request, kind, &made);
    lag::lay(world, request.operation, (&request.scope, &request.type_name, &filed), None);
    world.services.resources.put(Resource {
        type_name: request.type_name.clone(),
        identifier: filed,
        scope: request.scope.clone(),
        properties: made,
        created: origin(world, request),
        changed: origin(world, request),
    });
    Ok(Outcome::Done(shown))
}

/// What a handler made, unless it nests too deep: the model did not, but texts in it may be JSON that
/// is kept as such.
fn within_bounds(made: Result<Properties, HandlerFault>) -> Result<Properties, HandlerFault> {
    let too_deep = |properties: &Properties| {
        // One level is that of the properties themselves.
        properties.values().any(|value| patch::depth(value) >= DEEPEST)
    };
    let refused = match &made {
        Ok(properties) => too_deep(properties),
        Err(fault) => fault.remnant.as_ref().is_some_and(too_deep),
    };
    if refused {
        let words = format!("The resource's properties nest deeper than {DEEPEST} levels");
        return Err(HandlerFault::new("InvalidRequest", words));
    }
    made
}

/// What a create that failed made nevertheless.
fn leave(world: &mut World, request: &Request, remnant: Properties) {
    let Some(identifier) = request.identifier.clone() else { return };
    world.services.resources.put(Resource {
        type_name: request.type_name.clone(),
        identifier,
        scope: request.scope.clone(),
        properties: remnant,
        created: origin(world, request),
        changed: origin(world, request),
    });
}

fn update(
    world: &mut World,
    request: &Request,
    kind: &ResourceType,
    wanted: Properties,
) -> Result<Outcome, HandlerFault> {
    let resource = existing(world, request)?;
    let next =
        handler(&request.type_name).update(&mut context(world, request, kind), &resource.properties, wanted);
    let mut next = within_bounds(next)?;
    if services::typed(&request.type_name).is_none() {
        undeclared::add(&context(world, request, kind), &resource.identifier, true, &mut next);
    }
    let shown = model_text(request, kind, &next);
    let place = (&request.scope, request.type_name.as_str(), resource.identifier.as_str());
    lag::lay(world, request.operation, place, Some(resource.clone()));
    world.services.resources.put(Resource { properties: next, changed: origin(world, request), ..resource });
    Ok(Outcome::Done(shown))
}

fn delete(world: &mut World, request: &Request, kind: &ResourceType) -> Result<Outcome, HandlerFault> {
    let resource = existing(world, request)?;
    handler(&request.type_name).delete(&mut context(world, request, kind), &resource.properties)?;
    world.services.resources.remove(&request.scope, &request.type_name, &resource.identifier);
    let identifier = resource.identifier.clone();
    lag::lay(world, request.operation, (&request.scope, &request.type_name, &identifier), Some(resource));
    Ok(Outcome::Done(None))
}

fn existing(world: &World, request: &Request) -> Result<Resource, HandlerFault> {
    let identifier = request.identifier.as_deref().unwrap_or_default();
    let resource = world.services.resources.get(&request.scope, &request.type_name, identifier);
    resource
        .map(|resource| (**resource).clone())
        .ok_or_else(|| HandlerFault::not_found(&request.type_name, identifier))
}

fn context<'w>(world: &'w mut World, request: &'w Request, kind: &'w ResourceType) -> Context<'w> {
    Context {
        settings: &world.settings,
        scope: &request.scope,
        profile: &world.profile,
        counts: &world.counts,
        rng: &mut world.rng,
        resources: &mut world.services.resources,
        now: world.now,
        kind,
    }
}

/// What a read will show, as the event has it.
fn model_text(request: &Request, kind: &ResourceType, properties: &Properties) -> Option<String> {
    debug_assert_ne!(request.operation, Operation::Delete, "a deleted resource has no model");
    serde_json::to_string(&handler(&request.type_name).read(kind, properties)).ok()
}

/// Who asked for it, by which request.
fn origin(world: &World, request: &Request) -> Origin {
    Origin {
        by: request.caller.clone(),
        through: format!("cloudcontrolapi:{}", request.operation.name()),
        request: request.token.clone(),
        at: world.now,
    }
}
