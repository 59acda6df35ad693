//! Cloud Control's refusals, in its own words.

use crate::local::fault::Fault;

pub(super) fn validation(message: impl Into<String>) -> Fault {
    Fault::client("ValidationException", message)
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

pub(super) fn client_token_conflict(request_token: &str) -> Fault {
    Fault::client(
        "ClientTokenConflictException",
        format!("The client token was already used by another request, with RequestToken {request_token}"),
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

pub(super) fn not_updatable(paths: &[String], role: &str) -> Fault {
    Fault::client(
        "NotUpdatableException",
        format!("Invalid patch update: {role} [{}] cannot be updated", paths.join(", ")),
    )
}

pub(super) fn not_cancellable(token: &str, status: &str) -> Fault {
    Fault::client(
        "ConcurrentModificationException",
        format!(
            "Request with token {token} is {status}: only PENDING and IN_PROGRESS requests can be cancelled"
        ),
    )
}
