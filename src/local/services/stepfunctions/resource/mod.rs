//! Step Functions' resource types: what Cloud Control's handlers do with them.

mod activity;
mod alias;
mod machine;
mod version;

use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Resource;
use std::sync::Arc;

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        MACHINE => &machine::StateMachine,
        VERSION => &version::Version,
        ALIAS => &alias::Alias,
        "AWS::StepFunctions::Activity" => &activity::Activity,
        _ => return None,
    })
}

const MACHINE: &str = "AWS::StepFunctions::StateMachine";
const VERSION: &str = "AWS::StepFunctions::StateMachineVersion";
const ALIAS: &str = "AWS::StepFunctions::StateMachineAlias";

/// The event's error for Step Functions'.
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    refusal.passed_on_in_old_form("AWSStepFunctions", context.rng)
}

/// The machine with an ARN.
fn machine(context: &Context<'_>, arn: &str) -> Result<Arc<Resource>, Refusal> {
    let machine = context.resources.get(context.scope, MACHINE, arn).map(Arc::clone);
    machine.ok_or_else(|| {
        Refusal::new("StateMachineDoesNotExist", 400, format!("State Machine Does Not Exist: '{arn}'"))
    })
}
