//! `pipes`: from a queue or a table's stream, through a filter and an enrichment, to a target.

use super::expander::{Draft, Expander};
use super::fields::number;
use super::iam::allow;
use super::kind::{Field, Kind, Part};
use super::target::{Class, Target};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, Template};
use crate::spec::Declaration;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "pipes",
    singular: "pipe",
    about: "carries messages from a queue or a table's stream to a target",
    type_name: Some("AWS::Pipes::Pipe"),
    fields: &[
        Field::required("from", "queue, or table with a stream", "where it reads"),
        Field::optional("filter", "pattern or list of patterns", "what it lets through"),
        Field::optional("enrich", "express state machine or destination", "what adds to each batch"),
        Field::required("to", "target: machine, queue, topic, bus, event or destination", "where it goes"),
        Field::optional("template", "text or mapping", "what the target is told (`InputTemplate`)"),
        Field::optional("batch", "mapping of `size`, `window`", "how messages are gathered"),
        Field::optional("retry", "mapping of `attempts`, `age`", "streams only: a queue redrives by itself"),
        Field::optional("deadLetter", "queue, or false", "streams only; default: a queue of its own"),
        Field::optional("enabled", "boolean", "whether it works; default: true"),
        Field::optional("group", "text", "a FIFO queue's message group"),
    ],
    parts: &[
        Part { name: "role", type_name: "AWS::IAM::Role", about: "always" },
        Part {
            name: "deadLetter",
            type_name: "AWS::SQS::Queue",
            about: "for a stream, unless `deadLetter` says otherwise",
        },
    ],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let address = x.address(declaration);
    let mut statements = Vec::new();
    let source = body.get("from").and_then(|node| source(x, declaration, &body, node, &mut statements));
    let sink = body.get("to").and_then(|node| sink(x, &body, node, &mut statements));
    let mut draft = Draft::new("AWS::Pipes::Pipe").with("Name", x.name(declaration, &[], 64));
    if let Some(node) = body.get("description") {
        draft = draft.written("Description", x.template(node), node);
    }
    let enabled = body.get("enabled").and_then(|n| x.boolean(n, "`enabled`")).unwrap_or(true);
    draft = draft.with("DesiredState", Template::string(if enabled { "RUNNING" } else { "STOPPED" }));
    if let Some(node) = body.get("enrich")
        && let Some(enrichment) = x.target(node, "`enrich`", &["stateMachine", "destination"])
    {
        let action = match enrichment.class {
            Class::StateMachine { .. } => Some("states:StartSyncExecution"),
            Class::Destination => Some("events:InvokeApiDestination"),
            Class::Lambda => Some("lambda:InvokeFunction"),
            _ => None,
        };
        if enrichment.class == (Class::StateMachine { express: false })
            && let Some(machine) = enrichment.address.as_ref().filter(|a| a.kind() == "stateMachine")
        {
            x.report(
                Diagnostic::error(
                    Code::BAD_VALUE,
                    format!("`{machine}` is a standard machine: only express ones answer a pipe"),
                )
                .at(node.span)
                .hint(format!("write `type: express` on `{machine}`")),
            );
        }
        match action {
            Some(action) => statements.push(allow(&[action], [enrichment.arn.clone()])),
            None => x.unsupported(node, "this enrichment", "use an express state machine or a destination"),
        }
        draft = draft.written("Enrichment", enrichment.arn, node);
    }
    let (Some((source, source_parameters)), Some((sink, target_parameters))) = (source, sink) else { return };
    x.role(declaration, "role", "pipes.amazonaws.com", statements);
    draft = draft.with("RoleArn", Template::attribute(&address.part("role"), "Arn"));
    if let (Some(from), Some(to)) = (body.get("from"), body.get("to")) {
        draft = draft.written("Source", source, from).written("Target", sink, to);
    }
    draft = draft.with("SourceParameters", source_parameters);
    if matches!(&target_parameters, Template::Object(members) if !members.is_empty()) {
        draft = draft.with("TargetParameters", target_parameters);
    }
    x.main(declaration, draft);
}

/// Where it reads: the ARN and its parameters.
fn source(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    body: &Node,
    node: &Node,
    statements: &mut Vec<Template>,
) -> Option<(Template, Template)> {
    let target = x.target(node, "`from`", &["queue", "table"])?;
    let mut parameters = Vec::new();
    if let Some(filter) = body.get("filter") {
        let filters: Vec<Template> = x
            .one_or_many(filter)
            .into_iter()
            .map(|f| Template::object([("Pattern", Template::Json(Box::new(x.template(f))))]))
            .collect();
        parameters.push(("FilterCriteria", Template::object([("Filters", Template::Array(filters))])));
    }
    let batch = body.get("batch");
    if let Some(batch) = batch {
        x.check_keys(batch, "`batch`", &["size", "window"], "evstack explain pipe");
    }
    let mut gathered = Vec::new();
    if let Some(size) = batch.and_then(|b| b.get("size")).and_then(|n| x.integer(n, "`size`", 1..=10_000)) {
        gathered.push(("BatchSize", number(size)));
    }
    if let Some(window) = batch.and_then(|b| b.get("window")).and_then(|n| x.seconds(n, "`window`", 0..=300))
    {
        gathered.push(("MaximumBatchingWindowInSeconds", number(window)));
    }
    check_batch(x, batch, target.class);
    match target.class {
        Class::Queue { .. } => {
            statements.extend(x.use_key(&target, &["kms:Decrypt"]));
            for key in ["retry", "deadLetter"] {
                if let Some(node) = body.get(key) {
                    x.unsupported(
                        node,
                        &format!("`{key}` of a pipe that reads a queue"),
                        "say it on the queue: `deadLetter: {maxReceives: …}`",
                    );
                }
            }
            let actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
            statements.push(allow(&actions, [target.arn.clone()]));
            if !gathered.is_empty() {
                parameters.push(("SqsQueueParameters", Template::object(gathered)));
            }
            Some((target.arn, Template::object(parameters)))
        }
        Class::Table => {
            let arn = stream(x, &target, node)?;
            let actions = [
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ];
            statements.push(allow(&actions, [arn.clone()]));
            statements.extend(x.use_key(&target, &["kms:Decrypt"]));
            gathered.insert(0, ("StartingPosition", Template::string("LATEST")));
            let default = x.default_of(declaration, "retry");
            if let Some(retry) = body.get("retry").or(default.as_ref())
                && x.check_keys(retry, "`retry`", &["attempts", "age"], "evstack explain pipe")
            {
                if let Some(n) = retry.get("attempts").and_then(|n| x.integer(n, "`attempts`", 0..=10_000)) {
                    gathered.push(("MaximumRetryAttempts", number(n)));
                }
                if let Some(n) = retry.get("age").and_then(|n| x.seconds(n, "`age`", 60..=604_800)) {
                    gathered.push(("MaximumRecordAgeInSeconds", number(n)));
                }
            }
            if let Some(letters) = super::queue::dead_letters(x, declaration, body.get("deadLetter"), false) {
                statements.push(allow(&["sqs:SendMessage"], [letters.arn.clone()]));
                gathered.push(("DeadLetterConfig", Template::object([("Arn", letters.arn)])));
            }
            parameters.push(("DynamoDBStreamParameters", Template::object(gathered)));
            Some((arn, Template::object(parameters)))
        }
        _ => {
            x.unsupported(node, "this source of a pipe", "pipes read queues and tables' streams");
            None
        }
    }
}

/// The stream of a table, or a stream's own ARN.
fn stream(x: &mut Expander<'_>, target: &Target, node: &Node) -> Option<Template> {
    let Some(table) = &target.address else { return Some(target.arn.clone()) };
    if x.declaration(table).is_some_and(|d| d.key == "tables" && d.body.get("stream").is_none()) {
        x.report(
            Diagnostic::error(Code::BAD_VALUE, format!("`{table}` has no stream to read"))
                .at(node.span)
                .hint(format!("add `stream: both` to `{table}`")),
        );
        return None;
    }
    Some(Template::attribute(table, "StreamArn"))
}

/// Where it goes: the ARN and its parameters.
fn sink(
    x: &mut Expander<'_>,
    body: &Node,
    node: &Node,
    statements: &mut Vec<Template>,
) -> Option<(Template, Template)> {
    let mut parameters = Vec::new();
    if let Some(template) = body.get("template") {
        let value = x.template(template);
        let text = if template.text().is_some() { value } else { Template::Json(Box::new(value)) };
        parameters.push(("InputTemplate", text));
    }
    if let Some(name) = node.text().and_then(|t| t.strip_prefix("event.")) {
        let arn = to_event(x, name, node, &mut parameters)?;
        check_delivery(x, body);
        statements.push(allow(&["events:PutEvents"], [arn.clone()]));
        return Some((arn, Template::object(parameters)));
    }
    let kinds = ["stateMachine", "queue", "topic", "bus", "destination"];
    let target = x.target(node, "`to`", &kinds)?;
    let action = match target.class {
        Class::StateMachine { express } => {
            // A pipe waits for an express machine, so that a failure returns the message.
            let (how, action) = if express {
                ("REQUEST_RESPONSE", "states:StartSyncExecution")
            } else {
                ("FIRE_AND_FORGET", "states:StartExecution")
            };
            let how = Template::object([("InvocationType", Template::string(how))]);
            parameters.push(("StepFunctionStateMachineParameters", how));
            action
        }
        Class::Queue { fifo } => {
            if let Some(group) = body.get("group") {
                let group = Template::object([("MessageGroupId", x.template(group))]);
                parameters.push(("SqsQueueParameters", group));
            } else if fifo {
                let message = "a FIFO queue as a target needs a message group";
                x.report(Diagnostic::error(Code::MISSING_KEY, message).at(node.span).hint("add `group: …`"));
            }
            "sqs:SendMessage"
        }
        Class::Topic { fifo: true } => {
            x.unsupported(node, "a FIFO topic as a pipe's target", "send to a FIFO queue");
            return None;
        }
        Class::Topic { .. } => "sns:Publish",
        Class::Bus => "events:PutEvents",
        Class::Destination => "events:InvokeApiDestination",
        Class::Lambda => "lambda:InvokeFunction",
        _ => {
            x.unsupported(
                node,
                "this target of a pipe",
                "pipes go to machines, queues, topics, buses, events and destinations",
            );
            return None;
        }
    };
    if matches!(target.class, Class::Queue { .. } | Class::Topic { .. } | Class::Bus) {
        check_delivery(x, body);
    }
    statements.push(allow(&[action], [target.arn.clone()]));
    statements.extend(x.use_key(&target, &["kms:GenerateDataKey", "kms:Decrypt"]));
    Some((target.arn, Template::object(parameters)))
}

/// What Pipes takes of a queue at once: ten messages, more only if it may wait for them; never more
/// from a FIFO queue, which can't be waited for.
fn check_batch(x: &mut Expander<'_>, batch: Option<&Node>, class: Class) {
    let (Some(batch), Class::Queue { fifo }) = (batch, class) else { return };
    let large = is_large(x, batch);
    let window = batch.get("window");
    match (fifo, window) {
        (true, Some(node)) => x.bad_value(node, "a FIFO queue has no batching window".to_owned(), None),
        (true, None) if large => {
            x.bad_value(batch, "a FIFO queue gives at most 10 messages at once".to_owned(), None);
        }
        (false, None) if large => x.bad_value(
            batch,
            "more than 10 messages at once need a `window`".to_owned(),
            Some("add `window: 1s`".to_owned()),
        ),
        _ => {}
    }
}

/// Queues, topics and buses take what a pipe carries in one call, of ten messages at most (EventBridge
/// API Reference, CreatePipe: a larger batch is refused).
fn check_delivery(x: &mut Expander<'_>, body: &Node) {
    let Some(batch) = body.get("batch") else { return };
    if is_large(x, batch) {
        let message = "a queue, a topic or a bus takes at most 10 messages at once".to_owned();
        x.bad_value(batch.get("size").unwrap_or(batch), message, None);
    }
}

/// Whether more than ten messages are asked for at once.
fn is_large(x: &mut Expander<'_>, batch: &Node) -> bool {
    let size = batch.get("size").and_then(|n| match x.stack.constant(n, &mut Diagnostics::new())? {
        crate::model::Value::Number(n) => n.as_u64(),
        _ => None,
    });
    size.is_some_and(|size| size > 10)
}

/// A contract as the target: its bus, told its source and its detail-type.
fn to_event(
    x: &mut Expander<'_>,
    name: &str,
    node: &Node,
    parameters: &mut Vec<(&'static str, Template)>,
) -> Option<Template> {
    x.reference(node, "`to`", &["event"])?;
    let event = x.stack.events.get(name)?.clone();
    let members =
        [("Source", Template::string(event.source)), ("DetailType", Template::string(event.detail_type))];
    parameters.push(("EventBridgeEventBusParameters", Template::object(members)));
    Some(bus_arn(x, event.bus.as_deref()))
}

/// The ARN of a bus as an event names it; none is the default bus.
pub(super) fn bus_arn(x: &Expander<'_>, bus: Option<&str>) -> Template {
    match bus {
        None | Some("default" | "bus.default") => Template::string(x.arn("events", "event-bus/default")),
        Some(arn) if arn.starts_with("arn:") => Template::string(arn),
        Some(name) => {
            let address =
                if name.contains('.') { Address::new(name) } else { Address::new(format!("bus.{name}")) };
            Template::attribute(&address, "Arn")
        }
    }
}
