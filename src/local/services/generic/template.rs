//! Values of computed properties from templates.
//!
//! `${Partition}`, `${Region}`, `${Account}`, `${BaseUrl}`, `${Now}`; `${lower:10}`, `${upper:17}`,
//! `${digits:12}`, `${hex:8}`, `${uuid}` for what a service invents; any other `${Name}` is the
//! resource's own property, `${Name|default}` with a value where it has none. A writable property
//! without a value gets a name first: it is one of those that a service names by itself.

use super::invent;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use crate::local::settings::Settings;
use crate::local::world::{DIGITS, HEX, LOWER, UPPER};
use crate::schema::PropertyPath;
use serde_json::Value as Json;

/// The filled template; `None` when a placeholder means nothing for this type.
pub(crate) fn fill(template: &str, context: &mut Context<'_>, properties: &mut Properties) -> Option<String> {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        let end = rest[start..].find('}')? + start;
        filled.push_str(&rest[..start]);
        filled.push_str(&placeholder(&rest[start + 2..end], context, properties)?);
        rest = &rest[end + 1..];
    }
    filled.push_str(rest);
    Some(filled)
}

fn placeholder(name: &str, context: &mut Context<'_>, properties: &mut Properties) -> Option<String> {
    let (name, default) = name.split_once('|').map_or((name, None), |(name, default)| (name, Some(default)));
    if let Some((alphabet, length)) = name.split_once(':') {
        let alphabet = match alphabet {
            "lower" => LOWER,
            "upper" => UPPER,
            "digits" => DIGITS,
            "hex" => HEX,
            _ => return None,
        };
        return Some(context.rng.text(alphabet, length.parse().ok()?));
    }
    Some(match name {
        "Partition" => Settings::partition(&context.scope.region).to_owned(),
        "Region" => context.scope.region.clone(),
        "Account" => context.scope.account.clone(),
        "BaseUrl" => context.settings.base_url.clone(),
        "Now" => context.now.rfc3339(),
        "uuid" => context.rng.uuid(),
        property => match (properties.get(property), default) {
            (Some(Json::String(text)), _) => text.clone(),
            (Some(Json::Number(number)), _) => number.to_string(),
            (None, Some(default)) => default.to_owned(),
            (None, None) if context.kind.has_property(property) => {
                let path = PropertyPath::from_names([property]);
                let value = invent::identifying(context, &path, properties);
                let text = value.as_str()?.to_owned();
                properties.insert(property.to_owned(), value);
                text
            }
            _ => return None,
        },
    })
}
