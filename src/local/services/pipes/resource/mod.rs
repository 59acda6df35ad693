//! AWS::Pipes::Pipe.

use super::{access, request};
use crate::local::services::generic;
use crate::local::services::members::{default, object, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;
use serde_json::{Value as Json, json};

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    (type_name == PIPE).then_some(&Pipe)
}

const PIPE: &str = "AWS::Pipes::Pipe";

struct Pipe;

const RULES: &[generic::Rule] = &[
    ("Arn", "arn:${Partition}:pipes:${Region}:${Account}:pipe/${Name}"),
    ("CreationTime", "${Now}"),
    ("LastModifiedTime", "${Now}"),
];

impl Handler for Pipe {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        let mut made = generic::create_with(context, desired, RULES)?;
        default(&mut made, "DesiredState", "RUNNING");
        settle(&mut made);
        let role = request::check(context, &made, true).map_err(|refusal| fault(context, refusal))?;
        if let Some(reason) = access::trouble(context, role.as_deref(), &made) {
            made.insert("CurrentState".to_owned(), json!("CREATE_FAILED"));
            made.insert("StateReason".to_owned(), json!(reason));
            let name = text(&made, "Name").unwrap_or_default().to_owned();
            return Err(HandlerFault::not_stabilized(PIPE, &name, &reason, made));
        }
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        default(&mut next, "DesiredState", "RUNNING");
        keep_positions(stored, &mut next);
        settle(&mut next);
        next.shift_remove("StateReason");
        next.insert("LastModifiedTime".to_owned(), json!(context.now.rfc3339()));
        let role = request::check(context, &next, false).map_err(|refusal| fault(context, refusal))?;
        if let Some(reason) = access::trouble(context, role.as_deref(), &next) {
            let name = text(&next, "Name").unwrap_or_default().to_owned();
            return Err(HandlerFault::not_stabilized(PIPE, &name, &reason, next));
        }
        Ok(next)
    }
}

/// The state that the pipe comes to.
fn settle(properties: &mut Properties) {
    let state = properties.get("DesiredState").cloned().unwrap_or_default();
    properties.insert("CurrentState".to_owned(), state);
}

/// Where a stream was begun can't be changed, nor be sent again: UpdatePipe has no such parameters. A
/// stream's parameters that an update doesn't mention stay (EventBridge Pipes API Reference, UpdatePipe).
fn keep_positions(stored: &Properties, next: &mut Properties) {
    let Some(before) = object(stored, "SourceParameters") else { return };
    for block in ["DynamoDBStreamParameters", "KinesisStreamParameters"] {
        let Some(before) = object(before, block) else { continue };
        let parameters = next.entry("SourceParameters").or_insert_with(|| json!({}));
        let Json::Object(parameters) = parameters else { continue };
        if !parameters.contains_key(block) {
            parameters.insert(block.to_owned(), Json::Object(before.clone()));
        } else if let Some(Json::Object(block)) = parameters.get_mut(block) {
            for name in ["StartingPosition", "StartingPositionTimestamp"] {
                if let Some(value) = before.get(name) {
                    default(block, name, value.clone());
                }
            }
        }
    }
}

/// The event's error for Pipes'.
fn fault(context: &mut Context<'_>, refusal: Refusal) -> HandlerFault {
    let message = format!("Invalid request provided: {}", refusal.message);
    Refusal { message, ..refusal }.passed_on("Pipes", context.rng)
}
