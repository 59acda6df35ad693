//! IAM as the services ask it: may this role be taken, may its session do that? The policies are
//! those of the rows that exist (roles, managed policies, the policies of queues, topics, buses,
//! buckets, …); [`crate::languages::iam_policy`] decides.
//!
//! AWS's own managed policies are known here only where their text is certain; a decision that hangs
//! on another one is [`Verdict::Unknown`], and then nobody refuses.

mod attached;
mod aws_managed;
pub(crate) mod callers;
mod of_resource;
pub(crate) mod words;

use super::clock::Time;
use super::services::Scope;
use super::services::resource::Context;
use super::services::resources::{Resource, Resources};
use super::world::World;
use crate::languages::iam_policy::{
    Decision, Given, Keys, Policies, Policy, Principal, Request, Sort, account_of, evaluate,
};
use crate::local::profile::Misbehaviour;
use std::sync::Arc;
use std::time::Duration;

/// Why a role can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleTrouble {
    /// There is no role with this ARN.
    Missing,
    /// Its trust policy doesn't allow it.
    NotTrusted,
    /// It is too new: on AWS a role takes some seconds until services can take it.
    NotYetUsable,
}

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    Denied,
    /// It depends on an AWS-managed policy whose text this cloud doesn't have.
    Unknown,
}

/// A verdict with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) verdict: Verdict,
    /// As far as the policies are known; [`words::refusal`] has the words for it.
    pub(crate) decision: Decision,
}

impl Ruling {
    /// Whether a service has to refuse.
    pub(crate) fn is_denied(&self) -> bool {
        self.verdict == Verdict::Denied
    }
}

/// What a question to IAM needs of the world.
#[derive(Clone, Copy)]
pub(crate) struct View<'w> {
    pub(crate) resources: &'w Resources,
    pub(crate) now: Time,
    /// How long a new role can't be taken.
    pub(crate) role_delay: Duration,
}

impl<'w> View<'w> {
    /// A handler's.
    pub(crate) fn of(context: &'w Context<'_>) -> Self {
        Self { resources: context.resources, now: context.now, role_delay: context.profile.role_delay }
    }

    /// A service's.
    pub(crate) fn of_world(world: &'w World) -> Self {
        Self { resources: &world.services.resources, now: world.now, role_delay: world.profile.role_delay }
    }

    /// The role with an ARN.
    pub(crate) fn role(&self, arn: &str) -> Option<&'w Arc<Resource>> {
        let account = account_of(arn)?;
        let name = arn.split_once(":role/")?.1.rsplit('/').next()?;
        let scope = Scope { account: account.to_owned(), region: String::new() };
        let role = self.resources.get(&scope, "AWS::IAM::Role", name)?;
        // Path and partition are part of the ARN.
        (role.properties.get("Arn")?.as_str()? == arn).then_some(role)
    }

    /// Whether `who` may take a role; `keys` is what else is known of the call. `own` are the
    /// caller's own policies.
    pub(crate) fn may_assume(
        &self,
        role: &Resource,
        who: &Principal,
        action: &str,
        keys: &Keys,
        own: &Own,
    ) -> Ruling {
        let arn = role.properties.get("Arn").and_then(|arn| arn.as_str()).unwrap_or_default();
        let trust = role.properties.get("AssumeRolePolicyDocument").map(Policy::read).unwrap_or_default();
        let trust = [Given { name: "AssumeRolePolicyDocument", policy: &trust }];
        let request = Request { principal: who, action, resource: arn, owner: None, keys };
        own.decide(&request, &trust, true)
    }

    /// Whether a role is too new to be taken.
    pub(crate) fn too_new(&self, role: &Resource) -> bool {
        self.now < role.created.at.after(self.role_delay)
    }

    /// What a session of a role may do, without policies given with it.
    pub(crate) fn session_may(&self, role: &Resource, who: &Principal, asked: &Asked<'_>) -> Ruling {
        self.decide(who, &attached::of_role(self.resources, role), asked)
    }

    /// What somebody with policies `own` may do: the resource's own policy counts too.
    pub(crate) fn decide(&self, who: &Principal, own: &Own, asked: &Asked<'_>) -> Ruling {
        let found = of_resource::policies(self.resources, asked.resource);
        let given: Vec<Given<'_>> =
            found.policies.iter().map(|(name, policy)| Given { name, policy }).collect();
        let request = Request {
            principal: who,
            action: asked.action,
            resource: asked.resource,
            owner: found.owner.as_deref(),
            keys: asked.keys,
        };
        own.decide(&request, &given, false)
    }
}

/// A question: this action, there, with these keys.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) keys: &'a Keys,
}

/// The policies that somebody has, with their names.
#[derive(Debug, Default)]
pub(crate) struct Own {
    identity: Vec<(String, Policy)>,
    boundary: Option<(String, Policy)>,
    /// Given along when the session was made.
    session: Vec<(String, Policy)>,
    /// Whether there are policies of a sort whose text isn't known.
    unknown: bool,
    unknown_boundary: bool,
    unknown_session: bool,
}

impl Own {
    /// None: services, strangers, and root, who needs none.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Whether some request for an action might be allowed, as far as these policies say.
    fn conceivably(&self, action: &str) -> bool {
        let allows = |named: &[(String, Policy)]| named.iter().any(|(_, policy)| policy.may_allow(action));
        let denies =
            |named: &[(String, Policy)]| named.iter().any(|(_, policy)| policy.always_denies(action));
        let boundary = self.boundary.as_slice();
        (self.unknown || allows(&self.identity))
            && (boundary.is_empty() || allows(boundary))
            && (self.unknown_session || self.session.is_empty() || allows(&self.session))
            && ![&self.identity, boundary, &self.session].into_iter().any(denies)
    }

    fn decide(&self, request: &Request<'_>, resource: &[Given<'_>], resource_decides: bool) -> Ruling {
        fn given((name, policy): &(String, Policy)) -> Given<'_> {
            Given { name, policy }
        }
        let identity: Vec<Given<'_>> = self.identity.iter().map(given).collect();
        let session: Vec<Given<'_>> = self.session.iter().map(given).collect();
        let policies = Policies {
            identity: &identity,
            resource,
            boundary: self.boundary.as_ref().map(given),
            session: &session,
            resource_decides,
        };
        let decision = evaluate(request, &policies);
        let verdict = match &decision {
            // An unknown boundary might not allow it, nor an unknown session policy.
            Decision::Allowed(_) if self.unknown_boundary => Verdict::Unknown,
            Decision::Allowed(_) if self.unknown_session && self.session.is_empty() => Verdict::Unknown,
            Decision::Allowed(_) => Verdict::Allowed,
            // An unknown policy might allow it.
            Decision::NotAllowed(Sort::Identity) if self.unknown => Verdict::Unknown,
            Decision::NotAllowed(Sort::Session) if self.unknown_session => Verdict::Unknown,
            _ => Verdict::Denied,
        };
        Ruling { verdict, decision }
    }
}

/// Whether a service may take a role, with what it says of itself: `aws:SourceArn`,
/// `aws:SourceAccount`.
pub(crate) fn assume(
    context: &Context<'_>,
    role_arn: &str,
    service: &str,
    keys: &[(&str, &str)],
) -> Result<Arc<Resource>, RoleTrouble> {
    let view = View::of(context);
    let role = view.role(role_arn).ok_or(RoleTrouble::Missing)?;
    let who = Principal::Service(service.to_owned());
    let keys: Keys = keys.iter().copied().collect();
    if view.may_assume(role, &who, "sts:AssumeRole", &keys, &Own::none()).is_denied() {
        return Err(RoleTrouble::NotTrusted);
    }
    if view.too_new(role) {
        context.counts.add(Misbehaviour::RoleNotYetUsable);
        return Err(RoleTrouble::NotYetUsable);
    }
    Ok(Arc::clone(role))
}

/// What a service may do once it has taken a role.
pub(crate) fn may(
    context: &Context<'_>,
    role: &Resource,
    action: &str,
    resource: &str,
    keys: &[(&str, &str)],
) -> Verdict {
    let arn = role.properties.get("Arn").and_then(|arn| arn.as_str()).unwrap_or_default();
    let who = Principal::RoleSession { role: arn.to_owned(), session: session_arn(arn, "evstack") };
    let mut keys: Keys = keys.iter().copied().collect();
    keys.add_if_absent("aws:PrincipalArn", arn);
    keys.add_if_absent("aws:PrincipalAccount", account_of(arn).unwrap_or_default());
    keys.add_if_absent("aws:CurrentTime", context.now.rfc3339());
    keys.add_if_absent("aws:EpochTime", context.now.0.div_euclid(1000).to_string());
    keys.add_if_absent("aws:RequestedRegion", &context.scope.region);
    keys.add_if_absent("aws:SecureTransport", "true");
    View::of(context).session_may(role, &who, &Asked { action, resource, keys: &keys }).verdict
}

/// `arn:aws:sts::123456789012:assumed-role/name/session` of a role's ARN.
pub(crate) fn session_arn(role_arn: &str, session: &str) -> String {
    let partition = role_arn.split(':').nth(1).unwrap_or("aws");
    let account = account_of(role_arn).unwrap_or_default();
    let name = role_arn.rsplit('/').next().unwrap_or_default();
    format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
}

#[cfg(test)]
mod tests;
