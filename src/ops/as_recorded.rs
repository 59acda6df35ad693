//! The stack as the record says it: what `drift --revert` goes back to, whatever the stack file says
//! by now.
//!
//! Where the file says the same as the record, the file's own template stands: so a resource that is
//! made again under another identifier is followed by those that refer to it. Elsewhere the recorded
//! values stand as they are.

use super::plan::{Seen, Wanted, make};
use super::{Failure, Loaded};
use crate::diagnostics::{SourceId, Span};
use crate::diff::{declared, revealed};
use crate::graph::Graph;
use crate::model::{Address, Desired, Options, Recorded, Template, Value};
use crate::plan::{OutputAction, Plan};
use crate::resolve::Why;
use crate::schema::PropertyPath;
use crate::spec::Output;
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Puts what is recorded in the place of what is declared; gives the addresses about which the stack
/// file says otherwise. `ignored` is what nobody wants to hear of, and so nobody sets back.
///
/// # Errors
/// The stack file makes no plan.
pub fn as_recorded(
    loaded: &mut Loaded,
    state: &State,
    ignored: &BTreeMap<Address, Vec<PropertyPath>>,
) -> Result<BTreeSet<Address>, Failure> {
    // With what was seen in the place of what is there, nothing has drifted.
    let (plan, _) = make(loaded, state, &Seen::default(), &Wanted::default())?;
    let secrets = state.secrets();
    let recorded = &state.resources;
    let agrees = |desired: &Desired| {
        let Some(record) = recorded.get(&desired.address) else { return false };
        let mut known = true;
        desired.properties.references(&mut |reference| known &= recorded.contains_key(&reference.address));
        let after = plan.change(&desired.address).filter(|c| c.moved_from.is_none());
        let after = after.and_then(|change| declared(change.after.as_ref()?, &secrets));
        known && record.type_name == desired.type_name && after.as_ref() == Some(&record.declared)
    };
    let mut declared: HashMap<Address, Desired> =
        loaded.resolved.resources.drain(..).map(|desired| (desired.address.clone(), desired)).collect();
    let (mut resources, mut otherwise) = (Vec::new(), BTreeSet::new());
    let mut graph: Graph<Address, Why> = Graph::new();
    let nowhere = Span::new(SourceId(0), 0, 0);
    for (address, record) in recorded {
        let desired = declared.remove(address);
        let same = desired.as_ref().is_some_and(agrees);
        if !same {
            otherwise.insert(address.clone());
        }
        let needs: Vec<Address> = match same {
            true => loaded.resolved.graph.needs(address),
            false => record.dependencies.clone(),
        };
        graph.node(address.clone());
        for needed in needs.into_iter().filter(|needed| recorded.contains_key(needed)) {
            graph.edge(address.clone(), needed, Why { property: None, span: nowhere });
        }
        let mut desired = match desired {
            Some(desired) if same => desired,
            desired => constant(record, desired, &plan, &secrets, nowhere),
        };
        desired.options.ignore_changes.extend(ignored.get(address).into_iter().flatten().cloned());
        desired.options.import = None;
        desired.options.protection = record.protection;
        desired.options.retain_on_delete = record.retain_on_delete;
        desired.options.drain = record.drain;
        resources.push(desired);
    }
    loaded.resolved.outputs = outputs(loaded, state, &plan, nowhere);
    loaded.resolved.resources = resources;
    loaded.resolved.graph = graph;
    loaded.resolved.left_out.clear();
    Ok(otherwise)
}

/// The recorded values themselves; a secret is known where the stack file still has it.
fn constant(
    record: &Recorded,
    desired: Option<Desired>,
    plan: &Plan,
    secrets: &crate::model::Secrets,
    nowhere: Span,
) -> Desired {
    let wanted = plan.change(&record.address).and_then(|change| change.after.as_ref());
    let options = desired.as_ref().map(|desired| desired.options.clone()).unwrap_or_default();
    let options = Options { aliases: Vec::new(), ..options };
    Desired {
        address: record.address.clone(),
        type_name: record.type_name.clone(),
        properties: Template::Literal(revealed(&record.declared, wanted, secrets)),
        options,
        depends_on: record.dependencies.clone(),
        span: desired.as_ref().map_or(nowhere, |desired| desired.span),
        spans: desired.map(|desired| desired.spans).unwrap_or_default(),
    }
}

/// Those of the file where they agree with the record, else the recorded values.
fn outputs(loaded: &Loaded, state: &State, plan: &Plan, nowhere: Span) -> Vec<Output> {
    let of_file = |name: &str| {
        let same = plan.outputs.iter().any(|o| o.name == name && o.action == OutputAction::NoOp);
        loaded.resolved.outputs.iter().find(|output| same && output.name == name)
    };
    let known = |template: &Template| {
        let mut known = true;
        template.references(&mut |reference| known &= state.resources.contains_key(&reference.address));
        known
    };
    let output = |recorded: &crate::state::Output| match of_file(&recorded.name) {
        Some(output) if known(&output.value) => output.clone(),
        _ => {
            let value = Value::from(recorded.value.clone());
            let value = if recorded.sensitive { Value::Sensitive(Box::new(value)) } else { value };
            Output {
                name: recorded.name.clone(),
                description: None,
                span: nowhere,
                value: Template::Literal(value),
            }
        }
    };
    state.outputs.iter().map(output).collect()
}
