//! What the registry says of one resource type.

use super::{PropertyPath, TypeName};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// One resource type: its properties' constraints, and the role that each property plays.
///
/// Paths are as [`PropertyPath`] says: `Targets/*/Arn`. The questions about single properties
/// ([`ResourceType::property`], [`ResourceType::is_read_only`], …) take concrete paths: names, and
/// for an item of an array its index or `*`.
#[derive(Debug, Clone)]
pub struct ResourceType {
    /// `AWS::Events::Rule`.
    pub name: TypeName,
    /// A JSON Schema: an object with `properties`, `definitions`, `required`, `oneOf`…, as the
    /// registry has them, without descriptions.
    pub schema: Json,
    /// What identifies one; several values are joined with `|` in this order.
    pub primary_identifier: Vec<PropertyPath>,
    /// What else identifies one.
    pub additional_identifiers: Vec<Vec<PropertyPath>>,
    /// Computed: the service sets them, and a read shows them.
    pub read_only: Vec<PropertyPath>,
    /// Can be set, but a read never shows them.
    pub write_only: Vec<PropertyPath>,
    /// Can be set when it is created; a change forces replacement.
    pub create_only: Vec<PropertyPath>,
    /// A change may force replacement; which, the service decides.
    pub conditional_create_only: Vec<PropertyPath>,
    /// Better not used any more.
    pub deprecated: Vec<PropertyPath>,
    /// Names of the top properties that must be there.
    pub required: Vec<String>,
    /// What can be done with one.
    pub handlers: Handlers,
    /// How one is tagged.
    pub tagging: Tagging,
    /// What comes first when one is replaced.
    pub replacement_strategy: ReplacementStrategy,
    /// JSONata by property: the value that a read may show for a desired one. `$OR` between
    /// alternatives.
    pub property_transform: BTreeMap<PropertyPath, String>,
    /// `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`, as the service authorization
    /// reference has it; where that is not exact, `predict` knows better.
    pub arn_template: Option<String>,
}

/// What Cloud Control can do with a type.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Handlers {
    /// Makes one.
    pub create: Option<Handler>,
    /// Shows one.
    pub read: Option<Handler>,
    /// Changes one; without it every change replaces.
    pub update: Option<Handler>,
    /// Ends one.
    pub delete: Option<Handler>,
    /// Shows identifiers of all.
    pub list: Option<Handler>,
}

/// One operation of a type.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Handler {
    /// IAM actions that the caller needs: `sqs:CreateQueue`.
    pub permissions: Vec<String>,
    /// How long it may run; 120 where the registry says nothing.
    #[serde(rename = "timeoutInMinutes", default = "two_hours")]
    pub timeout_minutes: u32,
    /// Of a list: the schema of the model that it wants. Empty if it wants none.
    handler_schema: Json,
}

fn two_hours() -> u32 {
    120
}

impl Handler {
    /// Of a list: properties that its `ResourceModel` must have.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.handler_schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str)
    }

    /// Of a list: properties that its `ResourceModel` may have.
    pub fn accepts(&self) -> impl Iterator<Item = &str> {
        self.handler_schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str())
    }
}

/// How a type's resources are tagged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagging {
    /// Whether they can be tagged.
    pub taggable: bool,
    /// The top property with the tags; `None` if there is no such property.
    pub property: Option<String>,
    /// Whether tags can be given at the create.
    pub on_create: bool,
    /// Whether tags can change later.
    pub updatable: bool,
    /// Whether CloudFormation's own `aws:*` tags are put on.
    pub system_tags: bool,
    /// IAM actions for tags.
    pub permissions: Vec<String>,
}

/// What comes first when a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplacementStrategy {
    /// The new one, then the old one goes.
    #[default]
    CreateThenDelete,
    /// The old one goes first: two can't be there at once.
    DeleteThenCreate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    type_name: TypeName,
    primary_identifier: Vec<String>,
    #[serde(default)]
    additional_identifiers: Vec<Vec<String>>,
    #[serde(default)]
    read_only_properties: Vec<String>,
    #[serde(default)]
    write_only_properties: Vec<String>,
    #[serde(default)]
    create_only_properties: Vec<String>,
    #[serde(default)]
    conditional_create_only_properties: Vec<String>,
    #[serde(default)]
    deprecated_properties: Vec<String>,
    #[serde(default)]
    handlers: Handlers,
    #[serde(default)]
    tagging: StoredTagging,
    #[serde(default)]
    replacement_strategy: ReplacementStrategy,
    #[serde(default)]
    property_transform: BTreeMap<String, String>,
    arn_template: Option<String>,
    // Everything else is a constraint.
    #[serde(flatten)]
    schema: serde_json::Map<String, Json>,
}

/// The registry's meta schema gives each a default of true.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct StoredTagging {
    taggable: Option<bool>,
    tag_property: Option<String>,
    tag_on_create: Option<bool>,
    tag_updatable: Option<bool>,
    cloud_formation_system_tags: Option<bool>,
    permissions: Vec<String>,
}

impl ResourceType {
    /// From the JSON document that the bundle has; `None` if it isn't one.
    pub(super) fn from_document(document: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(document).ok()?;
        let paths = |texts: Vec<String>| texts.iter().map(|p| PropertyPath::parse(p)).collect::<Vec<_>>();
        let create_only = paths(stored.create_only_properties);
        let mut schema = stored.schema;
        schema.insert("type".to_owned(), "object".into());
        let schema = Json::Object(schema);
        let required = schema["required"].as_array().into_iter().flatten();
        Some(Self {
            required: required.filter_map(Json::as_str).map(str::to_owned).collect(),
            tagging: tagging(stored.tagging, &schema),
            name: stored.type_name,
            primary_identifier: paths(stored.primary_identifier),
            additional_identifiers: stored.additional_identifiers.into_iter().map(paths).collect(),
            // A few types call a property both; then it can be set.
            read_only: paths(stored.read_only_properties)
                .into_iter()
                .filter(|path| !create_only.contains(path))
                .collect(),
            write_only: paths(stored.write_only_properties),
            create_only,
            conditional_create_only: paths(stored.conditional_create_only_properties),
            deprecated: paths(stored.deprecated_properties),
            handlers: stored.handlers,
            replacement_strategy: stored.replacement_strategy,
            property_transform: stored
                .property_transform
                .into_iter()
                .map(|(path, jsonata)| (PropertyPath::parse(&path), jsonata))
                .collect(),
            arn_template: stored.arn_template,
            schema,
        })
    }

    /// Whether Cloud Control can make, show and end one.
    #[must_use]
    pub fn is_provisionable(&self) -> bool {
        let handlers = &self.handlers;
        handlers.create.is_some() && handlers.read.is_some() && handlers.delete.is_some()
    }

    /// Whether the service computes this (or a parent of it).
    #[must_use]
    pub fn is_read_only<S: AsRef<str>>(&self, path: &[S]) -> bool {
        self.read_only.iter().any(|p| p.covers(path))
    }

    /// Whether a change of this (or of a parent of it) forces replacement.
    #[must_use]
    pub fn is_create_only<S: AsRef<str>>(&self, path: &[S]) -> bool {
        self.create_only.iter().any(|p| p.covers(path))
    }

    /// Whether a change of this (or of a parent of it) may force replacement.
    #[must_use]
    pub fn is_conditional_create_only<S: AsRef<str>>(&self, path: &[S]) -> bool {
        self.conditional_create_only.iter().any(|p| p.covers(path))
    }

    /// Whether a read never shows this (or a parent of it).
    #[must_use]
    pub fn is_write_only<S: AsRef<str>>(&self, path: &[S]) -> bool {
        self.write_only.iter().any(|p| p.covers(path))
    }

    /// Whether the top property must be there.
    #[must_use]
    pub fn is_required(&self, top: &str) -> bool {
        self.required.iter().any(|name| name == top)
    }
}

fn tagging(stored: StoredTagging, schema: &Json) -> Tagging {
    let property = stored.tag_property.unwrap_or_else(|| "Tags".to_owned());
    let property = schema["properties"].get(&property).map(|_| property);
    let taggable = stored.taggable.unwrap_or(property.is_some());
    Tagging {
        taggable,
        on_create: taggable && stored.tag_on_create.unwrap_or(true),
        updatable: taggable && stored.tag_updatable.unwrap_or(true),
        system_tags: taggable && stored.cloud_formation_system_tags.unwrap_or(true),
        property: property.filter(|_| taggable),
        permissions: stored.permissions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;

    fn get(name: &str) -> std::sync::Arc<ResourceType> {
        Catalogue::bundled().get(name).expect("it exists")
    }

    #[test]
    fn a_rule_is_what_the_registry_says() {
        let rule = get("AWS::Events::Rule");
        assert_eq!(rule.primary_identifier, [PropertyPath::parse("Arn")]);
        assert!(rule.is_read_only(&["Arn"]) && rule.is_create_only(&["Name"]));
        assert!(
            rule.is_conditional_create_only(&["EventBusName"]) && !rule.is_create_only(&["EventBusName"])
        );
        assert_eq!(rule.tagging.property.as_deref(), Some("Tags"));
        assert!(rule.tagging.updatable && rule.is_provisionable());
        let create = rule.handlers.create.as_ref().expect("a rule can be made");
        assert!(create.permissions.contains(&"events:PutRule".to_owned()));
        assert_eq!(create.timeout_minutes, 120);
        assert_eq!(rule.replacement_strategy, ReplacementStrategy::CreateThenDelete);
        assert!(rule.schema.get("handlers").is_none() && rule.schema["additionalProperties"] == false);
    }

    #[test]
    fn paths_lead_into_arrays_and_below_what_they_name() {
        let pipe = get("AWS::Pipes::Pipe");
        assert!(pipe.is_write_only(&["TargetParameters", "InputTemplate"]));
        assert!(pipe.is_create_only(&["SourceParameters", "KinesisStreamParameters", "StartingPosition"]));
        assert!(!pipe.is_create_only(&["SourceParameters"]));
    }

    #[test]
    fn a_list_says_what_it_wants() {
        let list = get("AWS::ApiGateway::Resource").handlers.list.clone().expect("they can be listed");
        assert_eq!(list.required().collect::<Vec<_>>(), ["RestApiId"]);
        let list = get("AWS::SQS::Queue").handlers.list.clone().expect("they can be listed");
        assert_eq!(list.required().count(), 0);
    }

    #[test]
    fn what_can_be_set_at_the_create_is_not_computed() {
        let profile = get("AWS::Signer::SigningProfile");
        assert!(profile.is_create_only(&["ProfileName"]) && !profile.is_read_only(&["ProfileName"]));
    }

    #[test]
    fn some_are_deleted_before_they_are_created_again() {
        let strategy = |name| get(name).replacement_strategy;
        let catalogue = Catalogue::bundled();
        let first = catalogue.type_names().filter(|n| strategy(n) == ReplacementStrategy::DeleteThenCreate);
        assert_eq!(first.count(), 92);
    }
}
