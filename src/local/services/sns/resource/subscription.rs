//! `AWS::SNS::Subscription`.

use super::{TOPIC, fault, reflect, reflected, subscriptions, text, topic_of};
use crate::local::services::Scope;
use crate::local::services::generic::{self, Rule};
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::{Properties, Resource};
use crate::local::services::sns::subscription::{self, Asked};
use crate::local::services::sns::topic::invalid;
use serde_json::Value as Json;

pub(super) struct Subscription;

/// A subscription's ARN is its topic's with an id.
const RULES: &[Rule] = &[("Arn", "${TopicArn}:${uuid}")];

impl Handler for Subscription {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        let said: Vec<String> = desired.keys().filter(|name| *name != "Region").cloned().collect();
        let asked = Asked::Subscribe;
        let region = region(context, &desired);
        let arn = text(&desired, "TopicArn").to_owned();
        let found = topic_of(context, &arn, &region).map_err(|refusal| fault(context, refusal))?;
        subscription::check_endpoint(text(&desired, "Protocol"), text(&desired, "Endpoint"), &arn)
            .and_then(|()| subscription::normalise(&mut desired, asked))
            .and_then(|()| subscription::check(&desired, &region, asked))
            .map_err(|refusal| fault(context, refusal))?;
        let others = subscriptions(context, &found.0, &arn, "");
        // Who is subscribed already stays so, also if nobody confirmed it: Subscribe answers with that one.
        if let Some(twin) = others.iter().find(|row| reflected(&row.properties) == reflected(&desired)) {
            if said.iter().any(|name| desired.get(name) != twin.properties.get(name)) {
                let words = "Attributes Reason: Subscription already exists with different attributes";
                return Err(fault(context, invalid(words)));
            }
            return Ok(twin.properties.clone());
        }
        let made = generic::create_with(context, desired, RULES)?;
        let shown = others.iter().map(|row| reflected(&row.properties)).chain([reflected(&made)]).collect();
        show(context, found, shown);
        Ok(made)
    }

    fn answers_with_what_is_there(&self) -> bool {
        true
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        let asked = Asked::SetAttributes;
        let region = region(context, &next);
        topic_of(context, text(&next, "TopicArn"), &region).map_err(|refusal| fault(context, refusal))?;
        // A scope can be changed, never taken away, not even with its policy.
        if stored.contains_key("FilterPolicyScope") && !next.contains_key("FilterPolicyScope") {
            let words = "FilterPolicyScope: Invalid value [null]. Please use either MessageBody or \
                         MessageAttributes";
            return Err(fault(context, invalid(words)));
        }
        subscription::normalise(&mut next, asked)
            .and_then(|()| subscription::check(&next, &region, asked))
            .map_err(|refusal| fault(context, refusal))?;
        Ok(next)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let (topic, arn) = (text(stored, "TopicArn"), text(stored, "Arn"));
        let region = region(context, stored);
        let found = topic_of(context, topic, &region).map_err(|refusal| fault(context, refusal))?;
        if !subscription::is_confirmed(text(stored, "Protocol")) {
            let words = format!("subscription {arn} cannot be deleted if pending confirmation");
            return Err(HandlerFault::new("InvalidRequest", words));
        }
        let others = subscriptions(context, &found.0, topic, arn);
        let shown = others.iter().map(|row| reflected(&row.properties)).collect();
        show(context, found, shown);
        Ok(())
    }
}

/// Where the topic has to be.
fn region(context: &Context<'_>, subscription: &Properties) -> String {
    let region = subscription.get("Region").and_then(Json::as_str);
    region.unwrap_or(&context.scope.region).to_owned()
}

/// Shows in the topic's model who is subscribed now.
fn show(context: &mut Context<'_>, (scope, topic): (Scope, std::sync::Arc<Resource>), now: Vec<Json>) {
    debug_assert_eq!(topic.type_name, TOPIC, "subscriptions are of topics");
    let mut topic = Resource::clone(&topic);
    reflect(&mut topic.properties, now);
    context.resources.put(Resource { scope, ..topic });
}
