//! What the one who calls may do: root everything, a session what its role and the policies given
//! with it allow.

use super::{Asked, Own, Ruling, Verdict, View, attached, words};
use crate::languages::iam_policy::{Keys, Policy, Principal, account_of};
use crate::local::services::Caller;
use crate::local::services::sts::{Identity, Session};
use serde_json::Value as Json;

/// The caller as a policy sees them.
pub(crate) fn principal(caller: &Caller) -> Principal {
    match caller.session.as_deref().map(|session| &session.identity) {
        Some(Identity::Role { arn, .. }) => {
            Principal::RoleSession { role: arn.clone(), session: caller.arn.clone() }
        }
        Some(Identity::Root) | None => Principal::Root { account: caller.scope.account.clone() },
    }
}

/// The caller's own policies.
pub(crate) fn own(view: &View<'_>, caller: &Caller) -> Own {
    let Some(session) = caller.session.as_deref() else { return Own::none() };
    let Identity::Role { arn, id, .. } = &session.identity else { return Own::none() };
    // A role that was deleted, and perhaps made anew, allows nothing any more.
    let role = view.role(arn).filter(|role| role.properties.get("RoleId").and_then(Json::as_str) == Some(id));
    let mut own = role.map(|role| attached::of_role(view.resources, role)).unwrap_or_default();
    for policy in &session.policies {
        own.session.push(("session policy".to_owned(), Policy::read(policy)));
    }
    for arn in &session.policy_arns {
        match attached::managed(view.resources, arn) {
            Some(policy) => own.session.push((arn.clone(), policy)),
            None => own.unknown_session = true,
        }
    }
    own
}

/// Adds what is known of every call to its keys (IAM User Guide, "AWS global condition context
/// keys").
pub(crate) fn describe(view: &View<'_>, caller: &Caller, keys: &mut Keys) {
    keys.add_if_absent("aws:userid", &caller.user_id);
    keys.add_if_absent("aws:PrincipalAccount", &caller.scope.account);
    keys.add_if_absent("aws:RequestedRegion", &caller.scope.region);
    keys.add_if_absent("aws:CurrentTime", view.now.rfc3339());
    keys.add_if_absent("aws:EpochTime", view.now.0.div_euclid(1000).to_string());
    // AWS is called through TLS; policies that demand it mean no more than that.
    keys.add_if_absent("aws:SecureTransport", "true");
    let session = caller.session.as_deref();
    if let Some(Session { issued, .. }) = session {
        keys.add_if_absent("aws:TokenIssueTime", issued.rfc3339());
    }
    match session.map(|session| &session.identity) {
        Some(Identity::Role { arn, .. }) => {
            keys.add_if_absent("aws:PrincipalArn", arn);
            keys.add_if_absent("aws:PrincipalType", "AssumedRole");
            let tags = view.role(arn).and_then(|role| role.properties.get("Tags")).and_then(Json::as_array);
            for tag in tags.into_iter().flatten() {
                if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
                    keys.add_if_absent(&format!("aws:PrincipalTag/{key}"), value);
                }
            }
        }
        Some(Identity::Root) | None => {
            keys.add_if_absent("aws:PrincipalArn", &caller.arn);
            keys.add_if_absent("aws:PrincipalType", "Account");
        }
    }
}

/// Whether the caller may do this there; otherwise AWS's words for the refusal.
pub(crate) fn authorize(
    view: &View<'_>,
    caller: &Caller,
    action: &str,
    resource: &str,
) -> Result<(), String> {
    if caller.session.is_none() {
        return Ok(());
    }
    let mut keys = Keys::new();
    describe(view, caller, &mut keys);
    let asked = Asked { action, resource, keys: &keys };
    let Ruling { verdict, decision } = view.decide(&principal(caller), &own(view, caller), &asked);
    match verdict {
        Verdict::Allowed | Verdict::Unknown => Ok(()),
        Verdict::Denied => Err(words::refusal(&caller.arn, action, resource, &decision)),
    }
}

/// The words for a caller who can do none of these actions, on whatever resource and with whatever
/// keys; `None` where one is conceivable.
pub(crate) fn cannot_do_any(view: &View<'_>, caller: &Caller, actions: &[&str]) -> Option<String> {
    let session = caller.session.as_deref()?;
    let Identity::Role { arn, .. } = &session.identity else { return None };
    let first = actions.first()?;
    let own = own(view, caller);
    if actions.iter().any(|action| own.conceivably(action)) {
        return None;
    }
    let mut keys = Keys::new();
    describe(view, caller, &mut keys);
    let asked = Asked { action: first, resource: "*", keys: &keys };
    let decision = view.decide(&principal(caller), &own, &asked).decision;
    debug_assert!(account_of(arn).is_some(), "a role's ARN has an account");
    Some(words::refusal(&caller.arn, first, "*", &decision))
}
