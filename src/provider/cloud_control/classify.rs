//! Which class of fault a service's code and words mean.
//!
//! A code alone doesn't tell: throttling and roles that aren't usable yet arrive under codes that
//! mean something else. The phrases were seen in AWS's answers; see the table in the tests.

use crate::provider::FaultKind;

/// A role, made a moment ago, that the service can't use yet.
const NOT_YET_USABLE: &[&str] = &[
    "authorized to assume the provided role",
    "Invalid value for the parameter Policy",
    "Policy Error: PrincipalNotFound",
    "one or more invalid principals",
    "ServiceAccessDeniedException",
    "cannot be assumed",
    "must allow AWS EventBridge Scheduler to assume the role",
];

/// Throttling of the service below, under any code.
const THROTTLED: &[&str] = &[
    "Rate exceeded",
    "rate exceeded",
    "TooManyRequests",
    "Too Many Requests",
    "ThrottlingException",
    "Throttling:",
    "Error Code: Throttling",
    "RequestLimitExceeded",
    "SlowDown",
];

/// What SNS says of an endpoint that is subscribed already, under the code for bad parameters.
const THERE_OTHERWISE: &str = "already exists with different attributes";

/// The class of an error's code and message, and of the HTTP status when there was one.
pub(crate) fn classify(code: &str, message: &str, http_status: Option<u16>) -> FaultKind {
    let code = code.strip_suffix("Exception").unwrap_or(code);
    // A model that fails its schema quotes property names, which may look like any phrase.
    let quotes_the_model = message.contains("Model validation failed");
    if !quotes_the_model {
        if NOT_YET_USABLE.iter().any(|phrase| message.contains(phrase)) {
            return FaultKind::NotYetUsable;
        }
        if THROTTLED.iter().any(|phrase| message.contains(phrase)) {
            return FaultKind::Throttled;
        }
        if message.contains(THERE_OTHERWISE) {
            return FaultKind::AlreadyExists;
        }
    }
    match by_code(code) {
        // The handler's own code stands in the message of what failed at once.
        Some(FaultKind::Internal) | None => handler_code(message)
            .and_then(by_code)
            .or_else(|| by_code(code))
            .unwrap_or_else(|| by_status(http_status)),
        Some(kind) => kind,
    }
}

/// `NotFound` of `… (HandlerErrorCode: NotFound, RequestToken: …)`.
fn handler_code(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("HandlerErrorCode: ")?;
    rest.split([',', ')']).next()
}

fn by_code(code: &str) -> Option<FaultKind> {
    Some(match code {
        "AlreadyExists" => FaultKind::AlreadyExists,
        "NotFound" | "ResourceNotFound" => FaultKind::NotFound,
        "NotUpdatable" => FaultKind::NotUpdatable,
        "InvalidRequest" | "Validation" | "ValidationError" | "Serialization" | "ServiceLimitExceeded" => {
            FaultKind::Invalid
        }
        // What a hook forbids, and a type that isn't set up (CloudFormation API Reference,
        // RecordHandlerProgress, `ErrorCode`).
        "NonCompliant" | "InvalidTypeConfiguration" | "UnsupportedTarget" => FaultKind::Invalid,
        "AccessDenied"
        | "UnauthorizedTaggingOperation"
        | "InvalidCredentials"
        | "UnrecognizedClient"
        | "ExpiredToken"
        | "InvalidClientTokenId"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired" => FaultKind::Denied,
        // As the SDKs have them (botocore, `retries/standard.py`), without the exceptions' suffix.
        "Throttling"
        | "Throttled"
        | "RequestThrottled"
        | "EC2Throttled"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "ProvisionedThroughputExceeded"
        | "PriorRequestNotComplete"
        | "SlowDown" => FaultKind::Throttled,
        "ResourceConflict" | "ConcurrentOperation" | "ConcurrentModification" => FaultKind::Conflict,
        "NotStabilized"
        | "GeneralService"
        | "ServiceInternalError"
        | "ServiceTimeout"
        | "NetworkFailure"
        | "InternalFailure"
        | "InternalServerError"
        | "RequestTimeout"
        | "ServiceUnavailable"
        | "HandlerFailure"
        | "HandlerInternalFailure" => FaultKind::Internal,
        "ClientTokenConflict" => FaultKind::TokenConflict,
        "RequestTokenNotFound" => FaultKind::UnknownRequest,
        "TypeNotFound" | "UnsupportedAction" | "PrivateType" => FaultKind::UnsupportedType,
        _ => return None,
    })
}

fn by_status(http_status: Option<u16>) -> FaultKind {
    match http_status {
        Some(429) => FaultKind::Throttled,
        Some(401 | 403) => FaultKind::Denied,
        Some(400..500) => FaultKind::Invalid,
        _ => FaultKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_disguise_is_seen_through() {
        let cases = [
            (
                "ValidationException",
                "Model validation failed (#: extraneous key [X] is not permitted)",
                FaultKind::Invalid,
            ),
            (
                "ValidationException",
                "Model validation failed (#/Throttling: Rate exceeded: expected type: Number)",
                FaultKind::Invalid,
            ),
            (
                "GeneralServiceException",
                "Rate exceeded (Service: Events, Status Code: 400)",
                FaultKind::Throttled,
            ),
            ("GeneralServiceException", "EventBus not ready", FaultKind::Internal),
            (
                "InvalidRequest",
                "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
                FaultKind::AlreadyExists,
            ),
            (
                "GeneralServiceException",
                "gone (HandlerErrorCode: NotFound, RequestToken: 1)",
                FaultKind::NotFound,
            ),
            (
                "HandlerFailureException",
                "x (HandlerErrorCode: AccessDenied, RequestToken: 1)",
                FaultKind::Denied,
            ),
            ("Throttling", "", FaultKind::Throttled),
            ("ThrottledException", "", FaultKind::Throttled),
            ("RequestThrottledException", "", FaultKind::Throttled),
            ("ProvisionedThroughputExceededException", "", FaultKind::Throttled),
            ("RequestTimeout", "", FaultKind::Internal),
            ("NonCompliant", "The hook says no", FaultKind::Invalid),
            ("ServiceLimitExceeded", "Maximum number of queues reached", FaultKind::Invalid),
            ("ThrottlingException", "", FaultKind::Throttled),
            ("ResourceNotFoundException", "Bucket not found", FaultKind::NotFound),
            (
                "NotUpdatableException",
                "Invalid patch update: createOnlyProperties [/properties/Name] cannot be updated",
                FaultKind::NotUpdatable,
            ),
            (
                "InvalidRequest",
                "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
                FaultKind::NotYetUsable,
            ),
            (
                "AccessDenied",
                "states.amazonaws.com is not authorized to assume the provided role",
                FaultKind::NotYetUsable,
            ),
            (
                "InvalidRequest",
                "Invalid value for the parameter Policy. (Service: Sqs)",
                FaultKind::NotYetUsable,
            ),
            (
                "InvalidRequest",
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role. (Service: Scheduler)",
                FaultKind::NotYetUsable,
            ),
            ("ConcurrentOperationException", "Another operation is in progress", FaultKind::Conflict),
            ("ClientTokenConflictException", "used by request 1", FaultKind::TokenConflict),
            ("TypeNotFoundException", "The type 'AWS::X::Y' cannot be found.", FaultKind::UnsupportedType),
            ("SomethingNobodyKnows", "", FaultKind::Internal),
        ];
        for (code, message, kind) in cases {
            assert_eq!(classify(code, message, None), kind, "{code}: {message}");
        }
        assert_eq!(classify("SomethingNobodyKnows", "", Some(400)), FaultKind::Invalid);
        assert_eq!(classify("SomethingNobodyKnows", "", Some(429)), FaultKind::Throttled);
        for code in ["ThrottledException", "SlowDown", "RequestThrottled"] {
            assert_eq!(classify(code, "", Some(400)), FaultKind::Throttled, "{code}");
        }
        assert_eq!(classify("RequestTimeout", "", Some(400)), FaultKind::Internal);
    }
}
