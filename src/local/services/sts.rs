//! STS, as far as clients ask before anything else: who am I?

use super::Caller;
use crate::local::fault::Fault;
use crate::local::protocol::{Input, Output};
use crate::local::world::World;

/// Answers one call. Every key that this cloud didn't issue is the account's root.
pub(crate) fn call(
    _world: &mut World,
    operation: &str,
    _input: &Input,
    caller: &Caller,
) -> Result<Output, Fault> {
    match operation {
        "GetCallerIdentity" => Ok(Output::Xml(vec![
            ("Arn", caller.arn.clone()),
            ("UserId", caller.user_id.clone()),
            ("Account", caller.scope.account.clone()),
        ])),
        other => Err(Fault::unsupported("STS", other)),
    }
}
