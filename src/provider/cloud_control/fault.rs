//! The SDK's errors and a failed progress event, each as one [`Fault`].

use super::classify::classify;
use crate::provider::fault::causes;
use crate::provider::{Fault, FaultKind};
use crate::schema::TypeName;
use aws_sdk_cloudcontrol::config::http::HttpResponse;
use aws_sdk_cloudcontrol::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudcontrol::types::ProgressEvent;
use std::error::Error;

/// What was asked, for the words of a fault.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub operation: &'static str,
    pub type_name: Option<&'a TypeName>,
    pub identifier: Option<&'a str>,
}

impl Asked<'_> {
    fn fault(self, kind: FaultKind, code: String, message: String, request_id: Option<String>) -> Fault {
        Fault {
            kind,
            operation: self.operation,
            type_name: self.type_name.cloned(),
            identifier: self.identifier.map(str::to_owned),
            code,
            message,
            request_id,
        }
    }

    /// From an error of the SDK: the service's refusal, or that nobody answered.
    pub fn refused<E>(self, error: SdkError<E, HttpResponse>) -> Fault
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let response = error.raw_response();
        let status = response.map(|r| r.status().as_u16());
        let header = |name| response.and_then(|r| r.headers().get(name)).map(str::to_owned);
        let request_id = header("x-amzn-requestid").or_else(|| header("x-amz-request-id"));
        match &error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let code = meta.code().map_or_else(
                    || format!("HTTP {}", status.unwrap_or_default()),
                    |code| code.rsplit('#').next().unwrap_or(code).to_owned(),
                );
                let message = meta.message().unwrap_or_default().to_owned();
                self.fault(classify(&code, &message, status), code, message, request_id)
            }
            SdkError::TimeoutError(_) => {
                let message = "no answer in time".to_owned();
                self.fault(FaultKind::Unreachable, "Timeout".to_owned(), message, request_id)
            }
            SdkError::ConstructionFailure(_) => {
                self.fault(FaultKind::Invalid, "Request".to_owned(), causes(&error), None)
            }
            // Credentials that can't be found also end here: the request was never sent.
            SdkError::DispatchFailure(failure) => {
                let message = causes(&error);
                let credentials = failure.as_connector_error().is_some_and(|e| e.is_other())
                    && message.contains("credential");
                let (kind, code) = if credentials {
                    (FaultKind::Denied, "Credentials")
                } else {
                    (FaultKind::Unreachable, "Unreachable")
                };
                self.fault(kind, code.to_owned(), message, None)
            }
            _ => {
                let kind = match status {
                    Some(429) => FaultKind::Throttled,
                    _ => FaultKind::Unreachable,
                };
                let code = status.map_or_else(|| "Response".to_owned(), |s| format!("HTTP {s}"));
                self.fault(kind, code, causes(&error), request_id)
            }
        }
    }

    /// From a FAILED event.
    pub fn failed(self, event: &ProgressEvent) -> Fault {
        let code = event.error_code().map_or("GeneralServiceException", |code| code.as_str()).to_owned();
        let message = event.status_message().unwrap_or("the handler gave no reason").to_owned();
        let kind = classify(&code, &message, None);
        let mut fault = self.fault(kind, code, message, event.request_token().map(str::to_owned));
        fault.identifier = event.identifier().map(str::to_owned).or(fault.identifier);
        if fault.type_name.is_none() {
            fault.type_name = event.type_name().map(TypeName::new);
        }
        fault
    }
}
