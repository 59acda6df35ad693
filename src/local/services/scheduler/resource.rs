//! EventBridge Scheduler's schedules and their groups.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[
    (
        "AWS::Scheduler::Schedule",
        Ruled::new(&[(
            "Arn",
            "arn:${Partition}:scheduler:${Region}:${Account}:schedule/${GroupName|default}/${Name}",
        )]),
    ),
    (
        "AWS::Scheduler::ScheduleGroup",
        Ruled::new(&[
            ("Arn", "arn:${Partition}:scheduler:${Region}:${Account}:schedule-group/${Name}"),
            ("State", "ACTIVE"),
            ("CreationDate", "${Now}"),
            ("LastModificationDate", "${Now}"),
        ])
        .and_after_updates(&[("LastModificationDate", "${Now}")]),
    ),
];
