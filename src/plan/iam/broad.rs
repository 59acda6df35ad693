//! What a reviewer should look at twice.

use super::{IamChange, PolicySort};
use crate::model::Place;
use serde::{Serialize, Serializer};
use std::fmt;

/// Why a grant reaches far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Broad {
    /// `*` as an action.
    EveryAction,
    /// `sqs:*`: all actions of one service.
    EveryActionOf(String),
    /// `*` as a resource of an identity's policy.
    EveryResource,
    /// `NotAction`, `NotResource` or `NotPrincipal`: all but what is named.
    AllBut,
    /// Whoever asks, and no condition says who that may be.
    Anyone,
    /// A principal of another account.
    OtherAccount(String),
    /// `iam:PassRole`: to hand a role to a service is to act with what the role may do.
    PassesRole,
    /// A managed policy of AWS's that gives full access.
    FullAccess,
}

impl fmt::Display for Broad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryAction => f.write_str("every action"),
            Self::EveryActionOf(service) => write!(f, "every action of {service}"),
            Self::EveryResource => f.write_str("every resource"),
            Self::AllBut => f.write_str("all but what is named"),
            Self::Anyone => f.write_str("anyone"),
            Self::OtherAccount(account) => write!(f, "another account: {account}"),
            Self::PassesRole => f.write_str("passes roles on"),
            Self::FullAccess => f.write_str("full access"),
        }
    }
}

impl Serialize for Broad {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Condition keys that say who may ask, or from where (Amazon S3 User Guide, "The meaning of
/// public").
const WHO: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "sts:externalid",
];

/// All reasons for one row that allows something.
pub(super) fn of(row: &IamChange, place: &Place) -> Vec<Broad> {
    let mut found = Vec::new();
    let mut see = |broad: Broad| {
        if !found.contains(&broad) {
            found.push(broad);
        }
    };
    if row.actions.except || row.resources.except || row.who.except {
        see(Broad::AllBut);
    }
    for action in row.actions.names.iter().filter(|_| !row.actions.except) {
        match action.split_once(':') {
            _ if action == "*" => see(Broad::EveryAction),
            Some((service, "*")) => see(Broad::EveryActionOf(service.to_owned())),
            _ => {}
        }
        if row.sort == PolicySort::Attached && gives_full_access(action) {
            see(Broad::FullAccess);
        }
        if may_be_pass_role(action) {
            see(Broad::PassesRole);
        }
    }
    if !row.resources.except && row.resources.names.iter().any(|name| name == "*") {
        see(Broad::EveryResource);
    }
    let says_who = row.conditions.iter().any(|condition| {
        let key = condition.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        WHO.contains(&key.as_str())
    });
    for who in row.who.names.iter().filter(|_| !row.who.except) {
        if who == "anyone" && !says_who {
            see(Broad::Anyone);
        }
        let account = who.strip_prefix("account ").or_else(|| account_of(who));
        if let Some(account) = account.filter(|account| *account != place.account) {
            see(Broad::OtherAccount(account.to_owned()));
        }
    }
    found
}

fn account_of(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}

/// `iam:PassRole`, `iam:Pass*`, `iam:*`; not `*`, which is told as such.
fn may_be_pass_role(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let Some(name) = action.strip_prefix("iam:") else { return false };
    match name.split_once('*') {
        Some((start, end)) => "passrole".starts_with(start) && (end.is_empty() || "passrole".ends_with(end)),
        None => name == "passrole",
    }
}

/// By the names of AWS's managed policies.
fn gives_full_access(words: &str) -> bool {
    let Some((_, path)) = words.split_once(":iam::aws:policy/") else { return false };
    let name = path.split(' ').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    matches!(name, "AdministratorAccess" | "PowerUserAccess") || name.ends_with("FullAccess")
}
