//! Methods of REST APIs: their authorization, models and validators, their responses (Amazon API
//! Gateway API Reference, PutMethod, PutMethodResponse, PutIntegrationResponse).

use super::{Place, bad_request, conflict, integration, mapping, not_found, rest_api};
use crate::local::services::members::{default, has, object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// What `HttpMethod` may be.
const VERBS: &[&str] = &["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// Models that each API has from the start.
const GIVEN_MODELS: &[&str] = &["Empty", "Error"];
/// Longest wait for an integration, in milliseconds, without a raised quota.
const LONGEST_WAIT: u64 = 29_000;

/// Whether a method may be so; `fresh` if it is to be made.
pub(super) fn check(place: Place<'_>, wanted: &Properties, fresh: bool) -> Result<(), Refusal> {
    let id = rest_api::api_of(wanted);
    let api = place.api(rest_api::API, id)?;
    let resource = text(wanted, "ResourceId").unwrap_or_default();
    if text(api, "RootResourceId") != Some(resource) {
        rest_api::resource(place, id, resource)?;
    }
    let verb = text(wanted, "HttpMethod").unwrap_or_default();
    if !VERBS.contains(&verb) {
        return Err(bad_request(format!(
            "Invalid HttpMethod specified. Valid options are {}",
            VERBS.join(",")
        )));
    }
    let identifier = format!("{id}|{resource}|{verb}");
    if fresh && place.resources.get(place.scope, "AWS::ApiGateway::Method", &identifier).is_some() {
        return Err(conflict("Method already exists for this resource"));
    }
    authorization(place, id, wanted)?;
    let validator = text(wanted, "RequestValidatorId");
    let keys = ["RestApiId", "RequestValidatorId"];
    if validator.is_some_and(|v| place.part("AWS::ApiGateway::RequestValidator", keys, id, v).is_none()) {
        return Err(bad_request("Invalid Request Validator identifier specified"));
    }
    models(place, id, object(wanted, "RequestModels"))?;
    for response in objects(wanted, "MethodResponses") {
        models(place, id, object(response, "ResponseModels"))?;
    }
    match object(wanted, "Integration") {
        Some(own) => {
            integration::check(own)?;
            if own.get("TimeoutInMillis").and_then(Json::as_u64).is_some_and(|wait| wait > LONGEST_WAIT) {
                return Err(bad_request(format!("Timeout should be between 50 ms and {LONGEST_WAIT} ms")));
            }
            mapping::check_declared(wanted)?;
            mapping::check_request(wanted, own)?;
            responses(wanted, own)
        }
        None => Ok(()),
    }
}

fn authorization(place: Place<'_>, api: &str, wanted: &Properties) -> Result<(), Refusal> {
    match text(wanted, "AuthorizationType").unwrap_or("NONE") {
        "NONE" | "AWS_IAM" => Ok(()),
        "CUSTOM" | "COGNITO_USER_POOLS" => {
            let authorizer = text(wanted, "AuthorizerId").unwrap_or_default();
            let keys = ["RestApiId", "AuthorizerId"];
            if place.part("AWS::ApiGateway::Authorizer", keys, api, authorizer).is_some() {
                return Ok(());
            }
            Err(bad_request(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS \
                 requires a valid authorizer.",
            ))
        }
        other => Err(bad_request(format!(
            "Invalid authorization type specified: {other}. Valid options are NONE, AWS_IAM, CUSTOM, \
             COGNITO_USER_POOLS"
        ))),
    }
}

fn models(place: Place<'_>, api: &str, by_content: Option<&Properties>) -> Result<(), Refusal> {
    for model in by_content.into_iter().flat_map(Properties::values).filter_map(Json::as_str) {
        let keys = ["RestApiId", "Name"];
        if !GIVEN_MODELS.contains(&model) && place.part("AWS::ApiGateway::Model", keys, api, model).is_none()
        {
            return Err(bad_request(format!("Invalid model identifier specified: {model}")));
        }
    }
    Ok(())
}

/// An integration's response goes out as one that the method declares, with headers that it declares.
fn responses(wanted: &Properties, integration: &Properties) -> Result<(), Refusal> {
    for response in objects(integration, "IntegrationResponses") {
        let status = text(response, "StatusCode");
        let declared = objects(wanted, "MethodResponses").find(|r| text(r, "StatusCode") == status);
        let declared = declared.ok_or_else(|| not_found("Invalid Response status code specified"))?;
        let none = Properties::new();
        let allowed = object(declared, "ResponseParameters").unwrap_or(&none);
        for header in object(response, "ResponseParameters").into_iter().flat_map(Properties::keys) {
            if !has(allowed, header) {
                return Err(mapping::unknown(header));
            }
        }
    }
    Ok(())
}

/// What a method shows beyond what was asked for.
pub(super) fn complete(method: &mut Properties) {
    default(method, "ApiKeyRequired", false);
    default(method, "AuthorizationType", "NONE");
    let resource = text(method, "ResourceId").unwrap_or_default().to_owned();
    if let Some(Json::Object(integration)) = method.get_mut("Integration") {
        default(integration, "PassthroughBehavior", "WHEN_NO_MATCH");
        default(integration, "TimeoutInMillis", LONGEST_WAIT);
        default(integration, "CacheNamespace", resource);
        default(integration, "ResponseTransferMode", "BUFFERED");
        by_status(integration, "IntegrationResponses");
    }
    by_status(method, "MethodResponses");
}

/// Responses are a map by status on API Gateway's side: they come back in its order.
fn by_status(owner: &mut Properties, list: &str) {
    if let Some(Json::Array(items)) = owner.get_mut(list) {
        items.sort_by(|a, b| a["StatusCode"].as_str().cmp(&b["StatusCode"].as_str()));
        if items.is_empty() {
            owner.insert(list.to_owned(), json!([]));
        }
    }
}
