//! Whose an identifier is: no two addresses have one, and nothing is deleted that another has by now.
//!
//! A service may answer a create with what is there already (SNS does so for a subscription that is
//! asked for again). Then the new one is the old one, and to take the old one away would end both.

use super::cancel::Stop;
use super::operation::{Halt, Hands, Order};
use crate::diff::Listing;
use crate::model::{Address, Json, Recorded};
use crate::plan::adoption::recorded_as;
use crate::provider::{Fault, FaultKind};
use crate::schema::TypeName;
use crate::state::{Entry, Journal, State, Verb};
use std::time::Duration;

/// A type and an identifier.
pub(super) type Identity = (TypeName, String);

/// How often it is asked whether a delete has ended.
const GLANCE: Duration = Duration::from_millis(250);
/// How often a read is looked at again that shows what is in the way, in milliseconds.
const LOOKS: [u64; 6] = [100, 250, 500, 1_000, 2_000, 4_000];
/// How many are read to name the one that is in the way.
const MOST: usize = 20;

impl Hands {
    /// Whether what a create came to is its own: not what another address has, unless that goes. What is
    /// just being deleted is waited for: whether it is there, the next read tells.
    pub async fn claim(&self, order: &Order, id: u64, identifier: &str) -> Result<(), Halt> {
        let Order { subject, timeout, .. } = order;
        let started = self.clock.now();
        while self.journal.with(|state| is_being_deleted(state, &subject.type_name, identifier)) {
            if self.clock.now().saturating_sub(started) > *timeout {
                return Err(Halt::TimedOut(*timeout));
            }
            tokio::select! {
                () = self.clock.sleep(GLANCE) => {}
                () = self.cancel.at_least(Stop::Leave) => return Err(Halt::Left),
            }
        }
        let other = self.journal.with(|state| {
            holder(state, &subject.type_name, identifier, Some(&subject.address)).map(|r| r.address.clone())
        });
        let Some(other) = other else { return Ok(()) };
        if self.going.contains(&(subject.type_name.clone(), identifier.to_owned())) {
            return Ok(());
        }
        let message = format!("the service answered with `{identifier}`, which is recorded as `{other}`");
        self.refused(id, fault(&subject.type_name, FaultKind::AlreadyExists, identifier, message))
    }

    /// Whether what a create came to is gone, by this run's own hand.
    pub fn check_there(&self, id: u64, type_name: &TypeName, identifier: &str) -> Result<(), Halt> {
        if !self.freed.has(type_name, identifier) {
            return Ok(());
        }
        let message =
            format!("the service answered with `{identifier}`, which was just being deleted, and is gone");
        self.refused(id, fault(type_name, FaultKind::Conflict, identifier, message))
    }

    /// Refuses a create that the service would answer with what is there and isn't ours: to record that
    /// would be to end it, one day, for whoever has it. Where the read isn't allowed, nobody can tell.
    pub async fn look_for_another(&self, order: &Order, wanted: &Json, listing: Listing) -> Result<(), Halt> {
        let Some(parent) = wanted.get(listing.of).and_then(Json::as_str) else { return Ok(()) };
        if listing.by.iter().any(|name| wanted.get(name).is_none()) {
            return Ok(());
        }
        let parent_type = TypeName::new(listing.type_name);
        let is_it = |item: &Json| listing.by.iter().all(|name| item.get(name) == wanted.get(name));
        // What was just deleted may be shown for a while.
        for wait in LOOKS.into_iter().map(Some).chain([None]) {
            let Ok(Some(live)) = self.provider.read(&parent_type, parent).await else { return Ok(()) };
            if !live.get(listing.property).and_then(Json::as_array).is_some_and(|all| all.iter().any(is_it)) {
                return Ok(());
            }
            let Some(wait) = wait else { break };
            tokio::select! {
                () = self.clock.sleep(Duration::from_millis(wait)) => {}
                () = self.cancel.at_least(Stop::Gently) => return Err(Halt::Stopped),
            }
        }
        let type_name = &order.subject.type_name;
        let listed = self.provider.list(type_name, None).await.unwrap_or_default();
        let names = listed.into_iter().map(|(identifier, _)| identifier);
        let mut identifier = None;
        for name in names.filter(|name| name.starts_with(parent)).take(MOST) {
            let read = self.provider.read(type_name, &name).await;
            if read.is_ok_and(|read| read.is_some_and(|live| is_it(&live))) {
                identifier = Some(name);
                break;
            }
        }
        let names = listing.by.join(" and ");
        let message = format!(
            "`{parent}` has one with the same {names}, which isn't this address's: the create would be answered \
             with that, and its deletion would end both"
        );
        let fault =
            fault(type_name, FaultKind::AlreadyExists, identifier.as_deref().unwrap_or_default(), message);
        Err(Halt::Fault(Box::new(Fault { identifier, ..fault })))
    }

    fn refused(&self, id: u64, fault: Fault) -> Result<(), Halt> {
        self.failed(id, fault.to_string(), None, false);
        Err(Halt::Fault(Box::new(fault)))
    }
}

fn fault(type_name: &TypeName, kind: FaultKind, identifier: &str, message: String) -> Fault {
    let code = if kind == FaultKind::AlreadyExists { "AlreadyExists" } else { "ResourceConflict" };
    Fault {
        kind,
        operation: "CreateResource",
        type_name: Some(type_name.clone()),
        identifier: Some(identifier.to_owned()),
        code: code.to_owned(),
        message,
        request_id: None,
    }
}

fn is_being_deleted(state: &State, type_name: &TypeName, identifier: &str) -> bool {
    state.operations.values().any(|operation| {
        operation.verb == Verb::Delete
            && operation.type_name == *type_name
            && operation.identifier.as_deref() == Some(identifier)
    })
}

/// Who has an identifier, other than one.
fn holder<'s>(
    state: &'s State,
    type_name: &TypeName,
    identifier: &str,
    but: Option<&Address>,
) -> Option<&'s Recorded> {
    let has = |r: &&Recorded| r.type_name == *type_name && r.identifier == identifier;
    state.resources.values().filter(has).find(|r| Some(&r.address) != but)
}

/// Whether a recorded resource is another address's by now. Then only the record lets go of it: who was
/// built on it is built on that one.
pub(super) fn passed_on(
    journal: &Journal,
    address: &Address,
    type_name: &TypeName,
    identifier: &str,
) -> bool {
    let Some(other) = journal.with(|s| holder(s, type_name, identifier, Some(address)).cloned()) else {
        return false;
    };
    let (from, to) = (address.clone(), other.address.clone());
    let entries = vec![Entry::Move { from, to }, Entry::Put { recorded: Box::new(other) }];
    drop(journal.append(Entry::Together { entries }));
    true
}

/// Whether what something took the place of is that very thing, or another address's by now.
pub(super) fn is_no_leftover(journal: &Journal, type_name: &TypeName, identifier: &str) -> bool {
    let holder = journal.with(|state| {
        let left = |l: &crate::state::Leftover| l.type_name == *type_name && l.identifier == identifier;
        if !state.leftovers.iter().any(left) {
            return Err(());
        }
        let other = recorded_as(&state.resources, type_name, identifier);
        Ok(other.and_then(|other| state.resources.get(other)).cloned())
    });
    match holder {
        Err(()) => true,
        Ok(None) => false,
        Ok(Some(recorded)) => {
            drop(journal.append(Entry::TakeBack { recorded: Box::new(recorded) }));
            true
        }
    }
}
