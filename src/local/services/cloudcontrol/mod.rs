//! Cloud Control: eight operations for every type of the registry, asynchronous as on AWS. An
//! operation that changes something leaves a request record and a task; the task, when it is due,
//! calls the type's handler.

mod fault;
mod finish;
mod input;
mod model;
mod ops;
mod patch;
mod state;

pub(crate) use finish::{Work, run};
pub(crate) use state::State;

use super::Scope;
use crate::local::fault::Fault;
use crate::local::protocol::{Input, Output};
use crate::local::world::World;

/// Answers one call.
pub(crate) fn call(
    world: &mut World,
    operation: &str,
    input: &Input,
    scope: &Scope,
) -> Result<Output, Fault> {
    let Input::Json(input) = input else {
        return Err(Fault::unsupported("Cloud Control", "in this protocol"));
    };
    world.services.cloudcontrol.forget_old(world.now);
    let answer = match operation {
        "CreateResource" => ops::create(world, input, scope),
        "GetResource" => ops::get(world, input, scope),
        "UpdateResource" => ops::update(world, input, scope),
        "DeleteResource" => ops::delete(world, input, scope),
        "ListResources" => ops::list(world, input, scope),
        "GetResourceRequestStatus" => ops::status(world, input, scope),
        "ListResourceRequests" => ops::list_requests(world, input, scope),
        "CancelResourceRequest" => ops::cancel(world, input, scope),
        "" => Err(Fault::client("UnknownOperationException", "X-Amz-Target names no operation")),
        other => {
            Err(Fault::client("UnknownOperationException", format!("Cloud Control has no operation {other}")))
        }
    };
    answer.map(Output::Json)
}
