//! Ownership tags: so that lost state can be found again, and foreign things be told from ours.

use super::expander::Expander;
use crate::model::{Address, Template, Value};
use crate::schema::{Catalogue, TypeName};
use crate::spec::Declaration;
use indexmap::IndexMap;

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
    tags.insert("evstack:stack".to_owned(), Template::string(x.stack.name.clone()));
    tags.insert("evstack:env".to_owned(), Template::string(x.stack.env.clone()));
    tags.insert("evstack:address".to_owned(), Template::string(address.as_str()));
    if let Some(service) = &declaration.service {
        tags.entry("service".to_owned()).or_insert_with(|| Template::string(service.clone()));
    }
    let Template::Object(members) = properties else { return };
    let is_list = resource_type
        .property(&[property.as_str()])
        .is_some_and(|schema| schema.get("type").and_then(|t| t.as_str()) == Some("array"));
    match members.get_mut(&property) {
        None if is_list => {
            members.insert(property, Template::array(tags.into_iter().map(list_item)));
        }
        None => {
            members.insert(property, Template::Object(tags));
        }
        Some(Template::Array(own)) => {
            let written: Vec<String> =
                own.iter().filter_map(|t| t.get("Key")?.as_literal_str().map(str::to_owned)).collect();
            own.extend(tags.into_iter().filter(|(key, _)| !written.contains(key)).map(list_item));
        }
        Some(Template::Object(own)) => {
            for (key, value) in tags {
                own.entry(key).or_insert(value);
            }
        }
        Some(Template::Literal(Value::Array(own))) => {
            let mut items: Vec<Template> = own.iter().cloned().map(Template::Literal).collect();
            let written: Vec<String> =
                own.iter().filter_map(|v| v.get("Key")?.as_str().map(str::to_owned)).collect();
            items.extend(tags.into_iter().filter(|(key, _)| !written.contains(key)).map(list_item));
            members.insert(property, Template::Array(items));
        }
        Some(Template::Literal(Value::Object(own))) => {
            let mut all: IndexMap<String, Template> =
                own.iter().map(|(k, v)| (k.clone(), Template::Literal(v.clone()))).collect();
            for (key, value) in tags {
                all.entry(key).or_insert(value);
            }
            members.insert(property, Template::Object(all));
        }
        Some(_) => {}
    }
}

fn list_item((key, value): (String, Template)) -> Template {
    Template::object([("Key", Template::string(key)), ("Value", value)])
}
