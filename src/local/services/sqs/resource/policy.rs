//! `AWS::SQS::QueueInlinePolicy`: the one policy of a queue.

use super::{QUEUE, fault};
use crate::local::services::generic;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resource_policy;
use crate::local::services::resources::Properties;
use crate::local::services::sqs::attributes;
use serde_json::Value as Json;

pub(super) struct Policy;

impl Handler for Policy {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let checked = checked(context, desired)?;
        generic::create(context, checked)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let checked = checked(context, wanted)?;
        generic::update(context, stored, checked)
    }
}

/// The policy, which is read back as an object whatever form it came in.
fn checked(context: &mut Context<'_>, mut policy: Properties) -> Result<Properties, HandlerFault> {
    let url = policy.get("Queue").and_then(Json::as_str).unwrap_or_default();
    if context.resources.get(context.scope, QUEUE, url).is_none() {
        let refusal = Refusal::new("QueueDoesNotExist", 400, "The specified queue does not exist.");
        return Err(fault(context, refusal));
    }
    let document = policy.get("PolicyDocument").and_then(resource_policy::document);
    // SQS has one answer for a policy that isn't one and for a principal that isn't there (yet).
    match document {
        Some(document) if resource_policy::check(context, &document, "sqs").is_ok() => {
            policy.insert("PolicyDocument".to_owned(), Json::Object(document));
            Ok(policy)
        }
        _ => Err(fault(context, attributes::invalid("Policy"))),
    }
}
