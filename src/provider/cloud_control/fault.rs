//! The SDK's errors and a failed progress event, each as one [`Fault`].

use super::classify::classify;
use super::withheld::Withheld;
use crate::provider::fault::{NoAnswer, foreign, no_answer};
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
    /// The URL, for the words of a fault.
    pub at: &'a str,
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
                let words = no_answer(&error, self.at).words;
                self.fault(FaultKind::Unreachable, "Timeout".to_owned(), words, request_id)
            }
            SdkError::ConstructionFailure(_) => {
                let words = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                self.fault(FaultKind::Invalid, "Request".to_owned(), words, None)
            }
            SdkError::DispatchFailure(_) if Withheld::is_in(&error) => {
                self.fault(FaultKind::Withheld, "Withheld".to_owned(), Withheld.to_string(), None)
            }
            // Credentials that can't be found also end here: the request was never sent.
            SdkError::DispatchFailure(_) => {
                let NoAnswer { kind, code, words } = no_answer(&error, self.at);
                self.fault(kind, code.to_owned(), words, None)
            }
            _ => {
                let kind = match status {
                    Some(429) => FaultKind::Throttled,
                    _ => FaultKind::Unreachable,
                };
                let code = status.map_or_else(|| "Response".to_owned(), |s| format!("HTTP {s}"));
                let words = foreign(self.at, status, header("content-type").as_deref());
                self.fault(kind, code, words, request_id)
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
