//! CloudWatch Logs' resource types: what Cloud Control's handlers do with them.

mod filters;
mod group;
mod policy;
mod stream;

use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        "AWS::Logs::LogGroup" => &group::LogGroup,
        "AWS::Logs::LogStream" => &stream::LogStream,
        "AWS::Logs::MetricFilter" => &filters::MetricFilter,
        "AWS::Logs::SubscriptionFilter" => &filters::SubscriptionFilter,
        "AWS::Logs::ResourcePolicy" => &policy::ResourcePolicy,
        _ => return None,
    })
}

/// The event's error for CloudWatch Logs'.
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    refusal.passed_on("CloudWatchLogs", context.rng)
}
