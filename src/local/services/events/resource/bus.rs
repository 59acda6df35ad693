//! `AWS::Events::EventBus`.

use super::{BUS_POLICY, RULE, fault, text};
use crate::local::services::events::bus;
use crate::local::services::events::refusals::invalid;
use crate::local::services::generic::{self, Rule};
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resource_policy::{self, Trouble};
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

pub(super) struct Bus;

const RULES: &[Rule] = &[("Arn", "arn:${Partition}:events:${Region}:${Account}:event-bus/${Name}")];

impl Handler for Bus {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        let source = desired.get("EventSourceName").and_then(Json::as_str);
        bus::check_name(context, text(&desired, "Name"), source)
            .map_err(|refusal| fault(context, refusal))?;
        check(context, &mut desired)?;
        generic::create_with(context, desired, RULES)
    }

    /// After an update, and not before, a read shows how the bus logs.
    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        check(context, &mut next)?;
        next.entry("LogConfig").or_insert_with(|| json!({ "IncludeDetail": "NONE", "Level": "OFF" }));
        Ok(next)
    }

    /// A bus goes without its policy's statements, never without its rules.
    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let name = text(stored, "Name");
        let on_it = |rule: &Properties| rule.get("EventBusName").is_some_and(|bus| bus == name);
        if context.resources.of_type(context.scope, RULE, None).any(|rule| on_it(&rule.properties)) {
            let refusal = invalid("EventBus can't be deleted since it has rules.");
            return Err(fault(context, refusal));
        }
        let statements = context.resources.of_type(context.scope, BUS_POLICY, None);
        let statements: Vec<String> =
            statements.filter(|row| on_it(&row.properties)).map(|row| row.identifier.clone()).collect();
        for identifier in statements {
            context.resources.remove(context.scope, BUS_POLICY, &identifier);
        }
        Ok(())
    }
}

/// Checks policy and dead letters. The policy is read back as JSON text, whatever form it came in.
fn check(context: &mut Context<'_>, bus: &mut Properties) -> Result<(), HandlerFault> {
    bus.retain(|_, value| !value.is_null());
    if let Some(queue) = bus.get("DeadLetterConfig").and_then(|c| c.get("Arn")).and_then(Json::as_str) {
        bus::check_dead_letters(context, queue).map_err(|refusal| fault(context, refusal))?;
    }
    let Some(value) = bus.get("Policy") else { return Ok(()) };
    if *value == "" {
        bus.shift_remove("Policy");
        return Ok(());
    }
    let document = resource_policy::document(value);
    let good = document.filter(|d| resource_policy::check(context, d, "events") != Err(Trouble::Malformed));
    let Some(document) = good else {
        return Err(fault(context, invalid("Parameter Policy is not valid.")));
    };
    bus.insert("Policy".to_owned(), Json::String(Json::Object(document).to_string()));
    Ok(())
}
