//! The eight operations.

mod change;
mod read;
mod requests;

pub(super) use change::{create, delete, properties, update};
pub(super) use read::{get, list};
pub(super) use requests::{cancel, list_requests, status};

use super::input::Members;
use super::{fault, input, patch};
use crate::local::fault::Fault;
use crate::local::services::Scope;
use crate::local::world::World;
use crate::schema::{Catalogue, Handler, PropertyPath, ResourceType, validate};
use serde_json::Value as Json;
use std::sync::Arc;

/// The members that all calls about a type have in common.
struct Target<'a> {
    type_name: &'a str,
    /// Of a private type; the types here have one version.
    version: Option<&'a str>,
    /// Whose permissions would count on AWS. Only its form is checked here, and that a client token
    /// comes with the same one again: the caller's own permissions count.
    role: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn read(members: &mut Members<'a>) -> Result<Self, Fault> {
        Ok(Self {
            type_name: members.required(&input::TYPE_NAME)?,
            version: members.optional(&input::TYPE_VERSION_ID)?,
            role: members.optional(&input::ROLE_ARN)?,
        })
    }

    /// The type, once all members are known to be right.
    fn kind(&self) -> Result<Arc<ResourceType>, Fault> {
        Catalogue::bundled().get(self.type_name).ok_or_else(|| fault::type_not_found(self.type_name))
    }
}

/// Refuses what the type has no handler for.
fn handled<'k>(
    kind: &'k ResourceType,
    handler: Option<&'k Handler>,
    action: &str,
) -> Result<&'k Handler, Fault> {
    handler.ok_or_else(|| fault::unsupported_action(kind.name.as_str(), action))
}

/// The primary identifier that a call means. It may also be written as a JSON object: of the
/// identifying properties, or of those of a secondary identifier (User Guide, "Identifying
/// resources").
fn identifier(world: &World, scope: &Scope, kind: &ResourceType, text: &str) -> Result<String, Fault> {
    let refuse = || {
        let names = kind.primary_identifier.iter().map(|path| registry_path(path.names()));
        Err(fault::invalid_identifier(text, &names.collect::<Vec<_>>()))
    };
    if !text.starts_with('{') {
        let parts = text.split('|').count();
        return if parts < kind.primary_identifier.len() { refuse() } else { Ok(text.to_owned()) };
    }
    let Ok(named @ Json::Object(_)) = serde_json::from_str::<Json>(text) else { return refuse() };
    if let Some(primary) = kind.identifier_from(&named) {
        return Ok(primary);
    }
    let at = |node: &Json, path: &PropertyPath| {
        path.names().iter().try_fold(node, |node, name| node.get(name)).cloned()
    };
    let secondary =
        kind.additional_identifiers.iter().find(|paths| paths.iter().all(|path| at(&named, path).is_some()));
    let Some(secondary) = secondary else { return refuse() };
    let found = world.services.resources.of_type(scope, kind.name.as_str(), None).find(|resource| {
        let of_resource = |path: &PropertyPath| {
            let (first, rest) = path.names().split_first()?;
            rest.iter().try_fold(resource.properties.get(first)?, |node, name| node.get(name)).cloned()
        };
        secondary.iter().all(|path| of_resource(path) == at(&named, path))
    });
    // Nothing has what names nothing: the call finds that out as for any other identifier.
    Ok(found.map_or_else(|| text.to_owned(), |resource| resource.identifier.clone()))
}

/// `/properties/Rule/Name`.
fn registry_path(names: &[String]) -> String {
    format!("/properties/{}", names.join("/"))
}

/// How many levels a model may have, also as a handler returns it: a row wraps it in more, and the
/// reader of JSON has its own deepest level (128), here and at the clients.
pub(super) const DEEPEST: usize = 100;

/// Holds a whole model against its type, as the registry does.
fn check(kind: &ResourceType, model: &Json) -> Result<(), Fault> {
    if patch::depth(model) > DEEPEST {
        return Err(fault::invalid_request(format!("The model nests deeper than {DEEPEST} levels")));
    }
    let violations = validate::validate(kind, model, validate::Mode::Registry, &validate::no_holes);
    let Some(first) = violations.first() else { return Ok(()) };
    Err(fault::model(&validate::aws_report(kind, model).unwrap_or_else(|| first.message())))
}
