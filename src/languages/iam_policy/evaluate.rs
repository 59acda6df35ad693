//! May this one do that? All policies together decide.
//!
//! Source: IAM User Guide, "Policy evaluation logic": a deny anywhere is the end; within one account
//! an allow of an identity's policy or of the resource's own is enough, across accounts both are
//! needed; boundary and session policies limit both, except where the resource's policy names the
//! session (or the user) itself. Role trust policies and key policies always have to allow.

use super::document::{Effect, Policy, Request};
use super::principal::{Principal, Reach, account_of};
use std::fmt;

/// A policy with the name under which a decision speaks of it.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// An inline policy's name, a managed one's ARN, ….
    pub name: &'a str,
    /// What it says.
    pub policy: &'a Policy,
}

/// The policies that bear on a request. Empty is: there are none of this sort.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// Of the user or the role.
    pub identity: &'a [Given<'a>],
    /// Of the resource.
    pub resource: &'a [Given<'a>],
    /// The permissions boundary of the user or the role.
    pub boundary: Option<Given<'a>>,
    /// Given along when the session was made.
    pub session: &'a [Given<'a>],
    /// Whether the resource's policy has to allow, whoever asks: so it is with a role's trust policy
    /// and with a key's.
    pub resource_decides: bool,
}

/// The sorts of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Of the user or the role.
    Identity,
    /// Of the resource.
    Resource,
    /// The permissions boundary.
    Boundary,
    /// Of the session.
    Session,
}

/// The statement that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In what sort of policy.
    pub sort: Sort,
    /// The policy's name.
    pub policy: String,
    /// The statement's place in it, from 0.
    pub statement: usize,
    /// The statement's own name.
    pub sid: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes: by this statement, or because the account's root may do everything.
    Allowed(Option<Place>),
    /// A statement says no.
    Denied(Place),
    /// No policy of this sort says yes.
    NotAllowed(Sort),
}

impl Decision {
    /// Whether it is a yes.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "statement `{sid}` of `{}`", self.policy),
            None => write!(f, "statement {} of `{}`", self.statement + 1, self.policy),
        }
    }
}

impl Policy {
    /// Whether a statement allows an action, on whatever resource and under whatever condition.
    #[must_use]
    pub fn may_allow(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.statements.iter().any(|s| s.effect == Effect::Allow && s.is_about(&action))
    }

    /// Whether a statement denies an action on everything, without a condition.
    #[must_use]
    pub fn always_denies(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.statements
            .iter()
            .any(|s| s.effect == Effect::Deny && s.is_about(&action) && s.is_about_everything())
    }
}

/// Decides.
#[must_use]
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_>) -> Decision {
    let action = request.action.to_ascii_lowercase();
    let find = |sort: Sort, given: &[Given<'_>], effect: Effect| -> Option<(Reach, Place)> {
        let mut found: Option<(Reach, Place)> = None;
        for one in given {
            for statement in one.policy.statements.iter().filter(|s| s.effect == effect) {
                let Some(reach) = statement.applies(request, &action) else { continue };
                if found.as_ref().is_none_or(|(best, _)| reach > *best) {
                    let place = Place {
                        sort,
                        policy: one.name.to_owned(),
                        statement: statement.index,
                        sid: statement.sid.clone(),
                    };
                    found = Some((reach, place));
                }
            }
        }
        found
    };
    let boundary: &[Given<'_>] = policies.boundary.as_slice();
    let sorts = [
        (Sort::Identity, policies.identity),
        (Sort::Resource, policies.resource),
        (Sort::Boundary, boundary),
        (Sort::Session, policies.session),
    ];
    for (sort, given) in sorts {
        if let Some((_, place)) = find(sort, given, Effect::Deny) {
            return Decision::Denied(place);
        }
    }

    let by_resource = find(Sort::Resource, policies.resource, Effect::Allow);
    let Some(own) = request.principal.account() else {
        // Services and strangers have no policies of their own.
        return match by_resource {
            Some((_, place)) => Decision::Allowed(Some(place)),
            None => Decision::NotAllowed(Sort::Resource),
        };
    };
    if policies.resource_decides && by_resource.is_none() {
        return Decision::NotAllowed(Sort::Resource);
    }
    let owner = request.owner.or_else(|| account_of(request.resource)).unwrap_or(own);
    let same_account = owner == own;
    let reach = by_resource.as_ref().map(|(reach, _)| *reach);
    if let (true, Some((Reach::Itself, place))) = (same_account, &by_resource) {
        return Decision::Allowed(Some(place.clone()));
    }

    let root = matches!(request.principal, Principal::Root { .. });
    let by_identity = find(Sort::Identity, policies.identity, Effect::Allow);
    let enough_by_resource = same_account && reach == Some(Reach::Behind);
    if !root && by_identity.is_none() && !enough_by_resource {
        return Decision::NotAllowed(Sort::Identity);
    }
    for (sort, given) in [(Sort::Boundary, boundary), (Sort::Session, policies.session)] {
        if !given.is_empty() && find(sort, given, Effect::Allow).is_none() {
            return Decision::NotAllowed(sort);
        }
    }
    if !same_account && by_resource.is_none() {
        return Decision::NotAllowed(Sort::Resource);
    }
    Decision::Allowed(by_identity.or(by_resource).map(|(_, place)| place))
}
