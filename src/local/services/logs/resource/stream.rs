//! AWS::Logs::LogStream.

use super::fault;
use crate::local::services::generic;
use crate::local::services::logs::rules;
use crate::local::services::members::text;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;

/// The handler.
pub(super) struct LogStream;

impl Handler for LogStream {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let made = generic::create(context, desired)?;
        rules::group(context, text(&made, "LogGroupName").unwrap_or_default())
            .map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }
}
