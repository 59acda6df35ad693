//! HTTP and WebSocket APIs and their parts (Amazon API Gateway API Reference, version 2; words as API
//! Gateway has them).

use super::{Place, bad_request, conflict, not_found};
use crate::local::services::members::{default, flag, has, object, text, texts};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

const API: &str = "AWS::ApiGatewayV2::Api";
const INTEGRATION: &str = "AWS::ApiGatewayV2::Integration";
const ROUTE: &str = "AWS::ApiGatewayV2::Route";
const STAGE: &str = "AWS::ApiGatewayV2::Stage";
const DEPLOYMENT: &str = "AWS::ApiGatewayV2::Deployment";
const AUTHORIZER: &str = "AWS::ApiGatewayV2::Authorizer";

/// The types whose resources go with their API.
pub(super) const PARTS: &[&str] = &[
    ROUTE,
    INTEGRATION,
    STAGE,
    DEPLOYMENT,
    AUTHORIZER,
    "AWS::ApiGatewayV2::IntegrationResponse",
    "AWS::ApiGatewayV2::Model",
    "AWS::ApiGatewayV2::RouteResponse",
];

/// What a first-class integration needs (Amazon API Gateway Developer Guide, integration subtype
/// reference).
const SUBTYPES: &[(&str, &[&str])] = &[
    ("EventBridge-PutEvents", &["Detail", "DetailType", "Source"]),
    ("SQS-SendMessage", &["QueueUrl", "MessageBody"]),
    ("SQS-ReceiveMessage", &["QueueUrl"]),
    ("SQS-DeleteMessage", &["ReceiptHandle", "QueueUrl"]),
    ("SQS-PurgeQueue", &["QueueUrl"]),
    ("AppConfig-GetConfiguration", &["Application", "Environment", "Configuration", "ClientId"]),
    ("Kinesis-PutRecord", &["StreamName", "Data", "PartitionKey"]),
    ("StepFunctions-StartExecution", &["StateMachineArn"]),
    ("StepFunctions-StartSyncExecution", &["StateMachineArn"]),
    ("StepFunctions-StopExecution", &["ExecutionArn"]),
];

/// The methods of a route key.
const VERBS: &[&str] = &["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The API's id among the properties of one of its parts.
pub(super) fn api_of(part: &Properties) -> &str {
    text(part, "ApiId").unwrap_or_default()
}

fn is_http(api: &Properties) -> bool {
    text(api, "ProtocolType") != Some("WEBSOCKET")
}

/// Whether an API may be so.
pub(super) fn check_api(_: Place<'_>, wanted: &Properties, _: bool) -> Result<(), Refusal> {
    match text(wanted, "ProtocolType") {
        Some("HTTP" | "WEBSOCKET") | None => {}
        Some(other) => return Err(bad_request(format!("Invalid protocol specified: {other}"))),
    }
    if has(wanted, "CorsConfiguration") && !is_http(wanted) {
        return Err(bad_request("CORS configuration is only supported for HTTP APIs"));
    }
    let cors = object(wanted, "CorsConfiguration");
    let any = cors.is_some_and(|cors| texts(cors, "AllowOrigins").any(|origin| origin == "*"));
    if any && cors.is_some_and(|cors| flag(cors, "AllowCredentials")) {
        return Err(bad_request("Allow credentials is not supported for wildcard origins"));
    }
    Ok(())
}

/// What an API shows beyond what was asked for.
pub(super) fn complete_api(api: &mut Properties) {
    if has(api, "Body") || has(api, "BodyS3Location") {
        default(api, "ProtocolType", "HTTP");
        let title = api.get("Body").and_then(|body| body["info"]["title"].as_str()).map(str::to_owned);
        if let Some(title) = title {
            default(api, "Name", title);
        }
    }
    default(api, "DisableExecuteApiEndpoint", false);
    default(api, "IpAddressType", "ipv4");
    if is_http(api) {
        default(api, "RouteSelectionExpression", "$request.method $request.path");
    } else {
        default(api, "ApiKeySelectionExpression", "$request.header.x-api-key");
    }
    if let Some(Json::Object(cors)) = api.get_mut("CorsConfiguration") {
        for list in ["AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders"] {
            default(cors, list, json!([]));
        }
    }
}

/// Whether an integration may be so.
pub(super) fn check_integration(place: Place<'_>, wanted: &Properties, _: bool) -> Result<(), Refusal> {
    let http = is_http(place.api(API, api_of(wanted))?);
    let kind = text(wanted, "IntegrationType").unwrap_or_default();
    let known: &[&str] =
        if http { &["AWS_PROXY", "HTTP_PROXY"] } else { &["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"] };
    if !known.contains(&kind) {
        return Err(bad_request(format!("Invalid integration type specified: {kind}")));
    }
    let longest = longest_wait(http);
    let wait = wanted.get("TimeoutInMillis").and_then(Json::as_i64);
    if wait.is_some_and(|wait| !(50..=longest).contains(&wait)) {
        return Err(bad_request(format!("Timeout should be between 50 ms and {longest} ms")));
    }
    if let Some(subtype) = text(wanted, "IntegrationSubtype") {
        return check_subtype(wanted, subtype);
    }
    if kind != "MOCK" && !has(wanted, "IntegrationUri") {
        return Err(bad_request("IntegrationUri must be specified for this integration type"));
    }
    if kind.starts_with("HTTP") && !has(wanted, "IntegrationMethod") {
        return Err(bad_request("HttpMethod must be specified for HTTP integrations"));
    }
    Ok(())
}

fn check_subtype(wanted: &Properties, subtype: &str) -> Result<(), Refusal> {
    let Some((_, required)) = SUBTYPES.iter().find(|(name, _)| *name == subtype) else {
        return Err(bad_request(format!("Invalid integration subtype specified: {subtype}")));
    };
    if !has(wanted, "CredentialsArn") {
        return Err(bad_request("Credentials must be specified for AWS service integrations"));
    }
    if text(wanted, "PayloadFormatVersion").is_some_and(|version| version != "1.0") {
        return Err(bad_request("PayloadFormatVersion must be 1.0 for AWS service integrations"));
    }
    let given = object(wanted, "RequestParameters");
    match required.iter().find(|name| given.is_none_or(|given| !has(given, name))) {
        Some(name) => Err(bad_request(format!("Missing required parameter for {subtype}: {name}"))),
        None => Ok(()),
    }
}

/// Longest wait for an integration, in milliseconds.
fn longest_wait(http: bool) -> i64 {
    if http { 30_000 } else { 29_000 }
}

/// What an integration shows beyond what was asked for.
pub(super) fn complete_integration(place: Place<'_>, integration: &mut Properties) {
    let http = place.api(API, api_of(integration)).map_or(true, is_http);
    let kind = text(integration, "IntegrationType").unwrap_or_default().to_owned();
    default(integration, "ConnectionType", "INTERNET");
    default(integration, "TimeoutInMillis", longest_wait(http));
    default(integration, "PayloadFormatVersion", "1.0");
    default(integration, "RequestTemplates", json!({}));
    default(integration, "ResponseParameters", json!({}));
    if kind == "AWS_PROXY" && !has(integration, "IntegrationSubtype") {
        default(integration, "IntegrationMethod", "POST");
    }
    if !http {
        default(integration, "PassthroughBehavior", "WHEN_NO_MATCH");
    }
}

/// Whether an integration may go: no route leads to it.
pub(super) fn check_unrouted(place: Place<'_>, integration: &Properties) -> Result<(), Refusal> {
    let target = format!("integrations/{}", text(integration, "IntegrationId").unwrap_or_default());
    let routes = place.parts(ROUTE, "ApiId", api_of(integration));
    let ids: Vec<&str> = routes
        .filter(|route| text(&route.properties, "Target") == Some(&*target))
        .filter_map(|route| text(&route.properties, "RouteId"))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    Err(conflict(format!(
        "Cannot delete Integration because it is referenced by the following Routes with Ids: [{}]",
        ids.join(", ")
    )))
}

/// Whether a route may be so.
pub(super) fn check_route(place: Place<'_>, wanted: &Properties, _: bool) -> Result<(), Refusal> {
    let id = api_of(wanted);
    let http = is_http(place.api(API, id)?);
    let key = text(wanted, "RouteKey").unwrap_or_default();
    if http && !is_route_key(key) {
        return Err(bad_request(
            "The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> \
             /<RESOURCE PATH>\" or \"$default\"",
        ));
    }
    let own = text(wanted, "RouteId");
    for other in place.parts(ROUTE, "ApiId", id) {
        if text(&other.properties, "RouteId") == own && own.is_some() {
            continue;
        }
        let other = text(&other.properties, "RouteKey").unwrap_or_default();
        if other == key {
            return Err(conflict(format!("Route with key {key} already exists for this API")));
        }
        if http && is_rival(key, other) {
            return Err(conflict(format!(
                "The provided route key \"{key}\" has a conflicting variable on the same hierarchical level as \
                 \"{other}\""
            )));
        }
    }
    if let Some(target) = text(wanted, "Target") {
        let found = target
            .strip_prefix("integrations/")
            .and_then(|integration| place.part(INTEGRATION, ["ApiId", "IntegrationId"], id, integration));
        if found.is_none() {
            return Err(not_found("Invalid Integration identifier specified"));
        }
    }
    let needs = matches!(text(wanted, "AuthorizationType"), Some("JWT" | "CUSTOM"));
    let authorizer = text(wanted, "AuthorizerId").unwrap_or_default();
    if needs && place.part(AUTHORIZER, ["ApiId", "AuthorizerId"], id, authorizer).is_none() {
        return Err(bad_request("Invalid authorizer identifier specified"));
    }
    Ok(())
}

/// `$default`, or a method and a path.
fn is_route_key(key: &str) -> bool {
    key == "$default"
        || key.split_once(' ').is_some_and(|(verb, path)| {
            VERBS.contains(&verb) && path.starts_with('/') && !path.contains(char::is_whitespace)
        })
}

/// Whether two keys of one method differ in nothing but the names of variables.
fn is_rival(key: &str, other: &str) -> bool {
    let (Some((verb, path)), Some((other_verb, other_path))) = (key.split_once(' '), other.split_once(' '))
    else {
        return false;
    };
    let (parts, others): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), other_path.split('/').collect());
    let variable = |part: &str| part.starts_with('{') && !part.ends_with("+}");
    verb == other_verb
        && parts.len() == others.len()
        && parts.iter().zip(&others).all(|(a, b)| a == b || (variable(a) && variable(b)))
}

/// What a route shows beyond what was asked for.
pub(super) fn complete_route(route: &mut Properties) {
    default(route, "ApiKeyRequired", false);
    default(route, "AuthorizationType", "NONE");
    default(route, "AuthorizationScopes", json!([]));
    default(route, "RequestModels", json!({}));
}

/// Whether a stage may be so.
pub(super) fn check_stage(place: Place<'_>, wanted: &Properties, _: bool) -> Result<(), Refusal> {
    let id = api_of(wanted);
    place.api(API, id)?;
    let name = text(wanted, "StageName").unwrap_or_default();
    if name != "$default" && !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(bad_request("Stage name only allows a-zA-Z0-9_-"));
    }
    // The one that it serves stays, also if it was made by deploying itself.
    let now = place.part(STAGE, ["ApiId", "StageName"], id, name);
    let served = now.and_then(|stage| text(&stage.properties, "DeploymentId"));
    if !flag(wanted, "AutoDeploy")
        && let Some(deployment) = text(wanted, "DeploymentId")
        && served != Some(deployment)
        && place.part(DEPLOYMENT, ["ApiId", "DeploymentId"], id, deployment).is_none()
    {
        return Err(not_found("Invalid Deployment identifier specified"));
    }
    Ok(())
}

/// What a stage shows beyond what was asked for.
pub(super) fn complete_stage(stage: &mut Properties) {
    default(stage, "AutoDeploy", false);
    default(stage, "RouteSettings", json!({}));
    default(stage, "StageVariables", json!({}));
    default(stage, "DefaultRouteSettings", json!({}));
    if let Some(Json::Object(settings)) = stage.get_mut("DefaultRouteSettings") {
        default(settings, "DetailedMetricsEnabled", false);
    }
}

/// Whether there is something to deploy.
pub(super) fn check_deployment(place: Place<'_>, wanted: &Properties, fresh: bool) -> Result<(), Refusal> {
    let api = place.api(API, api_of(wanted))?;
    let imported = has(api, "Body") || has(api, "BodyS3Location") || has(api, "Target");
    if fresh && !imported && place.parts(ROUTE, "ApiId", api_of(wanted)).next().is_none() {
        return Err(bad_request("At least one route is required before deploying the Api."));
    }
    if let Some(stage) = text(wanted, "StageName")
        && place.part(STAGE, ["ApiId", "StageName"], api_of(wanted), stage).is_none()
    {
        return Err(not_found("Invalid stage identifier specified"));
    }
    Ok(())
}

/// Whether a deployment may go: no stage serves it.
pub(super) fn check_unused(place: Place<'_>, deployment: &Properties) -> Result<(), Refusal> {
    let id = text(deployment, "DeploymentId");
    let mut stages = place.parts(STAGE, "ApiId", api_of(deployment));
    if stages.any(|stage| text(&stage.properties, "DeploymentId") == id) {
        return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
    Ok(())
}

/// Whether an authorizer may be so.
pub(super) fn check_authorizer(place: Place<'_>, wanted: &Properties, _: bool) -> Result<(), Refusal> {
    let id = api_of(wanted);
    let http = is_http(place.api(API, id)?);
    let (name, own) = (text(wanted, "Name").unwrap_or_default(), text(wanted, "AuthorizerId"));
    let twin = place.part(AUTHORIZER, ["ApiId", "Name"], id, name);
    if twin.is_some_and(|twin| own.is_none() || text(&twin.properties, "AuthorizerId") != own) {
        // API Gateway says 400, the handler AlreadyExists.
        let words =
            format!("Authorizer name must be unique. Authorizer {name} already exists in this RestApi.");
        return Err(Refusal::new("AlreadyExistsException", 400, words));
    }
    match text(wanted, "AuthorizerType") {
        Some("JWT") if http => {
            let jwt = object(wanted, "JwtConfiguration");
            if jwt.is_none_or(|jwt| !has(jwt, "Issuer") || texts(jwt, "Audience").next().is_none()) {
                return Err(bad_request(
                    "JwtConfiguration with Issuer and Audience is required for JWT authorizers",
                ));
            }
            Ok(())
        }
        Some("REQUEST") if has(wanted, "AuthorizerUri") => Ok(()),
        Some("REQUEST") => Err(bad_request("AuthorizerUri is required for REQUEST authorizers")),
        other => {
            Err(bad_request(format!("Invalid authorizer type specified: {}", other.unwrap_or_default())))
        }
    }
}
