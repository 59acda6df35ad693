//! AWS::Logs::MetricFilter, AWS::Logs::SubscriptionFilter.

use super::fault;
use crate::local::services::generic;
use crate::local::services::logs::rules;
use crate::local::services::members::default;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;

/// The handler of metric filters.
pub(super) struct MetricFilter;

impl Handler for MetricFilter {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let made = generic::create(context, desired)?;
        rules::check_metric(context, &made, true).map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let next = generic::update(context, stored, wanted)?;
        rules::check_metric(context, &next, false).map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }
}

/// The handler of subscription filters.
pub(super) struct SubscriptionFilter;

impl Handler for SubscriptionFilter {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create(context, desired)?;
        default(&mut made, "Distribution", "ByLogStream");
        rules::check_subscription(context, &made, true).map_err(|refusal| fault(context, refusal))?;
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        default(&mut next, "Distribution", "ByLogStream");
        rules::check_subscription(context, &next, false).map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }
}
