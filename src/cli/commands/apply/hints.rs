//! Commands to run next, spelled as this run was: of the same stack, environment, cloud and config.

use super::Task;
use crate::cli::command_line::quoted;
use crate::cli::commands::plan::Planned;

/// What goes on where a run ended.
pub(super) fn on_again(task: Task) -> &'static str {
    match task {
        Task::Revert => "drift --revert",
        Task::Destroy => "destroy",
        Task::Apply { rolls_back: true } => "apply --rollback",
        Task::Apply { .. } | Task::Rollback => "apply",
    }
}

/// A command as this run would have it: of the same stack, environment and cloud, with the same leave.
pub(super) fn spelled(planned: &Planned, command: &str) -> String {
    let (verb, flags) = command.split_once(' ').unwrap_or((command, ""));
    let mut words = vec!["evstack".to_owned(), verb.to_owned()];
    words.extend(place(planned));
    words.extend((!flags.is_empty()).then(|| flags.to_owned()));
    if planned.plan.changes.iter().any(|change| change.loses().is_some()) && verb != "drift" {
        words.push("--allow-data-loss".to_owned());
    }
    words.extend(config(planned));
    words.join(" ")
}

/// The same for `evstack import`, which takes an address first: the flags alone.
pub(super) fn spelled_flags(planned: &Planned) -> String {
    let words: Vec<String> =
        std::iter::once("--stack".to_owned()).chain(place(planned)).chain(config(planned)).collect();
    words.join(" ")
}

/// Stack, environment, cloud.
fn place(planned: &Planned) -> Vec<String> {
    let mut words = vec![planned.request.path.clone()];
    if planned.loaded.stack.env != "local" {
        words.extend(["--env".to_owned(), planned.loaded.stack.env.clone()]);
    }
    if let Some(cloud) = &planned.cloud {
        words.extend(["--cloud".to_owned(), cloud.clone()]);
    }
    words
}

fn config(planned: &Planned) -> Vec<String> {
    let mut words = Vec::new();
    // What a secret is, whoever reads on has to know.
    for (name, value) in &planned.request.inputs.config {
        let value = if planned.loaded.stack.is_secret(name) { "…" } else { value };
        words.extend(["--config".to_owned(), quoted(format!("{name}={value}"))]);
    }
    words
}
