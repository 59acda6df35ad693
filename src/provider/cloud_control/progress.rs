//! A `ProgressEvent` of the wire as the engine's [`Progress`].

use super::fault::Asked;
use crate::provider::{Fault, FaultKind, Progress, Status};
use aws_sdk_cloudcontrol::types::{Operation, OperationStatus, ProgressEvent};
use std::time::{Duration, SystemTime};

/// A clock that runs wrong must not make the engine wait for hours.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Turns the event into what the engine needs; `now` turns `RetryAfter` (a time) into a wait.
pub(super) fn progress(event: &ProgressEvent, asked: Asked<'_>, now: SystemTime) -> Progress {
    let status = match event.operation_status() {
        Some(OperationStatus::Success) => Status::Succeeded,
        Some(OperationStatus::Failed) => match asked.failed(event) {
            fault if event.operation() == Some(&Operation::Delete) && is_as_good_as_gone(&fault) => {
                Status::Succeeded
            }
            fault => Status::Failed(fault),
        },
        Some(OperationStatus::CancelComplete) => Status::Cancelled,
        // Pending, in progress, being cancelled, or a word that is newer than this program.
        _ => Status::Running,
    };
    let retry_after = event.retry_after().and_then(|at| {
        let at = SystemTime::try_from(*at).ok()?;
        // Up to whole milliseconds: the number on the wire has rounded it, and a moment before the end
        // costs a request and another wait.
        let wait = at.duration_since(now).unwrap_or_default().as_nanos().div_ceil(1_000_000);
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX)).min(LONGEST_WAIT))
    });
    Progress {
        request_token: event.request_token().unwrap_or_default().to_owned(),
        identifier: event.identifier().map(str::to_owned),
        status,
        retry_after,
    }
}

/// Deleting what isn't there is a success. So it is where nobody confirmed a subscription: SNS can't
/// delete it, but does so by itself with the topic, or two days after it was asked for (Amazon SNS
/// Developer Guide, "Deleting a subscription and topic").
fn is_as_good_as_gone(fault: &Fault) -> bool {
    fault.kind == FaultKind::NotFound || fault.to_string().contains(UNCONFIRMED)
}

const UNCONFIRMED: &str = "cannot be deleted if pending confirmation";

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudcontrol::primitives::DateTime;
    use aws_sdk_cloudcontrol::types::HandlerErrorCode;

    const ASKED: Asked<'static> =
        Asked { operation: "CreateResource", type_name: None, identifier: None, at: "" };

    #[test]
    fn retry_after_becomes_a_bounded_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        for (at, wait) in [(1_003, 3), (990, 0), (90_000, 60)] {
            let event = ProgressEvent::builder()
                .operation_status(OperationStatus::InProgress)
                .retry_after(DateTime::from_secs(at))
                .build();
            let progress = progress(&event, ASKED, now);
            assert_eq!(progress.status, Status::Running);
            assert_eq!(progress.retry_after, Some(Duration::from_secs(wait)));
        }
    }

    #[test]
    fn a_failed_event_keeps_code_words_and_what_is_left_behind() {
        let event = ProgressEvent::builder()
            .operation_status(OperationStatus::Failed)
            .type_name("AWS::SQS::Queue")
            .identifier("queue-1")
            .request_token("r-1")
            .error_code(HandlerErrorCode::AlreadyExists)
            .status_message("it is there")
            .build();
        let progress = progress(&event, ASKED, SystemTime::UNIX_EPOCH);
        let Status::Failed(fault) = progress.status else { panic!("not failed") };
        assert_eq!(fault.kind, FaultKind::AlreadyExists);
        assert_eq!(
            fault.to_string(),
            "CreateResource AWS::SQS::Queue queue-1: it is there (AlreadyExists), request id r-1"
        );
        assert_eq!(progress.identifier.as_deref(), Some("queue-1"));
    }
}
