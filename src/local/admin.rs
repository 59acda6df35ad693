//! The cloud's own pages, under `/_evstack/`.

mod profile;

use super::profile::Profile;
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
    Profile,
    /// With the wanted profile.
    SetProfile(Bytes),
    /// With the knobs to turn.
    ChangeProfile(Bytes),
    Counts,
    ResetCounts,
    /// A browser's page from elsewhere wants to change something.
    Foreign,
    Unknown,
}

impl Page {
    /// The page that a request asks for; `None` when it is for a service.
    pub(super) fn of(request: &Request<Bytes>) -> Option<Self> {
        let name = request.uri().path().strip_prefix("/_evstack/")?;
        if !request.method().is_safe() && is_foreign(request) {
            return Some(Self::Foreign);
        }
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
    pub(super) fn answer(&self, world: &mut World) -> Response<Bytes> {
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
            Self::Profile => json_page(200, &json!(world.profile)),
            Self::SetProfile(body) => turned(world, profile::asked(body, None)),
            Self::ChangeProfile(body) => turned(world, profile::asked(body, Some(&world.profile))),
            Self::Counts => json_page(200, &world.counts.shown()),
            Self::ResetCounts => {
                world.counts.reset();
                json_page(200, &world.counts.shown())
            }
            Self::Foreign => {
                json_page(403, &json!({ "message": "a page from another origin may change nothing here" }))
            }
            Self::Unknown => json_page(404, &json!({ "message": "there is no such page under /_evstack/" })),
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

/// Whether a browser sends it for a page that came from elsewhere: it then says so in `Origin`. A
/// page from a public name that was made to mean this machine (DNS rebinding) is from elsewhere too.
fn is_foreign(request: &Request<Bytes>) -> bool {
    let header = |name| request.headers().get(name).map(http::HeaderValue::as_bytes);
    let Some(origin) = header(http::header::ORIGIN) else { return false };
    let own = [b"http://".as_slice(), b"https://"].iter().find_map(|scheme| origin.strip_prefix(*scheme));
    own.is_none() || own != header(http::header::HOST) || own.is_some_and(is_public)
}

/// Whether a host, with or without its port, has a name that anybody may own.
fn is_public(authority: &[u8]) -> bool {
    let Ok(authority) = std::str::from_utf8(authority) else { return true };
    let end = authority.rfind(':').filter(|at| authority[at + 1..].bytes().all(|b| b.is_ascii_digit()));
    let host = &authority[..end.unwrap_or(authority.len())];
    let address = host.parse::<std::net::Ipv4Addr>().is_ok() || host.starts_with('[');
    let private = [".localhost", ".internal", ".local", ".test"].iter().any(|ending| host.ends_with(ending));
    !address && !private && host.contains('.')
}

/// Everything that exists, with the requests that made and last changed it, and what is under way,
/// oldest first. Properties are whole, also those that a service never shows.
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
    json!({ "resources": resources.collect::<Vec<_>>(), "pending": pending.collect::<Vec<_>>() })
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
