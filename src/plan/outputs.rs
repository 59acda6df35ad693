//! What becomes of the stack's outputs: those declared in their order, then those that go.

use super::canonical::{shown, value};
use super::{OutputAction, OutputChange};
use crate::model::{Attributes, Json, Secrets, Template};
use std::collections::BTreeMap;

pub(super) fn outputs(
    declared: &[(String, Template)],
    recorded: &BTreeMap<String, Json>,
    attributes: &dyn Attributes,
    secrets: &Secrets,
) -> Vec<OutputChange> {
    let mut changes = Vec::new();
    for (name, template) in declared {
        let after = template.evaluate(attributes);
        let before = recorded.get(name).map(shown);
        let (action, before) = match before {
            None => (OutputAction::Create, None),
            Some(was) if value(&was, secrets) == value(&after, secrets) => {
                (OutputAction::NoOp, Some(after.clone()))
            }
            Some(was) => (OutputAction::Update, Some(was)),
        };
        changes.push(OutputChange { name: name.clone(), action, before, after: Some(after) });
    }
    for (name, before) in recorded.iter().filter(|(name, _)| declared.iter().all(|(n, _)| n != *name)) {
        let action = OutputAction::Delete;
        changes.push(OutputChange { name: name.clone(), action, before: Some(shown(before)), after: None });
    }
    changes
}
