//! AWS::Scheduler::Schedule.
//!
//! Its identifier is its name alone, and Cloud Control looks for it in the default group: in another
//! group it is made, runs, and can't be read, changed or deleted (go-to-k/cdkd pull request 964,
//! pulumi-aws-native 944). Its row lies under `group/name`, where no identifier leads.

use super::{GROUP, SCHEDULE, fault};
use crate::local::services::generic;
use crate::local::services::members::{default, text};
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use crate::local::services::scheduler::schedule;
use serde_json::{Value as Json, json};

/// The handler.
pub(super) struct Schedule;

const ARN: &str = "arn:${Partition}:scheduler:${Region}:${Account}:schedule/${GroupName}/${Name}";

impl Handler for Schedule {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = desired;
        defaults(&mut made);
        let name = generic::fill("${Name}", context, &mut made).unwrap_or_default();
        if let Some(arn) = generic::fill(ARN, context, &mut made) {
            made.insert("Arn".to_owned(), Json::String(arn));
        }
        let group = text(&made, "GroupName").unwrap_or_default();
        if group != "default" && context.resources.get(context.scope, GROUP, group).is_none() {
            // "Schedule group … does not exist." comes through as the schedule's own absence.
            return Err(HandlerFault::not_found(SCHEDULE, &name));
        }
        if context.resources.get(context.scope, SCHEDULE, &self.filed_under(&made, &name)).is_some() {
            return Err(HandlerFault::already_exists(SCHEDULE, &name));
        }
        check(context, &made)?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        defaults(&mut next);
        // In the other group there is no such schedule (aws-cdk 34216).
        if next.get("GroupName") != stored.get("GroupName") {
            return Err(HandlerFault::not_found(SCHEDULE, text(stored, "Name").unwrap_or_default()));
        }
        check(context, &next)?;
        Ok(next)
    }

    fn filed_under(&self, properties: &Properties, identifier: &str) -> String {
        match text(properties, "GroupName") {
            None | Some("default") => identifier.to_owned(),
            Some(group) => format!("{group}/{identifier}"),
        }
    }
}

fn check(context: &mut Context<'_>, properties: &Properties) -> Result<(), HandlerFault> {
    if let Some(name) = schedule::date_without_milliseconds(properties) {
        let words =
            format!("Invalid request provided: {name} needs to follow the format yyyy-MM-ddTHH:mm:ss.SSSZ");
        return Err(HandlerFault::new("InvalidRequest", words));
    }
    schedule::check(context, properties).map_err(|refusal| fault(context, refusal))
}

/// As GetSchedule shows what nobody said.
fn defaults(properties: &mut Properties) {
    default(properties, "GroupName", "default");
    default(properties, "State", "ENABLED");
    default(properties, "ScheduleExpressionTimezone", "UTC");
    if let Some(Json::Object(target)) = properties.get_mut("Target") {
        default(target, "RetryPolicy", json!({}));
        if let Some(Json::Object(policy)) = target.get_mut("RetryPolicy") {
            default(policy, "MaximumEventAgeInSeconds", 86_400);
            default(policy, "MaximumRetryAttempts", 185);
        }
    }
}
