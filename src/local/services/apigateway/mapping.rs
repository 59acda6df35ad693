//! Parameters that a REST API maps from its requests to its integrations (Amazon API Gateway Developer
//! Guide, API request and response data mapping reference).

use super::bad_request;
use crate::local::services::members::{has, object};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// An integration's parameters come from parameters that its method declares, from the context, from
/// stage variables, or are fixed.
pub(super) fn check_request(method: &Properties, integration: &Properties) -> Result<(), Refusal> {
    let none = Properties::new();
    let declared = object(method, "RequestParameters").unwrap_or(&none);
    for (to, from) in object(integration, "RequestParameters").into_iter().flatten() {
        let places =
            ["integration.request.path.", "integration.request.querystring.", "integration.request.header."];
        if !places.iter().any(|place| to.starts_with(place)) {
            return Err(unknown(to));
        }
        let Some(from) = from.as_str() else { continue };
        let body = from == "method.request.body" || from.starts_with("method.request.body.");
        let multi = from.starts_with("method.request.multivalue");
        if from.starts_with("method.request.") && !body && !multi && !has(declared, from) {
            return Err(unknown(from));
        }
        let known = ["'", "method.request.", "context.", "stageVariables."];
        if !known.iter().any(|start| from.starts_with(start)) {
            return Err(unknown(from));
        }
    }
    Ok(())
}

/// A parameter that nobody declares.
pub(super) fn unknown(parameter: &str) -> Refusal {
    bad_request(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping \
         expression parameter specified: {parameter}]"
    ))
}

/// The declared parameters of a method: path, query string and header ones alone.
pub(super) fn check_declared(method: &Properties) -> Result<(), Refusal> {
    for (name, required) in object(method, "RequestParameters").into_iter().flatten() {
        let places = ["path.", "querystring.", "header.", "multivaluequerystring.", "multivalueheader."];
        let known = name
            .strip_prefix("method.request.")
            .is_some_and(|rest| places.iter().any(|p| rest.starts_with(p)));
        if !known || matches!(required, Json::Object(_) | Json::Array(_)) {
            return Err(unknown(name));
        }
    }
    Ok(())
}
