//! REST APIs and their parts beside methods: paths, deployments, stages, validators (Amazon API Gateway
//! API Reference, version 1; words as API Gateway has them).

use super::{Place, bad_request, conflict, not_found};
use crate::local::services::members::{default, has, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

pub(super) const API: &str = "AWS::ApiGateway::RestApi";
const RESOURCE: &str = "AWS::ApiGateway::Resource";
const METHOD: &str = "AWS::ApiGateway::Method";
const STAGE: &str = "AWS::ApiGateway::Stage";
const DEPLOYMENT: &str = "AWS::ApiGateway::Deployment";

/// The types whose resources go with their API.
pub(super) const PARTS: &[&str] = &[
    METHOD,
    RESOURCE,
    STAGE,
    DEPLOYMENT,
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::DocumentationPart",
    "AWS::ApiGateway::DocumentationVersion",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
];

/// The methods of an OpenAPI document's paths.
const VERBS: &[&str] =
    &["get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"];

/// The API's id among the properties of one of its parts.
pub(super) fn api_of(part: &Properties) -> &str {
    text(part, "RestApiId").unwrap_or_default()
}

/// What an API shows beyond what was asked for.
pub(super) fn complete_api(api: &mut Properties) {
    default(api, "ApiKeySourceType", "HEADER");
    default(api, "DisableExecuteApiEndpoint", false);
    default(api, "SecurityPolicy", "TLS_1_0");
    default(api, "EndpointConfiguration", json!({}));
    if let Some(Json::Object(endpoint)) = api.get_mut("EndpointConfiguration") {
        default(endpoint, "Types", json!(["EDGE"]));
        let private = endpoint["Types"] == json!(["PRIVATE"]);
        default(endpoint, "IpAddressType", if private { "dualstack" } else { "ipv4" });
    }
    let title = api.get("Body").and_then(|body| body["info"]["title"].as_str()).map(str::to_owned);
    if let Some(title) = title {
        default(api, "Name", title);
    }
}

/// Whether a path may be added below its parent.
pub(super) fn check_resource(place: Place<'_>, wanted: &Properties) -> Result<(), Refusal> {
    let api = place.api(API, api_of(wanted))?;
    let id = api_of(wanted);
    let (parent, part) =
        (text(wanted, "ParentId").unwrap_or_default(), text(wanted, "PathPart").unwrap_or_default());
    if text(api, "RootResourceId") != Some(parent) {
        let above = resource(place, id, parent)?;
        if is_greedy(text(above, "PathPart").unwrap_or_default()) {
            let part = text(above, "PathPart").unwrap_or_default();
            return Err(bad_request(format!(
                "Cannot create a child of a resource with a greedy path variable: {part}"
            )));
        }
    }
    if !is_path_part(part) {
        return Err(bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the \
             beginning and the end and an optional plus sign before the closing brace.",
        ));
    }
    for sibling in place.parts(RESOURCE, "RestApiId", id) {
        let other = text(&sibling.properties, "PathPart").unwrap_or_default();
        if text(&sibling.properties, "ParentId") != Some(parent) {
            continue;
        }
        if other == part {
            return Err(conflict(format!(
                "Another resource with the same parent already has this name: {part}"
            )));
        }
        if other.starts_with('{') && part.starts_with('{') {
            return Err(bad_request(format!(
                "A sibling ({other}) of this resource already has a variable path part -- only one is allowed"
            )));
        }
    }
    Ok(())
}

/// A path of an API; the root one isn't a resource of its own here.
pub(super) fn resource<'a>(place: Place<'a>, api: &str, id: &str) -> Result<&'a Properties, Refusal> {
    let found = place.part(RESOURCE, ["RestApiId", "ResourceId"], api, id);
    found.map(|r| &r.properties).ok_or_else(|| not_found("Invalid Resource identifier specified"))
}

fn is_greedy(part: &str) -> bool {
    part.ends_with("+}")
}

fn is_path_part(part: &str) -> bool {
    let name = match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(variable) => variable.strip_suffix('+').unwrap_or(variable),
        None => part,
    };
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b))
}

/// The identifiers of a path's own methods and of all paths below it with theirs, as type and
/// identifier.
pub(super) fn below(place: Place<'_>, api: &str, id: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut open = vec![id.to_owned()];
    while let Some(id) = open.pop() {
        let methods = place.parts(METHOD, "RestApiId", api);
        let own = methods.filter(|method| text(&method.properties, "ResourceId") == Some(&*id));
        found.extend(own.map(|method| (METHOD, method.identifier.clone())));
        for child in place.parts(RESOURCE, "RestApiId", api) {
            // A path can't be below itself: its parent was there before it and never changes.
            if text(&child.properties, "ParentId") == Some(&*id) {
                found.push((RESOURCE, child.identifier.clone()));
                open.extend(text(&child.properties, "ResourceId").map(str::to_owned));
            }
        }
    }
    found
}

/// Whether there is something to deploy.
pub(super) fn check_deployment(place: Place<'_>, wanted: &Properties) -> Result<(), Refusal> {
    let id = api_of(wanted);
    let api = place.api(API, id)?;
    let imported = object(api, "Body").and_then(|body| object(body, "paths")).is_some_and(|paths| {
        let mut items = paths.values().filter_map(Json::as_object);
        items.any(|item| VERBS.iter().any(|verb| has(item, verb)))
    });
    let mut methods = place.parts(METHOD, "RestApiId", id).peekable();
    if methods.peek().is_none() && !imported && !has(api, "BodyS3Location") {
        return Err(bad_request("The REST API doesn't contain any methods"));
    }
    if methods.any(|method| !has(&method.properties, "Integration")) {
        return Err(bad_request("No integration defined for method"));
    }
    Ok(())
}

/// Whether a deployment may go: no stage serves it.
pub(super) fn check_unused(place: Place<'_>, deployment: &Properties) -> Result<(), Refusal> {
    let id = text(deployment, "DeploymentId");
    let mut stages = place.parts(STAGE, "RestApiId", api_of(deployment));
    if stages.any(|stage| text(&stage.properties, "DeploymentId") == id) {
        return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
    Ok(())
}

/// Whether a stage may be so.
pub(super) fn check_stage(place: Place<'_>, wanted: &Properties) -> Result<(), Refusal> {
    let id = api_of(wanted);
    place.api(API, id)?;
    if let Some(name) = text(wanted, "StageName")
        && !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    {
        return Err(bad_request("Stage name only allows a-zA-Z0-9_-"));
    }
    let deployment = text(wanted, "DeploymentId").unwrap_or_default();
    if place.part(DEPLOYMENT, ["RestApiId", "DeploymentId"], id, deployment).is_none() {
        return Err(not_found("Invalid Deployment identifier specified"));
    }
    let speaks = |settings: &Properties| text(settings, "LoggingLevel").is_some_and(|level| level != "OFF");
    let logs = has(wanted, "AccessLogSetting") || objects(wanted, "MethodSettings").any(speaks);
    if logs && !super::account::may_log(place) {
        return Err(bad_request(
            "CloudWatch Logs role ARN must be set in account settings to enable logging",
        ));
    }
    Ok(())
}

/// What a stage shows beyond what was asked for.
pub(super) fn complete_stage(stage: &mut Properties) {
    default(stage, "CacheClusterEnabled", false);
    default(stage, "TracingEnabled", false);
    if let Some(Json::Array(settings)) = stage.get_mut("MethodSettings") {
        for setting in settings.iter_mut().filter_map(Json::as_object_mut) {
            for name in ["CacheDataEncrypted", "CachingEnabled", "DataTraceEnabled", "MetricsEnabled"] {
                default(setting, name, false);
            }
            default(setting, "CacheTtlInSeconds", 300);
        }
    }
}

/// Whether a stage is there, as usage plans name it.
pub(super) fn has_stage(place: Place<'_>, api: &str, stage: &str) -> bool {
    place.part(STAGE, ["RestApiId", "StageName"], api, stage).is_some()
}
