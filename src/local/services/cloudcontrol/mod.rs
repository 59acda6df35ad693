//! Cloud Control: eight operations for every type of the registry, asynchronous as on AWS. An
//! operation that changes something leaves a request record and a task; the task, when it is due,
//! calls the type's handler.

mod adversary;
mod fault;
mod finish;
mod input;
mod lag;
mod model;
mod ops;
mod patch;
mod permissions;
mod shown;
mod spelling;
mod state;

pub(crate) use finish::{Work, broke_off, run};
pub(crate) use state::State;

use super::Caller;
use crate::local::fault::Fault;
use crate::local::protocol::{Input, Output};
use crate::local::world::World;

/// What there is to call.
const OPERATIONS: [&str; 8] = [
    "CreateResource",
    "GetResource",
    "UpdateResource",
    "DeleteResource",
    "ListResources",
    "GetResourceRequestStatus",
    "ListResourceRequests",
    "CancelResourceRequest",
];

/// Answers one call.
pub(crate) fn call(
    world: &mut World,
    operation: &str,
    input: &Input,
    caller: &Caller,
) -> Result<Output, Fault> {
    let Input::Json(input) = input else {
        return Err(Fault::unsupported("Cloud Control", "in this protocol"));
    };
    world.services.cloudcontrol.forget_old(world.now);
    if OPERATIONS.contains(&operation) {
        permissions::authorize(world, operation, caller)?;
        adversary::throttle(world, &caller.scope)?;
    }
    let answer = match operation {
        "CreateResource" => ops::create(world, input, caller),
        "GetResource" => ops::get(world, input, &caller.scope),
        "UpdateResource" => ops::update(world, input, caller),
        "DeleteResource" => ops::delete(world, input, caller),
        "ListResources" => ops::list(world, input, &caller.scope),
        "GetResourceRequestStatus" => ops::status(world, input, &caller.scope),
        "ListResourceRequests" => ops::list_requests(world, input, &caller.scope),
        "CancelResourceRequest" => ops::cancel(world, input, &caller.scope),
        "" => Err(Fault::client("UnknownOperationException", "X-Amz-Target names no operation")),
        other => {
            Err(Fault::client("UnknownOperationException", format!("Cloud Control has no operation {other}")))
        }
    };
    answer.map(Output::Json)
}
