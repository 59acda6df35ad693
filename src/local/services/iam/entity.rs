//! What roles, users and groups have in common: names, paths, inline and managed policies,
//! boundaries. Words are those of IAM's API.

use super::document;
use crate::local::services::arns::{self, Arn};
use crate::local::services::members::{default, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;
use serde_json::Value as Json;

/// A kind of entity and its quotas (IAM User Guide, "IAM and AWS STS quotas": the defaults).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Role,
    User,
    Group,
}

impl Kind {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Role => "AWS::IAM::Role",
            Self::User => "AWS::IAM::User",
            Self::Group => "AWS::IAM::Group",
        }
    }

    pub(super) fn name_property(self) -> &'static str {
        match self {
            Self::Role => "RoleName",
            Self::User => "UserName",
            Self::Group => "GroupName",
        }
    }

    /// In IAM's sentences.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// In `Roles`, `Users` and `Groups` of a managed policy.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Role => "Roles",
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    fn inline_limit(self) -> usize {
        match self {
            Self::Role => document::ROLE_INLINE,
            Self::User => document::USER_INLINE,
            Self::Group => document::GROUP_INLINE,
        }
    }

    pub(super) const ALL: [Self; 3] = [Self::Role, Self::User, Self::Group];
}

/// At most this many managed policies on one entity.
const MANAGED_POLICIES: usize = 10;

/// Whether another entity has the name already in other letters: IAM's names differ by more than
/// case.
pub(super) fn check_name(context: &Context<'_>, kind: Kind, name: &str) -> Result<(), Refusal> {
    let taken = context
        .resources
        .of_type(context.scope, kind.type_name(), None)
        .any(|other| other.identifier != name && other.identifier.eq_ignore_ascii_case(name));
    if taken {
        let kind = kind.type_name().rsplit("::").next().unwrap_or_default();
        let words = format!("{kind} with name {name} already exists.");
        return Err(Refusal::new("EntityAlreadyExists", 409, words));
    }
    Ok(())
}

/// Checks `Policies`, and brings each document into the form of an object.
pub(super) fn check_inline(kind: Kind, name: &str, properties: &mut Properties) -> Result<(), Refusal> {
    let Some(Json::Array(policies)) = properties.get_mut("Policies") else { return Ok(()) };
    let mut total = 0_usize;
    let mut names = Vec::new();
    for policy in policies {
        let policy_name = policy["PolicyName"].as_str().unwrap_or_default().to_owned();
        check_policy_name(&policy_name)?;
        // The last of two by one name would be put over the first.
        if names.contains(&policy_name) {
            let words = format!("The policy name {policy_name} is used more than once.");
            return Err(Refusal::new("InvalidInput", 400, words));
        }
        let parsed = document::parsed(&policy["PolicyDocument"])?;
        document::check_identity(&parsed)?;
        total = total.saturating_add(document::size(&parsed));
        policy["PolicyDocument"] = parsed;
        names.push(policy_name);
    }
    if total > kind.inline_limit() {
        let (word, limit) = (kind.word(), kind.inline_limit());
        let words = format!("Maximum policy size of {limit} bytes exceeded for {word} {name}");
        return Err(Refusal::new("LimitExceeded", 409, words));
    }
    Ok(())
}

/// A policy's name has 1 to 128 of letters, digits and `+=,.@_-`.
pub(super) fn check_policy_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || name.chars().count() > 128 || !name.chars().all(allowed) {
        let words = format!(
            "1 validation error detected: Value '{name}' at 'policyName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w+=,.@-]+"
        );
        return Err(Refusal::new("ValidationError", 400, words));
    }
    Ok(())
}

/// The managed policies that an entity's own properties name.
pub(super) fn managed(properties: &Properties) -> Vec<&str> {
    let list = properties.get("ManagedPolicyArns").and_then(Json::as_array);
    list.into_iter().flatten().filter_map(Json::as_str).collect()
}

/// Checks that each managed policy can be attached: AWS's own by their form, the account's by
/// being there.
pub(super) fn check_managed(
    context: &Context<'_>,
    kind: Kind,
    name: &str,
    properties: &Properties,
) -> Result<(), Refusal> {
    let arns = managed(properties);
    if arns.len() > MANAGED_POLICIES {
        let words = format!(
            "Cannot exceed quota for PoliciesPer{}: {MANAGED_POLICIES}",
            kind.type_name().rsplit("::").next().unwrap_or_default()
        );
        return Err(Refusal::new("LimitExceeded", 409, words));
    }
    for arn in arns {
        if !attachable(context, arn) {
            let words = format!("Policy {arn} does not exist or is not attachable.");
            return Err(Refusal::new("NoSuchEntity", 404, words));
        }
        // "Cannot attach a Service Role Policy to a Customer Role." (CreateServiceLinkedRole's own)
        if arn.contains(":policy/aws-service-role/")
            && kind == Kind::Role
            && !name.starts_with("AWSServiceRoleFor")
        {
            let words = "Cannot attach a Service Role Policy to a Customer Role.";
            return Err(Refusal::new("PolicyNotAttachable", 400, words));
        }
    }
    Ok(())
}

fn attachable(context: &Context<'_>, text: &str) -> bool {
    let Some(arn) = Arn::parse(text) else { return false };
    if arn.service != "iam" || !arn.resource.starts_with("policy/") {
        return false;
    }
    arn.account == "aws"
        || (arn.account == context.scope.account
            && context.resources.get(context.scope, "AWS::IAM::ManagedPolicy", text).is_some())
}

/// A boundary is a managed policy that is there.
pub(super) fn check_boundary(context: &Context<'_>, properties: &Properties) -> Result<(), Refusal> {
    let Some(boundary) = text(properties, "PermissionsBoundary") else { return Ok(()) };
    let policy =
        Arn::parse(boundary).filter(|arn| arn.service == "iam" && arn.resource.starts_with("policy/"));
    if policy.is_none() {
        return Err(Refusal::new("InvalidInput", 400, format!("ARN {boundary} is not valid.")));
    }
    if !attachable(context, boundary) {
        let words = format!("Scope ARN: {boundary} does not exist or is not attachable.");
        return Err(Refusal::new("NoSuchEntity", 404, words));
    }
    Ok(())
}

/// Whether a principal of a trust policy is there: a role or a user of this account; of another
/// account's nothing is known.
pub(super) fn principal_exists(context: &Context<'_>, arn: &str) -> bool {
    let Some(parsed) = Arn::parse(arn) else { return false };
    if parsed.account != context.scope.account {
        return true;
    }
    if parsed.resource.starts_with("user/") {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let user = context.resources.get(context.scope, Kind::User.type_name(), name);
        return user.is_some_and(|user| text(&user.properties, "Arn") == Some(arn));
    }
    !arns::find(context, arn).is_missing()
}

/// The defaults that a read shows.
pub(super) fn defaults(kind: Kind, properties: &mut Properties) {
    default(properties, "Path", "/");
    if kind == Kind::Role {
        default(properties, "Description", "");
        default(properties, "MaxSessionDuration", 3600);
    }
}
