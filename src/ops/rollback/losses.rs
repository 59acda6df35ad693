//! What a rollback can't bring back, and what it leaves: named before anything is done.

use super::target::Stays;
use super::{Exceptions, Failed, Story};
use crate::model::{Action, Address, Json, Recorded};
use crate::plan::{Drift, Plan};
use crate::schema::data_loss;
use crate::state::State;
use std::collections::BTreeSet;

/// In which way something isn't as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// It comes back empty.
    Data,
    /// What came into it since the apply made it goes with it.
    DataSince,
    /// Its secret isn't known any more.
    Secret,
    /// It isn't made anew.
    Missing,
    /// It comes back under another identifier.
    Identifier,
    /// It comes back as it was, but for something that the service makes up.
    Value,
    /// It stays as it is now.
    Kept,
    /// It was there before, and not ours: it is let go of as it is.
    LetGo,
}

impl Sort {
    /// Whether it is about what is in a resource.
    #[must_use]
    pub fn is_of_data(self) -> bool {
        matches!(self, Self::Data | Self::DataSince)
    }

    /// Whether the record isn't what it was because of it.
    pub(super) fn is_of_the_record(self) -> bool {
        matches!(self, Self::Secret | Self::Missing | Self::Kept)
    }
}

/// Something that isn't as it was before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unrestored {
    /// In which way.
    pub sort: Sort,
    /// Whose.
    pub address: Address,
    /// In words, without its address: `comes back empty: the items in it are lost`.
    pub words: String,
}

/// All of it, the worst first.
pub(super) fn all(
    plan: &Plan,
    story: &Story,
    failed: &Failed<'_>,
    state: &State,
    exceptions: &Exceptions,
    stays: &Stays,
) -> Vec<Unrestored> {
    let mut found = BTreeSet::new();
    let mut add = |sort, address: &Address, words: String| {
        found.insert(Unrestored { sort, address: address.clone(), words });
    };
    for (address, was) in &failed.before.resources {
        let excepted = exceptions.kept.contains_key(address) || exceptions.dropped.contains_key(address);
        let now = state.resources.get(address);
        let another = !story.back.contains(address) && (story.made.contains(address) || now.is_none());
        let change = plan.change(address);
        let comes = change.is_some_and(|c| c.action == Action::Create || c.action.is_replace());
        if excepted || story.gone.contains(address) || !(another || comes) {
            continue;
        }
        if let Some(loss) = data_loss(&was.type_name) {
            add(Sort::Data, address, format!("comes back without what was in it: {}", loss.loses));
        }
        let (kind, identifier) = (&was.type_name, &was.identifier);
        let known = match (comes, change) {
            (true, Some(change)) => change.new_identifier.as_ref(),
            _ => now.map(|now| &now.identifier),
        };
        if known != Some(identifier) {
            let words = format!(
                "gets another identifier than `{identifier}`: what refers to that elsewhere won't find it"
            );
            add(Sort::Identifier, address, words);
        } else if comes && now.is_none() && kind.as_str() == "AWS::SQS::Queue" {
            add(
                Sort::Value,
                address,
                "can be made again 60 seconds after it was deleted, not before".to_owned(),
            );
        }
        if let Some(words) = generates(was) {
            add(Sort::Value, address, words.to_owned());
        }
    }
    for (address, was) in &state.resources {
        if !story.made.contains(address) || story.back.contains(address) {
            continue;
        }
        let ends = plan.change(address).is_some_and(|change| change.loses().is_some());
        let loss = data_loss(&was.type_name).filter(|loss| ends && !loss.warns);
        if let Some(loss) = loss {
            add(
                Sort::DataSince,
                address,
                format!("was made by this apply and goes; lost with it: {}", loss.loses),
            );
        }
    }
    // What stands where something is taken back.
    for address in &story.back {
        let now = failed.now.resources.get(story.later(address));
        if let Some(loss) = now.and_then(|now| data_loss(&now.type_name)).filter(|loss| !loss.warns) {
            add(
                Sort::DataSince,
                address,
                format!("is the one from before again, and the new one goes; lost with it: {}", loss.loses),
            );
        }
    }
    for (address, paths) in stays {
        let what = paths.join("`, `");
        add(
            Sort::Secret,
            address,
            format!("keeps its present `{what}`: of what was there before only the hash is known"),
        );
    }
    for (address, why) in &exceptions.dropped {
        add(Sort::Missing, address, format!("isn't made anew: {why}"));
    }
    for (address, why) in &exceptions.kept {
        add(Sort::Kept, address, format!("stays as it is now: {why}"));
    }
    for change in &plan.changes {
        if story.imported.contains(&change.address)
            && change.action == Action::Forget
            && change.drift != Some(Drift::Gone)
        {
            let changed = failed.plan.change(&change.address).is_some_and(|change| !change.diff.is_empty());
            let rest = if changed { "as the apply changed it" } else { "as it is" };
            add(
                Sort::LetGo,
                &change.address,
                format!("was there before the apply took it over: it is let go of, {rest}"),
            );
        }
    }
    found.into_iter().collect()
}

/// What the service makes up anew.
fn generates(was: &Recorded) -> Option<&'static str> {
    let generated = was.type_name.as_str() == "AWS::SecretsManager::Secret"
        && was.declared.get("GenerateSecretString").is_some_and(Json::is_object);
    generated.then_some("gets another secret: AWS generates it anew")
}
