//! `topics`: SNS topics and who is subscribed to them.

use super::expander::{Draft, Expander};
use super::kind::{Field, Kind, Part};
use super::target::Class;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Address, Template, Value};
use crate::spec::Declaration;
use crate::syntax::Node;
use std::collections::BTreeSet;

pub(super) const KIND: Kind = Kind {
    key: "topics",
    singular: "topic",
    about: "an SNS topic and its subscriptions",
    type_name: Some("AWS::SNS::Topic"),
    fields: &[
        Field::optional("fifo", "boolean", "first in, first out; the name ends in `.fifo`"),
        Field::optional("displayName", "string", "what mails and messages show as the sender"),
        Field::optional("encryption", "KMS key", "`KmsMasterKeyId`"),
        Field::optional(
            "subscribe",
            "list of {email|queue|url, filter, filterOn, raw, deadLetter}",
            "who hears; a mail address has to confirm",
        ),
    ],
    parts: &[
        Part {
            name: "…Subscription",
            type_name: "AWS::SNS::Subscription",
            about: "one for each of `subscribe`, by its queue's name or its address",
        },
        Part {
            name: "policy",
            type_name: "AWS::SNS::TopicInlinePolicy",
            about: "when something of this stack publishes to it by itself",
        },
    ],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let fifo = body.get("fifo").and_then(|n| x.boolean(n, "`fifo`")).unwrap_or(false);
    let name = x.name_with_suffix(declaration, &[], 256, if fifo { ".fifo" } else { "" });
    let mut draft = Draft::new("AWS::SNS::Topic").with("TopicName", name);
    if fifo {
        draft = draft
            .with("FifoTopic", Template::Literal(Value::Bool(true)))
            .with("ContentBasedDeduplication", Template::Literal(Value::Bool(true)));
    }
    if let Some(node) = body.get("displayName") {
        draft = draft.written("DisplayName", x.template(node), node);
    }
    if let Some(node) = body.get("encryption") {
        draft = draft.written("KmsMasterKeyId", x.template(node), node);
    }
    x.main(declaration, draft);
    let Some(subscribe) = body.get("subscribe") else { return };
    let mut parts = BTreeSet::new();
    for node in x.one_or_many(subscribe) {
        subscription(x, declaration, node, fifo, &mut parts);
    }
}

/// A subscription is told by whom it tells, not by its place in the list: one that goes must not
/// turn those after it into others.
fn subscription(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    node: &Node,
    fifo: bool,
    parts: &mut BTreeSet<String>,
) {
    let address = x.address(declaration);
    let keys = ["email", "queue", "url", "filter", "filterOn", "raw", "deadLetter"];
    if !x.check_keys(node, "a subscription", &keys, "evstack explain topic") {
        return;
    }
    let mut draft = Draft::new("AWS::SNS::Subscription")
        .with("TopicArn", Template::attribute(&address, "TopicArn"))
        .span("", node.span);
    let mut part = String::new();
    let whom: Vec<&str> = ["email", "queue", "url"].into_iter().filter(|k| node.get(k).is_some()).collect();
    let (key, who) = match (whom.as_slice(), whom.first().and_then(|k| node.get(k))) {
        ([key], Some(who)) => (*key, who),
        _ => {
            x.report(
                Diagnostic::error(
                    Code::MISSING_KEY,
                    "a subscription needs exactly one of `email`, `queue` and `url`",
                )
                .at(node.span),
            );
            return;
        }
    };
    if fifo && key != "queue" {
        let message = format!("a FIFO topic can't send to `{key}`: only queues keep the order");
        x.report(Diagnostic::error(Code::BAD_VALUE, message).at(who.span));
    }
    let mut letters_fifo = false;
    draft = match key {
        "queue" => {
            let Some(target) = x.target(who, "`queue`", &["queue"]) else { return };
            if let Class::Queue { fifo: true } = target.class {
                letters_fifo = true;
                if !fifo {
                    let message = "a standard topic can't send to a FIFO queue";
                    let hint = "add `fifo: true` to the topic";
                    x.report(Diagnostic::error(Code::BAD_VALUE, message).at(who.span).hint(hint));
                }
            }
            if let Some(queue) = &target.address {
                part = format!("{}Subscription", queue.name());
                draft = draft.after(let_in(x, queue, &address));
            }
            draft.with("Protocol", Template::string("sqs")).written("Endpoint", target.arn, who)
        }
        "email" => {
            check_endpoint(x, who, "a mail address", is_mail_address);
            let endpoint = x.template(who);
            part = named_after(endpoint.as_literal_str().unwrap_or_default());
            draft.with("Protocol", Template::string("email")).written("Endpoint", endpoint, who)
        }
        _ => {
            check_endpoint(x, who, "a web address: `https://…` or `http://…`", is_web_address);
            let endpoint = x.template(who);
            let text = endpoint.as_literal_str().unwrap_or_default().to_owned();
            part = named_after(&text);
            let protocol = if text.starts_with("http://") { "http" } else { "https" };
            draft.with("Protocol", Template::string(protocol)).written("Endpoint", endpoint, who)
        }
    };
    if let Some(filter) = node.get("filter") {
        draft = draft.written("FilterPolicy", x.template(filter), filter);
        let scope = node.get("filterOn").and_then(|n| x.word(n, "`filterOn`", &["body", "attributes"]));
        let scope = if scope == Some("attributes") { "MessageAttributes" } else { "MessageBody" };
        draft = draft.with("FilterPolicyScope", Template::string(scope));
    }
    if let Some(raw) = node.get("raw")
        && let Some(raw) = x.boolean(raw, "`raw`")
    {
        if raw && key == "email" {
            let message = "mails can't be raw: SNS delivers only to queues and URLs without its envelope";
            x.report(Diagnostic::error(Code::BAD_VALUE, message).at(node.span));
        }
        draft = draft.with("RawMessageDelivery", Template::Literal(Value::Bool(raw)));
    }
    if let Some(node) = node.get("deadLetter")
        && let Some(target) = x.target(node, "`deadLetter`", &["queue"])
    {
        super::queue::check_order(x, &target, letters_fifo, node);
        if let Some(queue) = &target.address {
            draft = draft.after(let_in(x, queue, &address));
        }
        draft = draft.written("RedrivePolicy", Template::object([("deadLetterTargetArn", target.arn)]), node);
    }
    let (once, mut number) = (part.clone(), 1);
    while !parts.insert(part.clone()) {
        number += 1;
        part = format!("{once}{number}");
    }
    x.part(declaration, &part, draft);
}

/// `https://hooks.example.com/orders` → `hooksExampleComOrdersSubscription`; what is only known
/// later is just a `subscription`.
fn named_after(endpoint: &str) -> String {
    const LONGEST: usize = 60;
    let address = endpoint.split_once("://").map_or(endpoint, |(_, address)| address);
    let mut name = String::new();
    for word in address.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        name.push_str(&if name.is_empty() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() });
        name.push_str(rest);
    }
    if name.is_empty() {
        return "subscription".to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert_str(0, "to");
    }
    name.truncate(LONGEST);
    name + "Subscription"
}

/// Reports an endpoint that SNS would refuse, as far as it is known at load.
fn check_endpoint(x: &mut Expander<'_>, node: &Node, wanted: &str, fits: fn(&str) -> bool) {
    // What is left open, or has a mistake, isn't judged here.
    if let Some(text) = node.text().filter(|text| !text.contains("${") && !fits(text)) {
        x.bad_value(node, format!("`{text}` isn't {wanted}"), None);
    }
}

fn is_mail_address(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(who, host)| !who.is_empty() && host.len() > 2 && host.trim_matches('.').contains('.'))
        && !text.contains(char::is_whitespace)
}

fn is_web_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '['))
        && !text.contains(char::is_whitespace)
}

fn let_in(x: &mut Expander<'_>, queue: &Address, topic: &Address) -> Address {
    x.let_in(queue, "sns.amazonaws.com", "sqs:SendMessage", Template::predicted(topic, "TopicArn"))
}
