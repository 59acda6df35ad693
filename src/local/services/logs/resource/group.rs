//! AWS::Logs::LogGroup.

use super::fault;
use crate::local::services::generic;
use crate::local::services::logs::rules;
use crate::local::services::members::{default, flag, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;

/// The handler.
pub(super) struct LogGroup;

const RULES: &[generic::Rule] =
    &[("Arn", "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:*")];

impl Handler for LogGroup {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create_with(context, desired, RULES)?;
        default(&mut made, "LogGroupClass", "STANDARD");
        rules::check_group(context, &made).map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        default(&mut next, "LogGroupClass", "STANDARD");
        // "You can't change a log group's class after it is created" (CloudWatch Logs User Guide);
        // the schema doesn't say so.
        if next.get("LogGroupClass") != stored.get("LogGroupClass") {
            let name = text(stored, "LogGroupName").unwrap_or_default();
            let words = format!(
                "Resource of type 'AWS::Logs::LogGroup' with identifier '{name}' is not updatable with parameters provided."
            );
            return Err(HandlerFault::new("NotUpdatable", words));
        }
        rules::check_group(context, &next).map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }

    /// Everything in the group goes with it.
    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        if flag(stored, "DeletionProtectionEnabled") {
            let words = "Cannot delete log group: deletion protection is enabled.";
            return Err(fault(context, Refusal::new("ValidationException", 400, words)));
        }
        let name = text(stored, "LogGroupName").map(str::to_owned);
        for type_name in ["AWS::Logs::LogStream", "AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter"]
        {
            let gone: Vec<String> = context
                .resources
                .of_type(context.scope, type_name, None)
                .filter(|row| text(&row.properties, "LogGroupName") == name.as_deref())
                .map(|row| row.identifier.clone())
                .collect();
            for identifier in gone {
                context.resources.remove(context.scope, type_name, &identifier);
            }
        }
        Ok(())
    }
}
