//! A stack as it leaves the language, read from a case.

use evstack::diagnostics::{Diagnostics, SourceId, Sources, Span};
use evstack::graph::Graph;
use evstack::model::{
    Address, Desired, Json, Live, Options, Order, Place, Protection, Recorded, Reference, Secrets, Template,
    Value,
};
use evstack::plan::{Plan, PlanInputs, PlanOptions, build};
use evstack::schema::{Catalogue, PropertyPath, TypeName};
use evstack::syntax::{Format, Node, parse};
use std::collections::{BTreeMap, BTreeSet};

/// A stack as it leaves the language.
pub(super) struct Stack {
    pub(super) desired: Vec<Desired>,
    pub(super) graph: Graph<Address, Order>,
    pub(super) attributes: BTreeMap<(Address, String), Template>,
    pub(super) left_out: BTreeSet<Address>,
    pub(super) outputs: Vec<(String, Template)>,
    pub(super) recorded_outputs: BTreeMap<String, Json>,
    pub(super) options: PlanOptions,
    pub(super) sources: Sources,
}

impl Stack {
    pub(super) fn of(stack: &Json, text: &str) -> Self {
        let list = |json: &Json| json.as_array().cloned().unwrap_or_default();
        let members = |name: &str| stack[name].as_object().cloned().unwrap_or_default().into_iter();
        let mut sources = Sources::new();
        let (tree, _) = parse(sources.add("stack.json", text), text, Format::Json);
        let written = tree.as_ref().and_then(|tree| tree.get("resources")).and_then(Node::items);
        let places = written.unwrap_or_default().iter().map(Some).chain(std::iter::repeat(None));
        let desired: Vec<Desired> =
            list(&stack["resources"]).iter().zip(places).map(|(json, node)| desired(json, node)).collect();
        let mut graph: Graph<Address, Order> = Graph::new();
        for resource in &desired {
            graph.node(resource.address.clone());
            for needed in &resource.depends_on {
                graph.edge(resource.address.clone(), needed.clone(), Order::Dependency);
            }
            resource.properties.references(&mut |reference| {
                if reference.order == Order::Dependency {
                    graph.edge(resource.address.clone(), reference.address.clone(), reference.order);
                }
            });
        }
        let attributes = members("attributes").map(|(name, json)| {
            let (address, property) = name.rsplit_once('.').expect("address.Property");
            ((Address::new(address), property.to_owned()), template(&json))
        });
        let options = &stack["options"];
        let addresses = |name: &str| -> Vec<Address> {
            list(&options[name]).iter().filter_map(Json::as_str).map(Address::from).collect()
        };
        Self {
            desired,
            graph,
            attributes: attributes.collect(),
            left_out: list(&stack["leftOut"]).iter().filter_map(Json::as_str).map(Address::from).collect(),
            outputs: members("outputs").map(|(name, json)| (name, template(&json))).collect(),
            recorded_outputs: members("recordedOutputs").collect(),
            options: PlanOptions {
                targets: addresses("targets"),
                excludes: addresses("excludes"),
                replace: addresses("replace"),
                destroy: options["destroy"] == true,
                allow_data_loss: options["allowDataLoss"] == true,
                skip_drain: options["skipDrain"] == true,
                restore: BTreeMap::new(),
            },
            sources,
        }
    }

    pub(super) fn plan(
        &self,
        recorded: &BTreeMap<Address, Recorded>,
        live: &BTreeMap<Address, Live>,
        recorded_outputs: &BTreeMap<String, Json>,
        options: &PlanOptions,
    ) -> (Plan, Diagnostics) {
        build(&PlanInputs {
            found: &BTreeMap::new(),
            desired: &self.desired,
            graph: &self.graph,
            attributes: &self.attributes,
            recorded,
            live,
            left_out: &self.left_out,
            catalogue: Catalogue::bundled(),
            place: &place(),
            outputs: &self.outputs,
            recorded_outputs,
            options,
            secrets: &secrets(),
            place_of: &|span| self.sources.place(span),
        })
    }
}

pub(super) fn place() -> Place {
    Place {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account: "000000000000".into(),
        base_url: Some("http://127.0.0.1:4566".into()),
    }
}

pub(super) fn secrets() -> Secrets {
    Secrets::new("salt")
}

pub(super) fn desired(json: &Json, node: Option<&Node>) -> Desired {
    let mut spans = BTreeMap::new();
    if let Some(properties) = node.and_then(|node| node.get("properties")) {
        place_spans(properties, "", &mut spans);
    }
    let options = &json["options"];
    let paths = |name: &str| -> Vec<PropertyPath> {
        let list = options[name].as_array().into_iter().flatten();
        list.filter_map(Json::as_str).map(PropertyPath::parse).collect()
    };
    let addresses = |json: &Json| -> Vec<Address> {
        json.as_array().into_iter().flatten().filter_map(Json::as_str).map(Address::from).collect()
    };
    Desired {
        address: Address::new(json["address"].as_str().expect("an address")),
        type_name: TypeName::new(json["type"].as_str().expect("a type")),
        properties: template(&json["properties"]),
        options: Options {
            protection: match options["protect"].as_str() {
                Some("explicit") => Protection::Explicit,
                Some(_) => Protection::ByDefault,
                None => Protection::None,
            },
            ignore_changes: paths("ignoreChanges"),
            replace_on_changes: paths("replaceOnChanges"),
            delete_before_replace: options["deleteBeforeReplace"].as_bool(),
            retain_on_delete: options["retainOnDelete"] == true,
            drain: options["drain"].as_u64(),
            aliases: addresses(&options["aliases"]),
            import: options["import"].as_str().map(str::to_owned),
            timeout: None,
        },
        depends_on: addresses(&json["dependsOn"]),
        span: node.map_or(Span::new(SourceId(0), 0, 0), |node| node.span),
        spans,
    }
}

/// Where each property and its key are written.
pub(super) fn place_spans(node: &Node, pointer: &str, spans: &mut BTreeMap<String, Span>) {
    spans.insert(pointer.to_owned(), node.span);
    for entry in node.entries().unwrap_or_default() {
        let below = format!("{pointer}/{}", entry.key);
        spans.insert(Desired::key_at(&below), entry.key_span);
        place_spans(&entry.value, &below, spans);
    }
    for (index, item) in node.items().unwrap_or_default().iter().enumerate() {
        place_spans(item, &format!("{pointer}/{index}"), spans);
    }
}

pub(super) fn template(json: &Json) -> Template {
    match json {
        Json::String(text) => text_template(text),
        Json::Array(items) => Template::array(items.iter().map(template)),
        Json::Object(members) if members.contains_key("$secret") => {
            Template::Literal(Value::Sensitive(Box::new(Value::from(members["$secret"].clone()))))
        }
        Json::Object(members) if members.contains_key("$json") => {
            Template::Json(Box::new(template(&members["$json"])))
        }
        Json::Object(members) => Template::object(members.iter().map(|(k, v)| (k.clone(), template(v)))),
        other => Template::Literal(Value::from(other.clone())),
    }
}

pub(super) fn text_template(text: &str) -> Template {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}').expect("a closing brace");
        if !before.is_empty() {
            pieces.push(Template::string(before));
        }
        let order = if name.starts_with('?') { Order::IfUnknown } else { Order::Dependency };
        let (address, property) = name.trim_start_matches('?').rsplit_once('.').expect("address.Property");
        let (address, property) = (Address::new(address), property.to_owned());
        pieces.push(Template::Attribute(Reference { address, property, order, span: None }));
        rest = tail;
    }
    if pieces.is_empty() {
        return Template::string(text);
    }
    if !rest.is_empty() {
        pieces.push(Template::string(rest));
    }
    if pieces.len() == 1 { pieces.remove(0) } else { Template::Concat(pieces) }
}
