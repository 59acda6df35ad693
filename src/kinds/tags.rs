//! Ownership tags: so that lost state can be found again, and foreign things be told from ours.

use super::expander::Expander;
use crate::model::{Address, Json, Template, Value};
use crate::schema::validate::{Mode, no_holes, validate};
use crate::schema::{Catalogue, ResourceType, TypeName};
use crate::spec::Declaration;
use indexmap::IndexMap;
use serde_json::json;

/// How a type writes tags.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// `[{Key, Value}]`.
    List {
        /// Whether each has `PropagateAtLaunch` too (`AWS::AutoScaling::AutoScalingGroup`).
        propagates: bool,
    },
    /// `{Items: [{Key, Value}]}` (`AWS::CloudFront::AnycastIpList`).
    Items,
    /// `{key: value}`.
    Map,
}

impl Form {
    fn of(resource_type: &ResourceType, property: &str) -> Self {
        let schema = resource_type.property(&[property]);
        if schema.and_then(|schema| schema["type"].as_str()) == Some("array") {
            let item = resource_type.property(&[property, "*"]);
            let required = item.and_then(|item| item["required"].as_array()).into_iter().flatten();
            return Self::List { propagates: required.into_iter().any(|name| name == "PropagateAtLaunch") };
        }
        match schema.is_some_and(|schema| schema["properties"].get("Items").is_some()) {
            true => Self::Items,
            false => Self::Map,
        }
    }

    fn item(self, key: &str, value: Template) -> Template {
        let mut item = Template::object([("Key", Template::string(key)), ("Value", value)]);
        if let (Self::List { propagates: true }, Template::Object(members)) = (self, &mut item) {
            members.insert("PropagateAtLaunch".to_owned(), Template::Literal(Value::Bool(false)));
        }
        item
    }

    /// Whether the type takes a tag of this name: some take few characters, or few tags at all.
    fn takes(self, resource_type: &ResourceType, property: &str, key: &str, value: &str) -> bool {
        let tags = match self {
            Self::List { propagates: false } => json!([{"Key": key, "Value": value}]),
            Self::List { propagates: true } => {
                json!([{"Key": key, "Value": value, "PropagateAtLaunch": false}])
            }
            Self::Items => json!({"Items": [{"Key": key, "Value": value}]}),
            Self::Map => json!({ key: value }),
        };
        let model = Json::Object([(property.to_owned(), tags)].into_iter().collect());
        let place = format!("/{property}");
        let violations = validate(resource_type, &model, Mode::Engine, &no_holes);
        !violations.iter().any(|violation| violation.pointer.starts_with(&place))
    }
}

/// Adds `evstack:stack`, `evstack:env`, `evstack:address`, `service` and the tags of `defaults` and
/// of the declaration, where the type can be tagged. A tag in `properties` wins.
pub(super) fn add(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    address: &Address,
    type_name: &TypeName,
    properties: &mut Template,
) {
    let Some(resource_type) = Catalogue::bundled().get(type_name.as_str()) else { return };
    let Some(property) = resource_type.tagging.property.clone().filter(|_| resource_type.tagging.taggable)
    else {
        return;
    };
    let mut tags: IndexMap<String, Template> = IndexMap::new();
    let defaults = declaration.defaults.as_ref().and_then(|d| d.get("tags")).cloned();
    for node in [defaults.as_ref(), declaration.body.get("tags")].into_iter().flatten() {
        match node.entries() {
            Some(entries) => {
                for entry in entries {
                    let value = x.template(&entry.value);
                    tags.insert(entry.key.clone(), value);
                }
            }
            None => x.wrong_type(node, "`tags`", "a mapping"),
        }
    }
    let form = Form::of(&resource_type, &property);
    let own = [
        ("evstack:stack", x.stack.name.as_str()),
        ("evstack:env", x.stack.env.as_str()),
        ("evstack:address", address.as_str()),
    ];
    for (key, value) in own {
        if form.takes(&resource_type, &property, key, value) {
            tags.insert(key.to_owned(), Template::string(value));
        }
    }
    if let Some(service) = &declaration.service {
        tags.entry("service".to_owned()).or_insert_with(|| Template::string(service.clone()));
    }
    let Template::Object(members) = properties else { return };
    if tags.is_empty() {
        return;
    }
    let item = |(key, value): (String, Template)| form.item(&key, value);
    match members.get_mut(&property) {
        None => {
            let tags = match form {
                Form::List { .. } => Template::array(tags.into_iter().map(item)),
                Form::Items => Template::object([("Items", Template::array(tags.into_iter().map(item)))]),
                Form::Map => Template::Object(tags),
            };
            members.insert(property, tags);
        }
        Some(own) => merge(own, tags, form),
    }
}

/// Adds the tags to those that are written out, which win.
fn merge(own: &mut Template, tags: IndexMap<String, Template>, form: Form) {
    if let Template::Literal(value) = own {
        *own = match std::mem::replace(value, Value::Null) {
            Value::Array(items) => Template::array(items.into_iter().map(Template::Literal)),
            Value::Object(members) => {
                Template::object(members.into_iter().map(|(key, value)| (key, Template::Literal(value))))
            }
            other => Template::Literal(other),
        };
    }
    match own {
        Template::Array(items) => {
            let written: Vec<String> = items.iter().filter_map(key_of).collect();
            let new = tags.into_iter().filter(|(key, _)| !written.contains(key));
            items.extend(new.map(|(key, value)| form.item(&key, value)));
        }
        Template::Object(members) if form == Form::Items => {
            let items = members.entry("Items".to_owned()).or_insert_with(|| Template::Array(Vec::new()));
            if matches!(items, Template::Array(_) | Template::Literal(Value::Array(_))) {
                merge(items, tags, form);
            }
        }
        Template::Object(members) => {
            for (key, value) in tags {
                members.entry(key).or_insert(value);
            }
        }
        _ => {}
    }
}

/// The name of a tag in a list.
fn key_of(tag: &Template) -> Option<String> {
    match tag {
        Template::Literal(value) => value.get("Key")?.as_str().map(str::to_owned),
        tag => tag.get("Key")?.as_literal_str().map(str::to_owned),
    }
}
