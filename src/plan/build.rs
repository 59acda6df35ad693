//! From the stack, the record and the reads to the plan.

use super::decide::Rules;
use super::evaluate::{Evaluator, Printed, Subject, lookup};
use super::outputs::outputs;
use super::select::{Selection, Wish, is_or_belongs_to, select};
use super::{
    Found, OutputAction, OutputChange, Plan, ResourceChange, adoption, claims, consequences, protect,
    renames, unsayable,
};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::{Edge, Graph};
use crate::model::{
    Action, ActionReason, Address, Desired, Json, Live, Place, Recorded, Secrets, Template, Undeclared,
    Unknown, Value,
};
use crate::schema::{Catalogue, TypeName};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a plan is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanOptions {
    /// These and what they need, nothing else. Parts go with their owner.
    pub targets: Vec<Address>,
    /// All but these and what needs them.
    pub excludes: Vec<Address>,
    /// Replaced though nothing asks for it.
    pub replace: Vec<Address>,
    /// Takes everything away.
    pub destroy: bool,
    /// Lifts what kinds protect by default.
    pub allow_data_loss: bool,
    /// No queue is drained before it goes.
    pub skip_drain: bool,
    /// What nobody declared and is to be set back, by recorded address. Only `drift --revert` asks
    /// for that: a plan of the stack file owns what is declared, nothing else.
    pub restore: BTreeMap<Address, Vec<Undeclared>>,
}

/// All that a plan is made from.
pub struct PlanInputs<'a, E> {
    /// What the stack file says.
    pub desired: &'a [Desired],
    /// Edges from what needs to what is needed.
    pub graph: &'a Graph<Address, E>,
    /// Attributes that kinds add to their resources: (address, name) → what it is made of.
    pub attributes: &'a BTreeMap<(Address, String), Template>,
    /// The record.
    pub recorded: &'a BTreeMap<Address, Recorded>,
    /// Reads, by recorded address (of an import: by its declared one). What isn't in it is unread.
    pub live: &'a BTreeMap<Address, Live>,
    /// What is there, isn't recorded, and is to be taken over: by declared address. `live` has its
    /// reads.
    pub found: &'a BTreeMap<Address, Found>,
    /// Declarations that `options.when` leaves out; their parts with them.
    pub left_out: &'a BTreeSet<Address>,
    /// All types.
    pub catalogue: &'a Catalogue,
    /// Where the stack lives.
    pub place: &'a Place,
    /// The stack's outputs.
    pub outputs: &'a [(String, Template)],
    /// The outputs as recorded; a secret stands as its hash.
    pub recorded_outputs: &'a BTreeMap<String, Json>,
    /// What is asked for.
    pub options: &'a PlanOptions,
    /// Hashes secrets, to compare them with recorded ones.
    pub secrets: &'a Secrets,
    /// `stacks/reviews.yaml:12:3`, for the reasons; empty where no file is known.
    pub place_of: &'a dyn Fn(Span) -> String,
}

static UNREAD: Live = Live::Unread;

/// Makes the plan. With errors among the diagnostics it must not be carried out.
pub fn build<E: Clone>(inputs: &PlanInputs<'_, E>) -> (Plan, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let declared: BTreeSet<Address> = inputs.desired.iter().map(|d| d.address.clone()).collect();
    let wish = Wish {
        targets: &inputs.options.targets,
        excludes: &inputs.options.excludes,
        replace: &inputs.options.replace,
        destroy: inputs.options.destroy,
    };
    let selection = select(&wish, &declared, inputs.graph, inputs.recorded, &mut diagnostics);
    let mut records = records(inputs, &declared);
    let moved = match inputs.options.destroy {
        true => Vec::new(),
        false => same_identity(inputs, &declared, &mut records),
    };
    let order = order(inputs, &declared, &mut diagnostics);
    let mut plan = Plan { partial: selection.is_some(), destroy: inputs.options.destroy, ..Plan::default() };
    let check = adoption::Check { recorded: inputs.recorded, live: inputs.live };
    plan.skips_drain = inputs.options.skip_drain;
    plan.restored.clone_from(&inputs.options.restore);
    let rules = Rules {
        options: inputs.options,
        secrets: inputs.secrets,
        catalogue: inputs.catalogue,
        place_of: inputs.place_of,
    };

    if !inputs.options.destroy {
        // What is decided early may rest on something that is decided late: then once more.
        let mut settled = (BTreeSet::new(), BTreeSet::new());
        loop {
            let mut mistakes = Diagnostics::new();
            let subjects = subjects(inputs, &records, &selection, &mut mistakes);
            let evaluator = Evaluator::new(subjects, inputs.attributes, inputs.place, settled);
            let mut changes = Vec::new();
            for address in &order {
                let Some(subject) = evaluator.subjects.get(address).filter(|s| s.selected) else { continue };
                nothing_to_import(subject, &mut mistakes);
                let mut change = rules.declared(subject, &evaluator);
                change.depends_on = depends_on(inputs.graph, &change, subject.desired);
                unsayable::refuse(&change, subject, inputs.secrets, &mut mistakes);
                check.import(&change, subject.desired, &subject.resource_type, &mut mistakes);
                changes.push(change);
            }
            let results =
                outputs(inputs.outputs, inputs.recorded_outputs, &Printed(&evaluator), inputs.secrets);
            if evaluator.mistaken.get() {
                settled = (evaluator.renewed.into_inner(), evaluator.updated.into_inner());
                continue;
            }
            diagnostics.extend(mistakes);
            for change in &mut changes {
                change.computed = evaluator.read_of(&change.address);
                change.computed_before = computed_before(change, &evaluator);
            }
            plan.changes = changes;
            plan.outputs = results.into_iter().filter_map(|o| printed(o, &evaluator)).collect();
            plan.outside = evaluator.outside.into_inner();
            break;
        }
    } else {
        plan.outputs = outputs(
            &[],
            inputs.recorded_outputs,
            &Evaluator::new(HashMap::new(), inputs.attributes, inputs.place, Default::default()),
            inputs.secrets,
        );
    }
    plan.changes.extend(unwanted(inputs, &records, &selection, &rules));
    plan.changes.sort_by(|a, b| a.address.cmp(&b.address));
    plan.unknowns = unknowns(&plan);
    let by_address: BTreeMap<&Address, &Desired> = inputs.desired.iter().map(|d| (&d.address, d)).collect();
    consequences::follow(&mut plan.changes, &by_address, inputs.attributes);
    protect::refuse(&plan.changes, &by_address, inputs.options.allow_data_loss, &mut diagnostics);
    circles(&plan, &by_address, &mut diagnostics);
    if !diagnostics.iter().any(|d| d.code == Code::CYCLE) {
        let pairs = claims::handed_on(&plan.changes, inputs.recorded, inputs.catalogue, inputs.secrets);
        claims::refuse_exchanges(&plan.changes, &pairs, &by_address, &mut diagnostics);
    }
    let moved = moved.into_iter().filter(|(desired, _)| plan.change(&desired.address).is_some());
    let moved = moved.map(|(to, from)| (&from.address, &to.address, renames::moved(from, to)));
    renames::together(moved.collect()).into_iter().for_each(|note| diagnostics.push(note));
    let lookout = renames::Lookout {
        recorded: inputs.recorded,
        desired: &by_address,
        catalogue: inputs.catalogue,
        secrets: inputs.secrets,
    };
    if !inputs.options.destroy {
        lookout.tell(&plan.changes, &mut diagnostics);
    }
    (plan, diagnostics)
}

/// An output that reads what `--target` or `--exclude` leaves out, and what isn't there, stays as
/// it is.
fn printed(output: OutputChange, evaluator: &Evaluator<'_>) -> Option<OutputChange> {
    let unknowns = output.after.as_ref().map(Value::unknowns).unwrap_or_default();
    if !unknowns.iter().any(|u| evaluator.subjects.get(&u.address).is_some_and(|s| !s.selected)) {
        return Some(output);
    }
    let before = output.before?;
    let (name, action) = (output.name, OutputAction::NoOp);
    Some(OutputChange { name, action, before: Some(before.clone()), after: Some(before) })
}

/// The computed properties that are read, as they are now.
fn computed_before(change: &ResourceChange, evaluator: &Evaluator<'_>) -> BTreeMap<String, Value> {
    let seen = evaluator.subjects.get(&change.address).and_then(Subject::seen);
    let value = |name: &String| Some((name.clone(), lookup(seen?, name)?));
    change.computed.keys().filter_map(value).collect()
}

/// Declared address → its record, under its own name or an alias.
fn records<'a, E>(
    inputs: &PlanInputs<'a, E>,
    declared: &BTreeSet<Address>,
) -> HashMap<&'a Address, &'a Recorded> {
    let mut records = HashMap::new();
    for desired in inputs.desired {
        let alias = || {
            let aliases = desired.options.aliases.iter().filter(|a| !declared.contains(*a));
            aliases.filter_map(|a| inputs.recorded.get(a)).next()
        };
        if let Some(recorded) = inputs.recorded.get(&desired.address).or_else(alias) {
            records.insert(&desired.address, recorded);
        }
    }
    records
}

/// What is recorded under a name that nobody declares, and is by its identifier the very resource
/// that a new declaration would create: its record goes on under the new name. To delete and create
/// it would end what is in it, and the create would find the name taken.
fn same_identity<'a, E: Clone>(
    inputs: &PlanInputs<'a, E>,
    declared: &BTreeSet<Address>,
    records: &mut HashMap<&'a Address, &'a Recorded>,
) -> Vec<(&'a Desired, &'a Recorded)> {
    let mut moved = Vec::new();
    loop {
        let kept: BTreeSet<&Address> = records.values().map(|r| &r.address).collect();
        let orphans = inputs.recorded.values();
        let orphans = orphans.filter(|r| !kept.contains(&r.address) && !declared.contains(&r.address));
        let orphans: HashMap<(&TypeName, claims::Claim), &'a Recorded> = orphans
            .flat_map(|r| {
                identities(r, inputs.catalogue).into_iter().map(move |claim| ((&r.type_name, claim), r))
            })
            .collect();
        let types: BTreeSet<&TypeName> = orphans.keys().map(|(type_name, _)| *type_name).collect();
        let is_new = |d: &&Desired| {
            types.contains(&d.type_name)
                && !records.contains_key(&d.address)
                && d.options.import.is_none()
                && !inputs.found.contains_key(&d.address)
        };
        let new: Vec<&'a Desired> = inputs.desired.iter().filter(is_new).collect();
        if new.is_empty() {
            return moved;
        }
        let subjects = subjects(inputs, records, &None, &mut Diagnostics::new());
        let evaluator = Evaluator::new(subjects, inputs.attributes, inputs.place, Default::default());
        let known = moved.len();
        for desired in new {
            let Some(subject) = evaluator.subjects.get(&desired.address) else { continue };
            let kind = &subject.resource_type;
            let identifier = evaluator.identifier(&desired.address, kind).map(claims::Claim::Identifier);
            let again = || {
                let wanted = desired.properties.evaluate(&evaluator).without_nulls();
                claims::once_wanted(&wanted, kind, inputs.secrets).map(claims::Claim::Once)
            };
            let recorded =
                identifier.or_else(again).and_then(|claim| orphans.get(&(&desired.type_name, claim)));
            // Two that are declared alike are for the service to tell apart, or to refuse.
            if let Some(recorded) = recorded
                && moved.iter().all(|(_, taken)| taken.address != recorded.address)
            {
                moved.push((desired, *recorded));
            }
        }
        if moved.len() == known {
            return moved;
        }
        records.extend(moved[known..].iter().map(|(desired, recorded)| (&desired.address, *recorded)));
    }
}

/// What tells surely which resource a record is of: a name alone doesn't.
fn identities(recorded: &Recorded, catalogue: &Catalogue) -> Vec<claims::Claim> {
    let again = catalogue.of(&recorded.type_name).and_then(|kind| claims::once_recorded(recorded, &kind));
    let identifier = claims::Claim::Identifier(recorded.identifier.clone());
    [Some(identifier), again.map(claims::Claim::Once)].into_iter().flatten().collect()
}

/// What is needed first. Whatever the graph doesn't know comes last; that circles can't be is for
/// `resolve` to see, which knows where each reference is written.
fn order<E: Clone>(
    inputs: &PlanInputs<'_, E>,
    declared: &BTreeSet<Address>,
    diagnostics: &mut Diagnostics,
) -> Vec<Address> {
    let mut order: Vec<Address> = match inputs.graph.order() {
        Ok(order) => order.into_iter().filter(|a| declared.contains(a)).collect(),
        Err(circles) => {
            for circle in circles {
                diagnostics.push(circle_diagnostic(
                    &circle,
                    inputs.desired.iter().find(|d| Some(&d.address) == circle.first().map(|e| &e.from)),
                ));
            }
            Vec::new()
        }
    };
    let known: BTreeSet<Address> = order.iter().cloned().collect();
    order.extend(inputs.desired.iter().map(|d| d.address.clone()).filter(|a| !known.contains(a)));
    order
}

fn subjects<'a, E>(
    inputs: &PlanInputs<'a, E>,
    records: &HashMap<&'a Address, &'a Recorded>,
    selection: &Selection,
    diagnostics: &mut Diagnostics,
) -> HashMap<&'a Address, Subject<'a>> {
    let mut subjects = HashMap::new();
    for desired in inputs.desired {
        let address = &desired.address;
        let Some(resource_type) = inputs.catalogue.of(&desired.type_name) else {
            let message = format!("the type `{}` of `{address}` is not known", desired.type_name);
            diagnostics.push(Diagnostic::error(Code::UNKNOWN_TYPE, message).at(desired.span));
            continue;
        };
        let recorded = records.get(address).copied();
        let live = recorded
            .and_then(|r| inputs.live.get(&r.address))
            .or_else(|| inputs.live.get(address))
            .unwrap_or(&UNREAD);
        let moved = recorded.is_some_and(|r| selection.as_ref().is_some_and(|s| s.contains(&r.address)));
        let selected = moved || selection.as_ref().is_none_or(|s| s.contains(address));
        subjects.insert(
            address,
            Subject { desired, resource_type, recorded, live, found: inputs.found.get(address), selected },
        );
    }
    subjects
}

fn unwanted<E>(
    inputs: &PlanInputs<'_, E>,
    records: &HashMap<&Address, &Recorded>,
    selection: &Selection,
    rules: &Rules<'_>,
) -> Vec<ResourceChange> {
    let destroy = inputs.options.destroy;
    let declared: HashMap<&Address, &Desired> =
        inputs.desired.iter().filter_map(|d| Some((&records.get(&d.address)?.address, d))).collect();
    inputs
        .recorded
        .values()
        .filter(|r| destroy || !declared.contains_key(&r.address))
        .filter(|r| selection.as_ref().is_none_or(|s| s.contains(&r.address)))
        .map(|recorded| {
            let live = inputs.live.get(&recorded.address).unwrap_or(&UNREAD);
            let options = declared.get(&recorded.address).map(|d| &d.options);
            let protection = options.map_or(recorded.protection, |o| o.protection);
            let retain = options.map_or(recorded.retain_on_delete, |o| o.retain_on_delete);
            let by_when = inputs.left_out.iter().any(|owner| is_or_belongs_to(&recorded.address, owner));
            let reason = match by_when {
                true => ActionReason::DeleteBecauseWhen,
                false => ActionReason::DeleteBecauseNoResourceConfig,
            };
            let reason = (!destroy).then_some(reason);
            let drain = options.map_or(recorded.drain, |o| o.drain);
            rules.unwanted(recorded, live, protection, retain, drain, reason)
        })
        .collect()
}

/// A declaration that takes over what isn't there is a mistake: a create would be a surprise.
fn nothing_to_import(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let desired = subject.desired;
    if let (None, Some(Found { identifier, .. }), Live::Absent) =
        (subject.recorded, subject.to_import(), subject.live)
    {
        let message = format!(
            "`{}` is to take over the {} `{identifier}`, and there is none",
            desired.address, desired.type_name
        );
        diagnostics.push(
            Diagnostic::error(Code::NOTHING_TO_IMPORT, message)
                .at(desired.span)
                .hint("correct the identifier, or remove `import` from its options to create it"),
        );
    }
}

/// What the graph says, and what the change waits for because it can't be predicted.
fn depends_on<E: Clone>(
    graph: &Graph<Address, E>,
    change: &ResourceChange,
    desired: &Desired,
) -> Vec<Address> {
    let mut needs: BTreeSet<Address> = graph.needs(&change.address).into_iter().collect();
    needs.extend(desired.depends_on.iter().cloned());
    if let Some(after) = &change.after {
        needs.extend(after.unknowns().into_iter().map(|u| u.address));
    }
    needs.remove(&change.address);
    needs.into_iter().collect()
}

/// Each computed property that can't be known, once.
fn unknowns(plan: &Plan) -> Vec<Unknown> {
    let changing = plan.changes.iter().filter(|c| c.action != Action::NoOp).filter_map(|c| c.after.as_ref());
    let outputs = plan.outputs.iter().filter(|o| o.action != OutputAction::Delete);
    let mut found: BTreeMap<(Address, String), Unknown> = BTreeMap::new();
    let values = changing.chain(outputs.filter_map(|o| o.after.as_ref()));
    for unknown in values.flat_map(Value::unknowns) {
        found.entry((unknown.address.clone(), unknown.property.clone())).or_insert(unknown);
    }
    found.into_values().collect()
}

/// A reference that was to need no order, and needs one because it can't be predicted, may close a
/// circle.
fn circles(plan: &Plan, desired: &BTreeMap<&Address, &Desired>, diagnostics: &mut Diagnostics) {
    if diagnostics.iter().any(|d| d.code == Code::CYCLE) {
        return;
    }
    let mut graph: Graph<Address, ()> = Graph::new();
    for change in &plan.changes {
        for needed in &change.depends_on {
            graph.edge(change.address.clone(), needed.clone(), ());
        }
    }
    for circle in graph.order().err().into_iter().flatten() {
        let first = circle.first().and_then(|edge| desired.get(&edge.from)).copied();
        diagnostics.push(circle_diagnostic(&circle, first));
    }
}

fn circle_diagnostic<E>(circle: &[Edge<Address, E>], first: Option<&Desired>) -> Diagnostic {
    let mut steps: Vec<String> = circle.iter().map(|edge| format!("`{}`", edge.from)).collect();
    steps.extend(circle.first().map(|edge| format!("`{}`", edge.from)));
    let message = format!("no order can create these, each needs the next: {}", steps.join(" → "));
    let diagnostic = Diagnostic::error(Code::CYCLE, message);
    match first {
        Some(desired) => diagnostic.at(desired.span),
        None => diagnostic,
    }
}

impl Plan {
    /// What a property of a resource will be, as far as the plan knows; for whoever reads it
    /// before the resource is made.
    #[must_use]
    pub fn promised(&self, address: &Address, property: &str) -> Option<Value> {
        let Some(change) = self.change(address) else {
            return self.outside.get(&(address.clone(), property.to_owned())).cloned();
        };
        if let Some(value) = change.computed.get(property).filter(|value| value.is_known()) {
            return Some(value.clone());
        }
        property.split('.').try_fold(change.after.as_ref()?, |value, name| value.get(name)).cloned()
    }
}
