//! `queues`: SQS queues, each with dead letters unless it says otherwise.

use super::expander::{Draft, Expander};
use super::fields::number;
use super::kind::{Field, Kind, Part};
use super::target::{Class, Target};
use crate::model::{Address, Template, Value};
use crate::spec::Declaration;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "queues",
    singular: "queue",
    about: "an SQS queue",
    type_name: Some("AWS::SQS::Queue"),
    fields: &[
        Field::optional(
            "fifo",
            "boolean",
            "first in, first out; the name ends in `.fifo`, and equal messages within 5 minutes count once",
        ),
        Field::optional("visibilityTimeout", "duration, up to 12h", "how long a received message is hidden"),
        Field::optional("retention", "duration, 1m to 14d", "how long messages are kept"),
        Field::optional("delay", "duration, up to 15m", "how long a new message is hidden"),
        Field::optional(
            "deadLetter",
            "mapping of `maxReceives`, `retain`; a queue; or false",
            "where messages go that fail again and again; default: a queue of its own",
        ),
        Field::optional("encryption", "KMS key", "`KmsMasterKeyId`; default: SQS's own keys"),
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
        // Rules, pipes and APIs send no deduplication id of their own; EventBridge refuses a FIFO
        // queue without it.
        draft = draft
            .with("FifoQueue", Template::Literal(Value::Bool(true)))
            .with("ContentBasedDeduplication", Template::Literal(Value::Bool(true)));
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
    if let Some(letters) = dead_letters(x, declaration, body.get("deadLetter"), fifo) {
        let redrive = [("deadLetterTargetArn", letters.arn), ("maxReceiveCount", number(letters.receives))];
        draft = draft.with("RedrivePolicy", Template::object(redrive));
        if let Some(node) = body.get("deadLetter") {
            draft = draft.span("/RedrivePolicy", node.span);
        }
    }
    x.main(declaration, draft);
}

/// Where messages go that fail.
pub(super) struct DeadLetters {
    /// The queue, if it is one of this stack.
    pub(super) queue: Option<Address>,
    pub(super) arn: Template,
    /// After how many receives; only a queue knows that.
    pub(super) receives: u64,
}

/// The dead letters of a declaration of any kind: as written, else as `defaults` say, else a queue
/// of its own. None where they are switched off.
pub(super) fn dead_letters(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    node: Option<&Node>,
    fifo: bool,
) -> Option<DeadLetters> {
    const RECEIVES: u64 = 5;
    let default = x.default_of(declaration, "deadLetter");
    let mut receives = RECEIVES;
    let mut retain = None;
    if let Some(node) = node.or(default.as_ref()) {
        if matches!(node.value, crate::syntax::NodeValue::Bool(false)) {
            return None;
        }
        let named = if node.entries().is_some() {
            let is_queue = declaration.key == "queues" || default.as_ref() == Some(node);
            let keys: &[&str] =
                if is_queue { &["maxReceives", "retain", "queue"] } else { &["retain", "queue"] };
            let help = format!("evstack explain {}", declaration.key);
            x.check_keys(node, "`deadLetter`", keys, &help);
            receives = node
                .get("maxReceives")
                .and_then(|n| x.integer(n, "`maxReceives`", 1..=1000))
                .unwrap_or(RECEIVES);
            retain = node.get("retain").and_then(|n| x.seconds(n, "`retain`", 60..=MAX_SECONDS));
            node.get("queue")
        } else {
            Some(node)
        };
        if let Some(named) = named {
            let target = x.target(named, "`deadLetter`", &["queue"])?;
            check_order(x, &target, fifo, named);
            return Some(DeadLetters { queue: target.address, arn: target.arn, receives });
        }
    }
    let queue = x.address(declaration).part("deadLetter");
    if !x.out.resources.iter().any(|r| r.address == queue) {
        dead_letter_queue(x, declaration, "deadLetter", retain, fifo);
    }
    Some(DeadLetters { arn: Template::attribute(&queue, "Arn"), queue: Some(queue), receives })
}

/// A FIFO queue's dead letters go to a FIFO queue, and nothing else's do.
pub(super) fn check_order(x: &mut Expander<'_>, target: &Target, fifo: bool, node: &Node) {
    if let Class::Queue { fifo: other } = target.class
        && other != fifo
        && target.address.as_ref().is_none_or(|a| a.kind() == "queue")
    {
        let message = if fifo {
            "the dead letters of a FIFO queue need a FIFO queue"
        } else {
            "these dead letters need a standard queue, not a FIFO one"
        };
        x.bad_value(node, message.to_owned(), None);
    }
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
    let part_name = super::names::kebab(part);
    // A rule and a queue may have one name; their dead letters need two.
    let pieces = match declaration.key {
        "queues" => vec![part_name],
        key => vec![super::names::kebab(key.trim_end_matches('s')), part_name],
    };
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let name = x.name_with_suffix(declaration, &pieces, 80, suffix(fifo));
    let mut draft = Draft::new("AWS::SQS::Queue")
        .with("QueueName", name)
        .with("MessageRetentionPeriod", number(retain.unwrap_or(MAX_SECONDS)));
    if fifo {
        draft = draft.with("FifoQueue", Template::Literal(Value::Bool(true)));
    }
    x.part(declaration, part, draft)
}
