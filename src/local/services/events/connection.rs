//! Connections and what they know: how to authorise a call to somebody else's API.
//!
//! Source: EventBridge API Reference, CreateConnection and CreateApiDestination.

use super::refusals::{invalid, missing};
use crate::local::services::arns::Arn;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// The type of connections.
pub(super) const CONNECTION: &str = "AWS::Events::Connection";

/// The parameters that an authorisation needs.
pub(super) fn needed(authorisation: &str) -> Option<&'static str> {
    match authorisation {
        "BASIC" => Some("BasicAuthParameters"),
        "API_KEY" => Some("ApiKeyAuthParameters"),
        "OAUTH_CLIENT_CREDENTIALS" => Some("OAuthParameters"),
        _ => None,
    }
}

/// Checks a connection's parameters.
pub(super) fn check(connection: &Properties) -> Result<(), Refusal> {
    let parameters = connection.get("AuthParameters");
    let endpoint =
        parameters.and_then(|p| p.get("OAuthParameters")).and_then(|p| p.get("AuthorizationEndpoint"));
    if endpoint.and_then(Json::as_str).is_some_and(|endpoint| !endpoint.starts_with("https://")) {
        return Err(invalid("Parameter AuthorizationEndpoint is not valid."));
    }
    Ok(())
}

/// Checks an API destination: its connection exists, its address is one.
pub(super) fn check_destination(context: &Context<'_>, destination: &Properties) -> Result<(), Refusal> {
    let text = |name: &str| destination.get(name).and_then(Json::as_str).unwrap_or_default();
    let endpoint = text("InvocationEndpoint");
    let host = endpoint.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or(rest));
    if host.is_none_or(str::is_empty) {
        let words =
            format!("Parameter InvocationEndpoint is not valid. Reason: Endpoint '{endpoint}' is not valid.");
        return Err(invalid(words));
    }
    let arn = text("ConnectionArn");
    let name = Arn::parse(arn)
        .filter(|parts| parts.service == "events" && parts.region == context.scope.region)
        .and_then(|parts| parts.resource.strip_prefix("connection/")?.split('/').next());
    let Some(name) = name else { return Err(invalid(format!("Invalid ARN: '{arn}'."))) };
    let found = context.resources.get(context.scope, CONNECTION, name);
    if found.is_some_and(|found| found.properties.get("Arn").is_some_and(|own| own == arn)) {
        Ok(())
    } else {
        Err(missing(format!("Connection '{name}' does not exist.")))
    }
}
