//! GetResource and ListResources.

use super::super::input::{self, Members};
use super::super::{fault, lag, shown};
use super::{Target, handled, identifier};
use crate::local::fault::Fault;
use crate::local::services::Scope;
use crate::local::services::resources::Properties;
use crate::local::world::World;
use serde_json::{Value as Json, json};

/// GetResource.
pub(crate) fn get(world: &mut World, input: &Json, scope: &Scope) -> Result<Json, Fault> {
    let mut members = Members::of(input);
    let target = Target::read(&mut members)?;
    let named = members.required(&input::IDENTIFIER)?;
    members.end()?;
    let kind = target.kind()?;
    handled(&kind, kind.handlers.read.as_ref(), "READ")?;
    let identifier = identifier(world, scope, &kind, named)?;
    let type_name = kind.name.as_str();
    let Some(resource) = lag::seen(world, scope, type_name, &identifier) else {
        return Err(fault::resource_not_found(type_name, &identifier, &world.rng.uuid()));
    };
    let shown = shown::shown(world, &kind, &resource);
    Ok(json!({
        "TypeName": type_name,
        "ResourceDescription": description(&resource.identifier, &shown),
    }))
}

/// ListResources. Descriptions hold the identifying properties alone, as many a real list handler's
/// do: who wants more reads.
pub(crate) fn list(world: &mut World, input: &Json, scope: &Scope) -> Result<Json, Fault> {
    let mut members = Members::of(input);
    let target = Target::read(&mut members)?;
    let after = members.optional(&input::HANDLER_NEXT_TOKEN)?;
    let limit = members.max_results()?;
    let model = members.optional(&input::RESOURCE_MODEL)?;
    members.end()?;
    let kind = target.kind()?;
    let handler = handled(&kind, kind.handlers.list.as_ref(), "LIST")?;
    let after = after.map(page::decode).transpose()?;
    let model = match model {
        Some(text) => input::object(text, &input::RESOURCE_MODEL)?,
        None => Properties::new(),
    };
    let missing: Vec<String> = handler
        .required()
        .filter(|name| model.get(*name).is_none_or(Json::is_null))
        .map(|name| format!("#: required key [{name}] not found"))
        .collect();
    if !missing.is_empty() {
        return Err(fault::list_model(kind.name.as_str(), &missing.join("\n")));
    }
    let wanted: Vec<(&str, &Json)> =
        handler.required().filter_map(|name| Some((name, model.get(name)?))).collect();
    let found = lag::listed(world, scope, kind.name.as_str(), after.as_deref());
    let mut found = found
        .filter(|resource| wanted.iter().all(|(name, value)| resource.properties.get(*name) == Some(value)));
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let descriptions: Vec<Json> = page
        .iter()
        .map(|resource| {
            let identifying = |name: &str| kind.primary_identifier.iter().any(|path| path.top() == name);
            let shown: Properties = resource
                .properties
                .iter()
                .filter(|(name, _)| identifying(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            description(&resource.identifier, &shown)
        })
        .collect();
    let mut answer = json!({ "TypeName": kind.name.as_str(), "ResourceDescriptions": descriptions });
    if let (Some(last), true) = (page.last(), found.next().is_some()) {
        answer["NextToken"] = json!(page::encode(&last.identifier));
    }
    Ok(answer)
}

fn description(identifier: &str, properties: &Properties) -> Json {
    let text = serde_json::to_string(properties).unwrap_or_default();
    json!({ "Identifier": identifier, "Properties": text })
}

/// Page tokens: where the last page ended, in hexadecimal so that nobody takes it for more.
pub(super) mod page {
    use super::super::super::fault;
    use crate::local::fault::Fault;

    pub(in super::super) fn encode(last: &str) -> String {
        last.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(in super::super) fn decode(token: &str) -> Result<String, Fault> {
        let refused = || fault::invalid_request("Invalid NextToken");
        if !token.is_ascii() || !token.len().is_multiple_of(2) {
            return Err(refused());
        }
        let byte = |at: usize| u8::from_str_radix(&token[at..at + 2], 16).map_err(|_| refused());
        let bytes = (0..token.len()).step_by(2).map(byte).collect::<Result<Vec<u8>, Fault>>()?;
        String::from_utf8(bytes).map_err(|_| refused())
    }
}
