//! Event buses: their names, and which of them exist.
//!
//! Source: EventBridge API Reference, CreateEventBus and PutPermission.

use super::refusals::{exists, invalid, missing};
use crate::local::services::Scope;
use crate::local::services::arns::Arn;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;

/// The type of buses.
pub(super) const BUS: &str = "AWS::Events::EventBus";
/// The bus that every account has in every region.
pub(super) const DEFAULT: &str = "default";

/// The name in a name or an ARN; a partner's bus has slashes in it.
pub(super) fn name_of(bus: &str) -> &str {
    match bus.split_once(":event-bus/") {
        Some((start, name)) if start.starts_with("arn:") => name,
        _ => bus,
    }
}

/// Checks that there is a bus of this name or ARN, as far as this cloud can see.
pub(super) fn check_exists(context: &Context<'_>, bus: &str) -> Result<(), Refusal> {
    let name = name_of(bus);
    let scope = match Arn::parse(bus) {
        Some(arn) => Scope { account: arn.account.to_owned(), region: arn.region.to_owned() },
        None => context.scope.clone(),
    };
    // A bus of another region isn't found, though it may be there.
    let near = scope.region == context.scope.region;
    if near && (name == DEFAULT || context.resources.get(&scope, BUS, name).is_some()) {
        return Ok(());
    }
    Err(missing(format!("Event bus {name} does not exist.")))
}

/// Checks a new bus's name; a partner's bus has its source's.
pub(super) fn check_name(context: &Context<'_>, name: &str, source: Option<&str>) -> Result<(), Refusal> {
    match source {
        Some(source) if source != name => {
            return Err(invalid("Event bus name must match event source name."));
        }
        None if name.contains('/') => return Err(invalid("Event bus name must not contain '/'.")),
        _ => {}
    }
    if name == DEFAULT || context.resources.get(context.scope, BUS, name).is_some() {
        return Err(exists(format!("Event bus {name} already exists.")));
    }
    Ok(())
}

/// Checks where events go that couldn't be delivered: a standard queue of the same region.
pub(super) fn check_dead_letters(context: &Context<'_>, queue: &str) -> Result<(), Refusal> {
    let Some(arn) = Arn::parse(queue) else {
        return Err(invalid(format!(
            "Parameter {queue} is not valid. Reason: Provided Arn is not in correct format."
        )));
    };
    if arn.service != "sqs" {
        return Err(invalid(format!("{} is not supported as a dead letter resource.", arn.service)));
    }
    if arn.resource.ends_with(".fifo") {
        return Err(invalid("SQS FIFO is not supported by Dead Letter Queues."));
    }
    if arn.region != context.scope.region {
        let words =
            format!("Parameter {queue} is not valid. Reason: Dead Letter Queue must be in the same region.");
        return Err(invalid(words));
    }
    Ok(())
}
