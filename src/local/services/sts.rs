//! STS, as far as clients ask before anything else: who am I?

use super::Scope;
use crate::local::fault::Fault;
use crate::local::protocol::{Input, Output};
use crate::local::settings::Settings;
use crate::local::world::World;

/// Answers one call. Every key that this cloud didn't issue is the account's root.
pub(crate) fn call(
    _world: &mut World,
    operation: &str,
    _input: &Input,
    scope: &Scope,
) -> Result<Output, Fault> {
    match operation {
        "GetCallerIdentity" => {
            let partition = Settings::partition(&scope.region);
            Ok(Output::Xml(vec![
                ("Arn", format!("arn:{partition}:iam::{}:root", scope.account)),
                ("UserId", scope.account.clone()),
                ("Account", scope.account.clone()),
            ]))
        }
        other => Err(Fault::unsupported("STS", other)),
    }
}
