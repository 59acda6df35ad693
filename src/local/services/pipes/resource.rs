//! EventBridge Pipes' pipes.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[(
    "AWS::Pipes::Pipe",
    Ruled::new(&[
        ("Arn", "arn:${Partition}:pipes:${Region}:${Account}:pipe/${Name}"),
        ("CreationTime", "${Now}"),
        ("LastModifiedTime", "${Now}"),
        ("CurrentState", "${DesiredState|RUNNING}"),
    ])
    .and_after_updates(&[("LastModifiedTime", "${Now}"), ("CurrentState", "${DesiredState|RUNNING}")]),
)];
