//! `tables`: DynamoDB tables, paid by request and protected unless said otherwise.

use super::expander::{Draft, Expander};
use super::fields::number;
use super::kind::{Field, Kind};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::model::{Template, Value};
use crate::spec::Declaration;
use crate::syntax::{Node, NodeValue};
use indexmap::IndexMap;

pub(super) const KIND: Kind = Kind {
    key: "tables",
    singular: "table",
    about: "a DynamoDB table; protected by default, because it holds data",
    type_name: Some("AWS::DynamoDB::Table"),
    fields: &[
        Field::required("key", "[pk], [pk, sk], or {name: string|number|binary, …}", "its primary key"),
        Field::optional("indexes", "mapping of name to {key, project, local}", "secondary indexes"),
        Field::optional("billing", "onDemand, or {read, write}", "default: `onDemand`"),
        Field::optional("ttl", "attribute name", "items go when the time in it has come"),
        Field::optional("stream", "keys, new, old, both", "what its stream says of a change"),
        Field::optional("recovery", "boolean", "point-in-time recovery"),
        Field::optional("encryption", "KMS key", "`SSESpecification`; default: DynamoDB's own key"),
    ],
    parts: &[],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let mut attributes = Attributes::default();
    let key = body.get("key").map_or_else(|| Template::Array(Vec::new()), |node| attributes.key(x, node));
    let name = x.name(declaration, &[], 255);
    let mut draft = Draft::new("AWS::DynamoDB::Table").with("TableName", name).with("KeySchema", key.clone());
    if let Some(node) = body.get("key") {
        draft = draft.span("/KeySchema", node.span);
    }
    let mut billing = None;
    if let Some(node) = body.get("indexes") {
        billing = throughput(x, body.get("billing"));
        let (global, local) = indexes(x, node, &mut attributes, billing.as_ref(), &key);
        for (property, list) in [("GlobalSecondaryIndexes", global), ("LocalSecondaryIndexes", local)] {
            if !list.is_empty() {
                draft = draft.written(property, Template::Array(list), node);
            }
        }
    } else if let Some(node) = body.get("billing") {
        billing = throughput(x, Some(node));
    }
    let mode = if billing.is_some() { "PROVISIONED" } else { "PAY_PER_REQUEST" };
    draft = draft
        .with("AttributeDefinitions", attributes.definitions())
        .with("BillingMode", Template::string(mode));
    draft = draft.maybe("ProvisionedThroughput", billing);
    if let Some(node) = body.get("ttl") {
        let ttl = [("AttributeName", x.template(node)), ("Enabled", Template::Literal(Value::Bool(true)))];
        draft = draft.written("TimeToLiveSpecification", Template::object(ttl), node);
    }
    if let Some(node) = body.get("stream")
        && let Some(word) = x.word(node, "`stream`", &["keys", "new", "old", "both"])
    {
        let view = match word {
            "keys" => "KEYS_ONLY",
            "new" => "NEW_IMAGE",
            "old" => "OLD_IMAGE",
            _ => "NEW_AND_OLD_IMAGES",
        };
        draft = draft.written(
            "StreamSpecification",
            Template::object([("StreamViewType", Template::string(view))]),
            node,
        );
    }
    if let Some(node) = body.get("recovery")
        && let Some(on) = x.boolean(node, "`recovery`")
    {
        let recovery = Template::object([("PointInTimeRecoveryEnabled", Template::Literal(Value::Bool(on)))]);
        draft = draft.written("PointInTimeRecoverySpecification", recovery, node);
    }
    if let Some(node) = body.get("encryption") {
        let encryption = [
            ("SSEEnabled", Template::Literal(Value::Bool(true))),
            ("SSEType", Template::string("KMS")),
            ("KMSMasterKeyId", x.template(node)),
        ];
        draft = draft.written("SSESpecification", Template::object(encryption), node);
    }
    x.main(declaration, draft);
}

/// `{read, write}` as provisioned throughput; none when paid by request.
fn throughput(x: &mut Expander<'_>, node: Option<&Node>) -> Option<Template> {
    let node = node?;
    if node.entries().is_none() {
        x.word(node, "`billing`", &["onDemand"]);
        return None;
    }
    x.check_keys(node, "`billing`", &["read", "write"], "evstack explain table");
    let mut units =
        |key: &str| node.get(key).and_then(|n| x.integer(n, &format!("`{key}`"), 1..=40_000)).unwrap_or(1);
    Some(Template::object([
        ("ReadCapacityUnits", number(units("read"))),
        ("WriteCapacityUnits", number(units("write"))),
    ]))
}

fn indexes(
    x: &mut Expander<'_>,
    node: &Node,
    attributes: &mut Attributes,
    billing: Option<&Template>,
    table: &Template,
) -> (Vec<Template>, Vec<Template>) {
    let (mut global, mut local) = (Vec::new(), Vec::new());
    let Some(entries) = node.entries() else {
        x.wrong_type(node, "`indexes`", "a mapping of names");
        return (global, local);
    };
    for entry in entries {
        let what = format!("index `{}`", entry.key);
        if !x.check_keys(&entry.value, &what, &["key", "project", "local"], "evstack explain table") {
            continue;
        }
        let Some(key) = entry.value.get("key") else {
            x.report(Diagnostic::error(Code::MISSING_KEY, format!("{what} has no `key`")).at(entry.key_span));
            continue;
        };
        let projection = projection(x, entry.value.get("project"));
        let mut members = vec![
            ("IndexName", Template::string(entry.key.clone())),
            ("KeySchema", attributes.key(x, key)),
            ("Projection", projection),
        ];
        let is_local = entry.value.get("local").and_then(|n| x.boolean(n, "`local`")).unwrap_or(false);
        if is_local {
            check_local(x, &what, table, &members, key);
            local.push(Template::object(members));
        } else {
            if let Some(billing) = billing {
                members.push(("ProvisionedThroughput", billing.clone()));
            }
            global.push(Template::object(members));
        }
    }
    (global, local)
}

/// A local index sorts the items of the table's own partitions anew.
fn check_local(
    x: &mut Expander<'_>,
    what: &str,
    table: &Template,
    members: &[(&str, Template)],
    node: &Node,
) {
    let partition = |schema: &Template| match schema {
        Template::Array(keys) => {
            let first =
                keys.first().and_then(|k| k.get("AttributeName")?.as_literal_str().map(str::to_owned));
            (first, keys.len())
        }
        _ => (None, 0),
    };
    let own = members.iter().find(|(name, _)| *name == "KeySchema").map(|(_, schema)| partition(schema));
    let (first, length) = partition(table);
    if own != Some((first, 2)) || length != 2 {
        x.bad_value(
            node,
            format!("{what} is local, so its key must be the table's partition key and another sort key"),
            Some("leave `local` out, or give the table a sort key too".to_owned()),
        );
    }
}

fn projection(x: &mut Expander<'_>, node: Option<&Node>) -> Template {
    let kind = |name: &str| ("ProjectionType", Template::string(name));
    match node {
        Some(node) if node.items().is_some() => {
            Template::object([kind("INCLUDE"), ("NonKeyAttributes", x.template(node))])
        }
        Some(node) if x.word(node, "`project`", &["all", "keys"]) == Some("keys") => {
            Template::object([kind("KEYS_ONLY")])
        }
        _ => Template::object([kind("ALL")]),
    }
}

/// The key attributes of a table and its indexes, each with one type.
#[derive(Default)]
struct Attributes(IndexMap<String, (&'static str, Span)>);

impl Attributes {
    /// The key schema of a table or an index.
    fn key(&mut self, x: &mut Expander<'_>, node: &Node) -> Template {
        let names: Vec<(String, Option<&Node>, Span)> = match &node.value {
            NodeValue::Object(entries) => {
                entries.iter().map(|e| (e.key.clone(), Some(&e.value), e.key_span)).collect()
            }
            _ => x
                .one_or_many(node)
                .into_iter()
                .filter_map(|item| match item.entries() {
                    Some([entry]) => Some((entry.key.clone(), Some(&entry.value), entry.key_span)),
                    _ => Some((x.text(item, "a key attribute")?, None, item.span)),
                })
                .collect(),
        };
        if names.is_empty() || names.len() > 2 {
            x.bad_value(
                node,
                format!("a key has {} attributes, not one or two", names.len()),
                Some("write `[pk]` or `[pk, sk]`".to_owned()),
            );
        }
        let roles = ["HASH", "RANGE"];
        let mut schema = Vec::new();
        for ((name, kind, span), role) in names.into_iter().zip(roles) {
            let letter =
                match kind.map(|n| x.word(n, "a key attribute's type", &["string", "number", "binary"])) {
                    Some(Some("number")) => "N",
                    Some(Some("binary")) => "B",
                    _ => "S",
                };
            self.define(x, &name, letter, kind.is_some(), span);
            schema.push(Template::object([
                ("AttributeName", Template::string(name)),
                ("KeyType", Template::string(role)),
            ]));
        }
        Template::Array(schema)
    }

    fn define(&mut self, x: &mut Expander<'_>, name: &str, letter: &'static str, said: bool, span: Span) {
        match self.0.get(name) {
            Some((other, place)) if said && *other != letter => {
                x.report(
                    Diagnostic::error(Code::BAD_VALUE, format!("key attribute `{name}` has two types"))
                        .at(span)
                        .label(*place, "first used here"),
                );
            }
            Some(_) => {}
            None => {
                self.0.insert(name.to_owned(), (letter, span));
            }
        }
    }

    fn definitions(&self) -> Template {
        Template::array(self.0.iter().map(|(name, (letter, _))| {
            Template::object([
                ("AttributeName", Template::string(name.clone())),
                ("AttributeType", Template::string(*letter)),
            ])
        }))
    }
}
