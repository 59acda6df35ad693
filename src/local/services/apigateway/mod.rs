//! API Gateway: REST APIs (v1), HTTP and WebSocket APIs (v2).

mod account;
mod http_api;
mod integration;
mod mapping;
mod method;
mod model;
pub(crate) mod resource;
mod rest_api;

use super::Scope;
use super::members::text;
use super::refusal::Refusal;
use super::resources::{Properties, Resource, Resources};
use std::sync::Arc;

/// What there is, seen from one account and region.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    resources: &'a Resources,
    scope: &'a Scope,
}

impl<'a> Place<'a> {
    /// The API, or API Gateway's words where there is none. `owner` is `AWS::ApiGateway::RestApi` or
    /// `AWS::ApiGatewayV2::Api`.
    fn api(self, owner: &str, id: &str) -> Result<&'a Properties, Refusal> {
        let found = self.resources.get(self.scope, owner, id);
        found
            .map(|api| &api.properties)
            .ok_or_else(|| not_found(format!("Invalid API identifier specified {}:{id}", self.scope.account)))
    }

    /// The parts of an API that are of a type; `key` names the property with the API's id.
    fn parts(self, type_name: &str, key: &'static str, api: &str) -> impl Iterator<Item = &'a Arc<Resource>> {
        let api = api.to_owned();
        let resources = self.resources.of_type(self.scope, type_name, None);
        resources.filter(move |part| text(&part.properties, key) == Some(&*api))
    }

    /// The part of an API in which a property has this value.
    fn part(
        self,
        type_name: &str,
        keys: [&'static str; 2],
        api: &str,
        id: &str,
    ) -> Option<&'a Arc<Resource>> {
        self.parts(type_name, keys[0], api).find(|part| text(&part.properties, keys[1]) == Some(id))
    }
}

fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new("BadRequestException", 400, message)
}

fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new("NotFoundException", 404, message)
}

fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new("ConflictException", 409, message)
}
