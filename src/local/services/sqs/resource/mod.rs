//! SQS's resources: queues, and the policies on them.

mod policy;
mod queue;

use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};

/// The type of queues.
pub(super) const QUEUE: &str = "AWS::SQS::Queue";
/// The type of their policies; a queue has one at most.
pub(super) const POLICY: &str = "AWS::SQS::QueueInlinePolicy";

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        QUEUE => &queue::Queue,
        POLICY => &policy::Policy,
        _ => return None,
    })
}

/// SQS's refusal as its handlers pass it on.
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    let code = match refusal.code {
        // Seen in the events of Cloud Control's clients: a name that rests counts as throttling.
        "QueueDeletedRecently" => "Throttling",
        "QueueDoesNotExist" => "NotFound",
        "QueueNameExists" => "AlreadyExists",
        _ => "InvalidRequest",
    };
    refusal.passed_on_as(code, "Sqs", context.rng)
}
