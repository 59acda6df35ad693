//! STS: who am I, and sessions: AssumeRole and GetSessionToken issue credentials that this cloud
//! knows again, with what their role may do.

mod assume;
mod input;
mod session;

pub(crate) use session::{Identity, Session, State};

use super::Caller;
use crate::local::fault::Fault;
use crate::local::protocol::aws_query::Element;
use crate::local::protocol::{Input, Output};
use crate::local::world::World;

/// Answers one call.
pub(crate) fn call(
    world: &mut World,
    operation: &str,
    input: &Input,
    caller: &Caller,
) -> Result<Output, Fault> {
    let Input::Form(form) = input else {
        return Err(Fault::unsupported("STS", "in this protocol"));
    };
    world.services.sts.forget_old(world.now);
    match operation {
        "GetCallerIdentity" => Ok(Output::Xml(vec![
            ("Arn", Element::text(&caller.arn)),
            ("UserId", Element::text(&caller.user_id)),
            ("Account", Element::text(&caller.scope.account)),
        ])),
        "AssumeRole" => assume::assume_role(world, form, caller),
        "GetSessionToken" => assume::get_session_token(world, form, caller),
        other => Err(Fault::unsupported("STS", other)),
    }
}
