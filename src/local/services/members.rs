//! Members of properties, by name, as the type that they should have.

use super::resources::Properties;
use serde_json::Value as Json;

/// A text member.
pub(crate) fn text<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    properties.get(name).and_then(Json::as_str)
}

/// A boolean member; absent is false.
pub(crate) fn flag(properties: &Properties, name: &str) -> bool {
    properties.get(name).and_then(Json::as_bool).unwrap_or(false)
}

/// A member that is an object.
pub(crate) fn object<'a>(properties: &'a Properties, name: &str) -> Option<&'a Properties> {
    properties.get(name).and_then(Json::as_object)
}

/// The objects in a list member; none where it is absent.
pub(crate) fn objects<'a>(properties: &'a Properties, name: &str) -> impl Iterator<Item = &'a Properties> {
    properties.get(name).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object)
}

/// The texts in a list member; none where it is absent.
pub(crate) fn texts<'a>(properties: &'a Properties, name: &str) -> impl Iterator<Item = &'a str> {
    properties.get(name).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// Whether a member is there; null is absence.
pub(crate) fn has(properties: &Properties, name: &str) -> bool {
    properties.get(name).is_some_and(|value| !value.is_null())
}

/// Sets a member that isn't there.
pub(crate) fn default(properties: &mut Properties, name: &str, value: impl Into<Json>) {
    if !has(properties, name) {
        properties.insert(name.to_owned(), value.into());
    }
}
