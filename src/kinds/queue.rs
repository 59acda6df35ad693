//! `queues`: SQS queues, each with dead letters unless it says otherwise.

use super::expander::{Draft, Expander};
use super::fields::number;
use super::kind::{Field, Kind, Part};
use crate::model::{Address, Template, Value};
use crate::spec::Declaration;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "queues",
    singular: "queue",
    about: "an SQS queue",
    type_name: Some("AWS::SQS::Queue"),
    fields: &[
        Field::optional("fifo", "boolean", "first in, first out; the name ends in `.fifo`"),
        Field::optional("visibilityTimeout", "duration, up to 12h", "how long a received message is hidden"),
        Field::optional("retention", "duration, 1m to 14d", "how long messages are kept"),
        Field::optional("delay", "duration, up to 15m", "how long a new message is hidden"),
        Field::optional(
            "deadLetter",
            "mapping of `maxReceives`, `retain`; a queue; or false",
            "where messages go that fail again and again; a queue of its own unless said",
        ),
        Field::optional("encryption", "KMS key", "`KmsMasterKeyId`; SQS's own keys unless said"),
    ],
    parts: &[
        Part {
            name: "deadLetter",
            type_name: "AWS::SQS::Queue",
            about: "unless `deadLetter` says otherwise",
        },
        Part {
            name: "policy",
            type_name: "AWS::SQS::QueueInlinePolicy",
            about: "when something of this stack sends to it",
        },
    ],
    attributes: &[],
    expand,
};

const MAX_SECONDS: u64 = 1_209_600;

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let fifo = body.get("fifo").and_then(|n| x.boolean(n, "`fifo`")).unwrap_or(false);
    let mut draft = Draft::new("AWS::SQS::Queue")
        .with("QueueName", x.name_with_suffix(declaration, &[], 80, suffix(fifo)));
    if fifo {
        draft = draft.with("FifoQueue", Template::Literal(Value::Bool(true)));
    }
    let durations = [
        ("visibilityTimeout", "VisibilityTimeout", 0..=43_200),
        ("retention", "MessageRetentionPeriod", 60..=MAX_SECONDS),
        ("delay", "DelaySeconds", 0..=900),
    ];
    for (key, property, range) in durations {
        if let Some(node) = body.get(key)
            && let Some(seconds) = x.seconds(node, &format!("`{key}`"), range)
        {
            draft = draft.written(property, number(seconds), node);
        }
    }
    if let Some(node) = body.get("encryption") {
        draft = draft.written("KmsMasterKeyId", x.template(node), node);
    }
    if let Some((queue, receives)) = dead_letter(x, declaration, body.get("deadLetter"), fifo) {
        let redrive = [("deadLetterTargetArn", queue), ("maxReceiveCount", number(receives))];
        draft = draft.with("RedrivePolicy", Template::object(redrive));
        if let Some(node) = body.get("deadLetter") {
            draft = draft.span("/RedrivePolicy", node.span);
        }
    }
    x.main(declaration, draft);
}

/// The ARN of the dead-letter queue and after how many receives a message goes there.
fn dead_letter(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    node: Option<&Node>,
    fifo: bool,
) -> Option<(Template, u64)> {
    const RECEIVES: u64 = 5;
    let Some(node) = node else {
        let queue = dead_letter_queue(x, declaration, "deadLetter", None, fifo);
        return Some((Template::attribute(&queue, "Arn"), RECEIVES));
    };
    if matches!(node.value, crate::syntax::NodeValue::Bool(false)) {
        return None;
    }
    if node.entries().is_none() {
        let target = x.target(node, "`deadLetter`", &["queue"])?;
        return Some((target.arn, RECEIVES));
    }
    x.check_keys(node, "`deadLetter`", &["maxReceives", "retain", "queue"], "evstack explain queue");
    let receives =
        node.get("maxReceives").and_then(|n| x.integer(n, "`maxReceives`", 1..=1000)).unwrap_or(RECEIVES);
    if let Some(queue) = node.get("queue") {
        let target = x.target(queue, "`queue` of `deadLetter`", &["queue"])?;
        return Some((target.arn, receives));
    }
    let retain = node.get("retain").and_then(|n| x.seconds(n, "`retain`", 60..=MAX_SECONDS));
    let queue = dead_letter_queue(x, declaration, "deadLetter", retain, fifo);
    Some((Template::attribute(&queue, "Arn"), receives))
}

fn suffix(fifo: bool) -> &'static str {
    if fifo { ".fifo" } else { "" }
}

/// Adds the dead-letter queue of a declaration of any kind. It keeps its messages as long as SQS
/// can, unless said: nobody looks at dead letters at once.
pub(super) fn dead_letter_queue(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    part: &str,
    retain: Option<u64>,
    fifo: bool,
) -> Address {
    let name = x.name_with_suffix(declaration, &[&super::names::kebab(part)], 80, suffix(fifo));
    let mut draft = Draft::new("AWS::SQS::Queue")
        .with("QueueName", name)
        .with("MessageRetentionPeriod", number(retain.unwrap_or(MAX_SECONDS)));
    if fifo {
        draft = draft.with("FifoQueue", Template::Literal(Value::Bool(true)));
    }
    x.part(declaration, part, draft)
}
