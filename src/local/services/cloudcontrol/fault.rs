//! Cloud Control's refusals, in its own words.

use crate::local::fault::Fault;
use serde_json::Value as Json;

pub(super) fn validation(message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message)
}

/// A JSON value of another type than the member's (the words of AWS's JSON services:
/// `NUMBER_VALUE can not be converted to String`).
pub(super) fn unreadable(found: &Json, wanted: &str) -> Fault {
    let token = match found {
        Json::Object(_) => {
            return serialization("Start of structure or map found where not expected.");
        }
        Json::Array(_) => return serialization("Start of list found where not expected"),
        Json::Null => "NULL_VALUE",
        Json::Bool(true) => "TRUE_VALUE",
        Json::Bool(false) => "FALSE_VALUE",
        Json::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Json::Number(_) => "NUMBER_VALUE",
        Json::String(_) => "STRING_VALUE",
    };
    serialization(&format!("{token} can not be converted to {wanted}"))
}

/// Something else where a list or a structure is expected.
pub(super) fn unexpected_field_type() -> Fault {
    serialization("Unexpected field type")
}

fn serialization(message: &str) -> Fault {
    Fault::client("SerializationException", message)
}

pub(super) fn invalid_request(message: impl Into<String>) -> Fault {
    Fault::client("InvalidRequestException", message)
}

/// The model doesn't fit its type.
pub(super) fn model(report: &str) -> Fault {
    validation(format!("Model validation failed ({report})"))
}

pub(super) fn type_not_found(type_name: &str) -> Fault {
    Fault::client("TypeNotFoundException", format!("The type '{type_name}' cannot be found."))
}

/// `action` is CREATE, READ, UPDATE, DELETE or LIST.
pub(super) fn unsupported_action(type_name: &str, action: &str) -> Fault {
    Fault::client(
        "UnsupportedActionException",
        format!("Resource type {type_name} does not support {action} action"),
    )
}

/// A list that needs to know more of what to list. The words, with their spaces, as reported
/// (by clients that listed AWS::Lambda::Permission).
pub(super) fn list_model(type_name: &str, report: &str) -> Fault {
    invalid_request(format!(
        "Missing or invalid ResourceModel property in {type_name} list handler request input.Required \
         property:  ({report})"
    ))
}

pub(super) fn resource_not_found(type_name: &str, identifier: &str, request_id: &str) -> Fault {
    Fault::client(
        "ResourceNotFoundException",
        format!(
            "{type_name} Handler returned status FAILED: {} (HandlerErrorCode: NotFound, RequestToken: {request_id})",
            not_found(type_name, identifier)
        ),
    )
}

/// A handler's words for what isn't there.
pub(super) fn not_found(type_name: &str, identifier: &str) -> String {
    format!("Resource of type '{type_name}' with identifier '{identifier}' was not found.")
}

pub(super) fn request_token_not_found(token: &str) -> Fault {
    Fault::client("RequestTokenNotFoundException", format!("Request with token {token} was not found"))
}

/// The words are those that clients have reported (carina-rs/carina issue 1516).
pub(super) fn client_token_conflict(client_token: &str, request_token: &str) -> Fault {
    Fault::client(
        "ClientTokenConflictException",
        format!(
            "ClientToken {client_token} is already associated with an existing operation with RequestToken \
             {request_token}"
        ),
    )
}

pub(super) fn concurrent_operation(type_name: &str, identifier: &str, request_token: &str) -> Fault {
    Fault::client(
        "ConcurrentOperationException",
        format!(
            "Resource of type '{type_name}' with identifier '{identifier}' is being operated on by another \
             request, with RequestToken {request_token}"
        ),
    )
}

/// A patch that changes create-only properties.
pub(super) fn not_updatable(paths: &[String]) -> Fault {
    Fault::client("NotUpdatableException", cannot_be_updated("createOnlyProperties", paths))
}

/// A patch that changes computed properties: not NotUpdatable (carina-rs/carina issue 806).
pub(super) fn read_only(paths: &[String]) -> Fault {
    validation(cannot_be_updated("readOnlyProperties", paths))
}

fn cannot_be_updated(role: &str, paths: &[String]) -> String {
    format!("Invalid patch update: {role} [{}] cannot be updated", paths.join(", "))
}

/// `names` are the registry's paths of the identifying properties (hashicorp/terraform-provider-awscc
/// issue 688).
pub(super) fn invalid_identifier(identifier: &str, names: &[String]) -> Fault {
    validation(format!("Identifier {identifier} is not valid for identifier [{}]", names.join(", ")))
}

/// The model gives CancelResourceRequest this error and RequestTokenNotFound alone, and makes it the
/// server's fault, hence 500.
pub(super) fn not_cancellable(token: &str, status: &str) -> Fault {
    Fault::server(
        "ConcurrentModificationException",
        format!(
            "Request with token {token} is {status}: only PENDING and IN_PROGRESS requests can be cancelled"
        ),
    )
}
