//! `AWS::SNS::TopicInlinePolicy`: the policy of a topic, in place of SNS's own.

use super::{fault, text, topic_of};
use crate::local::services::generic;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resource_policy::{self, Trouble};
use crate::local::services::resources::Properties;
use crate::local::services::sns::topic::invalid;
use serde_json::{Value as Json, json};

pub(super) struct Policy;

impl Handler for Policy {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let topic = text(&desired, "TopicArn").to_owned();
        let checked = checked(context, desired)?;
        if context.resources.get(context.scope, context.kind.name.as_str(), &topic).is_some() {
            return Err(HandlerFault::new("AlreadyExists", format!("Topic: {topic}, Policy already exists")));
        }
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
    let refused = |words: &str| HandlerFault::new("InvalidRequest", words);
    let topic = text(&policy, "TopicArn").to_owned();
    let document = policy.get("PolicyDocument").and_then(resource_policy::document);
    let Some(document) = document.filter(|document| !document.is_empty() && !topic.is_empty()) else {
        return Err(refused("Policy and TopicArn cannot be empty"));
    };
    if Json::Object(document.clone()) == own(&topic, &context.scope.account) {
        return Err(refused("Cannot set policy to the default policy"));
    }
    let region = context.scope.region.clone();
    topic_of(context, &topic, &region).map_err(|refusal| fault(context, refusal))?;
    let trouble = match resource_policy::check(context, &document, "sns") {
        Ok(()) => {
            policy.insert("PolicyDocument".to_owned(), Json::Object(document));
            return Ok(policy);
        }
        Err(Trouble::Malformed) => "Policy Error: null",
        Err(Trouble::Principal) => "Policy Error: PrincipalNotFound",
    };
    Err(fault(context, invalid(trouble)))
}

/// The policy that every topic has from the start (Amazon SNS API Reference, GetTopicAttributes).
fn own(topic: &str, account: &str) -> Json {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Effect": "Allow",
            "Sid": "__default_statement_ID",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": topic,
            "Condition": { "StringEquals": { "AWS:SourceOwner": account } },
        }],
    })
}
