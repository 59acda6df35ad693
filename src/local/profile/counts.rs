//! What the cloud did to its clients, counted by name, so that a test can say what it survived. In
//! memory alone: counted since the start, or since the last reset.

use serde_json::{Value as Json, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Everything the cloud does that a client must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misbehaviour {
    /// A call refused with ThrottlingException.
    ThrottledCall,
    /// A call refused with GeneralServiceException and "Rate exceeded".
    ThrottledAsGeneral,
    /// A call refused with HTTP status 429.
    Throttled429,
    /// A call refused with HTTP status 503.
    Throttled503,
    /// An operation that failed with the error code Throttling.
    ThrottledOperation,
    /// An operation that failed with GeneralServiceException, and words that mean throttling.
    ThrottledOperationAsGeneral,
    /// An operation that failed before it did anything.
    FailedBefore,
    /// An operation that failed after it did everything.
    FailedAfter,
    /// A create that failed after it made the resource: one of the failed ones after.
    Remnant,
    /// A read that said NotFound of what was just created.
    CreateLag,
    /// A read that showed a model from before an update.
    UpdateLag,
    /// A read that showed what was deleted.
    DeleteLag,
    /// A list that didn't show a create or a delete yet.
    ListLag,
    /// A role that was too new to be assumed.
    RoleNotYetUsable,
    /// A queue's name that rested after a delete.
    NameRested,
    /// An answer that never reached its client.
    LostAnswer,
    /// An answer that was under way for a while.
    SlowAnswer,
    /// An operation still under way after the moment that RetryAfter named.
    EarlyRetryAfter,
    /// A read with arrays in another order.
    Reordered,
    /// A read with values in another spelling.
    Respelled,
    /// A property that a create gave a default nobody asked for.
    Invented,
    /// A property that an update gave a default nobody asked for.
    InventedAfterUpdate,
    /// An empty array that a read shows and no update may keep.
    Unacceptable,
    /// A read with a tag of the prefix `aws:`.
    SystemTag,
}

impl Misbehaviour {
    const ALL: [(Self, &str); 24] = [
        (Self::ThrottledCall, "throttled-call"),
        (Self::ThrottledAsGeneral, "throttled-call-as-general"),
        (Self::Throttled429, "throttled-call-429"),
        (Self::Throttled503, "throttled-call-503"),
        (Self::ThrottledOperation, "throttled-operation"),
        (Self::ThrottledOperationAsGeneral, "throttled-operation-as-general"),
        (Self::FailedBefore, "failed-before"),
        (Self::FailedAfter, "failed-after"),
        (Self::Remnant, "remnant"),
        (Self::CreateLag, "create-lag"),
        (Self::UpdateLag, "update-lag"),
        (Self::DeleteLag, "delete-lag"),
        (Self::ListLag, "list-lag"),
        (Self::RoleNotYetUsable, "role-not-yet-usable"),
        (Self::NameRested, "name-rested"),
        (Self::LostAnswer, "lost-answer"),
        (Self::SlowAnswer, "slow-answer"),
        (Self::EarlyRetryAfter, "early-retry-after"),
        (Self::Reordered, "reordered"),
        (Self::Respelled, "respelled"),
        (Self::Invented, "invented"),
        (Self::InventedAfterUpdate, "invented-after-update"),
        (Self::Unacceptable, "unacceptable"),
        (Self::SystemTag, "system-tag"),
    ];
}

/// The counters. They count through a shared reference: whoever may see the world may say what it
/// did. The world's lock orders all of it.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    misbehaviours: [Cell<u64>; Misbehaviour::ALL.len()],
    calls: RefCell<BTreeMap<String, u64>>,
}

impl Counts {
    /// One more of that.
    pub(crate) fn add(&self, misbehaviour: Misbehaviour) {
        let at = Misbehaviour::ALL.iter().position(|(known, _)| *known == misbehaviour);
        if let Some(counter) = at.and_then(|at| self.misbehaviours.get(at)) {
            counter.set(counter.get().saturating_add(1));
        }
    }

    /// One more call of an operation that exists: `cloudcontrolapi:CreateResource`.
    pub(crate) fn add_call(&self, service: &str, operation: &str) {
        let mut calls = self.calls.borrow_mut();
        let count = calls.entry(format!("{service}:{operation}")).or_default();
        *count = count.saturating_add(1);
    }

    /// All of it, for `GET /_evstack/counts`; what never happened is 0.
    pub(crate) fn shown(&self) -> Json {
        let misbehaviours: serde_json::Map<String, Json> = Misbehaviour::ALL
            .iter()
            .zip(&self.misbehaviours)
            .map(|((_, name), count)| ((*name).to_owned(), json!(count.get())))
            .collect();
        json!({ "misbehaviours": misbehaviours, "calls": *self.calls.borrow() })
    }

    /// From zero again.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_by_name_and_start_anew() {
        let mut counts = Counts::default();
        counts.add(Misbehaviour::Remnant);
        counts.add(Misbehaviour::Remnant);
        counts.add_call("cloudcontrolapi", "GetResource");
        let shown = counts.shown();
        assert_eq!(shown["misbehaviours"]["remnant"], 2);
        assert_eq!(shown["misbehaviours"]["lost-answer"], 0);
        assert_eq!(shown["calls"], json!({"cloudcontrolapi:GetResource": 1}));
        counts.reset();
        assert_eq!(counts.shown()["misbehaviours"]["remnant"], 0);
        assert_eq!(counts.shown()["calls"], json!({}));
    }

    #[test]
    fn every_misbehaviour_stands_in_the_list() {
        // The list's length is the enum's: the last one's number says how many there are.
        assert_eq!(Misbehaviour::SystemTag as usize + 1, Misbehaviour::ALL.len());
        for (at, (misbehaviour, _)) in Misbehaviour::ALL.iter().enumerate() {
            assert_eq!(*misbehaviour as usize, at);
        }
    }
}
