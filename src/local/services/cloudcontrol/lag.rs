//! Reads that lag behind: for a moment after a change, readers see what was there before. Handlers
//! and patches see what is.

use super::model::Operation;
use crate::local::clock::Time;
use crate::local::profile::Misbehaviour;
use crate::local::services::Scope;
use crate::local::services::resources::{Resource, Resources};
use crate::local::store::{AnyTable, Table};
use crate::local::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What lies over a resource for a moment.
#[derive(Debug, Serialize, Deserialize)]
struct Veil {
    operation: Operation,
    /// What was there before: nothing before a create.
    before: Option<Arc<Resource>>,
    /// Reads see it again from here on.
    read: Time,
    /// Lists see it again from here on.
    listed: Time,
}

/// The veils by their resource's key, and by when they fall. They are rows: a restart lifts none.
pub(super) struct Veils {
    rows: Table<Veil>,
    by_end: BTreeSet<(Time, String)>,
}

impl Veils {
    pub(super) fn new() -> Self {
        Self { rows: Table::new("cloudcontrol_veils"), by_end: BTreeSet::new() }
    }

    pub(super) fn table(&mut self) -> &mut dyn AnyTable {
        &mut self.rows
    }

    pub(super) fn loaded(&mut self) {
        self.by_end = self.rows.iter().map(|(key, veil)| (veil.read.max(veil.listed), key.clone())).collect();
    }

    /// Drops those that have fallen.
    pub(super) fn forget_old(&mut self, now: Time) {
        while let Some((end, key)) = self.by_end.first().filter(|(end, _)| *end <= now).cloned() {
            // A later change may have laid a later one there.
            if self.rows.get(&key).is_some_and(|veil| veil.read.max(veil.listed) <= now) {
                self.rows.remove(&key);
            }
            self.by_end.remove(&(end, key));
        }
    }
}

/// Lays a veil over what an operation has changed, if the profile has one. `before` is the resource
/// as it was.
pub(super) fn lay(
    world: &mut World,
    operation: Operation,
    (scope, type_name, identifier): (&Scope, &str, &str),
    before: Option<Resource>,
) {
    let profile = &world.profile;
    let (lag, lists) = match operation {
        Operation::Create => (profile.create_lag, profile.list_lag),
        Operation::Update => (profile.update_lag, crate::local::profile::Delay::NONE),
        Operation::Delete => (profile.delete_lag, profile.list_lag),
    };
    if lag.is_none() && lists.is_none() {
        return;
    }
    let read = world.now.after(lag.draw(&mut world.rng));
    let listed = world.now.after(lists.draw(&mut world.rng));
    let key = Resources::key(scope, type_name, identifier);
    let veils = &mut world.services.cloudcontrol.veils;
    veils.by_end.insert((read.max(listed), key.clone()));
    veils.rows.put(key, Veil { operation, before: before.map(Arc::new), read, listed });
}

/// The resource as a read sees it now.
pub(super) fn seen(world: &World, scope: &Scope, type_name: &str, identifier: &str) -> Option<Arc<Resource>> {
    let veil = world.services.cloudcontrol.veils.rows.get(&Resources::key(scope, type_name, identifier));
    let Some(veil) = veil.filter(|veil| world.now < veil.read) else {
        return world.services.resources.get(scope, type_name, identifier).cloned();
    };
    world.counts.add(match veil.operation {
        Operation::Create => Misbehaviour::CreateLag,
        Operation::Update => Misbehaviour::UpdateLag,
        Operation::Delete => Misbehaviour::DeleteLag,
    });
    veil.before.clone()
}

/// The resources of a type as a list sees them now, by identifier, after a given one.
pub(super) fn listed<'a>(
    world: &'a World,
    scope: &'a Scope,
    type_name: &'a str,
    after: Option<&str>,
) -> Box<dyn Iterator<Item = &'a Arc<Resource>> + 'a> {
    let veils = &world.services.cloudcontrol.veils;
    let existing = world.services.resources.of_type(scope, type_name, after);
    if veils.by_end.is_empty() {
        return Box::new(existing);
    }
    let prefix = Resources::key(scope, type_name, "");
    let veiled = |key: &str, operation: Operation| {
        veils.rows.get(key).filter(|veil| veil.operation == operation && world.now < veil.listed)
    };
    let mut lags = false;
    let mut all: Vec<&Arc<Resource>> = existing
        .filter(|resource| {
            let new = veiled(&format!("{prefix}{}", resource.identifier), Operation::Create).is_some();
            lags |= new;
            !new
        })
        .collect();
    let gone = veils
        .by_end
        .iter()
        .filter(|(_, key)| key.starts_with(&prefix))
        .filter_map(|(_, key)| veiled(key, Operation::Delete)?.before.as_ref())
        .filter(|resource| after.is_none_or(|after| resource.identifier.as_str() > after));
    let existing = all.len();
    all.extend(gone);
    if lags || all.len() > existing {
        world.counts.add(Misbehaviour::ListLag);
    }
    all.sort_by(|a, b| a.identifier.cmp(&b.identifier));
    all.dedup_by(|a, b| a.identifier == b.identifier);
    Box::new(all.into_iter())
}
