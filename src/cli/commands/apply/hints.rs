//! What to run after this run, spelled as it was.

use super::Task;
use crate::cli::commands::plan::Planned;
use crate::cli::spelling::Spelling;

/// What goes on where a run ended.
pub(super) fn on_again(task: Task) -> &'static str {
    match task {
        Task::Revert => "drift --revert",
        Task::Destroy => "destroy",
        Task::Apply { rolls_back: true } => "apply --rollback",
        Task::Apply { .. } | Task::Rollback => "apply",
    }
}

/// As this run was asked for, with the same leave.
pub(super) fn spelling(planned: &Planned) -> Spelling {
    let loses = planned.plan.changes.iter().any(|change| change.loses().is_some());
    let leave = [(loses, "--allow-data-loss"), (planned.plan.skips_drain, "--skip-drain")];
    planned.spelling.clone().with_leave(leave.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag))
}

/// A command as this run would have it: of the same stack, environment and cloud, with the same leave.
pub(super) fn spelled(planned: &Planned, command: &str) -> String {
    spelling(planned).command(command)
}
