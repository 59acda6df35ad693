//! What a rule may say: its pattern or schedule, and the bus that it is on.
//!
//! Source: EventBridge API Reference, PutRule; EventBridge quotas (a pattern's size).

use super::bus::{self, DEFAULT};
use super::refusals::{invalid, pattern};
use super::{schedule, target};
use crate::languages::pattern as language;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// The longest pattern, in bytes of its compact form.
const LONGEST: usize = 2048;

/// A pattern as an object, whichever form it came in, if it is one.
pub(super) fn checked_pattern(value: &Json) -> Result<Json, Refusal> {
    let document = match value {
        Json::String(text) => serde_json::from_str(text).map_err(|_| pattern("Invalid JSON"))?,
        other => other.clone(),
    };
    match language::parse(&document).1.into_iter().next() {
        Some(problem) => Err(pattern(&reason(&problem.message))),
        None => Ok(document),
    }
}

/// EventBridge's own words for what is wrong, where they are known.
fn reason(message: &str) -> String {
    match message {
        m if m.starts_with("an empty array") => "Empty arrays are not allowed".to_owned(),
        m if m.starts_with("an array in a pattern's array") => {
            "Match value must be String, number, true, false, or null".to_owned()
        }
        m if m.ends_with("must be an object or an array") => m.replace('`', "\""),
        m => m.to_owned(),
    }
}

/// Brings a rule to its one form and checks it, without its targets. `name` and `arn` are the rule's.
pub(super) fn check(
    context: &Context<'_>,
    name: &str,
    arn: &str,
    rule: &mut Properties,
) -> Result<(), Refusal> {
    rule.retain(|_, value| !value.is_null());
    let given = rule.get("EventBusName").and_then(Json::as_str).unwrap_or(DEFAULT).to_owned();
    bus::check_exists(context, &given)?;
    rule.insert("EventBusName".to_owned(), Json::from(bus::name_of(&given)));
    if rule.get("ScheduleExpression").is_some_and(|expression| expression == "") {
        rule.shift_remove("ScheduleExpression");
    }
    if let Some(value) = rule.get("EventPattern") {
        let document = checked_pattern(value)?;
        if document.to_string().len() > LONGEST {
            return Err(invalid(format!(
                "Parameter EventPattern for rule {name} exceeds limit of {LONGEST}."
            )));
        }
        rule.insert("EventPattern".to_owned(), document);
    }
    match rule.get("ScheduleExpression").and_then(Json::as_str) {
        Some(_) if bus::name_of(&given) != DEFAULT => {
            return Err(invalid("ScheduleExpression is supported only on the default event bus."));
        }
        Some(expression) if !schedule::is_valid(expression) => {
            return Err(invalid("Parameter ScheduleExpression is not valid."));
        }
        None if !rule.contains_key("EventPattern") => {
            return Err(invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
        }
        _ => {}
    }
    if let Some(role) = rule.get("RoleArn").and_then(Json::as_str) {
        target::check_role(context, arn, role)?;
    }
    // What a read shows where nobody said.
    rule.entry("State").or_insert(Json::from("ENABLED"));
    rule.entry("Targets").or_insert_with(|| Json::Array(Vec::new()));
    Ok(())
}

/// Checks a rule's targets, which are another call: `PutTargets`.
pub(super) fn check_targets(context: &Context<'_>, arn: &str, rule: &Properties) -> Result<(), Refusal> {
    let targets = rule.get("Targets").and_then(Json::as_array);
    targets.into_iter().flatten().try_for_each(|one| target::check(context, arn, one))
}
