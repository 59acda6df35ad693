//! `AWS::SQS::Queue`.

use super::{POLICY, QUEUE, fault};
use crate::local::profile::Misbehaviour;
use crate::local::services::generic::{self, Rule};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use crate::local::services::sqs::attributes;
use serde_json::Value as Json;

pub(super) struct Queue;

const RULES: &[Rule] = &[
    ("QueueUrl", "${BaseUrl}/${Account}/${QueueName}"),
    ("Arn", "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"),
];

impl Handler for Queue {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut desired = desired;
        attributes::normalise(&mut desired).map_err(|refusal| fault(context, refusal))?;
        let given = desired.get("QueueName").and_then(Json::as_str).map(str::to_owned);
        let fifo = attributes::is_fifo(&desired);
        if let Some(name) = &given {
            attributes::check_name(name, fifo).map_err(|refusal| fault(context, refusal))?;
        }
        let mut made = generic::create_with(context, desired, RULES)?;
        let arn = text(&made, "Arn");
        attributes::check(context, &arn, &made).map_err(|refusal| fault(context, refusal))?;
        if context.resources.rests_until(context.scope, QUEUE, &text(&made, "QueueUrl")) > Some(context.now) {
            context.counts.add(Misbehaviour::NameRested);
            let words = "You must wait 60 seconds after deleting a queue before you can create another \
                         with the same name.";
            return Err(fault(context, Refusal::new("QueueDeletedRecently", 400, words)));
        }
        attributes::fill(&mut made);
        Ok(made)
    }

    /// Sets what is named: an attribute that the wanted model leaves out stays as it is. Tags are
    /// another call, which removes what isn't wanted.
    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        for (name, value) in stored {
            if name != "Tags" && !next.contains_key(name) {
                next.insert(name.clone(), value.clone());
            }
        }
        let unchanged = |name: &str| stored.get(name) == next.get(name);
        // Who gives a key doesn't ask for SQS's own encryption by leaving it as it was.
        let key = next.get("KmsMasterKeyId").and_then(Json::as_str).is_some_and(|key| !key.is_empty());
        if unchanged("SqsManagedSseEnabled") && key && !unchanged("KmsMasterKeyId") {
            next.shift_remove("SqsManagedSseEnabled");
        } else if unchanged("KmsMasterKeyId") && next.get("SqsManagedSseEnabled") == Some(&Json::Bool(true)) {
            next.shift_remove("KmsMasterKeyId");
        }
        attributes::normalise(&mut next).map_err(|refusal| fault(context, refusal))?;
        let arn = text(&next, "Arn");
        attributes::check(context, &arn, &next).map_err(|refusal| fault(context, refusal))?;
        attributes::fill(&mut next);
        Ok(next)
    }

    /// The queue's policy goes with it, and its name rests.
    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        let url = text(stored, "QueueUrl");
        context.resources.remove(context.scope, POLICY, &url);
        if !context.profile.queue_rest.is_zero() {
            let until = context.now.after(context.profile.queue_rest);
            context.resources.rest(context.scope, QUEUE, &url, until, context.now);
        }
        Ok(())
    }
}

fn text(properties: &Properties, name: &str) -> String {
    properties.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}
