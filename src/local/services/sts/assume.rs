//! AssumeRole and GetSessionToken.
//!
//! Source: STS API Reference. One rule is this cloud's own: on AWS "roles may not be assumed by root
//! accounts", but here every caller without a session is root, so a root may take any role whose
//! trust policy allows its account.

use super::input::{self, Form, invalid};
use super::session::{Identity, Session};
use crate::languages::Kind;
use crate::languages::iam_policy::{self, Keys, Purpose};
use crate::local::fault::Fault;
use crate::local::iam::{self, View, words};
use crate::local::protocol::Output;
use crate::local::protocol::aws_query::Element;
use crate::local::services::Caller;
use crate::local::world::World;
use serde_json::Value as Json;
use std::time::Duration;

/// A session from a session lasts an hour at most.
const CHAINED: u32 = 3600;
/// A role's `MaxSessionDuration` where it has none.
const DEFAULT_MOST: u32 = 3600;

/// AssumeRole.
pub(super) fn assume_role(world: &mut World, form: &Form, caller: &Caller) -> Result<Output, Fault> {
    let absent =
        ["Tags", "TransitiveTagKeys", "SerialNumber", "TokenCode", "SourceIdentity", "ProvidedContexts"];
    input::refuse(form, "AssumeRole", &absent)?;
    let arn = input::required(form, &input::ROLE_ARN)?;
    let name = input::required(form, &input::SESSION_NAME)?;
    let external = input::optional(form, &input::EXTERNAL_ID)?;
    let asked = input::duration(form, 900, 43_200)?;
    let policies = session_policy(form)?;
    let policy_arns = policy_arns(form)?;
    if !(arn.starts_with("arn:") && arn.contains(":role/")) {
        return Err(invalid(format!("{arn} is invalid")));
    }

    let view = View::of_world(world);
    let mut keys = Keys::new();
    keys.add("sts:RoleSessionName", name);
    if let Some(external) = external {
        keys.add("sts:ExternalId", external);
    }
    iam::callers::describe(&view, caller, &mut keys);
    let denied = |decision: Option<&iam_policy::Decision>| {
        let nobody = iam_policy::Decision::NotAllowed(iam_policy::Sort::Resource);
        let words = words::refusal(&caller.arn, "sts:AssumeRole", arn, decision.unwrap_or(&nobody));
        Fault { status: 403, ..Fault::client("AccessDenied", words) }
    };
    let role = view.role(arn).ok_or_else(|| denied(None))?;
    let (who, own) = (iam::callers::principal(caller), iam::callers::own(&view, caller));
    let ruling = view.may_assume(role, &who, "sts:AssumeRole", &keys, &own);
    if ruling.is_denied() || view.too_new(role) {
        return Err(denied(Some(&ruling.decision)));
    }
    let most =
        role.properties.get("MaxSessionDuration").and_then(Json::as_u64).unwrap_or(DEFAULT_MOST.into());
    let seconds = asked.unwrap_or(CHAINED);
    if caller.session.is_some() && seconds > CHAINED {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if u64::from(seconds) > most.max(CHAINED.into()) {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let id = role.properties.get("RoleId").and_then(Json::as_str).unwrap_or_default().to_owned();
    let account = role.scope.account.clone();
    let identity = Identity::Role { arn: arn.to_owned(), id: id.clone(), name: name.to_owned() };
    let packed = !policies.is_empty() || !policy_arns.is_empty();
    let mut session =
        Session::new(&mut world.rng, &account, identity, world.now, Duration::from_secs(seconds.into()));
    session.policies = policies;
    session.policy_arns = policy_arns;
    let mut members = vec![
        (
            "AssumedRoleUser",
            Element::Members(vec![
                ("AssumedRoleId", Element::Text(format!("{id}:{name}"))),
                ("Arn", Element::Text(iam::session_arn(arn, name))),
            ]),
        ),
        ("Credentials", credentials(&session)),
    ];
    if packed {
        let size: usize = session.policies.iter().map(|policy| policy.to_string().len()).sum();
        // Of the characters that plain text may have; AWS packs in a way that it doesn't document.
        members.push(("PackedPolicySize", Element::Text((size * 100 / 2048).clamp(1, 100).to_string())));
    }
    world.services.sts.put(session);
    Ok(Output::Xml(members))
}

/// GetSessionToken: for root, the only one who isn't a session here, an hour at most.
pub(super) fn get_session_token(world: &mut World, form: &Form, caller: &Caller) -> Result<Output, Fault> {
    input::refuse(form, "GetSessionToken", &["SerialNumber", "TokenCode"])?;
    let asked = input::duration(form, 900, 129_600)?;
    if caller.session.is_some() {
        return Err(Fault {
            status: 403,
            ..Fault::client("AccessDenied", "Cannot call GetSessionToken with session credentials")
        });
    }
    // "Sessions for AWS account owners are restricted to a maximum of 3,600 seconds (one hour). If the
    // duration is longer than one hour, the session for AWS account owners defaults to one hour."
    let seconds = asked.unwrap_or(CHAINED).min(CHAINED);
    let duration = Duration::from_secs(seconds.into());
    let session = Session::new(&mut world.rng, &caller.scope.account, Identity::Root, world.now, duration);
    let members = vec![("Credentials", credentials(&session))];
    world.services.sts.put(session);
    Ok(Output::Xml(members))
}

fn credentials(session: &Session) -> Element {
    let end = session.expires.rfc3339();
    let end = end.split('.').next().unwrap_or_default();
    Element::Members(vec![
        ("AccessKeyId", Element::text(&session.access_key)),
        ("SecretAccessKey", Element::text(&session.secret)),
        ("SessionToken", Element::text(&session.token)),
        ("Expiration", Element::Text(format!("{end}Z"))),
    ])
}

fn session_policy(form: &Form) -> Result<Vec<Json>, Fault> {
    let Some(text) = input::optional(form, &input::POLICY)? else { return Ok(Vec::new()) };
    let malformed = |words: String| Fault::client(Kind::InvalidPolicy.code(), words);
    let policy: Json = serde_json::from_str(text)
        .map_err(|_| malformed("The policy is not in the valid JSON format.".to_owned()))?;
    let (_, problems) = iam_policy::parse(&policy, Purpose::Identity);
    match problems.first() {
        Some(problem) => {
            Err(malformed(format!("Syntax errors in policy. ({} at {})", problem.message, problem.pointer)))
        }
        None => Ok(vec![policy]),
    }
}

fn policy_arns(form: &Form) -> Result<Vec<String>, Fault> {
    let arns =
        form.iter().filter(|(name, _)| name.starts_with("PolicyArns.member.") && name.ends_with(".arn"));
    let arns: Vec<String> = arns.map(|(_, arn)| arn.clone()).collect();
    if arns.len() > 10 {
        return Err(invalid(
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have \
             length less than or equal to 10",
        ));
    }
    match arns.iter().find(|arn| !(arn.starts_with("arn:") && arn.contains(":policy/"))) {
        Some(wrong) => Err(invalid(format!("ARN {wrong} is not valid."))),
        None => Ok(arns),
    }
}
