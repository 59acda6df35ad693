//! AWS::Logs::ResourcePolicy.

use super::fault;
use crate::local::services::generic;
use crate::local::services::logs::rules;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// The handler.
pub(super) struct ResourcePolicy;

impl Handler for ResourcePolicy {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let made = generic::create(context, desired)?;
        check(context, &made, true)?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let next = generic::update(context, stored, wanted)?;
        check(context, &next, false)?;
        Ok(next)
    }
}

fn check(context: &mut Context<'_>, properties: &Properties, fresh: bool) -> Result<(), HandlerFault> {
    let document = properties.get("PolicyDocument").unwrap_or(&Json::Null);
    rules::check_policy(context, document, fresh).map_err(|refusal| fault(context, refusal))
}
