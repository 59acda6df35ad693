//! `AWS::Events::Rule`.

use super::{RULE, fault, text};
use crate::local::services::events::bus::{self, DEFAULT};
use crate::local::services::events::refusals::missing;
use crate::local::services::events::rule;
use crate::local::services::generic;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

pub(super) struct Rule;

impl Handler for Rule {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut properties = desired;
        for name in ["Arn", "RuleName"] {
            properties.shift_remove(name);
        }
        let given = properties.get("EventBusName").and_then(Json::as_str).unwrap_or(DEFAULT);
        // A rule's ARN names its bus, unless it is the default one.
        let start = "arn:${Partition}:events:${Region}:${Account}:rule/";
        let template = match bus::name_of(given) {
            DEFAULT => format!("{start}${{Name}}"),
            bus => format!("{start}{}/${{Name}}", bus.replace("${", "")),
        };
        let arn = generic::fill(&template, context, &mut properties).unwrap_or_default();
        let name = text(&properties, "Name").to_owned();
        if context.resources.get(context.scope, RULE, &arn).is_some() {
            return Err(HandlerFault::new("AlreadyExists", format!("{name} already exists")));
        }
        rule::check(context, &name, &arn, &mut properties).map_err(|refusal| fault(context, refusal))?;
        let mut made = generic::create_with(context, properties, &[])?;
        made.insert("Arn".to_owned(), Json::String(arn.clone()));
        made.insert("RuleName".to_owned(), Json::String(name));
        let Err(refusal) = rule::check_targets(context, &arn, &made) else { return Ok(made) };
        // The rule is made before its targets are put: it stays, without them.
        made.insert("Targets".to_owned(), Json::Array(Vec::new()));
        let fault = fault(context, refusal);
        Err(HandlerFault { identifier: Some(arn), remnant: Some(made), ..fault })
    }

    /// `PutRule` takes the rule's place as a whole; its bus is part of its name.
    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        let (name, arn) = (text(stored, "Name").to_owned(), text(stored, "Arn").to_owned());
        let given = next.get("EventBusName").and_then(Json::as_str).unwrap_or(DEFAULT);
        let on = bus::name_of(given);
        if on != text(stored, "EventBusName") {
            let refusal = missing(format!("Rule {name} does not exist on EventBus {on}."));
            return Err(fault(context, refusal));
        }
        rule::check(context, &name, &arn, &mut next)
            .and_then(|()| rule::check_targets(context, &arn, &next))
            .map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }
}
