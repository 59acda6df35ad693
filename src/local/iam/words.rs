//! AWS's words for a refusal, in one place.
//!
//! Source: IAM User Guide, "Troubleshoot access denied error messages".

use crate::languages::iam_policy::{Decision, Sort};

/// `User: … is not authorized to perform: … on resource: … because no identity-based policy allows
/// the … action`.
pub(crate) fn refusal(who: &str, action: &str, resource: &str, decision: &Decision) -> String {
    let trust = action.starts_with("sts:AssumeRole");
    let why = match decision {
        Decision::Denied(place) => match place.sort {
            Sort::Identity => "with an explicit deny in an identity-based policy".to_owned(),
            Sort::Resource if trust => "with an explicit deny in the role trust policy".to_owned(),
            Sort::Resource => "with an explicit deny in a resource-based policy".to_owned(),
            Sort::Boundary => "with an explicit deny in a permissions boundary".to_owned(),
            Sort::Session => "with an explicit deny in a session policy".to_owned(),
        },
        // STS says no more than this, so that nobody learns of another account's role.
        Decision::NotAllowed(_) | Decision::Allowed(_) if trust => String::new(),
        Decision::NotAllowed(sort) => {
            let policy = match sort {
                Sort::Identity => "identity-based policy",
                Sort::Resource => "resource-based policy",
                Sort::Boundary => "permissions boundary",
                Sort::Session => "session policy",
            };
            format!("because no {policy} allows the {action} action")
        }
        Decision::Allowed(_) => String::new(),
    };
    let on = if resource == "*" { String::new() } else { format!(" on resource: {resource}") };
    let why = if why.is_empty() { why } else { format!(" {why}") };
    format!("User: {who} is not authorized to perform: {action}{on}{why}")
}
