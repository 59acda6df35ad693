//! A policy, typed.

use super::condition::Condition;
use super::keys::Keys;
use super::principal::{Named, Principal, Reach, all_excepted};
use super::text::Template;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    pub(super) statements: Vec<Statement>,
}

/// What a statement does where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request may go on, unless something denies it.
    Allow,
    /// The request is refused.
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Its place in the document, from 0.
    pub(super) index: usize,
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) principals: Option<Scope<Named>>,
    /// In lower case.
    pub(super) actions: Scope<Template>,
    /// A trust policy has none: it is about its role.
    pub(super) resources: Option<Scope<Template>>,
    pub(super) conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, and the like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scope<T> {
    Only(Vec<T>),
    AllBut(Vec<T>),
}

/// What is asked: may this one do that, there?
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// `sqs:SendMessage`; the case doesn't matter.
    pub action: &'a str,
    /// The resource's ARN, or `*` where the action knows none.
    pub resource: &'a str,
    /// The account that owns the resource, where it isn't in the ARN (as with S3 buckets). Without
    /// one it is the caller's.
    pub owner: Option<&'a str>,
    /// What else is known.
    pub keys: &'a Keys,
}

impl Scope<Template> {
    fn holds(&self, text: &str, keys: &Keys) -> bool {
        let (list, listed) = match self {
            Self::Only(list) => (list, true),
            Self::AllBut(list) => (list, false),
        };
        let mut unknown = false;
        for template in list {
            match template.fits(text, keys) {
                Some(true) => return listed,
                Some(false) => {}
                None => unknown = true,
            }
        }
        // A variable without a value makes the statement invalid.
        !listed && !unknown
    }
}

impl Statement {
    /// Whether it applies to a request, and how it names the one who asks. A statement without
    /// principals is about whoever has the policy.
    pub(super) fn applies(&self, request: &Request<'_>, action: &str) -> Option<Reach> {
        let reach = match &self.principals {
            None => Some(Reach::Itself),
            Some(Scope::Only(named)) => named.iter().filter_map(|n| n.reaches(request.principal)).max(),
            Some(Scope::AllBut(excepted)) => {
                let out = match self.effect {
                    Effect::Deny => all_excepted(excepted, request.principal),
                    Effect::Allow => excepted.iter().any(|n| n.reaches(request.principal).is_some()),
                };
                (!out).then_some(Reach::Itself)
            }
        }?;
        let keys = request.keys;
        let applies = self.actions.holds(action, keys)
            && self.resources.as_ref().is_none_or(|resources| resources.holds(request.resource, keys))
            && self.conditions.iter().all(|condition| condition.met(keys));
        applies.then_some(reach)
    }

    /// Whether it is about an action (in lower case).
    pub(super) fn is_about(&self, action: &str) -> bool {
        // Actions have no variables.
        self.actions.holds(action, &Keys::new())
    }

    /// Whether it is about every resource, always.
    pub(super) fn is_about_everything(&self) -> bool {
        let everything = |list: &Vec<Template>| list.iter().any(Template::is_star);
        let stars = self.resources.as_ref().is_none_or(|scope| match scope {
            Scope::Only(list) => everything(list),
            Scope::AllBut(_) => false,
        });
        stars && self.conditions.is_empty() && self.principals.is_none()
    }
}
