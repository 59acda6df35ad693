//! AWS::Scheduler::ScheduleGroup.

use super::{SCHEDULE, fault};
use crate::local::services::generic;
use crate::local::services::members::text;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::json;

/// The handler.
pub(super) struct ScheduleGroup;

const RULES: &[generic::Rule] = &[
    ("Arn", "arn:${Partition}:scheduler:${Region}:${Account}:schedule-group/${Name}"),
    ("State", "ACTIVE"),
    ("CreationDate", "${Now}"),
    ("LastModificationDate", "${Now}"),
];

impl Handler for ScheduleGroup {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        // Every account has it.
        if text(&desired, "Name") == Some("default") {
            let words = "This operation cannot be performed on schedule group default.";
            return Err(fault(context, Refusal::new("ValidationException", 400, words)));
        }
        generic::create_with(context, desired, RULES)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        next.insert("LastModificationDate".to_owned(), json!(context.now.rfc3339()));
        Ok(next)
    }

    /// All schedules of the group go with it (DeleteScheduleGroup).
    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let name = text(stored, "Name");
        let gone: Vec<String> = context
            .resources
            .of_type(context.scope, SCHEDULE, None)
            .filter(|row| text(&row.properties, "GroupName") == name)
            .map(|row| row.identifier.clone())
            .collect();
        for identifier in gone {
            context.resources.remove(context.scope, SCHEDULE, &identifier);
        }
        Ok(())
    }
}
