//! Why a resource is replaced, each reason at its line of the stack file, and what follows from it.

use super::ResourceChange;
use crate::diagnostics::Span;
use crate::diff::Difference;
use crate::model::{Action, ActionReason, Address, Desired, Fixed, Reference, Template, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One reason for a replacement, or for one that may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Names and indices in the desired properties; of a removal, in the live ones. Empty where the
    /// type itself is another.
    pub path: Vec<String>,
    /// Why.
    pub why: Why,
    /// `stacks/reviews.yaml:12:3`: the property, or the declaration where it isn't written. Empty
    /// where no file is known.
    pub place: String,
}

/// Why a property asks for a new resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It can't be changed in place.
    CreateOnly,
    /// `replaceOnChanges` names it.
    Trigger,
    /// An apply tried to change it in place, and the handler refused with these words.
    Found(String),
    /// Nothing of the type can be changed in place.
    NoUpdate,
    /// The declaration has another type.
    OtherType,
    /// The handler may refuse to change it in place.
    MayBeCreateOnly,
}

/// A change of another resource that comes of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Whose.
    pub address: Address,
    /// What is done to it.
    pub action: Action,
    /// Which attributes of the replaced one it reads, and that become others.
    pub reads: Vec<String>,
}

/// Marks what an apply found to be fixed, so that it asks for a new resource.
pub(super) fn mark_found(differences: &mut [Difference], fixed: &[Fixed]) {
    for difference in differences.iter_mut().filter(|d| !d.forces_replacement) {
        if found(difference, fixed).is_some() {
            difference.forces_replacement = true;
            difference.may_force_replacement = false;
        }
    }
}

fn found<'f>(difference: &Difference, fixed: &'f [Fixed]) -> Option<&'f Fixed> {
    let path = &difference.path;
    fixed.iter().find(|one| path.starts_with(&one.path) || one.path.starts_with(path))
}

/// The reasons of a replacement; of an update, those for which it may be refused.
pub(super) fn causes(
    change: &ResourceChange,
    desired: &Desired,
    fixed: &[Fixed],
    no_update: bool,
    place_of: &dyn Fn(Span) -> String,
) -> Vec<Cause> {
    let at = |difference: &Difference, why: Why| {
        let pointer: String = difference.path.iter().map(|name| format!("/{name}")).collect();
        Cause { path: difference.path.clone(), why, place: place_of(desired.key_span_of(&pointer)) }
    };
    let differences = &change.diff.differences;
    if change.action == Action::Update {
        let may = differences.iter().filter(|d| d.may_force_replacement);
        return may.map(|d| at(d, Why::MayBeCreateOnly)).collect();
    }
    if !change.action.is_replace() || change.reason == Some(ActionReason::ReplaceByRequest) {
        return Vec::new();
    }
    if differences.is_empty() {
        return vec![Cause { path: Vec::new(), why: Why::OtherType, place: place_of(desired.span) }];
    }
    let causes = differences.iter().filter(|d| no_update || d.forces_replacement);
    causes
        .map(|difference| {
            let why = match found(difference, fixed) {
                _ if no_update => Why::NoUpdate,
                _ if difference.by_trigger => Why::Trigger,
                Some(found) => Why::Found(found.words.clone()),
                None => Why::CreateOnly,
            };
            at(difference, why)
        })
        .collect()
}

/// All references of a template, those behind a kind's own attributes instead of the attribute.
pub fn read_by(
    template: &Template,
    attributes: &BTreeMap<(Address, String), Template>,
    found: &mut Vec<Reference>,
) {
    // A kind's own attribute is made of properties, or of another own attribute, never of itself.
    const DEEPEST: usize = 8;
    behind(template, attributes, DEEPEST, found);
}

fn behind(
    template: &Template,
    attributes: &BTreeMap<(Address, String), Template>,
    left: usize,
    found: &mut Vec<Reference>,
) {
    template.references(&mut |reference| match attributes
        .get(&(reference.address.clone(), reference.property.clone()))
    {
        Some(own) if left > 0 => behind(own, attributes, left - 1, found),
        _ => found.push(reference.clone()),
    });
}

/// Writes down at each replacement which other changes come of it, and by which attributes.
pub(super) fn follow(
    changes: &mut [ResourceChange],
    desired: &BTreeMap<&Address, &Desired>,
    attributes: &BTreeMap<(Address, String), Template>,
) {
    let others: HashMap<Address, BTreeSet<String>> = changes
        .iter()
        .filter(|change| change.action.is_replace())
        .map(|change| (change.address.clone(), become_others(change)))
        .collect();
    if others.is_empty() {
        return;
    }
    let mut follows: HashMap<Address, Vec<Follow>> = HashMap::new();
    for change in changes.iter().filter(|change| !change.diff.is_empty()) {
        let Some(desired) = desired.get(&change.address) else { continue };
        let mut reads: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
        for difference in &change.diff.differences {
            let mut found = Vec::new();
            read_by(below(&desired.properties, &difference.path), attributes, &mut found);
            for Reference { address, property, .. } in found {
                let top = property.split('.').next().unwrap_or_default();
                let changed = others.get(&address);
                if address != change.address
                    && changed.is_some_and(|c| c.contains(&property) || c.contains(top))
                {
                    reads.entry(address).or_default().insert(property);
                }
            }
        }
        for (replaced, reads) in reads {
            let (address, action) = (change.address.clone(), change.action);
            let follow = Follow { address, action, reads: reads.into_iter().collect() };
            follows.entry(replaced).or_default().push(follow);
        }
    }
    for change in changes {
        change.follows = follows.remove(&change.address).unwrap_or_default();
    }
}

/// Attributes of a replaced resource that will have another value, or may.
fn become_others(change: &ResourceChange) -> BTreeSet<String> {
    let computed = change.computed.iter();
    let computed = computed.filter(|(name, value)| change.computed_before.get(*name) != Some(value));
    let mut names: BTreeSet<String> = computed.map(|(name, _)| name.clone()).collect();
    if let Some(Value::Object(after)) = change.after.as_ref().map(Value::reveal) {
        let before = |name: &str| change.before.as_ref().and_then(|before| before.get(name));
        names.extend(after.iter().filter(|(k, v)| before(k) != Some(v)).map(|(k, _)| k.clone()));
    }
    names
}

/// The template at a path, or the nearest above it that isn't taken apart.
fn below<'t>(template: &'t Template, path: &[String]) -> &'t Template {
    let mut at = template;
    for name in path {
        let next = match at {
            Template::Object(members) => members.get(name),
            Template::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}
