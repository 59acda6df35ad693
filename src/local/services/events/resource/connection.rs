//! `AWS::Events::Connection` and `AWS::Events::ApiDestination`.

use super::{fault, text};
use crate::local::services::events::connection::{self, needed};
use crate::local::services::generic::{self, Rule};
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::json;

/// A connection keeps its secrets in a secret of its own.
pub(super) struct Connection;

const CONNECTION_RULES: &[Rule] = &[
    ("Arn", "arn:${Partition}:events:${Region}:${Account}:connection/${Name}/${uuid}"),
    ("ArnForPolicy", "arn:${Partition}:events:${Region}:${Account}:connection/${Name}"),
    (
        "SecretArn",
        "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:events!connection/${Name}/${uuid}-${lower:6}",
    ),
];

impl Handler for Connection {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        check_connection(context, &desired)?;
        generic::create_with(context, desired, CONNECTION_RULES)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        check_connection(context, &wanted)?;
        generic::update(context, stored, wanted)
    }
}

/// The handler itself looks whether parameters and kind of authorisation fit, before EventBridge.
fn check_connection(context: &mut Context<'_>, wanted: &Properties) -> Result<(), HandlerFault> {
    let kind = text(wanted, "AuthorizationType");
    if let Some(name) = needed(kind)
        && wanted.get("AuthParameters").and_then(|parameters| parameters.get(name)).is_none()
    {
        let words = format!("Invalid request provided: {name} not provided for {kind} AuthorizationType.");
        return Err(HandlerFault::new("InvalidRequest", words));
    }
    connection::check(wanted).map_err(|refusal| fault(context, refusal))
}

pub(super) struct Destination;

const DESTINATION_RULES: &[Rule] = &[
    ("Arn", "arn:${Partition}:events:${Region}:${Account}:api-destination/${Name}/${uuid}"),
    ("ArnForPolicy", "arn:${Partition}:events:${Region}:${Account}:api-destination/${Name}"),
];

impl Handler for Destination {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        connection::check_destination(context, &desired).map_err(|refusal| fault(context, refusal))?;
        let mut made = generic::create_with(context, desired, DESTINATION_RULES)?;
        rate(&mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        connection::check_destination(context, &next).map_err(|refusal| fault(context, refusal))?;
        rate(&mut next);
        Ok(next)
    }
}

/// Calls a second, where nobody said (EventBridge API Reference, CreateApiDestination).
fn rate(destination: &mut Properties) {
    destination.entry("InvocationRateLimitPerSecond").or_insert(json!(300));
}
