//! EventBridge Scheduler's resource types: what Cloud Control's handlers do with them.

mod group;
mod schedule;

use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        SCHEDULE => &schedule::Schedule,
        GROUP => &group::ScheduleGroup,
        _ => return None,
    })
}

const SCHEDULE: &str = "AWS::Scheduler::Schedule";
const GROUP: &str = "AWS::Scheduler::ScheduleGroup";

/// The event's error for Scheduler's: the framework's words before the service's
/// (aws-cloudformation/cloudformation-coverage-roadmap 2134).
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    let message = format!("Invalid request provided: {}", refusal.message);
    Refusal { message, ..refusal }.passed_on("Scheduler", context.rng)
}
