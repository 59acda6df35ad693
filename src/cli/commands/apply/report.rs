//! The last lines of an apply: what was done, what failed, and how to go on.

use super::hints::{on_again, spelled, spelling};
use super::{Task, rollback, tell_recovered};
use crate::apply::Outcome;
use crate::cli::args::ApplyArgs;
use crate::cli::commands::plan::Planned;
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Diagnostics, Sources};
use crate::ops::{Failure, alike};
use crate::plan::Counts;
use crate::render::progress::HowFar;
use crate::render::{Paint, json, progress as words};

/// The last lines: what was done, what failed and what to run next, the outputs.
pub(super) fn report(
    args: &ApplyArgs,
    planned: &Planned,
    outcome: &Outcome,
    recovered: Option<String>,
    task: Task,
) -> Result<Ended, Failure> {
    tell_recovered(args, recovered.as_deref())?;
    let counts = Counts {
        add: outcome.added,
        change: outcome.changed,
        destroy: outcome.destroyed,
        import: outcome.imported,
        forget: outcome.forgotten,
    };
    let mut diagnostics = Diagnostics::new();
    for warning in &outcome.warnings {
        let mut warning = warning.clone();
        for hint in &mut warning.hints {
            *hint = hint.replace("`evstack plan`", &format!("`{}`", spelled(planned, "plan")));
        }
        diagnostics.push(warning);
    }
    for failure in &outcome.failures {
        let mut diagnostic = failure.diagnostic.clone();
        for hint in &mut diagnostic.hints {
            *hint = hint.replace("`evstack apply`", &format!("`evstack {}`", on_again(task)));
        }
        diagnostics.push(diagnostic);
    }
    if let Some(silent) = &outcome.silent {
        diagnostics.push(silent.diagnostic());
    }
    if let Some(unwritten) = &outcome.unwritten {
        diagnostics.push(unwritten.why.clone());
    }
    let mut diagnostics = spelling(planned).hints(diagnostics);
    let ended = match (outcome.interrupted, outcome.is_complete()) {
        (true, _) => Ended::Interrupted,
        (false, true) => Ended::Done,
        (false, false) => Ended::Failed,
    };
    let (what, destroy) = (task.name(), task == Task::Destroy);
    if !args.json {
        diagnostics = alike(&diagnostics);
    }
    mention(args, &diagnostics, &planned.loaded.sources)?;
    if ended != Ended::Done {
        // No `change_summary` and no outputs: scripts read `complete` in those.
        if args.json {
            let line = json::incomplete(&how_far(outcome, counts), what);
            terminal::tell(&format!("{line}\n"))?;
        }
        terminal::say(&unfinished(planned, outcome, counts, task));
        return Ok(ended);
    }
    if args.json {
        terminal::tell(&format!("{}\n", json::change_summary(counts, what)))?;
        if !destroy && task != Task::Rollback {
            terminal::tell(&format!("{}\n", json::outputs(&outcome.outputs)))?;
        }
        return Ok(ended);
    }
    let done = match task {
        Task::Destroy => words::destroy_complete(counts),
        Task::Apply { .. } => words::apply_complete(counts),
        Task::Revert => words::revert_complete(counts),
        Task::Rollback => words::rollback_complete(counts),
    };
    terminal::tell(&format!("\n{done}"))?;
    if !destroy && task != Task::Rollback {
        let outputs = outcome.outputs.iter().map(|(name, value)| (name.as_str(), value));
        let outputs = words::outputs(outputs, Paint { colour: terminal::colours() });
        if !outputs.is_empty() {
            terminal::tell(&format!("\n{outputs}"))?;
        }
    }
    Ok(ended)
}

/// Mistakes and warnings: as text on stderr, or as lines of JSON among the others.
pub(super) fn mention(args: &ApplyArgs, diagnostics: &Diagnostics, sources: &Sources) -> Result<(), Failure> {
    if args.github {
        terminal::annotate(diagnostics, sources);
    }
    if args.json {
        return terminal::tell(&terminal::diagnostic_lines(diagnostics, sources));
    }
    terminal::show(diagnostics, sources);
    Ok(())
}

/// `Apply`
pub(super) fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// How many operations the next run looks into, because nobody answered or nothing could be written.
fn unfinished_of(outcome: &Outcome) -> usize {
    let silent = outcome.silent.as_ref().map_or(0, |silent| silent.unfinished.len());
    let unwritten = outcome.unwritten.as_ref().map_or(0, |unwritten| unwritten.unfinished.len());
    silent.saturating_add(unwritten)
}

/// How far a run came that isn't complete.
fn how_far(outcome: &Outcome, counts: Counts) -> HowFar {
    HowFar {
        counts,
        failed: outcome.failures.len() - outcome.cancelled - outcome.left,
        cancelled: outcome.cancelled,
        still_running: outcome.left,
        unfinished: unfinished_of(outcome),
        not_started: outcome.skipped.len(),
        interrupted: outcome.interrupted,
    }
}

/// The same in words, and how to go on.
fn unfinished(planned: &Planned, outcome: &Outcome, counts: Counts, task: Task) -> String {
    let what = task.name();
    // What wasn't set back is told by the next look.
    let mut command = spelled(planned, on_again(task));
    if task == Task::Rollback {
        // What this would have taken away, the next apply has no need to.
        command = command.replace(" --allow-data-loss", "");
    }
    let then = match task.rolls_back() {
        true if rollback::is_for(outcome) => String::new(),
        true => format!(" Nothing is rolled back after that: run `{command}` to go on."),
        false
            if outcome.failures.is_empty() || outcome.interrupted || !matches!(task, Task::Apply { .. }) =>
        {
            format!(" Run `{command}` to go on.")
        }
        false => format!(
            " Run `{command}` to go on. To go back, apply the stack file as it was before. \
             With `--rollback` the next failed apply is turned back."
        ),
    };
    let recorded = match &outcome.unwritten {
        None => "What was done is recorded",
        Some(_) => "What was done is recorded, or is found out by the next run",
    };
    let sum = words::incomplete(&how_far(outcome, counts), what);
    format!("{sum}\n{recorded}.{then}")
}
