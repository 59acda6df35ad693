//! What `evstack explain AWS::Events::Rule` says, as data: for people `render` writes it, for
//! programs it is JSON as it is.

use super::predict::arn_shape;
use super::{Handler, PropertyPath, ReplacementStrategy, ResourceType};
use serde::Serialize;
use serde_json::Value as Json;

/// A resource type, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// `AWS::Events::Rule`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it can be declared: Cloud Control can make, show and end one.
    pub provisionable: bool,
    /// The properties that identify one, in the identifier's order.
    pub identifier: Vec<String>,
    /// The property that gives its physical name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<NameNote>,
    /// Its ARN's shape, `${…}` for what it is made of; without it, nobody knows the ARN before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The computed property that shows the ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn_property: Option<String>,
    /// The property with its tags, if it can be tagged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// When it is replaced, whether the one that is there goes before the next comes.
    pub deleted_first: bool,
    /// What can be done with one, in the order create, read, update, delete, list.
    pub operations: Vec<OperationNote>,
    /// What can be set.
    pub properties: Vec<PropertyNote>,
    /// What the service computes: can be read, never set.
    pub computed: Vec<PropertyNote>,
}

/// A physical name and its limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NameNote {
    /// `QueueName`.
    pub property: String,
    /// Longest, in characters.
    pub max_length: usize,
    /// Whether capital letters are refused.
    pub lowercase: bool,
}

/// What can be done with a resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationNote {
    /// `create`.
    pub operation: &'static str,
    /// IAM actions that it takes.
    pub permissions: Vec<String>,
    /// How long it may take.
    pub timeout_minutes: u32,
    /// Of `list`: properties that must be said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// Whether a change makes another resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaces {
    /// It changes in place.
    Never,
    /// The service decides.
    Sometimes,
    /// It always does.
    Always,
}

/// One property, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PropertyNote {
    /// Its name; `*` for the values of a map.
    pub name: String,
    /// `string`, `list of object`, `map of string`, `string or object`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it must be there (where its parent is).
    #[serde(skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether a change makes another resource.
    pub replaces: Replaces,
    /// Whether a read never shows it.
    #[serde(skip_serializing_if = "is_false")]
    pub write_only: bool,
    /// Whether the service computes it though its parent can be set.
    #[serde(skip_serializing_if = "is_false")]
    pub computed: bool,
    /// Whether it is better not used any more.
    #[serde(skip_serializing_if = "is_false")]
    pub deprecated: bool,
    /// Whether the order of its items says nothing.
    #[serde(skip_serializing_if = "is_false")]
    pub unordered: bool,
    /// The only values that it may have; empty if it may have others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Json>,
    /// `1 to 64 characters`, `at most 5 items`, `0 to 900`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// A regular expression that must be found in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What it is where it isn't set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// What it has inside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<PropertyNote>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Explains a type, its properties `depth` levels down (1: the top ones alone). What contains
/// itself is explained once.
#[must_use]
pub fn explain(resource: &ResourceType, depth: usize) -> Explanation {
    let notes = Notes { resource };
    let (computed, properties): (Vec<_>, Vec<_>) = notes
        .properties(&resource.schema, &[], depth, &mut Vec::new())
        .into_iter()
        .partition(|note| note.computed);
    let handlers = &resource.handlers;
    let operation = |operation, handler: &Option<Handler>| {
        handler.as_ref().map(|handler| OperationNote {
            operation,
            permissions: handler.permissions.clone(),
            timeout_minutes: handler.timeout_minutes,
            needs: handler.required().map(str::to_owned).collect(),
        })
    };
    Explanation {
        type_name: resource.name.to_string(),
        provisionable: resource.is_provisionable(),
        identifier: resource.primary_identifier.iter().map(PropertyPath::to_string).collect(),
        name: resource.name_property().map(|property| {
            let limit = resource.name_limit(property);
            NameNote {
                property: property.to_owned(),
                max_length: limit.max_length,
                lowercase: limit.lowercase,
            }
        }),
        arn: arn_shape(resource).map(plain),
        arn_property: resource.arn_property().map(str::to_owned),
        tags: resource.tagging.property.clone(),
        deleted_first: resource.replacement_strategy == ReplacementStrategy::DeleteThenCreate,
        operations: [
            operation("create", &handlers.create),
            operation("read", &handlers.read),
            operation("update", &handlers.update),
            operation("delete", &handlers.delete),
            operation("list", &handlers.list),
        ]
        .into_iter()
        .flatten()
        .collect(),
        properties,
        computed,
    }
}

/// Explains one property by its path (`Targets`, `Targets.*.Arn`); `None` if there is none.
#[must_use]
pub fn explain_property(resource: &ResourceType, path: &PropertyPath, depth: usize) -> Option<PropertyNote> {
    let node = resource.property(path.names())?;
    let (name, parent) = path.names().split_last()?;
    let required = resource.property(parent).is_some_and(|parent| requires(parent, name));
    let at: Vec<&str> = path.names().iter().map(String::as_str).collect();
    Some(Notes { resource }.note(name, node, required, &at, depth, &mut Vec::new()))
}

struct Notes<'a> {
    resource: &'a ResourceType,
}

impl<'a> Notes<'a> {
    fn properties(
        &self,
        schema: &'a Json,
        at: &[&str],
        depth: usize,
        above: &mut Vec<&'a Json>,
    ) -> Vec<PropertyNote> {
        if depth == 0 || above.iter().any(|outer| std::ptr::eq(*outer, schema)) {
            return Vec::new();
        }
        above.push(schema);
        let mut notes: Vec<PropertyNote> = Vec::new();
        // Alternatives may name properties that the schema itself doesn't.
        let alternatives =
            ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|k| schema[k].as_array()).flatten();
        for form in std::iter::once(schema).chain(alternatives.map(|form| self.resource.resolve(form))) {
            for (name, node) in form["properties"].as_object().into_iter().flatten() {
                if notes.iter().any(|note| note.name == *name) {
                    continue;
                }
                let required = std::ptr::eq(form, schema) && requires(form, name);
                let path: Vec<&str> = at.iter().copied().chain([name.as_str()]).collect();
                notes.push(self.note(name, node, required, &path, depth, above));
            }
        }
        above.pop();
        notes
    }

    fn note(
        &self,
        name: &str,
        node: &'a Json,
        required: bool,
        at: &[&str],
        depth: usize,
        above: &mut Vec<&'a Json>,
    ) -> PropertyNote {
        let resource = self.resource;
        let node = resource.resolve(node);
        let (inner, inner_at) = self.inside(node, at);
        PropertyNote {
            name: name.to_owned(),
            kind: self.kind(node, 0),
            required,
            replaces: if resource.is_create_only(at) {
                Replaces::Always
            } else if resource.is_conditional_create_only(at) {
                Replaces::Sometimes
            } else {
                Replaces::Never
            },
            write_only: resource.is_write_only(at),
            computed: resource.is_read_only(at),
            deprecated: resource.deprecated.iter().any(|path| path.covers(at)),
            unordered: resource.is_unordered(at),
            allowed: inner["enum"].as_array().cloned().unwrap_or_default(),
            limits: limits(node),
            pattern: inner["pattern"].as_str().map(str::to_owned),
            default: node.get("default").cloned(),
            properties: self.properties(inner, &inner_at, depth - 1, above),
        }
    }

    /// The items of a list (of lists), the values of a map; else the node itself.
    fn inside<'p>(&self, node: &'a Json, at: &[&'p str]) -> (&'a Json, Vec<&'p str>) {
        let (mut node, mut path) = (node, at.to_vec());
        while let Some(next) = items(node).or_else(|| values(node)) {
            if path.len() > at.len() + 4 {
                break;
            }
            node = self.resource.resolve(next);
            path.push("*");
        }
        (node, path)
    }

    fn kind(&self, node: &Json, depth: usize) -> String {
        let node = self.resource.resolve(node);
        let of = |inner: &Json| if depth < 4 { self.kind(inner, depth + 1) } else { "anything".to_owned() };
        if let Some(items) = items(node) {
            return format!("list of {}", of(items));
        }
        if let Some(values) = values(node) {
            return format!("map of {}", of(values));
        }
        let name = |kind: &str| if kind == "array" { "list".to_owned() } else { kind.to_owned() };
        match &node["type"] {
            Json::String(one) => name(one),
            Json::Array(several) => {
                several.iter().filter_map(Json::as_str).map(name).collect::<Vec<_>>().join(" or ")
            }
            _ if node["properties"].is_object() => "object".to_owned(),
            _ => {
                let forms =
                    ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|k| node[k].as_array()).flatten();
                let mut kinds: Vec<String> = forms.map(of).collect();
                kinds.dedup();
                if kinds.is_empty() { "anything".to_owned() } else { kinds.join(" or ") }
            }
        }
    }
}

/// A shape with nothing but properties in it: no defaults, no names of our own.
fn plain(shape: &str) -> String {
    let mut written = String::new();
    let mut rest = shape;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').unwrap_or((after, ""));
        written.push_str(before);
        written.push_str(&match variable.split_once(":-") {
            Some((property, _)) => format!("${{{property}}}"),
            None if variable == "RuleOnBus" => "[${EventBusName}/]${Name}".to_owned(),
            None => format!("${{{}}}", variable.trim_start_matches("WithoutSlash:")),
        });
        rest = after;
    }
    written + rest
}

fn requires(schema: &Json, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
}

fn items(node: &Json) -> Option<&Json> {
    node.get("items").filter(|items| items.is_object())
}

fn values(node: &Json) -> Option<&Json> {
    if node["properties"].as_object().is_some_and(|p| !p.is_empty()) {
        return None;
    }
    let patterns = node.get("patternProperties").and_then(Json::as_object);
    patterns
        .and_then(|p| p.values().next())
        .or_else(|| node.get("additionalProperties").filter(|v| v.is_object()))
}

fn limits(node: &Json) -> Vec<String> {
    let number = |key: &str| node.get(key).filter(|limit| limit.is_number());
    let range = |least: &str, most: &str, unit: &str| {
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        let text = match (number(least).filter(|n| unit.is_empty() || **n != 0), number(most)) {
            (Some(least), Some(most)) if least == most => format!("exactly {least}"),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => return None,
        };
        Some(text + &unit)
    };
    [
        range("minLength", "maxLength", "characters"),
        range("minItems", "maxItems", "items"),
        range("minProperties", "maxProperties", "keys"),
        range("minimum", "maximum", ""),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;

    fn get(name: &str) -> std::sync::Arc<ResourceType> {
        Catalogue::bundled().get(name).expect("it exists")
    }

    #[test]
    fn a_rule_explained() {
        let rule = explain(&get("AWS::Events::Rule"), 3);
        assert_eq!(rule.identifier, ["Arn"]);
        assert_eq!(
            rule.arn.as_deref(),
            Some("arn:${Partition}:events:${Region}:${Account}:rule/[${EventBusName}/]${Name}")
        );
        let find = |name: &str| rule.properties.iter().find(|p| p.name == name).expect("a property");
        assert_eq!(
            (find("EventPattern").kind.as_str(), find("Targets").kind.as_str()),
            ("string or object", "list of object")
        );
        assert_eq!(
            (find("Name").replaces, find("EventBusName").replaces),
            (Replaces::Always, Replaces::Sometimes)
        );
        assert_eq!(find("Name").limits, ["1 to 64 characters"]);
        assert_eq!(find("Targets").limits, ["at most 5 items"]);
        assert!(find("Targets").unordered && find("State").allowed.len() == 3);
        let target = &find("Targets").properties;
        assert!(target.iter().any(|p| p.name == "Arn" && p.required));
        assert_eq!(rule.computed.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Arn", "RuleName"]);
        assert_eq!(rule.operations.len(), 5);
    }

    #[test]
    fn every_type_can_be_explained() {
        for name in Catalogue::bundled().type_names() {
            let resource = get(name);
            let explained = explain(&resource, 2);
            let count = explained.properties.len() + explained.computed.len();
            assert!(count >= resource.properties().count(), "{name}");
            assert!(explained.properties.iter().all(|p| !p.kind.is_empty()), "{name}");
        }
    }

    #[test]
    fn what_contains_itself_ends() {
        let acl = explain(&get("AWS::WAFv2::WebACL"), 40);
        assert!(acl.properties.iter().any(|p| p.name == "Rules"));
    }

    #[test]
    fn a_shape_names_properties_alone() {
        let role = explain(&get("AWS::IAM::Role"), 1);
        assert_eq!(role.arn.as_deref(), Some("arn:${Partition}:iam::${Account}:role${Path}${RoleName}"));
    }

    #[test]
    fn one_property_explained() {
        let rule = get("AWS::Events::Rule");
        let arn = explain_property(&rule, &PropertyPath::parse("Targets.*.Arn"), 1).expect("it exists");
        assert!(arn.required && arn.kind == "string");
        let pipe = get("AWS::Pipes::Pipe");
        let parameters =
            explain_property(&pipe, &PropertyPath::parse("TargetParameters"), 2).expect("it exists");
        assert!(parameters.write_only && !parameters.properties.is_empty());
        assert!(explain_property(&rule, &PropertyPath::parse("Nothing"), 1).is_none());
    }
}
