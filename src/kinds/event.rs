//! `events`: the contracts. They make no resource; rules, machines and checks build on them.

use super::expander::Expander;
use super::kind::{Field, Kind};
use crate::spec::Declaration;

pub(super) const KIND: Kind = Kind {
    key: "events",
    singular: "event",
    about: "a contract: something that has happened, named in the past tense",
    type_name: None,
    fields: &[
        Field::optional("source", "string", "EventBridge `source`; default: `<stack>.<service>`"),
        Field::optional("detailType", "string", "EventBridge `detail-type`; default: the contract's name"),
        Field::optional("detail", "JSON Schema, or a file with one", "the business data"),
        Field::optional(
            "envelope",
            "boolean",
            "whether the data lies in `detail.data` beside `detail.metadata`; default: true",
        ),
        Field::optional("examples", "list of mappings", "events as they really look"),
        Field::optional("bus", "bus", "where it is published"),
        Field::optional("external", "boolean", "produced outside this stack"),
        Field::optional("description", "string", "one line"),
        Field::refused("publish"),
    ],
    parts: &[],
    attributes: &[("source", "its source"), ("detailType", "its detail-type")],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = &declaration.body;
    if let Some(node) = body.get("bus") {
        x.reference(node, "`bus`", &["bus"]);
    }
    if let Some(node) = body.get("external") {
        x.boolean(node, "`external`");
    }
    if let Some(node) = body.get("envelope") {
        x.boolean(node, "`envelope`");
    }
    if let Some(node) = body.get("publish")
        && x.boolean(node, "`publish`") == Some(true)
    {
        x.unsupported(
            node,
            "publishing a contract",
            "declare an `AWS::EventSchemas::Schema` under `resources`",
        );
    }
    let detail = body.get("detail").cloned();
    let detail = match &detail {
        Some(node) if node.text().is_some() => {
            x.stack.tree_file(declaration.source, node, &mut x.diagnostics).map(|(_, tree)| tree)
        }
        other => other.clone(),
    };
    if let Some(node) = &detail
        && node.entries().is_none()
    {
        x.wrong_type(node, "`detail`", "a JSON Schema");
    }
}
