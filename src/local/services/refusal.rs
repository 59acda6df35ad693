//! How a service says no: its own code, status and words, before anybody makes an answer of them.

use super::resource::HandlerFault;
use crate::local::world::Rng;

/// A service's refusal, as its API has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// `ValidationException`, `NotFoundException`, ….
    pub(crate) code: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The service's words.
    pub(crate) message: String,
}

impl Refusal {
    /// A refusal in the service's words.
    pub(crate) fn new(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into() }
    }

    /// As a resource handler passes it on: the words with the SDK's addition, under one of Cloud
    /// Control's codes. `service` is the SDK's name of it (`DynamoDb`, `ApiGateway`).
    pub(crate) fn passed_on(self, service: &str, rng: &mut Rng) -> HandlerFault {
        let code = handler_code(self.code, self.status);
        self.passed_on_as(code, service, rng)
    }

    /// The same under a code that this service's handlers have for it.
    pub(crate) fn passed_on_as(self, code: &'static str, service: &str, rng: &mut Rng) -> HandlerFault {
        let Self { status, message, .. } = self;
        let request = rng.uuid();
        let message = format!("{message} (Service: {service}, Status Code: {status}, Request ID: {request})");
        HandlerFault::new(code, message)
    }

    /// The same, as handlers built on the SDK's first generation do it. `service` is that generation's name of it (`AmazonApiGatewayV2`).
    pub(crate) fn passed_on_in_old_form(self, service: &str, rng: &mut Rng) -> HandlerFault {
        let Self { code, status, message } = self;
        let request = rng.uuid();
        let message = format!(
            "{message} (Service: {service}; Status Code: {status}; Error Code: {code}; Request ID: {request}; \
             Proxy: null)"
        );
        HandlerFault::new(handler_code(code, status), message)
    }
}

/// Cloud Control's code for a service's.
fn handler_code(code: &str, status: u16) -> &'static str {
    match (code, status) {
        ("LimitExceededException" | "LimitExceeded" | "TooManyBuckets", _) => "ServiceLimitExceeded",
        ("AccessDeniedException" | "AccessDenied", _) => "AccessDenied",
        ("ResourceInUseException" | "BucketNotEmpty" | "InvalidBucketState", _) => "ResourceConflict",
        (code, _)
            if code.contains("NotFound") || code.contains("DoesNotExist") || code.starts_with("NoSuch") =>
        {
            "NotFound"
        }
        (code, _) if code.contains("AlreadyExists") || code.contains("AlreadyOwned") => "AlreadyExists",
        ("ConflictException", _) => "AlreadyExists",
        (code, _) if code.contains("Throttl") || code == "TooManyRequestsException" => "Throttling",
        (_, 500..) => "ServiceInternalError",
        _ => "InvalidRequest",
    }
}
