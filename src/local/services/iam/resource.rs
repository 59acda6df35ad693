//! IAM's roles, users and policies.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[
    (
        "AWS::IAM::Role",
        Ruled::new(&[
            ("RoleId", "AROA${upper:17}"),
            ("Arn", "arn:${Partition}:iam::${Account}:role${Path|/}${RoleName}"),
        ]),
    ),
    ("AWS::IAM::User", Ruled::new(&[("Arn", "arn:${Partition}:iam::${Account}:user${Path|/}${UserName}")])),
    (
        "AWS::IAM::ManagedPolicy",
        Ruled::new(&[
            ("PolicyArn", "arn:${Partition}:iam::${Account}:policy${Path|/}${ManagedPolicyName}"),
            ("PolicyId", "ANPA${upper:17}"),
        ]),
    ),
];
