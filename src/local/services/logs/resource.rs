//! CloudWatch Logs' groups.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[(
    "AWS::Logs::LogGroup",
    Ruled::new(&[("Arn", "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:*")]),
)];
