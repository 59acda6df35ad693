//! Law 2 while a plan is carried out: what others were told of a resource before it was there must
//! hold once it is.
//!
//! Who is built on a prediction waits until it is confirmed, also where its reference orders nothing
//! otherwise. Only resources that need each other in a circle (machines that start each other) can't
//! wait; should a prediction fail there, what was sent with it is named.

use super::{Engine, Stage, What};
use crate::apply::{Job, failure};
use crate::diagnostics::Diagnostic;
use crate::model::{Address, Json, Template, Value};
use crate::plan::{BrokenPromise, broken_promises, read_by};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who is sent with values that were predicted for resources which this run makes → for which.
pub(super) fn built_on(job: &Job<'_>) -> BTreeMap<Address, BTreeSet<Address>> {
    let predicted: HashMap<&Address, BTreeMap<String, String>> =
        job.plan.changes.iter().map(|change| (&change.address, change.predicted())).collect();
    let mut built_on: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for desired in job.desired {
        let mut references = Vec::new();
        read_by(&desired.properties, job.attributes, &mut references);
        for reference in references {
            let told = predicted.get(&reference.address);
            if reference.address != desired.address
                && told.is_some_and(|t| t.contains_key(&reference.property))
            {
                built_on.entry(desired.address.clone()).or_default().insert(reference.address);
            }
        }
    }
    built_on
}

impl Engine<'_> {
    /// What was told of a resource and doesn't hold, in words, now that it is there.
    pub(super) fn verify(
        &mut self,
        step: usize,
        identifier: Option<&str>,
        sent: Value,
        seen: Json,
    ) -> Option<Diagnostic> {
        let What::Up(index) = &self.steps.all[step].what else { return None };
        let change = &self.job.plan.changes[*index];
        let address = &change.address;
        self.knowledge.learn(address, sent, seen);
        let mut broken = Vec::new();
        if let (Some(planned), Some(actual)) = (change.new_identifier.as_deref(), identifier)
            && planned != actual
        {
            let path = vec!["identifier".to_owned()];
            broken.push(BrokenPromise { path, planned: planned.into(), actual: Some(actual.into()) });
        }
        for (property, planned) in change.computed.iter().filter(|(_, value)| value.is_known()) {
            let actual = self.knowledge.evaluate(&Template::attribute(address, property));
            // What a read doesn't show can't be checked.
            if !actual.is_known() {
                continue;
            }
            for mut promise in broken_promises(planned, &actual) {
                promise.path.insert(0, property.clone());
                broken.push(promise);
            }
        }
        if broken.is_empty() {
            return None;
        }
        let sent = self.sent_already(step);
        Some(failure::broken(address, &broken, &sent, self.knowledge.of(address)))
    }

    /// Who was sent with what was predicted for a step, because both need each other.
    fn sent_already(&self, step: usize) -> Vec<Address> {
        let stages = self.stages.iter().zip(&self.steps.all);
        let sent = stages.filter(|(stage, other)| {
            matches!(stage, Stage::Started | Stage::Done) && other.unconfirmed.contains(&step)
        });
        sent.map(|(_, other)| other.address.clone()).collect()
    }

    /// Who would be sent with what turned out false.
    pub(super) fn would_be_sent(&self, step: usize) -> Vec<usize> {
        let all = self.steps.all.iter().enumerate();
        all.filter(|(_, other)| other.unconfirmed.contains(&step)).map(|(index, _)| index).collect()
    }
}
