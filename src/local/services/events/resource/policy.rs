//! `AWS::Events::EventBusPolicy`: one statement of a bus's policy.

use super::fault;
use crate::local::services::events::bus::{self, DEFAULT};
use crate::local::services::events::refusals::invalid;
use crate::local::services::generic;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resource_policy::{self, Trouble};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

pub(super) struct Policy;

impl Handler for Policy {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        desired.entry("EventBusName").or_insert(Json::from(DEFAULT));
        check(context, &mut desired)?;
        generic::create(context, desired)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        check(context, &mut next)?;
        Ok(next)
    }
}

/// The bus exists and the statement, where it is given whole, is one.
fn check(context: &mut Context<'_>, policy: &mut Properties) -> Result<(), HandlerFault> {
    let bus = policy.get("EventBusName").and_then(Json::as_str).unwrap_or(DEFAULT);
    bus::check_exists(context, bus).map_err(|refusal| fault(context, refusal))?;
    let Some(statement) = policy.get("Statement") else { return Ok(()) };
    let good = resource_policy::document(statement).map(Json::Object).filter(|statement| {
        resource_policy::check_statement(context, statement, "events") != Err(Trouble::Malformed)
    });
    let Some(statement) = good else {
        return Err(fault(context, invalid("Parameter Statement is not valid.")));
    };
    policy.insert("Statement".to_owned(), statement);
    Ok(())
}
