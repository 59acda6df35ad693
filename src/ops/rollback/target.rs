//! The stack as it was recorded, in templates: what was built on something that comes back under
//! another identifier follows it.
//!
//! Where the applied stack says what was recorded, its own template stands. Elsewhere the recorded
//! values stand, and in them each text that a resource it was built on had computed (an ARN, an id)
//! becomes a reference again.

use super::secrets::Known;
use super::{Exceptions, Failed, Story};
use crate::diagnostics::{SourceId, Span};
use crate::diff::{declared, revealed};
use crate::graph::Graph;
use crate::model::{Address, Desired, Json, Options, Order, Recorded, Reference, Template, Value};
use crate::ops::Loaded;
use crate::plan::Answers;
use crate::resolve::Why;
use crate::schema::Catalogue;
use crate::spec::Output;
use crate::state::State;
use std::collections::{BTreeMap, HashMap};

/// What the applied stack says.
pub(super) struct Declared {
    resources: HashMap<Address, Desired>,
    outputs: Vec<Output>,
}

impl Declared {
    pub(super) fn of(loaded: &mut Loaded) -> Self {
        let resources = std::mem::take(&mut loaded.resolved.resources);
        let resources = resources.into_iter().map(|desired| (desired.address.clone(), desired));
        Self { resources: resources.collect(), outputs: std::mem::take(&mut loaded.resolved.outputs) }
    }
}

/// What is to be recorded: what was, but for what stays as it is now and what isn't made anew.
pub(super) fn records(
    before: &BTreeMap<Address, Recorded>,
    state: &State,
    story: &Story,
    exceptions: &Exceptions,
) -> BTreeMap<Address, Recorded> {
    let mut target = before.clone();
    target.retain(|address, _| {
        let forgotten = story.gone.contains(address) && !state.resources.contains_key(address);
        !exceptions.dropped.contains_key(address) && !forgotten
    });
    for address in exceptions.kept.keys() {
        match state.resources.get(address) {
            Some(now) => target.insert(address.clone(), now.clone()),
            None => target.remove(address),
        };
    }
    target
}

/// Paths of secrets that stay as they are, by address.
pub(super) type Stays = BTreeMap<Address, Vec<String>>;

/// Puts the target in the place of what is declared.
pub(super) fn build(
    loaded: &mut Loaded,
    declared: &Declared,
    target: &BTreeMap<Address, Recorded>,
    failed: &Failed<'_>,
    state: &State,
    story: &Story,
    (exceptions, known): (&Exceptions, &Known),
) -> Stays {
    let nowhere = Span::new(SourceId(0), 0, 0);
    let mut stays = Stays::new();
    let (mut resources, mut graph) = (Vec::new(), Graph::new());
    let wanted = Wanted { loaded, target, known };
    for (address, record) in target {
        let own = declared.resources.get(story.later(address));
        let same = own.filter(|own| own.address == *address && wanted.is_said_by(own, record));
        let mut desired = match same {
            Some(own) => own.clone(),
            None => {
                let now = state.resources.get(address).map(|now| &now.declared);
                let mut paths = Vec::new();
                let value = known.reveal(&record.declared, now, &mut paths);
                if !paths.is_empty() {
                    stays.insert(address.clone(), paths);
                }
                let options = own.map(|own| own.options.clone()).unwrap_or_default();
                Desired {
                    address: address.clone(),
                    type_name: record.type_name.clone(),
                    properties: wanted.followed(&value, &record.dependencies),
                    options: Options { aliases: Vec::new(), ..options },
                    depends_on: Vec::new(),
                    span: own.map_or(nowhere, |own| own.span),
                    spans: own.map(|own| own.spans.clone()).unwrap_or_default(),
                }
            }
        };
        let needs = record.dependencies.iter().filter(|needed| target.contains_key(*needed));
        graph.node(address.clone());
        for needed in needs.clone() {
            graph.edge(address.clone(), needed.clone(), Why { property: None, span: nowhere });
        }
        desired.depends_on = needs.cloned().collect();
        desired.options.aliases = Vec::new();
        desired.options.import = None;
        desired.options.protection = record.protection;
        // What the run made and is replaced goes, whatever was to become of the one before it; what
        // is recorded of that is put back at the end.
        let goes =
            story.made.contains(address) && !story.back.contains(address) && !exceptions.is_one(address);
        desired.options.retain_on_delete = record.retain_on_delete && !goes;
        desired.options.drain = record.drain;
        resources.push(desired);
    }
    let outputs = failed.before.outputs.iter();
    let outputs = outputs.map(|recorded| wanted.output(recorded, &declared.outputs, nowhere)).collect();
    loaded.resolved.resources = resources;
    loaded.resolved.graph = graph;
    loaded.resolved.outputs = outputs;
    loaded.resolved.left_out.clear();
    stays
}

struct Wanted<'a> {
    loaded: &'a Loaded,
    target: &'a BTreeMap<Address, Recorded>,
    known: &'a Known,
}

impl Wanted<'_> {
    /// What a template means where everything is as the target has it; none if it reads anything else.
    fn evaluate(&self, template: &Template) -> Option<Value> {
        let mut inside = true;
        template.references(&mut |reference| inside &= self.target.contains_key(&reference.address));
        let known = |address: &Address| {
            let record = self.target.get(address)?;
            Some((revealed(&record.declared, None, self.known.secrets()), record.seen.clone()))
        };
        let attributes = &self.loaded.resolved.attributes;
        let answers = Answers { attributes, known: &known, predicted: &|_, _| None };
        inside.then(|| template.evaluate(&answers))
    }

    /// Whether the stack file still says what is recorded, and needs no more for it.
    fn is_said_by(&self, own: &Desired, record: &Recorded) -> bool {
        let mut ordered = true;
        own.properties.references(&mut |reference| {
            let free = reference.order == Order::IfUnknown;
            ordered &= free || record.dependencies.contains(&reference.address);
        });
        let value = self.evaluate(&own.properties).map(Value::without_nulls);
        let said = value.and_then(|value| declared(&value, self.known.secrets()));
        ordered && own.type_name == record.type_name && said.as_ref() == Some(&record.declared)
    }

    fn output(&self, recorded: &crate::state::Output, own: &[Output], nowhere: Span) -> Output {
        let said = |output: &&Output| {
            let value = self.evaluate(&output.value);
            let value = value.filter(|value| value.has_secrets() == recorded.sensitive);
            let said = value.and_then(|value| declared(&value, self.known.secrets()));
            output.name == recorded.name && said.as_ref() == Some(&recorded.value)
        };
        if let Some(output) = own.iter().find(said) {
            return output.clone();
        }
        let value = Value::from(recorded.value.clone());
        let value = match recorded.sensitive {
            true => Template::Literal(Value::Sensitive(Box::new(value))),
            false => self.followed(&value, self.target.keys()),
        };
        Output { name: recorded.name.clone(), description: None, span: nowhere, value }
    }

    /// A recorded value, with references where texts stand that these resources had computed.
    fn followed<'n>(&self, value: &Value, needs: impl IntoIterator<Item = &'n Address>) -> Template {
        let mut computed: Vec<(String, Reference)> = Vec::new();
        for address in needs {
            if let Some(record) = self.target.get(address) {
                texts(address, record, &mut computed);
            }
        }
        // An id stands within an ARN.
        computed.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        follow(value, &computed)
    }
}

/// A shorter text is in any other by chance.
const SHORTEST: usize = 8;
/// The same of what identifies something: the ids of an API's paths have six letters.
const SHORTEST_ID: usize = 5;

/// The texts that the service decided.
fn texts(address: &Address, record: &Recorded, found: &mut Vec<(String, Reference)>) {
    let Json::Object(seen) = &record.seen else { return };
    let kind = Catalogue::bundled().of(&record.type_name);
    let identifies = |property: &str| {
        let named = ["Id", "Arn", "ARN", "Url", "Uri"].iter().any(|ending| property.ends_with(ending));
        let primary = kind.as_ref().map_or(&[][..], |kind| &kind.primary_identifier);
        named || primary.iter().any(|path| path.to_string() == property)
    };
    let mut add = |property: String, value: &Json| {
        let Json::String(text) = value else { return };
        // `AVAILABLE` names nothing.
        let means = match identifies(&property) {
            true => text.len() >= SHORTEST_ID,
            false => text.len() >= SHORTEST && text.contains(|c: char| c.is_ascii_digit()),
        };
        if means {
            let (address, order) = (address.clone(), Order::Dependency);
            found.push((text.clone(), Reference { address, property, order, span: None }));
        }
    };
    for (name, value) in seen.iter().filter(|(name, _)| record.declared.get(name.as_str()).is_none()) {
        match value {
            Json::Object(members) => {
                members.iter().for_each(|(member, value)| add(format!("{name}.{member}"), value));
            }
            value => add(name.clone(), value),
        }
    }
}

fn follow(value: &Value, computed: &[(String, Reference)]) -> Template {
    match value {
        Value::String(text) => match pieces(text, computed) {
            Some(mut pieces) if pieces.len() == 1 => {
                pieces.pop().unwrap_or_else(|| Template::Literal(value.clone()))
            }
            Some(pieces) => Template::Concat(pieces),
            None => Template::Literal(value.clone()),
        },
        Value::Array(items) => Template::Array(items.iter().map(|item| follow(item, computed)).collect()),
        Value::Object(members) => Template::Object(
            members.iter().map(|(key, member)| (key.clone(), follow(member, computed))).collect(),
        ),
        other => Template::Literal(other.clone()),
    }
    .fold()
}

/// A text in pieces; none if nothing in it was computed.
fn pieces(text: &str, computed: &[(String, Reference)]) -> Option<Vec<Template>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        // The first place; of two there, the longer.
        let first = computed
            .iter()
            .filter_map(|(text, reference)| Some((rest.find(text.as_str())?, text, reference)));
        let Some((at, found, reference)) = first.min_by_key(|(at, ..)| *at) else { break };
        if at > 0 {
            pieces.push(Template::string(&rest[..at]));
        }
        pieces.push(Template::Attribute(reference.clone()));
        rest = &rest[at + found.len()..];
    }
    if pieces.is_empty() {
        return None;
    }
    if !rest.is_empty() {
        pieces.push(Template::string(rest));
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_computed_becomes_a_reference() {
        let record: Recorded = serde_json::from_value(json!({
            "address": "resource.api", "type": "AWS::ApiGateway::RestApi", "identifier": "abcdefghij",
            "declared": {"Name": "orders-2024"},
            "seen": {"Name": "orders-2024", "RestApiId": "abcdefghij", "State": "AVAILABLE",
                "Root": {"Arn": "arn:x:abcdefghij"}},
        }))
        .expect("a record");
        let mut computed = Vec::new();
        texts(&record.address, &record, &mut computed);
        computed.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let value = Value::from(
            json!({"Uri": "/abcdefghij/arn:x:abcdefghij", "Name": "orders-2024", "S": "AVAILABLE"}),
        );
        let template = follow(&value, &computed);
        let mut read = Vec::new();
        template.references(&mut |reference| read.push(reference.property.clone()));
        assert_eq!(read, ["RestApiId", "Root.Arn"]);
        let known = |_: &Address| Some((Value::Null, json!({"RestApiId": "z", "Root": {"Arn": "arn:z"}})));
        let attributes = BTreeMap::new();
        let answers = Answers { attributes: &attributes, known: &known, predicted: &|_, _| None };
        let after = template.evaluate(&answers).to_json();
        assert_eq!(after, Some(json!({"Uri": "/z/arn:z", "Name": "orders-2024", "S": "AVAILABLE"})));
    }
}
