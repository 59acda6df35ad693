//! `buses`: event buses, with an archive and schema discovery.

use super::expander::{Draft, Expander};
use super::fields::number;
use super::kind::{Field, Kind, Part};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Template;
use crate::spec::Declaration;

pub(super) const KIND: Kind = Kind {
    key: "buses",
    singular: "bus",
    about: "an EventBridge event bus; `bus.default` is there undeclared",
    type_name: Some("AWS::Events::EventBus"),
    fields: &[
        Field::optional("archive", "mapping of `retain`, `on`", "keeps its events for replay"),
        Field::optional("discover", "boolean", "learns the schemas of its events"),
        Field::optional("deadLetter", "queue", "where events go that the bus can't take in"),
        Field::optional("encryption", "KMS key", "`KmsKeyIdentifier`"),
        Field::optional("policy", "policy document", "who else may publish to it"),
        Field::optional(
            "logs",
            "mapping of `level`, `detail`",
            "`LogConfig`; where logs go is set up by the account",
        ),
    ],
    parts: &[
        Part { name: "archive", type_name: "AWS::Events::Archive", about: "with `archive`" },
        Part { name: "discoverer", type_name: "AWS::EventSchemas::Discoverer", about: "with `discover`" },
    ],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let address = x.address(declaration);
    if declaration.name == "default" {
        let message = "`bus.default` is the account's own bus: it is there undeclared";
        let hint = "give the bus another name, or set its physical name by `name`";
        x.report(Diagnostic::error(Code::BAD_NAME, message).at(declaration.span).hint(hint));
    }
    let mut draft = Draft::new("AWS::Events::EventBus").with("Name", x.name(declaration, &[], 256));
    if let Some(node) = body.get("description") {
        draft = draft.written("Description", x.template(node), node);
    }
    if let Some(node) = body.get("encryption") {
        draft = draft.written("KmsKeyIdentifier", x.template(node), node);
    }
    if let Some(node) = body.get("policy") {
        draft = draft.written("Policy", x.template(node), node);
    }
    if let Some(node) = body.get("deadLetter")
        && let Some(target) = x.target(node, "`deadLetter`", &["queue"])
    {
        super::queue::check_order(x, &target, false, node);
        if let Some(queue) = &target.address {
            let policy = x.let_in(
                queue,
                "events.amazonaws.com",
                "sqs:SendMessage",
                Template::predicted(&address, "Arn"),
            );
            draft = draft.after(policy);
        }
        draft = draft.written("DeadLetterConfig", Template::object([("Arn", target.arn)]), node);
    }
    if let Some(node) = body.get("logs")
        && x.check_keys(node, "`logs`", &["level", "detail"], "evstack explain bus")
    {
        let level = node.get("level").and_then(|n| x.word(n, "`level`", &["OFF", "ERROR", "INFO", "TRACE"]));
        let detail = node.get("detail").and_then(|n| x.word(n, "`detail`", &["NONE", "FULL"]));
        let config = [("Level", level.unwrap_or("ERROR")), ("IncludeDetail", detail.unwrap_or("NONE"))];
        let config = Template::object(config.map(|(k, v)| (k, Template::string(v))));
        draft = draft.written("LogConfig", config, node);
    }
    x.main(declaration, draft);
    if let Some(node) = body.get("archive")
        && x.check_keys(node, "`archive`", &["retain", "on"], "evstack explain bus")
    {
        let mut archive = Draft::new("AWS::Events::Archive")
            .with("ArchiveName", Template::string(x.default_name(declaration, &[], 48, "")))
            .with("SourceArn", Template::attribute(&address, "Arn"))
            .span("", node.span);
        if let Some(days) = node.get("retain").and_then(|n| x.days(n, "`retain`")) {
            archive = archive.with("RetentionDays", number(days));
        }
        if let Some(on) = node.get("on") {
            let pattern = super::rule::pattern(x, on, None);
            archive = archive.maybe("EventPattern", pattern.map(|p| p.pattern));
        }
        x.part(declaration, "archive", archive);
    }
    if let Some(node) = body.get("discover")
        && x.boolean(node, "`discover`") == Some(true)
    {
        if body.get("encryption").is_some() {
            let hint = "leave `encryption` or `discover` out";
            x.unsupported(node, "discovery on a bus that is encrypted with a key of one's own", hint);
        }
        let discoverer = Draft::new("AWS::EventSchemas::Discoverer")
            .with("SourceArn", Template::attribute(&address, "Arn"))
            .with("Description", Template::string(format!("Schemas of the events on {address}")));
        x.part(declaration, "discoverer", discoverer);
    }
}
