//! The cloud's own pages, under `/_evstack/`.

use super::protocol::respond;
use super::services::resources::Origin;
use super::store::StoreError;
use super::world::World;
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value as Json, json};

/// One of them.
pub(super) enum Page {
    Health,
    Inventory,
    Unknown,
}

impl Page {
    /// The page that a request asks for; `None` when it is for a service.
    pub(super) fn of(request: &Request<Bytes>) -> Option<Self> {
        let name = request.uri().path().strip_prefix("/_evstack/")?;
        Some(match (request.method(), name) {
            (&Method::GET, "health") => Self::Health,
            (&Method::GET, "inventory") => Self::Inventory,
            _ => Self::Unknown,
        })
    }

    /// What it shows.
    pub(super) fn answer(&self, world: &World) -> Response<Bytes> {
        match self {
            Self::Health => json_page(
                200,
                &json!({
                    "status": "ok",
                    "version": env!("CARGO_PKG_VERSION"),
                    "account": world.settings.account,
                    "region": world.settings.region,
                    "base_url": world.settings.base_url,
                }),
            ),
            Self::Inventory => json_page(200, &inventory(world)),
            Self::Unknown => json_page(404, &json!({ "message": "there is no such page under /_evstack/" })),
        }
    }
}

/// Everything that exists, with the requests that made and last changed it. Properties are whole,
/// also those that a service never shows.
pub(super) fn inventory(world: &World) -> Json {
    let resources = world.services.resources.all().map(|resource| {
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
    json!({ "resources": resources.collect::<Vec<_>>() })
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
