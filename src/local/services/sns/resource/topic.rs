//! `AWS::SNS::Topic`. Its model also lists who is subscribed.

use super::{POLICY, SUBSCRIPTION, TOPIC, fault, reflect, reflected, subscriptions, text};
use crate::local::services::generic::{self, Rule};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::{Origin, Properties, Resource};
use crate::local::services::sns::{subscription, topic};
use crate::local::settings::Settings;
use serde_json::{Value as Json, json};

pub(super) struct Topic;

const RULES: &[Rule] = &[("TopicArn", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}")];
/// Who made a subscription that stands in a topic's own model.
const THROUGH: &str = "sns:Subscribe";

impl Handler for Topic {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        let subscribe = asked_for(&mut desired);
        topic::normalise(&mut desired);
        let fifo = topic::is_fifo(&desired);
        if let Some(name) = desired.get("TopicName").and_then(Json::as_str) {
            topic::check_name(name, fifo).map_err(|refusal| fault(context, refusal))?;
            // The handler looks for the topic before it makes it.
            let partition = Settings::partition(&context.scope.region);
            let (region, account) = (&context.scope.region, &context.scope.account);
            let arn = format!("arn:{partition}:sns:{region}:{account}:{name}");
            if context.resources.get(context.scope, TOPIC, &arn).is_some() {
                return Err(HandlerFault::new("AlreadyExists", format!("{name} already exists")));
            }
        }
        // CreateTopic's errors all come under one code.
        topic::check(&desired).map_err(|refusal| general(context, refusal))?;
        let mut made = generic::create_with(context, desired, RULES)?;
        let arn = text(&made, "TopicArn").to_owned();
        let rows = rows(context, &arn, subscribe)?;
        reflect(&mut made, rows.iter().map(|row| reflected(&row.properties)).collect());
        rows.into_iter().for_each(|row| context.resources.put(row));
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        let wanted = asked_for(&mut next);
        topic::normalise(&mut next);
        topic::check(&next).map_err(|refusal| general(context, refusal))?;
        let arn = text(&next, "TopicArn").to_owned();
        let there = subscriptions(context, context.scope, &arn, "");
        let new =
            wanted.iter().filter(|asked| !there.iter().any(|row| reflected(&row.properties) == **asked));
        let new = rows(context, &arn, new.cloned().collect())?;
        // What the topic's own model made goes when it isn't there any more; what others subscribed
        // meanwhile the wanted model couldn't know.
        let (gone, kept): (Vec<_>, Vec<_>) = there
            .into_iter()
            .partition(|row| row.created.through == THROUGH && !wanted.contains(&reflected(&row.properties)));
        let shown = kept.iter().map(|row| &row.properties).chain(new.iter().map(|row| &row.properties));
        reflect(&mut next, shown.map(reflected).collect());
        for row in gone {
            context.resources.remove(&row.scope, SUBSCRIPTION, &row.identifier);
        }
        new.into_iter().for_each(|row| context.resources.put(row));
        Ok(next)
    }

    /// Subscriptions and policy go with their topic, also subscriptions that nobody confirmed.
    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let arn = text(stored, "TopicArn");
        for row in subscriptions(context, context.scope, arn, "") {
            context.resources.remove(&row.scope, SUBSCRIPTION, &row.identifier);
        }
        context.resources.remove(context.scope, POLICY, arn);
        Ok(())
    }
}

fn general(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    refusal.passed_on_as("GeneralServiceException", "Sns", context.rng)
}

/// Takes the subscriptions out of a topic's model, each once.
fn asked_for(topic: &mut Properties) -> Vec<Json> {
    let asked = match topic.shift_remove("Subscription") {
        Some(Json::Array(asked)) => asked,
        _ => Vec::new(),
    };
    let mut distinct: Vec<Json> = Vec::new();
    for one in asked {
        let one = json!({ "Endpoint": one["Endpoint"], "Protocol": one["Protocol"] });
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

/// The rows of subscriptions that a topic's own model asks for.
fn rows(context: &mut Context<'_>, topic: &str, asked: Vec<Json>) -> Result<Vec<Resource>, HandlerFault> {
    let mut rows = Vec::new();
    for one in asked {
        let (protocol, endpoint) = (one["Protocol"].as_str(), one["Endpoint"].as_str());
        let checked =
            subscription::check_endpoint(protocol.unwrap_or_default(), endpoint.unwrap_or_default(), topic);
        checked.map_err(|refusal| general(context, refusal))?;
        let arn = format!("{topic}:{}", context.rng.uuid());
        let mut properties = Properties::new();
        properties.insert("Arn".to_owned(), json!(arn));
        properties.insert("TopicArn".to_owned(), json!(topic));
        properties.insert("Protocol".to_owned(), json!(protocol));
        properties.insert("Endpoint".to_owned(), json!(endpoint));
        properties.insert("RawMessageDelivery".to_owned(), json!(false));
        let partition = Settings::partition(&context.scope.region);
        let origin = Origin {
            by: format!("arn:{partition}:iam::{}:root", context.scope.account),
            through: THROUGH.to_owned(),
            request: topic.to_owned(),
            at: context.now,
        };
        rows.push(Resource {
            type_name: SUBSCRIPTION.to_owned(),
            identifier: arn,
            scope: context.scope.clone(),
            properties,
            created: origin.clone(),
            changed: origin,
        });
    }
    Ok(rows)
}
