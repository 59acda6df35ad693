//! SNS's resources: topics, subscriptions, and the policies on topics.

mod policy;
mod subscription;
mod topic;

use super::topic::{invalid, missing};
use crate::local::services::Scope;
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::{Properties, Resource};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The type of topics.
const TOPIC: &str = "AWS::SNS::Topic";
const SUBSCRIPTION: &str = "AWS::SNS::Subscription";
/// The type of their policies; a topic has one at most beside SNS's own.
const POLICY: &str = "AWS::SNS::TopicInlinePolicy";

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        TOPIC => &topic::Topic,
        SUBSCRIPTION => &subscription::Subscription,
        POLICY => &policy::Policy,
        _ => return None,
    })
}

/// SNS's refusal as its handlers pass it on.
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    refusal.passed_on("Sns", context.rng)
}

fn text<'a>(properties: &'a Properties, name: &str) -> &'a str {
    properties.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// The topic of an ARN, and where it is.
fn topic_of(context: &Context<'_>, arn: &str, region: &str) -> Result<(Scope, Arc<Resource>), Refusal> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "sns", home, account, _] = parts.as_slice() else {
        return Err(invalid(if parts.len() < 6 {
            format!("TopicArn Reason: An ARN must have at least 6 elements, not {}", parts.len())
        } else {
            "TopicArn".to_owned()
        }));
    };
    if *home != region {
        return Err(invalid("TopicArn"));
    }
    let scope = Scope { account: (*account).to_owned(), region: (*home).to_owned() };
    let topic = context.resources.get(&scope, TOPIC, arn).cloned();
    topic.map(|topic| (scope, topic)).ok_or_else(missing)
}

/// All subscriptions of a topic but one.
fn subscriptions(context: &Context<'_>, scope: &Scope, topic: &str, but: &str) -> Vec<Arc<Resource>> {
    let of_topic = |found: &&Arc<Resource>| {
        found.identifier != but && found.properties.get("TopicArn").is_some_and(|arn| arn == topic)
    };
    context.resources.of_type(scope, SUBSCRIPTION, None).filter(of_topic).cloned().collect()
}

/// How a topic's own model has a subscription.
fn reflected(subscription: &Properties) -> Json {
    json!({ "Endpoint": subscription.get("Endpoint"), "Protocol": subscription.get("Protocol") })
}

/// Shows in a topic's model who is subscribed, whoever subscribed them.
fn reflect(topic: &mut Properties, subscriptions: Vec<Json>) {
    if subscriptions.is_empty() {
        topic.shift_remove("Subscription");
    } else {
        topic.insert("Subscription".to_owned(), Json::Array(subscriptions));
    }
}
