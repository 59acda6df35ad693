//! What every service asks of a policy that is attached to one of its resources: its shape, and
//! that the principals which it names exist. What a policy allows is another matter.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "AWS JSON policy elements:
//! Principal".

use super::resource::Context;
use serde_json::{Map, Value as Json};

/// What is wrong with a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It isn't a policy, or not one for this service.
    Malformed,
    /// It names a principal that doesn't exist, or not yet everywhere.
    Principal,
}

/// A document as an object, also where it comes as JSON text.
pub(crate) fn document(value: &Json) -> Option<Map<String, Json>> {
    match value {
        Json::Object(members) => Some(members.clone()),
        Json::String(text) => match serde_json::from_str(text) {
            Ok(Json::Object(members)) => Some(members),
            _ => None,
        },
        _ => None,
    }
}

/// Checks a policy whose actions must be those of `service` (its prefix, like `sqs`).
pub(crate) fn check(context: &Context<'_>, policy: &Map<String, Json>, service: &str) -> Result<(), Trouble> {
    const KEYS: [&str; 3] = ["Version", "Id", "Statement"];
    let version = policy.get("Version").is_none_or(|v| v == "2012-10-17" || v == "2008-10-17");
    if !version || policy.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Err(Trouble::Malformed);
    }
    let statements = several(policy.get("Statement").ok_or(Trouble::Malformed)?);
    if statements.is_empty() {
        return Err(Trouble::Malformed);
    }
    statements.into_iter().try_for_each(|statement| check_statement(context, statement, service))
}

/// Checks one statement of such a policy.
pub(crate) fn check_statement(context: &Context<'_>, statement: &Json, service: &str) -> Result<(), Trouble> {
    let statement = statement.as_object().ok_or(Trouble::Malformed)?;
    if !statement.get("Effect").is_some_and(|effect| effect == "Allow" || effect == "Deny") {
        return Err(Trouble::Malformed);
    }
    let one_of = |name: &str, inverse: &str| match (statement.get(name), statement.get(inverse)) {
        (Some(value), None) | (None, Some(value)) => Ok(value),
        _ => Err(Trouble::Malformed),
    };
    for action in several(one_of("Action", "NotAction")?) {
        let action = action.as_str().ok_or(Trouble::Malformed)?;
        let prefix = action.split_once(':').map(|(prefix, _)| prefix);
        if action != "*" && !prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(service)) {
            return Err(Trouble::Malformed);
        }
    }
    principals(context, one_of("Principal", "NotPrincipal")?)
}

fn several(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

fn principals(context: &Context<'_>, value: &Json) -> Result<(), Trouble> {
    if value == "*" {
        return Ok(());
    }
    let kinds = value.as_object().filter(|kinds| !kinds.is_empty()).ok_or(Trouble::Malformed)?;
    for (kind, names) in kinds {
        for name in several(names) {
            let name = name.as_str().ok_or(Trouble::Malformed)?;
            match kind.as_str() {
                "AWS" => principal(context, name)?,
                "Service" if name.contains('.') => {}
                "Federated" | "CanonicalUser" => {}
                _ => return Err(Trouble::Malformed),
            }
        }
    }
    Ok(())
}

/// A principal of this account has to exist and, like a role that somebody assumes, to be known
/// everywhere; those of other accounts can't be looked at.
fn principal(context: &Context<'_>, name: &str) -> Result<(), Trouble> {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if name == "*" || is_account(name) {
        return Ok(());
    }
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    let ["arn", _, service @ ("iam" | "sts"), "", account, resource] = parts.as_slice() else {
        return Err(Trouble::Principal);
    };
    if !is_account(account) {
        return Err(Trouble::Principal);
    }
    if *resource == "root" || *account != context.scope.account {
        return Ok(());
    }
    let mut path = resource.split('/');
    let (type_name, named) = match (*service, path.next()) {
        ("iam", Some("role")) => ("AWS::IAM::Role", path.next_back()),
        ("iam", Some("user")) => ("AWS::IAM::User", path.next_back()),
        ("sts", Some("assumed-role")) => ("AWS::IAM::Role", path.next()),
        ("sts", Some("federated-user")) => return Ok(()),
        _ => return Err(Trouble::Principal),
    };
    let named = named.and_then(|named| context.resources.get(context.scope, type_name, named));
    let there = named.is_some_and(|found| {
        let same = *service == "sts" || found.properties.get("Arn").is_none_or(|arn| arn == name);
        same && found.created.at.after(context.profile.role_delay) <= context.now
    });
    if there { Ok(()) } else { Err(Trouble::Principal) }
}
