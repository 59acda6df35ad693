//! What a service has only once, where the identifier doesn't tell: two of it are one, whatever they
//! are called, or the second is refused.

use super::overlay;
use crate::model::Json;
use crate::schema::ResourceType;

/// What makes a resource the same as another to its service, as one text: a subscription's topic,
/// protocol and endpoint. None where nothing but the identifier does, or not all of it is known.
/// `get` has the value of a top property, secrets as their hashes.
pub fn once(resource_type: &ResourceType, get: impl Fn(&str) -> Option<Json>) -> Option<String> {
    let properties = overlay::facts(resource_type.name.as_str())?.once();
    let values: Option<Vec<Json>> = properties.iter().map(|property| get(property)).collect();
    // A name that isn't given is made up, and another each time.
    values
        .filter(|values| values.iter().any(|value| !value.is_null()))
        .map(|values| Json::Array(values).to_string())
}

/// Whether a create of what is there is answered with that, as if it had been made.
#[must_use]
pub fn answers_with_what_is_there(resource_type: &ResourceType) -> bool {
    overlay::facts(resource_type.name.as_str()).is_some_and(overlay::Facts::answers)
}

/// A name that only one can have, with what it belongs to and its version, as one text; none if there is no such name,
/// or not all of it is known.
///
/// It is one that can't be changed once it is there: CloudFormation says of those in general that a
/// resource with such a name can't be replaced while it keeps it (CloudFormation User Guide, Name type);
/// exceptions are in the overlay. Where the name is part of the identifier, that tells.
pub fn unique_name(resource_type: &ResourceType, get: impl Fn(&str) -> Option<Json>) -> Option<String> {
    let name = name_property(resource_type)?;
    let parents = resource_type.handlers.list.iter().flat_map(|list| list.required());
    // Versions of a thing share its name.
    let versions = ["Version", "SemanticVersion"].into_iter().filter(|v| resource_type.is_create_only(&[*v]));
    let mut values = vec![get(name).filter(Json::is_string)?];
    for beside in parents.chain(versions) {
        values.push(get(beside)?);
    }
    Some(Json::Array(values).to_string())
}

fn name_property(resource_type: &ResourceType) -> Option<&str> {
    let shared = overlay::facts(resource_type.name.as_str()).is_some_and(overlay::Facts::shared_name);
    let name = resource_type.name_property().filter(|_| !shared)?;
    let tells = resource_type.primary_identifier.iter().any(|path| path.top() == name);
    (resource_type.is_create_only(&[name]) && !tells).then_some(name)
}

/// Where a read of one resource lists others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// The type that lists.
    pub type_name: &'static str,
    /// Its property that does.
    pub property: &'static str,
    /// The listed one's property that has the identifier of what lists it.
    pub of: &'static str,
    /// The listed one's properties that an item repeats.
    pub by: &'static [String],
}

/// Who lists resources of a type.
#[must_use]
pub fn listing(resource_type: &ResourceType) -> Option<Listing> {
    let (type_name, property, members) = overlay::listed_by(resource_type.name.as_str()).next()?;
    Some(Listing { type_name, property, of: &members.of, by: &members.by })
}

#[cfg(test)]
mod tests {
    use super::name_property;
    use crate::schema::Catalogue;

    #[test]
    fn names_that_only_one_can_have() {
        let catalogue = Catalogue::bundled();
        for (type_name, expected) in [
            ("AWS::SecretsManager::Secret", Some("Name")),
            ("AWS::SNS::Topic", Some("TopicName")),
            ("AWS::Events::Rule", Some("Name")),
            ("AWS::ApiGateway::RestApi", None),
            ("AWS::ApiGatewayV2::Api", None),
            ("AWS::ApiGatewayV2::Stage", None),
            ("AWS::Route53::HostedZone", None),
            ("AWS::SQS::QueueInlinePolicy", None),
        ] {
            let kind = catalogue.get(type_name).expect("a known type");
            assert_eq!(name_property(&kind), expected, "{type_name}");
        }
    }
}
