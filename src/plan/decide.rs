//! From what differs to what is done.

use super::canonical::shown;
use super::claims::{Claim, asked, held};
use super::consequences::{causes, mark_found};
use super::evaluate::{Evaluator, Subject};
use super::{Adoption, Drift, Found, PlanOptions, ResourceChange};
use crate::diagnostics::Span;
use crate::diff::{Context, Diff, diff, holding, restored, stages};
use crate::model::{Action, ActionReason, Address, Json, Live, Protection, Recorded, Secrets, Value};
use crate::schema::{Catalogue, ReplacementStrategy, ResourceType};

/// What every decision is told.
pub(super) struct Rules<'a> {
    pub(super) options: &'a PlanOptions,
    pub(super) secrets: &'a Secrets,
    pub(super) catalogue: &'a Catalogue,
    pub(super) place_of: &'a dyn Fn(Span) -> String,
}

impl Rules<'_> {
    /// What is done to a declared resource. Says to the evaluator when the recorded one doesn't
    /// stay.
    pub(super) fn declared(&self, subject: &Subject<'_>, evaluator: &Evaluator<'_>) -> ResourceChange {
        let desired = subject.desired;
        let mut after = desired.properties.evaluate(evaluator).without_nulls();
        let doubts = subject.recorded.map(|r| r.doubts.clone()).unwrap_or_default();
        let context = Context::new(&subject.resource_type, &desired.options, self.secrets).since(&doubts);
        let mut change = ResourceChange {
            address: desired.address.clone(),
            type_name: desired.type_name.clone(),
            recorded_type: None,
            moved_from: None,
            identifier: None,
            new_identifier: None,
            action: Action::Create,
            reason: None,
            before: None,
            after: None,
            computed: Default::default(),
            computed_before: Default::default(),
            diff: Diff::default(),
            replace_paths: Vec::new(),
            causes: Vec::new(),
            updates: 1,
            follows: Vec::new(),
            retained: false,
            drain: None,
            half_way: false,
            depends_on: Vec::new(),
            recorded_dependencies: Vec::new(),
            protection: desired.options.protection,
            drift: None,
            adoption: None,
        };
        match (subject.recorded, subject.to_import(), subject.seen()) {
            (None, Some(Found { identifier, by }), Some(live)) => {
                let holds = holding(&after, live, &context);
                change.diff = diff(&after, Some(&holds.declared), live, &context);
                change.action = Action::Import;
                change.identifier = Some(identifier);
                change.adoption = Some(Adoption { by, unverified: holds.unverified });
                if !change.diff.is_empty() {
                    evaluator.update(&desired.address);
                }
            }
            (None, ..) => {
                change.new_identifier = evaluator.identifier(&desired.address, &subject.resource_type);
            }
            (Some(recorded), _, None) => {
                change.moved_from = moved(recorded, &desired.address);
                change.drift = Some(Drift::Gone);
                evaluator.renew(&desired.address);
                change.new_identifier = evaluator.identifier(&desired.address, &subject.resource_type);
            }
            (Some(recorded), _, Some(live)) => {
                change.moved_from = moved(recorded, &desired.address);
                change.identifier = Some(recorded.identifier.clone());
                change.recorded_dependencies.clone_from(&recorded.dependencies);
                if let Some(told) = self.options.restore.get(&recorded.address) {
                    let (wanted, sent) = restored(after, recorded.declared.clone(), live, told);
                    change.diff = diff(&wanted, Some(&sent), live, &context);
                    after = wanted;
                } else if recorded.type_name == desired.type_name {
                    change.diff = diff(&after, Some(&recorded.declared), live, &context);
                    mark_found(&mut change.diff.differences, &doubts.fixed);
                    change.half_way = doubts.half_way && change.diff.differences.iter().any(|d| d.write_only);
                } else {
                    change.diff.before = Some(shown(&recorded.declared));
                }
                self.existing(subject, recorded, &after, evaluator, &mut change);
                let no_update = subject.resource_type.handlers.update.is_none();
                if change.action == Action::Update {
                    change.updates += stages(&after, live, &change.diff, &context).len();
                }
                change.causes = causes(&change, desired, &doubts.fixed, no_update, self.place_of);
            }
        }
        change.before = change.diff.before.take();
        change.after = Some(after);
        change
    }

    fn existing(
        &self,
        subject: &Subject<'_>,
        recorded: &Recorded,
        after: &Value,
        evaluator: &Evaluator<'_>,
        change: &mut ResourceChange,
    ) {
        let resource_type = &subject.resource_type;
        let other_type = recorded.type_name != subject.desired.type_name;
        let fixed = resource_type.handlers.update.is_none();
        if other_type || (fixed && !change.diff.is_empty()) || change.diff.forces_replacement() {
            change.replace_paths = match fixed {
                true => change.diff.differences.iter().map(|d| d.path.clone()).collect(),
                false => change.diff.replace_paths(),
            };
            let triggered = !fixed
                && !other_type
                && change.diff.differences.iter().all(|d| !d.forces_replacement || d.by_trigger);
            change.reason = Some(match triggered {
                true => ActionReason::ReplaceByTriggers,
                false => ActionReason::ReplaceBecauseCannotUpdate,
            });
        } else if self.is_asked_to_replace(&change.address) {
            change.reason = Some(ActionReason::ReplaceByRequest);
        } else {
            change.action = Action::NoOp;
            if !change.diff.is_empty() {
                change.action = Action::Update;
                evaluator.update(&change.address);
            }
            return;
        }
        evaluator.renew(&change.address);
        let new = evaluator.identifier(&change.address, resource_type);
        change.action = self.replacement(subject, recorded, after, new.as_deref());
        change.retained = subject.desired.options.retain_on_delete;
        change.drain = subject.desired.options.drain;
        if other_type {
            // The options are those of what comes; what ends is protected as it was recorded.
            change.recorded_type = Some(recorded.type_name.clone());
            change.protection = recorded.protection;
            change.retained = recorded.retain_on_delete;
            change.drain = recorded.drain;
        }
        change.drain = change.drain.filter(|_| !change.retained && !self.options.skip_drain);
        change.new_identifier = new;
    }

    fn is_asked_to_replace(&self, address: &Address) -> bool {
        self.options.replace.contains(address)
    }

    /// Two can't be there at once under one identity, whatever anyone prefers.
    fn replacement(
        &self,
        subject: &Subject<'_>,
        recorded: &Recorded,
        after: &Value,
        new: Option<&str>,
    ) -> Action {
        let (desired, resource_type) = (subject.desired, &subject.resource_type);
        let other_type = recorded.type_name != desired.type_name;
        let asked = if other_type { Vec::new() } else { asked(after, new, resource_type, self.secrets) };
        let held = held(recorded, resource_type);
        let same: Vec<&Claim> = asked.iter().filter(|claim| held.contains(claim)).collect();
        let same_name = same.iter().any(|claim| matches!(claim, Claim::Name(_)));
        let strategy = resource_type.replacement_strategy;
        let delete_first = match desired.options.delete_before_replace {
            _ if same.iter().any(|claim| !matches!(claim, Claim::Name(_))) => true,
            // The recorded one stays: nothing has to go first, and nothing may be in the way.
            wish if !other_type && desired.options.retain_on_delete => same_name && wish != Some(false),
            _ if other_type && recorded.retain_on_delete => false,
            Some(wish) => wish,
            None => same_name || strategy == ReplacementStrategy::DeleteThenCreate,
        };
        if delete_first { Action::DeleteThenCreate } else { Action::CreateThenDelete }
    }

    /// What is done to a recorded resource that isn't wanted any more.
    pub(super) fn unwanted(
        &self,
        recorded: &Recorded,
        live: &Live,
        protection: Protection,
        retain: bool,
        drain: Option<u64>,
        reason: Option<ActionReason>,
    ) -> ResourceChange {
        let gone = matches!(live, Live::Absent);
        let before = match live {
            Live::Present(json) => self.owned(recorded, json),
            Live::Unread => self.owned(recorded, &recorded.seen),
            Live::Absent => shown(&recorded.declared),
        };
        ResourceChange {
            address: recorded.address.clone(),
            type_name: recorded.type_name.clone(),
            recorded_type: None,
            moved_from: None,
            identifier: Some(recorded.identifier.clone()),
            new_identifier: None,
            action: if gone || retain { Action::Forget } else { Action::Delete },
            reason,
            before: Some(before),
            after: None,
            computed: Default::default(),
            computed_before: Default::default(),
            diff: Diff::default(),
            replace_paths: Vec::new(),
            causes: Vec::new(),
            updates: 1,
            follows: Vec::new(),
            retained: false,
            drain: drain.filter(|_| !gone && !retain && !self.options.skip_drain),
            half_way: false,
            depends_on: Vec::new(),
            recorded_dependencies: recorded.dependencies.clone(),
            protection,
            drift: gone.then_some(Drift::Gone),
            adoption: None,
        }
    }

    /// What is there at the paths that were sent.
    fn owned(&self, recorded: &Recorded, live: &Json) -> Value {
        let Some(resource_type) = self.catalogue.of(&recorded.type_name) else {
            return shown(&recorded.declared);
        };
        let resource_type: &ResourceType = &resource_type;
        let context = Context {
            resource_type,
            ignore_changes: &[],
            replace_on_changes: &[],
            secrets: self.secrets,
            half_way: false,
        };
        let sent = shown(&recorded.declared);
        diff(&sent, Some(&recorded.declared), live, &context).before.unwrap_or(sent)
    }
}

fn moved(recorded: &Recorded, address: &Address) -> Option<Address> {
    (recorded.address != *address).then(|| recorded.address.clone())
}
