//! Every reference leads to something declared, and to an attribute that it has.

use super::Resolved;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::kinds::kind_named;
use crate::model::{Address, Desired, Reference, Template};
use crate::schema::Catalogue;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Reports references that lead nowhere.
pub(super) fn check(resolved: &Resolved, left_out: &BTreeMap<Address, Span>, diagnostics: &mut Diagnostics) {
    let resources: HashMap<&Address, &Desired> = resolved.resources.iter().map(|r| (&r.address, r)).collect();
    let checker = Checker { resolved, resources, left_out };
    let mut told: Vec<(&Desired, Diagnostics)> = Vec::new();
    for resource in &resolved.resources {
        let mut found = Diagnostics::new();
        checker.property(&resource.properties, resource, &mut String::new(), &mut found);
        for needed in &resource.depends_on {
            // A part that a kind waits for: the property that sends there is told.
            let implied = *needed != needed.owner() && left_out.contains_key(&needed.owner());
            if !implied && let Some(diagnostic) = checker.missing(needed, resource.span) {
                found.push(diagnostic);
            }
        }
        told.push((resource, found));
    }
    let is_vague = |resource: &Desired, diagnostic: &Diagnostic| {
        diagnostic.primary.as_ref().is_some_and(|label| label.span == resource.span)
    };
    // A part's role names what its owner does: where the owner's own words can be pointed at, that is enough.
    let exact: HashSet<(Address, String)> = told
        .iter()
        .flat_map(|(resource, found)| found.iter().map(move |diagnostic| (*resource, diagnostic)))
        .filter(|(resource, diagnostic)| !is_vague(resource, diagnostic))
        .map(|(resource, diagnostic)| (resource.address.owner(), diagnostic.message.clone()))
        .collect();
    for (resource, found) in told {
        let is_told = |diagnostic: &Diagnostic| {
            is_vague(resource, diagnostic)
                && exact.contains(&(resource.address.owner(), diagnostic.message.clone()))
        };
        found.into_iter().filter(|d| !is_told(d)).for_each(|d| diagnostics.push(d));
    }
    for output in &resolved.outputs {
        checker.template(&output.value, output.span, diagnostics);
    }
}

struct Checker<'a> {
    resolved: &'a Resolved,
    resources: HashMap<&'a Address, &'a Desired>,
    left_out: &'a BTreeMap<Address, Span>,
}

impl Checker<'_> {
    /// A property and what lies in it; a reference that isn't written itself belongs where the
    /// property is.
    fn property(
        &self,
        template: &Template,
        resource: &Desired,
        pointer: &mut String,
        diagnostics: &mut Diagnostics,
    ) {
        let length = pointer.len();
        match template {
            Template::Object(members) => {
                for (key, inner) in members {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    self.property(inner, resource, pointer, diagnostics);
                    pointer.truncate(length);
                }
            }
            Template::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.property(inner, resource, pointer, diagnostics);
                    pointer.truncate(length);
                }
            }
            other => self.template(other, resource.span_of(pointer), diagnostics),
        }
    }

    fn template(&self, template: &Template, span: Span, diagnostics: &mut Diagnostics) {
        template.references(&mut |reference| {
            let span = reference.span.unwrap_or(span);
            if let Some(diagnostic) = self.reference(reference, span) {
                diagnostics.push(diagnostic);
            }
        });
    }

    fn reference(&self, reference: &Reference, span: Span) -> Option<Diagnostic> {
        let Reference { address, property, .. } = reference;
        if self.resolved.attributes.contains_key(&(address.clone(), property.clone())) {
            return None;
        }
        if address.as_str() == "bus.default" {
            let message = format!("`bus.default` has no attribute `{property}`");
            let hint = "the account's own bus is known by its `Arn` and its `Name`";
            return Some(Diagnostic::error(Code::UNKNOWN_ATTRIBUTE, message).at(span).hint(hint));
        }
        let Some(resource) = self.resources.get(address) else { return self.missing(address, span) };
        let resource_type = Catalogue::bundled().of(&resource.type_name)?;
        let path: Vec<&str> = property.split('.').collect();
        if resource_type.property(&path).is_some() {
            return None;
        }
        let own =
            self.resolved.attributes.keys().filter(|(a, _)| a == address).map(|(_, name)| name.as_str());
        let known: Vec<&str> = resource_type.properties().map(|(name, _)| name).chain(own).collect();
        let hint = nearest(property, known.iter().copied()).map_or_else(
            || format!("`evstack explain {}` lists its attributes", resource.type_name),
            |name| format!("did you mean `{address}.{name}`?"),
        );
        let message = format!("`{address}` ({}) has no attribute `{property}`", resource.type_name);
        Some(Diagnostic::error(Code::UNKNOWN_ATTRIBUTE, message).at(span).hint(hint))
    }

    /// The mistake, if nothing is declared at the address.
    fn missing(&self, address: &Address, span: Span) -> Option<Diagnostic> {
        if self.resources.contains_key(address) || self.is_contract_or_default(address) {
            return None;
        }
        let owner = address.owner();
        if let Some(place) = self.left_out.get(&owner) {
            let message = format!("`{address}` is left out by `options.when`");
            let diagnostic = Diagnostic::error(Code::UNKNOWN_REFERENCE, message).at(span);
            return Some(if *place == span { diagnostic } else { diagnostic.label(*place, "declared here") });
        }
        let known: Vec<&str> = self.resources.keys().map(|a| a.as_str()).collect();
        let hint = match nearest(address.as_str(), known.iter().copied()) {
            Some(name) => Some(format!("did you mean `{name}`?")),
            None if self.resources.contains_key(&owner) && owner != *address => {
                let prefix = format!("{owner}.");
                let mut parts: Vec<&str> = known.iter().filter(|k| k.starts_with(&prefix)).copied().collect();
                parts.sort_unstable();
                (!parts.is_empty()).then(|| format!("its parts are {}", crate::diagnostics::one_of(parts)))
            }
            None => None,
        };
        Some(
            Diagnostic::error(Code::UNKNOWN_REFERENCE, format!("`{address}` isn't declared"))
                .at(span)
                .hint_if(hint),
        )
    }

    fn is_contract_or_default(&self, address: &Address) -> bool {
        address.as_str() == "bus.default" || kind_named(address.kind()).is_some_and(|k| k.key == "events")
    }
}
