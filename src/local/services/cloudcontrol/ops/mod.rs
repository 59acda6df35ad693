//! The eight operations.

mod change;
mod read;
mod requests;

pub(super) use change::{create, delete, properties, update};
pub(super) use read::{get, list};
pub(super) use requests::{cancel, list_requests, status};

use super::{fault, input};
use crate::local::fault::Fault;
use crate::schema::{Catalogue, Handler, ResourceType, validate};
use serde_json::Value as Json;
use std::sync::Arc;

/// The type that a call names.
fn kind(input: &Json) -> Result<Arc<ResourceType>, Fault> {
    let name = input::required(input, &input::TYPE_NAME)?;
    Catalogue::bundled().get(name).ok_or_else(|| fault::type_not_found(name))
}

/// Refuses what the type has no handler for.
fn handled<'k>(
    kind: &'k ResourceType,
    handler: Option<&'k Handler>,
    action: &str,
) -> Result<&'k Handler, Fault> {
    handler.ok_or_else(|| fault::unsupported_action(kind.name.as_str(), action))
}

/// The identifier that a call names, in its one form: clients may also write it as a JSON object of
/// the identifying properties.
fn identifier(kind: &ResourceType, input: &Json) -> Result<String, Fault> {
    let text = input::required(input, &input::IDENTIFIER)?;
    if !text.starts_with('{') {
        return Ok(text.to_owned());
    }
    let parsed: Json = serde_json::from_str(text).unwrap_or(Json::Null);
    kind.identifier_from(&parsed).ok_or_else(|| {
        let names: Vec<String> = kind.primary_identifier.iter().map(ToString::to_string).collect();
        fault::validation(format!(
            "Identifier {text} is not valid: required properties [{}]",
            names.join(", ")
        ))
    })
}

/// Holds a whole model against its type, as the registry does.
fn check(kind: &ResourceType, model: &Json) -> Result<(), Fault> {
    let violations = validate::validate(kind, model, validate::Mode::Registry, &validate::no_holes);
    if violations.is_empty() { Ok(()) } else { Err(fault::model(&validate::aws_report(&violations))) }
}
