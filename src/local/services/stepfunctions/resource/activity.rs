//! AWS::StepFunctions::Activity.

use super::fault;
use crate::local::services::generic;
use crate::local::services::members::{default, text};
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use crate::local::services::stepfunctions::machine;
use serde_json::json;

/// The handler.
pub(super) struct Activity;

const RULES: &[generic::Rule] = &[("Arn", "arn:${Partition}:states:${Region}:${Account}:activity:${Name}")];

impl Handler for Activity {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create_with(context, desired, RULES)?;
        default(&mut made, "EncryptionConfiguration", json!({"Type": "AWS_OWNED_KEY"}));
        machine::check_name(text(&made, "Name").unwrap_or_default())
            .and_then(|()| machine::check_encryption(&made))
            .map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }
}
