//! AWS::IAM::InstanceProfile.

use super::{fault, no_such};
use crate::local::services::generic;
use crate::local::services::iam::entity::Kind;
use crate::local::services::members::default;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// The handler.
pub(super) struct InstanceProfile;

const RULES: &[generic::Rule] =
    &[("Arn", "arn:${Partition}:iam::${Account}:instance-profile${Path|/}${InstanceProfileName}")];

impl Handler for InstanceProfile {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create_with(context, desired, RULES)?;
        default(&mut made, "Path", json!("/"));
        check(context, &made).map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let next = generic::update(context, stored, wanted)?;
        check(context, &next).map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }
}

fn check(context: &Context<'_>, properties: &Properties) -> Result<(), Refusal> {
    for role in properties.get("Roles").and_then(Json::as_array).into_iter().flatten() {
        let role = role.as_str().unwrap_or_default();
        if context.resources.get(context.scope, Kind::Role.type_name(), role).is_none() {
            return Err(no_such(Kind::Role, role));
        }
    }
    Ok(())
}
