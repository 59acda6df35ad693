//! Models of REST APIs: JSON Schema, draft 4 (Amazon API Gateway API Reference, CreateModel).

use super::{Place, bad_request, conflict, rest_api};
use crate::local::services::members::text;
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

/// Whether a model may be so; `fresh` if it is to be made.
pub(super) fn check(place: Place<'_>, wanted: &Properties, fresh: bool) -> Result<(), Refusal> {
    let api = rest_api::api_of(wanted);
    place.api(rest_api::API, api)?;
    if let Some(name) = text(wanted, "Name") {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(bad_request(format!("Model name must be alphanumeric: {name}")));
        }
        let given = ["Empty", "Error"].contains(&name);
        if fresh
            && (given || place.part("AWS::ApiGateway::Model", ["RestApiId", "Name"], api, name).is_some())
        {
            return Err(conflict("Model name already exists for this REST API"));
        }
    }
    let fits = match wanted.get("Schema") {
        Some(Json::String(text)) => serde_json::from_str(text).is_ok_and(|schema| is_schema(&schema)),
        Some(schema) => is_schema(schema),
        None => true,
    };
    if fits {
        return Ok(());
    }
    Err(bad_request(
        "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]",
    ))
}

/// Whether a value has the form of a draft 4 schema. A value read from JSON is of bounded depth.
fn is_schema(value: &Json) -> bool {
    let Json::Object(schema) = value else { return false };
    let known_type = |t: &Json| t.as_str().is_some_and(|t| TYPES.contains(&t));
    let schemas = |value: &Json| value.as_object().is_some_and(|all| all.values().all(is_schema));
    let list =
        |value: &Json| value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(is_schema));
    schema.iter().all(|(keyword, value)| match keyword.as_str() {
        "type" => match value {
            Json::Array(types) => !types.is_empty() && types.iter().all(known_type),
            one => known_type(one),
        },
        "properties" | "definitions" | "patternProperties" => schemas(value),
        "allOf" | "anyOf" | "oneOf" => list(value),
        "items" => is_schema(value) || value.as_array().is_some_and(|all| all.iter().all(is_schema)),
        "not" => is_schema(value),
        "additionalProperties" | "additionalItems" => value.is_boolean() || is_schema(value),
        "required" => value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Json::is_string)),
        "enum" => value.as_array().is_some_and(|all| !all.is_empty()),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            value.is_u64()
        }
        "minimum" | "maximum" | "multipleOf" => value.is_number(),
        "pattern" | "title" | "description" | "$schema" | "$ref" | "id" | "format" => value.is_string(),
        "uniqueItems" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_boolean(),
        _ => true,
    })
}
