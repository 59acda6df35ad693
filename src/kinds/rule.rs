//! `rules`: which events on a bus go where. Each target gets what it needs: a role or a place in the
//! target's policy, retries, a dead-letter queue.

use super::asl_permissions::{key_span_at, node_at};
use super::expander::{Draft, Expander};
use super::fields::number;
use super::iam::allow;
use super::kind::{Field, Kind, Part};
use super::target::{Class, Target};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::languages::pattern as event_pattern;
use crate::model::{Address, Template};
use crate::spec::Declaration;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "rules",
    singular: "rule",
    about: "which events on a bus go where",
    type_name: Some("AWS::Events::Rule"),
    fields: &[
        Field::optional("bus", "bus", "the bus; default: that of its event"),
        Field::required("on", "event, list of events, or raw pattern", "what it hears"),
        Field::optional("where", "pattern on `detail`", "which of those events"),
        Field::required(
            "to",
            "target or list of targets; each an address, an ARN, or {target, input, inputPath, template, retry, deadLetter}",
            "where they go",
        ),
        Field::optional("enabled", "boolean", "whether it works; default: true"),
        Field::optional("retry", "mapping of `attempts`, `age`", "for all its targets"),
        Field::optional("deadLetter", "queue, or false", "for all its targets; default: a queue of its own"),
    ],
    parts: &[
        Part { name: "role", type_name: "AWS::IAM::Role", about: "where a target is called by role" },
        Part {
            name: "deadLetter",
            type_name: "AWS::SQS::Queue",
            about: "unless `deadLetter` says otherwise",
        },
        Part {
            name: "deadLetter.policy",
            type_name: "AWS::SQS::QueueInlinePolicy",
            about: "lets the rule send to its dead letters",
        },
    ],
    attributes: &[],
    expand,
};

const TARGET_KINDS: &[&str] = &["stateMachine", "queue", "topic", "bus", "destination"];

/// A pattern and the bus that its events name.
pub(super) struct Pattern {
    pub(super) pattern: Template,
    bus: Option<String>,
}

/// Reads `on` (and `where`): an event, several, or a raw pattern.
pub(super) fn pattern(x: &mut Expander<'_>, on: &Node, filter: Option<&Node>) -> Option<Pattern> {
    let detail = filter.map(|node| (x.template(node), node));
    let mut result = match &on.value {
        crate::syntax::NodeValue::Object(_) => Pattern { pattern: x.template(on), bus: None },
        _ => events_pattern(x, on)?,
    };
    if let (Some((detail, node)), Template::Object(members)) = (detail, &mut result.pattern) {
        if members.contains_key("detail") {
            x.bad_value(node, "`where` stands beside a raw pattern that has a `detail`".to_owned(), None);
        }
        members.insert("detail".to_owned(), detail);
    }
    check_pattern(x, &result.pattern, on, filter);
    Some(result)
}

fn events_pattern(x: &mut Expander<'_>, on: &Node) -> Option<Pattern> {
    let mut named = Vec::new();
    for item in x.one_or_many(on) {
        let address = x.reference(item, "`on`", &["event"])?;
        let event = x.stack.events.get(address.name())?.clone();
        named.push((event, item.span));
    }
    let bus = named.first().and_then(|(event, _)| event.bus.clone());
    for (event, span) in &named {
        if event.bus != bus {
            x.report(
                Diagnostic::error(Code::BAD_VALUE, "the events of one rule are published to different buses")
                    .at(*span)
                    .hint("write one rule for each bus"),
            );
        }
    }
    let list =
        |values: Vec<&String>| Template::array(values.into_iter().map(|v| Template::string(v.clone())));
    let mut sources: Vec<&String> = named.iter().map(|(e, _)| &e.source).collect();
    sources.dedup();
    let pattern = if let [source] = sources.as_slice() {
        let types = named.iter().map(|(e, _)| &e.detail_type).collect();
        Template::object([("source", list(vec![*source])), ("detail-type", list(types))])
    } else {
        // One list of sources beside one of types would also match the pairs that nobody named.
        let pairs = named.iter().map(|(e, _)| {
            Template::object([("source", list(vec![&e.source])), ("detail-type", list(vec![&e.detail_type]))])
        });
        Template::object([("$or", Template::array(pairs))])
    };
    Some(Pattern { pattern, bus })
}

/// Reports what EventBridge would refuse, as far as the pattern is known at load.
fn check_pattern(x: &mut Expander<'_>, pattern: &Template, on: &Node, filter: Option<&Node>) {
    let mut open = false;
    pattern.references(&mut |_| open = true);
    if open {
        return;
    }
    let Some(json) = pattern.evaluate(&super::expander::NoAttributes).to_json() else { return };
    for problem in event_pattern::parse(&json).1 {
        // What `where` says stands below `detail`; the rest is written out only in a raw pattern.
        let (tree, pointer) = match (problem.pointer.strip_prefix("/detail"), filter) {
            (Some(below), Some(filter)) if below.is_empty() || below.starts_with('/') => (filter, below),
            _ => (on, problem.pointer.as_str()),
        };
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let value = node_at(tree, pointer);
        let (span, hint) = if problem.message.starts_with(event_pattern::UNKNOWN_OPERATOR) {
            let near = nearest(name, event_pattern::OPERATORS).map(|near| format!("did you mean `{near}`?"));
            let all = || format!("there is {}", one_of(event_pattern::OPERATORS));
            (key_span_at(tree, pointer), Some(near.unwrap_or_else(all)))
        } else {
            let is_plain = value.items().is_none() && value.entries().is_none();
            let hint = is_plain && problem.message.ends_with("must be an object or an array");
            (value.span, hint.then(|| "write a list of what it may be: `[…]`".to_owned()))
        };
        let message = format!("the event pattern isn't valid: {}", problem.message);
        x.report(Diagnostic::error(Code::BAD_PATTERN, message).at(span).hint_if(hint));
    }
}

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let address = x.address(declaration);
    let found = body.get("on").and_then(|on| pattern(x, on, body.get("where")));
    let bus = bus(x, &body, found.as_ref());
    let mut draft = Draft::new("AWS::Events::Rule").with("Name", x.name(declaration, &[], 64));
    if let Some(bus) = bus {
        let node = body.get("bus").or(body.get("on")).unwrap_or(&body);
        draft = draft.written("EventBusName", bus, node);
    }
    if let Some(node) = body.get("description") {
        draft = draft.written("Description", x.template(node), node);
    }
    if let Some(on) = body.get("on") {
        // A pattern that can't be read has been reported; another mistake isn't made of it.
        let pattern = found.map_or_else(|| Template::object::<String>([]), |found| found.pattern);
        draft = draft.written("EventPattern", pattern, on);
    }
    let enabled = body.get("enabled").and_then(|n| x.boolean(n, "`enabled`")).unwrap_or(true);
    draft = draft.with("State", Template::string(if enabled { "ENABLED" } else { "DISABLED" }));
    let Some(to) = body.get("to") else { return };
    let mut builder = Targets {
        declaration,
        body: &body,
        address: &address,
        statements: Vec::new(),
        policies: Vec::new(),
        ids: Vec::new(),
    };
    let mut targets = Vec::new();
    let many = x.one_or_many(to);
    for (i, node) in many.into_iter().enumerate() {
        if let Some(target) = builder.target(x, node, i) {
            draft = draft.span(&format!("/Targets/{}", targets.len()), node.span);
            targets.push(target);
        }
    }
    if !builder.statements.is_empty() {
        x.role(declaration, "role", "events.amazonaws.com", builder.statements);
    }
    for policy in builder.policies {
        draft = draft.after(policy);
    }
    x.main(declaration, draft.written("Targets", Template::Array(targets), to));
}

/// The name (or ARN) of the bus: as written, else that of its event, else none (the default bus).
fn bus(x: &mut Expander<'_>, body: &Node, found: Option<&Pattern>) -> Option<Template> {
    if let Some(node) = body.get("bus") {
        let text = node.text().unwrap_or_default();
        if text.starts_with("arn:") || text.contains("${") {
            return Some(x.template(node));
        }
        let address = x.reference(node, "`bus`", &["bus"])?;
        return bus_name(&address);
    }
    let bus = found?.bus.as_deref()?;
    if bus.starts_with("arn:") {
        return Some(Template::string(bus));
    }
    let address = if bus.contains('.') { Address::new(bus) } else { Address::new(format!("bus.{bus}")) };
    bus_name(&address)
}

/// The default bus is there undeclared and needs no name.
fn bus_name(address: &Address) -> Option<Template> {
    (address.as_str() != "bus.default").then(|| Template::attribute(address, "Name"))
}

struct Targets<'a> {
    declaration: &'a Declaration,
    body: &'a Node,
    address: &'a Address,
    statements: Vec<Template>,
    policies: Vec<Address>,
    ids: Vec<String>,
}

impl Targets<'_> {
    fn target(&mut self, x: &mut Expander<'_>, node: &Node, index: usize) -> Option<Template> {
        let details = node.entries().is_some();
        if details {
            let keys = ["target", "input", "inputPath", "template", "retry", "deadLetter", "group", "id"];
            x.check_keys(node, "a target", &keys, "evstack explain rule");
        }
        let target_node = if details { node.get("target") } else { Some(node) };
        let Some(target_node) = target_node else {
            x.report(Diagnostic::error(Code::MISSING_KEY, "a target has no `target`").at(node.span));
            return None;
        };
        let target = x.target(target_node, "a target", TARGET_KINDS)?;
        let id = match node.get("id") {
            Some(id) => x.text(id, "`id`")?,
            None => self.id(&target, index),
        };
        if self.ids.iter().filter(|other| **other == id).count() == 1 {
            let message = format!("two targets of the rule have the id `{id}`");
            x.report(
                Diagnostic::error(Code::DUPLICATE, message).at(node.span).hint("give one an `id` of its own"),
            );
        }
        self.ids.push(id.clone());
        let mut members = vec![("Id", Template::string(id)), ("Arn", target.arn.clone())];
        self.access(x, &target, target_node, &mut members)?;
        if let Some(group) = node.get("group") {
            members.push(("SqsParameters", Template::object([("MessageGroupId", x.template(group))])));
        } else if target.class == (Class::Queue { fifo: true }) {
            x.report(
                Diagnostic::error(Code::MISSING_KEY, "a FIFO queue as a target needs a message group")
                    .at(target_node.span)
                    .hint("write `{target: …, group: <MessageGroupId>}`"),
            );
        }
        input(x, node, &mut members);
        let default = x.default_of(self.declaration, "retry");
        if let Some(retry) = node.get("retry").or(self.body.get("retry")).or(default.as_ref())
            && x.check_keys(retry, "`retry`", &["attempts", "age"], "evstack explain rule")
        {
            let attempts = retry.get("attempts").and_then(|n| x.integer(n, "`attempts`", 0..=185));
            let age = retry.get("age").and_then(|n| x.seconds(n, "`age`", 60..=86_400));
            let policy = [("MaximumRetryAttempts", attempts), ("MaximumEventAgeInSeconds", age)];
            let policy = policy.into_iter().filter_map(|(k, v)| Some((k, number(v?))));
            members.push(("RetryPolicy", Template::object(policy)));
        }
        if let Some(queue) = self.dead_letter(x, node) {
            members.push(("DeadLetterConfig", Template::object([("Arn", queue)])));
        }
        Some(Template::object(members))
    }

    fn id(&self, target: &Target, index: usize) -> String {
        match &target.address {
            Some(address) => super::names::kebab(&address.as_str().replace('.', "-")),
            None => format!("target-{}", index + 1),
        }
    }

    /// How EventBridge gets in: by the rule's role, or by the target's own policy.
    fn access(
        &mut self,
        x: &mut Expander<'_>,
        target: &Target,
        node: &Node,
        members: &mut Vec<(&'static str, Template)>,
    ) -> Option<()> {
        let action = match target.class {
            Class::StateMachine { .. } => Some("states:StartExecution"),
            Class::Bus => Some("events:PutEvents"),
            Class::Destination => Some("events:InvokeApiDestination"),
            _ => None,
        };
        if let Some(action) = action {
            self.statements.push(allow(&[action], [target.arn.clone()]));
            members.push(("RoleArn", Template::attribute(&self.address.part("role"), "Arn")));
            return Some(());
        }
        let source = Template::predicted(self.address, "Arn");
        match (target.class, &target.address) {
            (Class::Queue { .. }, Some(queue)) if queue.kind() == "queue" => {
                self.policies.push(x.let_in(queue, "events.amazonaws.com", "sqs:SendMessage", source));
            }
            (Class::Topic { fifo: true }, _) => {
                x.unsupported(
                    node,
                    "a FIFO topic as a rule's target",
                    "send to a FIFO queue, or through a pipe",
                );
                return None;
            }
            (Class::Topic { .. }, Some(topic)) if topic.kind() == "topic" => {
                self.policies.push(x.let_in(topic, "events.amazonaws.com", "sns:Publish", source));
            }
            (Class::Queue { .. } | Class::Topic { .. } | Class::Other, _) => {}
            (Class::Lambda, _) => {
                x.unsupported(
                    node,
                    "a Lambda function as a rule's target",
                    "declare the rule and its `AWS::Lambda::Permission` under `resources`",
                );
                return None;
            }
            _ => {
                x.unsupported(
                    node,
                    "this target of a rule",
                    "rules send to machines, queues, topics, buses and destinations",
                );
                return None;
            }
        }
        Some(())
    }

    /// The ARN of the queue for what can't be delivered. Without a word, the rule has one of its own.
    fn dead_letter(&mut self, x: &mut Expander<'_>, node: &Node) -> Option<Template> {
        let said = node.get("deadLetter").or(self.body.get("deadLetter"));
        let letters = super::queue::dead_letters(x, self.declaration, said, false)?;
        if let Some(queue) = &letters.queue {
            self.let_in_once(x, queue);
        }
        Some(letters.arn)
    }

    fn let_in_once(&mut self, x: &mut Expander<'_>, queue: &Address) {
        let policy = queue.part("policy");
        if !self.policies.contains(&policy) {
            let source = Template::predicted(self.address, "Arn");
            self.policies.push(x.let_in(queue, "events.amazonaws.com", "sqs:SendMessage", source));
        }
    }
}

/// What the target is told: the event, a part of it, a fixed text, or a template.
fn input(x: &mut Expander<'_>, node: &Node, members: &mut Vec<(&'static str, Template)>) {
    if let Some(path) = node.get("inputPath") {
        members.push(("InputPath", x.template(path)));
    }
    if let Some(fixed) = node.get("input") {
        let value = x.template(fixed);
        let text = if fixed.text().is_some() { value } else { Template::Json(Box::new(value)) };
        members.push(("Input", text));
    }
    if let Some(template) = node.get("template")
        && x.check_keys(template, "`template`", &["paths", "text"], "evstack explain rule")
    {
        let mut transformer = Vec::new();
        if let Some(paths) = template.get("paths") {
            transformer.push(("InputPathsMap", x.template(paths)));
        }
        match template.get("text") {
            Some(text) => {
                let value = x.template(text);
                let value = if text.text().is_some() { value } else { Template::Json(Box::new(value)) };
                transformer.push(("InputTemplate", value));
            }
            None => {
                x.report(Diagnostic::error(Code::MISSING_KEY, "`template` has no `text`").at(template.span))
            }
        }
        members.push(("InputTransformer", Template::object(transformer)));
    }
    if ["inputPath", "input", "template"].iter().filter(|k| node.get(k).is_some()).count() > 1 {
        x.bad_value(
            node,
            "a target has more than one of `input`, `inputPath` and `template`".to_owned(),
            None,
        );
    }
}
