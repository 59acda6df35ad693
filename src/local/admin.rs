//! The cloud's own pages, under `/_evstack/`.

mod profile;

use super::profile::Profile;
use super::protocol::respond;
use super::services::resources::{Origin, Resource};
use super::store::StoreError;
use super::world::World;
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// One of them.
pub(super) enum Page {
    Health,
    Inventory,
    Profile,
    /// With the wanted profile.
    SetProfile(Bytes),
    /// With the knobs to turn.
    ChangeProfile(Bytes),
    Counts,
    ResetCounts,
    Unknown,
}

impl Page {
    /// The page that a request asks for; `None` when it is for a service.
    pub(super) fn of(request: &Request<Bytes>) -> Option<Self> {
        let name = request.uri().path().strip_prefix("/_evstack/")?;
        Some(match (request.method(), name) {
            (&Method::GET, "health") => Self::Health,
            (&Method::GET, "inventory") => Self::Inventory,
            (&Method::GET, "profile") => Self::Profile,
            (&Method::PUT, "profile") => Self::SetProfile(request.body().clone()),
            (&Method::PATCH, "profile") => Self::ChangeProfile(request.body().clone()),
            (&Method::GET, "counts") => Self::Counts,
            (&Method::DELETE, "counts") => Self::ResetCounts,
            _ => Self::Unknown,
        })
    }

    /// What it does and shows.
    pub(super) fn answer(&self, world: &mut World) -> Shown {
        Shown::Page(match self {
            Self::Inventory => return Shown::Inventory(Inventory::of(world)),
            Self::Health => json_page(
                200,
                &json!({
                    "status": "ok",
                    "version": env!("CARGO_PKG_VERSION"),
                    "account": world.settings.account,
                    "region": world.settings.region,
                    "base_url": world.settings.base_url,
                    "folder": world.folder,
                }),
            ),
            Self::Profile => json_page(200, &json!(world.profile)),
            Self::SetProfile(body) => turned(world, profile::asked(body, None)),
            Self::ChangeProfile(body) => turned(world, profile::asked(body, Some(&world.profile))),
            Self::Counts => json_page(200, &world.counts.shown()),
            Self::ResetCounts => {
                world.counts.reset();
                json_page(200, &world.counts.shown())
            }
            Self::Unknown => json_page(404, &json!({ "message": "there is no such page under /_evstack/" })),
        })
    }
}

/// What a page shows. The inventory may be long: it is written once the world is free again.
pub(super) enum Shown {
    Page(Response<Bytes>),
    Inventory(Inventory),
}

impl Shown {
    pub(super) fn response(self) -> Response<Bytes> {
        match self {
            Self::Page(response) => response,
            Self::Inventory(inventory) => json_page(200, &inventory.shown()),
        }
    }
}

/// The new profile, as it is now; or why nothing changed.
fn turned(world: &mut World, asked: Result<Profile, String>) -> Response<Bytes> {
    match asked {
        Ok(profile) => {
            world.profile = profile;
            json_page(200, &json!(world.profile))
        }
        Err(why) => json_page(400, &json!({ "message": why })),
    }
}

/// Everything that exists, with the requests that made and last changed it, and what is under way,
/// oldest first. Properties are whole, also those that a service never shows.
pub(super) struct Inventory {
    resources: Vec<Arc<Resource>>,
    pending: Vec<Json>,
}

impl Inventory {
    /// As it is now. Rows are shared, not copied.
    pub(super) fn of(world: &World) -> Self {
        let pending = world.services.cloudcontrol.under_way().map(|request| {
            json!({
                "type": request.type_name,
                "identifier": request.identifier,
                "account": request.scope.account,
                "region": request.scope.region,
                "operation": request.operation.as_str(),
                "status": request.status.as_str(),
                "request": request.token,
                "by": request.caller,
                "began": request.began.epoch_seconds(),
            })
        });
        Self {
            pending: pending.collect(),
            resources: world.services.resources.all().map(Arc::clone).collect(),
        }
    }

    pub(super) fn shown(&self) -> Json {
        let resources = self.resources.iter().map(|resource| {
            json!({
                "type": resource.type_name,
                "identifier": resource.identifier,
                "account": resource.scope.account,
                "region": resource.scope.region,
                "created": origin(&resource.created),
                "changed": origin(&resource.changed),
                "properties": resource.properties,
            })
        });
        json!({ "resources": resources.collect::<Vec<_>>(), "pending": self.pending })
    }
}

fn origin(origin: &Origin) -> Json {
    json!({
        "by": origin.by,
        "through": origin.through,
        "request": origin.request,
        "at": origin.at.epoch_seconds(),
    })
}

/// The store's trouble.
pub(super) fn failed(error: &StoreError) -> Response<Bytes> {
    json_page(500, &json!({ "message": format!("the data can't be written: {error}") }))
}

fn json_page(status: u16, body: &Json) -> Response<Bytes> {
    respond(status, &[("content-type", "application/json")], serde_json::to_vec(body).unwrap_or_default())
}
