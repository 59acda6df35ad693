//! Step Functions' resources: state machines, activities.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[
    (
        "AWS::StepFunctions::StateMachine",
        Ruled::new(&[
            ("Arn", "arn:${Partition}:states:${Region}:${Account}:stateMachine:${StateMachineName}"),
            ("Name", "${StateMachineName}"),
            ("StateMachineRevisionId", "${uuid}"),
        ])
        .and_after_updates(&[("StateMachineRevisionId", "${uuid}")]),
    ),
    (
        "AWS::StepFunctions::Activity",
        Ruled::new(&[("Arn", "arn:${Partition}:states:${Region}:${Account}:activity:${Name}")]),
    ),
];
