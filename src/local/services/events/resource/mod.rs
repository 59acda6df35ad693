//! EventBridge's resources.

mod archive;
mod bus;
mod connection;
mod policy;
mod rule;

use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// The type of rules.
const RULE: &str = "AWS::Events::Rule";
/// Statements of buses' policies.
const BUS_POLICY: &str = "AWS::Events::EventBusPolicy";

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        RULE => &rule::Rule,
        super::bus::BUS => &bus::Bus,
        BUS_POLICY => &policy::Policy,
        "AWS::Events::Archive" => &archive::Archive,
        super::connection::CONNECTION => &connection::Connection,
        "AWS::Events::ApiDestination" => &connection::Destination,
        _ => return None,
    })
}

/// EventBridge's refusal as its handlers pass it on: what has no code of its own is general.
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    let code = match refusal.code {
        "ResourceNotFoundException" => "NotFound",
        "ResourceAlreadyExistsException" => "AlreadyExists",
        "InvalidEventPatternException" => "InvalidRequest",
        "LimitExceededException" => "ServiceLimitExceeded",
        _ => "GeneralServiceException",
    };
    refusal.passed_on_as(code, "EventBridge", context.rng)
}

fn text<'a>(properties: &'a Properties, name: &str) -> &'a str {
    properties.get(name).and_then(Json::as_str).unwrap_or_default()
}
