//! Two declarations of one type must not be the same thing in the cloud, nor have been.

use super::Predicted;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, Attributes, Desired, Value};
use crate::schema::{Catalogue, TypeName};
use std::collections::{HashMap, HashSet};

/// Reports resources with the same type and the same known identifier.
pub(super) fn check(resources: &[Desired], predicted: &Predicted<'_>, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<(&TypeName, Vec<String>), &Desired> = HashMap::new();
    for resource in resources {
        let Some(identifier) = identifier(resource, predicted) else { continue };
        let name = identifier.join("|");
        match seen.entry((&resource.type_name, identifier)) {
            std::collections::hash_map::Entry::Occupied(other) => {
                let other = other.get();
                let message = format!(
                    "`{}` and `{}` would be the same {}: `{name}`",
                    other.address, resource.address, resource.type_name
                );
                diagnostics.push(
                    Diagnostic::error(Code::NAME_CLASH, message)
                        .at(resource.span)
                        .label(other.span, "the other one")
                        .hint("give one of them another `name`"),
                );
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(resource);
            }
        }
    }
}

/// Reports two declarations that say they were the same one, or one that says it was another which is
/// declared still: a record can become only one of them.
pub(super) fn check_aliases(resources: &[Desired], diagnostics: &mut Diagnostics) {
    let declared: HashMap<&Address, &Desired> = resources.iter().map(|r| (&r.address, r)).collect();
    for resource in resources {
        for other in resource.options.aliases.iter().filter_map(|alias| declared.get(alias)) {
            let message = format!(
                "`{}` says that it was `{}`, which is declared as well",
                resource.address, other.address
            );
            diagnostics.push(
                Diagnostic::error(Code::DUPLICATE, message)
                    .at(resource.span)
                    .label(other.span, "declared here")
                    .hint("take the alias out, or the declaration that it names"),
            );
        }
    }
    let mut taken: HashMap<&Address, &Desired> = HashMap::new();
    let mut told: HashSet<(Address, Address)> = HashSet::new();
    // A part's aliases follow from its owner's, which somebody wrote.
    let (owners, parts): (Vec<_>, Vec<_>) = resources.iter().partition(|r| r.address.owner() == r.address);
    for resource in owners.into_iter().chain(parts) {
        for alias in &resource.options.aliases {
            let other = *taken.entry(alias).or_insert(resource);
            let owners = (other.address.owner(), resource.address.owner());
            if other.address == resource.address || !told.insert(owners) {
                continue;
            }
            let message =
                format!("`{}` and `{}` both say that they were `{alias}`", other.address, resource.address);
            diagnostics.push(
                Diagnostic::error(Code::DUPLICATE, message)
                    .at(resource.span)
                    .label(other.span, "the other one")
                    .hint("take the alias from one of them"),
            );
        }
    }
}

/// The known identifier; an unknown piece that belongs to another resource stands for itself, so
/// that two methods of one API are told apart before the API has its id.
fn identifier(resource: &Desired, predicted: &Predicted<'_>) -> Option<Vec<String>> {
    let resource_type = Catalogue::bundled().of(&resource.type_name)?;
    let piece = |address: &Address, property: &str| match predicted.attribute(address, property) {
        Value::String(text) => Some(text),
        Value::Unknown(causes) => match causes.as_ref() {
            [cause] if cause.address != resource.address => {
                Some(format!("{}.{}", cause.address, cause.property))
            }
            _ => None,
        },
        other => other.to_json().map(|json| json.to_string()),
    };
    resource_type.primary_identifier.iter().map(|path| piece(&resource.address, &path.to_string())).collect()
}
