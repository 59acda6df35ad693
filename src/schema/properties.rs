//! Questions about single properties: where they are in the schema, and what they do.

use super::{PropertyPath, ResourceType};
use serde_json::Value as Json;

/// References that lead to references: no schema of the registry has more than three.
const DEEPEST_REFERENCE: usize = 32;

impl ResourceType {
    /// The schema of the property at this path, references followed; `None` if the type has none
    /// there. An array's index and `*` both lead to its items, a map's key and `*` to its values.
    /// Where a property has alternatives (`oneOf`…), the first that leads on is taken.
    #[must_use]
    pub fn property<S: AsRef<str>>(&self, path: &[S]) -> Option<&Json> {
        let mut nodes = vec![&self.schema];
        for name in path {
            let mut below = Vec::new();
            for node in nodes {
                self.step(node, name.as_ref(), &mut below, 0);
            }
            nodes = below;
        }
        nodes.into_iter().next()
    }

    /// Whether there is a top property of this name.
    #[must_use]
    pub fn has_property(&self, top: &str) -> bool {
        self.schema["properties"].get(top).is_some()
    }

    /// The top properties, in the registry's order (by name), with their schemas as they stand.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.schema["properties"].as_object().into_iter().flatten().map(|(name, node)| (name.as_str(), node))
    }

    /// What a `$ref` points to, through any number of them; a node without one is itself.
    #[must_use]
    pub fn resolve<'a>(&'a self, node: &'a Json) -> &'a Json {
        let mut node = node;
        for _ in 0..DEEPEST_REFERENCE {
            let Some(pointer) = node.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix('#'))
            else {
                break;
            };
            match self.schema.pointer(pointer) {
                Some(target) => node = target,
                None => break,
            }
        }
        node
    }

    /// Whether the order of this array says nothing: the registry marks it (`insertionOrder:
    /// false`; every `arrayType: AttributeList` is so marked), or it holds the tags.
    /// `uniqueItems` says nothing about order.
    #[must_use]
    pub fn is_unordered<S: AsRef<str>>(&self, path: &[S]) -> bool {
        let tags = |tags: &str| matches!(path, [top] if top.as_ref() == tags);
        self.tagging.property.as_deref().is_some_and(tags)
            || self.property(path).is_some_and(|node| self.marked_unordered(node))
    }

    fn marked_unordered(&self, node: &Json) -> bool {
        let forms = ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|k| node[k].as_array()).flatten();
        node["insertionOrder"] == false
            || forms.map(|f| self.resolve(f)).any(|f| f["insertionOrder"] == false)
    }

    fn step<'a>(&'a self, node: &'a Json, name: &str, found: &mut Vec<&'a Json>, depth: usize) {
        if depth > DEEPEST_REFERENCE {
            return;
        }
        let node = self.resolve(node);
        let before = found.len();
        if let Some(property) = node.get("properties").and_then(|p| p.get(name)) {
            found.push(self.resolve(property));
        } else {
            if let Some(items) = node.get("items").filter(|_| name == "*" || name.parse::<usize>().is_ok()) {
                found.push(self.resolve(items));
            }
            let patterns = node.get("patternProperties").and_then(Json::as_object);
            for (pattern, values) in patterns.into_iter().flatten() {
                if name == "*" || super::pattern::matches(pattern, name).unwrap_or(true) {
                    found.push(self.resolve(values));
                }
            }
            if found.len() == before
                && let Some(values) = node.get("additionalProperties").filter(|values| values.is_object())
            {
                found.push(self.resolve(values));
            }
        }
        for keyword in ["oneOf", "anyOf", "allOf"] {
            for alternative in node.get(keyword).and_then(Json::as_array).into_iter().flatten() {
                self.step(alternative, name, found, depth + 1);
            }
        }
    }

    /// Cloud Control's identifier, from a model: the primary identifier's values joined with `|`.
    /// `None` while one of them isn't there.
    #[must_use]
    pub fn identifier_from(&self, properties: &Json) -> Option<String> {
        let value = |path: &PropertyPath| {
            let found = path.names().iter().try_fold(properties, |node, name| node.get(name))?;
            match found {
                Json::String(text) => Some(text.clone()),
                Json::Number(number) => Some(number.to_string()),
                Json::Bool(truth) => Some(truth.to_string()),
                _ => None,
            }
        };
        let values: Vec<String> = self.primary_identifier.iter().map(value).collect::<Option<_>>()?;
        Some(values.join("|"))
    }

    /// The identifying properties that an identifier stands for; `None` if it has not as many
    /// parts as the primary identifier.
    #[must_use]
    pub fn identifier_properties(&self, identifier: &str) -> Option<Vec<(&PropertyPath, String)>> {
        let parts: Vec<&str> = match self.primary_identifier.len() {
            1 => vec![identifier],
            _ => identifier.split('|').collect(),
        };
        (parts.len() == self.primary_identifier.len()).then(|| {
            self.primary_identifier.iter().zip(parts).map(|(path, part)| (path, part.to_owned())).collect()
        })
    }

    /// The computed top property that holds the resource's ARN: `Arn`, `TopicArn`. Not every type
    /// has one.
    #[must_use]
    pub fn arn_property(&self) -> Option<&str> {
        let named = |name: &str| {
            let path =
                self.read_only.iter().find(|p| p.names().len() == 1 && p.top().eq_ignore_ascii_case(name))?;
            Some(path.top())
        };
        named("Arn").or_else(|| named(&format!("{}Arn", self.name.resource()))).or_else(|| {
            let arn = |p: &&PropertyPath| p.names().len() == 1 && p.top().ends_with("Arn");
            let identifying =
                self.primary_identifier.iter().filter(|p| self.is_read_only(p.names())).find(arn);
            identifying.map(PropertyPath::top)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;
    use serde_json::json;

    fn get(name: &str) -> std::sync::Arc<ResourceType> {
        Catalogue::bundled().get(name).expect("it exists")
    }

    #[test]
    fn a_property_is_found_through_references_arrays_and_maps() {
        let cases = [
            ("AWS::Events::Rule", "Targets", Some("array")),
            ("AWS::Events::Rule", "Targets/0/Arn", Some("string")),
            ("AWS::Events::Rule", "Targets/*/InputTransformer/InputPathsMap/anything", Some("string")),
            ("AWS::Events::Rule", "Targets/Arn", None),
            ("AWS::Events::Rule", "Nothing", None),
            ("AWS::DynamoDB::Table", "KeySchema/0/AttributeName", Some("string")),
            ("AWS::ApiGateway::Method", "Integration/RequestTemplates/x", Some("string")),
        ];
        for (name, path, expected) in cases {
            let path: Vec<&str> = path.split('/').collect();
            let resource = get(name);
            let found = resource.property(&path).map(|node| node["type"].as_str().unwrap_or("none"));
            assert_eq!(found, expected, "{name} {path:?}");
        }
    }

    #[test]
    fn nearly_every_path_of_the_registry_leads_somewhere() {
        let catalogue = Catalogue::bundled();
        let mut astray = Vec::new();
        for name in catalogue.type_names() {
            let resource = catalogue.get(name).expect("it exists");
            let lists = [
                &resource.primary_identifier,
                &resource.read_only,
                &resource.write_only,
                &resource.create_only,
            ];
            for path in lists.into_iter().flatten() {
                if resource.property(path.names()).is_none() {
                    astray.push(format!("{name} {path}"));
                }
            }
        }
        assert!(astray.is_empty(), "{} astray: {astray:#?}", astray.len());
    }

    #[test]
    fn identifiers_are_joined_and_taken_apart() {
        let method = get("AWS::ApiGateway::Method");
        let model =
            json!({"RestApiId": "a1", "ResourceId": "b2", "HttpMethod": "GET", "ApiKeyRequired": true});
        assert_eq!(method.identifier_from(&model).as_deref(), Some("a1|b2|GET"));
        let parts = method.identifier_properties("a1|b2|GET").expect("three parts");
        assert_eq!(parts[2], (&PropertyPath::parse("HttpMethod"), "GET".to_owned()));
        assert!(method.identifier_properties("a1|b2").is_none());
        assert!(method.identifier_from(&json!({"RestApiId": "a1"})).is_none());
        let bus = get("AWS::Events::EventBus");
        assert_eq!(bus.identifier_properties("a|b").map(|p| p[0].1.clone()).as_deref(), Some("a|b"));
    }

    #[test]
    fn the_arn_is_found_under_its_many_names() {
        let cases = [
            ("AWS::SQS::Queue", Some("Arn")),
            ("AWS::SNS::Topic", Some("TopicArn")),
            ("AWS::EventSchemas::Discoverer", Some("DiscovererArn")),
            ("AWS::IAM::ManagedPolicy", Some("PolicyArn")),
            ("AWS::SES::EmailIdentity", None),
            ("AWS::ApiGateway::RestApi", None),
        ];
        for (name, expected) in cases {
            assert_eq!(get(name).arn_property(), expected, "{name}");
        }
    }

    #[test]
    fn order_matters_unless_the_registry_or_the_tags_say_no() {
        assert!(get("AWS::Events::Rule").is_unordered(&["Targets"]));
        assert!(get("AWS::DynamoDB::Table").is_unordered(&["Tags"]));
        assert!(!get("AWS::DynamoDB::Table").is_unordered(&["KeySchema"]));
        assert!(get("AWS::IAM::Role").is_unordered(&["Policies"]));
    }
}
