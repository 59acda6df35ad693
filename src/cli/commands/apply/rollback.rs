//! `evstack apply --rollback`: what a failed apply did is undone, by a plan that is shown and asked for.

use super::hints::spelled;
use super::report::{mention, report};
use super::{Task, approved, recover_first, show, still_written, watched};
use crate::apply::Outcome;
use crate::cli::args::ApplyArgs;
use crate::cli::cloud::Connection;
use crate::cli::commands::plan::Planned;
use crate::cli::{Ended, interrupt, terminal};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, Json};
use crate::ops::Failure;
use crate::ops::rollback::{Leave, Restoration, Sort, Unrestored};
use crate::render::json;
use crate::state::{Entry, Locked};
use serde_json::json;

/// Whether a run ended so that going back is asked for: it failed, and whoever started it didn't stop
/// it. A cloud that fell silent can't be asked to undo anything either, and what can't be written down
/// isn't begun.
pub(super) fn is_for(outcome: &Outcome) -> bool {
    !outcome.failures.is_empty()
        && outcome.silent.is_none()
        && outcome.unwritten.is_none()
        && !outcome.interrupted
}

/// Goes back to what was recorded before the run. That the apply failed is what the exit code says,
/// however this ends.
pub(super) async fn run(
    args: &ApplyArgs,
    connection: &Connection,
    mut locked: Locked,
    planned: Planned,
    outcome: &Outcome,
    seed: u64,
) -> Result<Ended, Failure> {
    let on = format!("run `{}` to go on", spelled(&planned, "apply --rollback"));
    let mut heed = interrupt::heed();
    let settled = tokio::select! {
        recovery = recover_first(args, connection, (&planned.loaded, &planned.spelling), &mut locked, seed) => recovery,
        () = heed.press() => {
            terminal::say(&format!("Interrupted: nothing is rolled back; {on}."));
            return Ok(Ended::Interrupted);
        }
    };
    drop(heed);
    if settled.is_err() {
        terminal::say(&format!("Nothing is rolled back: how an operation ended can't be told; {on}."));
    }
    // What ended by now is in the state.
    let mut outcome = outcome.clone();
    outcome.found.extend(settled?.found);
    let now = locked.snapshot();
    let was_changed = now.resources != planned.state.resources;
    let leave = Leave {
        // Somebody who is asked is told what goes; a flag that agrees to everything wasn't.
        made: !args.yes || args.wanted.allow_data_loss,
        recorded: args.wanted.allow_data_loss,
        undrained: planned.plan.skips_drain,
    };
    let (back, restoration) = match planned.back(connection, &outcome, &now, leave).await {
        Ok(made) => made,
        Err(failure) => {
            terminal::say(&format!("Nothing is rolled back; {on}."));
            return Err(failure);
        }
    };
    let has_work = !back.plan.is_empty() || !restoration.entries.is_empty() || !now.leftovers.is_empty();
    if has_work || !restoration.unrestored.is_empty() {
        head(args, &back, &restoration)?;
    }
    if has_work {
        // Where the record alone changes there is nothing that would be called no changes.
        if args.json || !back.plan.is_empty() {
            show(args, &back, !args.yes)?;
        }
        if !args.yes && !approved(args, &back, Task::Rollback).await? {
            terminal::tell("\nRollback cancelled.\n")?;
            terminal::say(&format!("What was done is recorded; {on}."));
            return Ok(Ended::Failed);
        }
    }
    if has_work || was_changed {
        // Until all is told, nobody else takes notice of Ctrl-C.
        let _heed = interrupt::heed();
        restoration.begin(&locked)?;
        let outcome = watched(args, connection, &back, &mut locked, seed).await;
        let finished = match &outcome {
            Ok(outcome) if outcome.is_complete() => restoration.finish(&locked),
            _ => Ok(()),
        };
        let folded = locked.compact();
        let outcome = outcome?;
        let told = has_work || outcome.unwritten.is_some();
        if told && report(args, &back, &outcome, None, Task::Rollback)? != Ended::Done {
            still_written(&outcome, finished.and(folded))?;
            return Ok(if outcome.interrupted { Ended::Interrupted } else { Ended::Failed });
        }
        tail(args, &restoration, has_work)?;
        still_written(&outcome, finished.and(folded))?;
        return Ok(Ended::Failed);
    }
    tail(args, &restoration, has_work)?;
    Ok(Ended::Failed)
}

/// What comes is a rollback, and what it can't bring back.
fn head(args: &ApplyArgs, back: &Planned, restoration: &Restoration) -> Result<(), Failure> {
    if args.json {
        let mut diagnostics = Diagnostics::new();
        for one in &restoration.unrestored {
            diagnostics.push(Diagnostic::warning(Code::NOT_RESTORED, words(one)));
        }
        // The text of a plan tells what goes with a topic, too; its lines don't.
        let told = |address: &Address| {
            restoration.unrestored.iter().any(|one| one.sort.is_of_data() && one.address == *address)
        };
        for change in back.plan.changes.iter().filter(|change| !told(&change.address)) {
            if let Some(loss) = change.loses() {
                let words = format!("`{}` goes; lost with it: {}", change.address, loss.loses);
                diagnostics.push(Diagnostic::warning(Code::NOT_RESTORED, words));
            }
        }
        let line = json::line("log", "Rollback: back to what was recorded before this apply", json!({}));
        terminal::tell(&format!("{line}\n"))?;
        mention(args, &diagnostics, &back.loaded.sources)?;
        for entry in &restoration.entries {
            if let Some(line) = planned(entry, back) {
                terminal::tell(&format!("{line}\n"))?;
            }
        }
        return Ok(());
    }
    let mut text =
        format!("\nRollback of {}: back to what was recorded before this apply.\n", back.loaded.stack.name);
    let (stays, lost): (Vec<_>, Vec<_>) =
        restoration.unrestored.iter().partition(|one| matches!(one.sort, Sort::Kept | Sort::LetGo));
    let lines = |list: Vec<&Unrestored>| list.into_iter().map(words).collect();
    let back = restoration.entries.iter().filter_map(in_words).collect();
    paragraph(&mut text, "What can't come back:", lines(lost));
    paragraph(&mut text, "What stays:", lines(stays));
    paragraph(&mut text, "Back in the record:", back);
    text.push('\n');
    terminal::tell(&text)
}

fn paragraph(text: &mut String, heading: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        text.push_str(&format!("\n{heading}\n"));
        lines.iter().for_each(|line| text.push_str(&format!("  - {line}\n")));
    }
}

fn words(one: &Unrestored) -> String {
    format!("`{}` {}", one.address, one.words)
}

/// A change of the record alone.
fn in_words(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Move { from, to } => Some(format!("`{from}` is `{to}` again")),
        Entry::TakeBack { recorded } => Some(format!(
            "`{}` is the {} `{}` again, which is still there",
            recorded.address, recorded.type_name, recorded.identifier
        )),
        _ => None,
    }
}

/// The same as a line for machines.
fn planned(entry: &Entry, back: &Planned) -> Option<Json> {
    let (address, type_name, action) = match entry {
        Entry::Move { to, .. } => (to, &back.state.resources.get(to)?.type_name, "move"),
        Entry::TakeBack { recorded } => (&recorded.address, &recorded.type_name, "import"),
        _ => return None,
    };
    let resource = json::resource(address.as_str(), type_name.as_str());
    let fields = json!({ "change": { "resource": resource, "action": action } });
    Some(json::line("planned_change", &format!("{address}: Plan to {action}"), fields))
}

/// The last line: how far back it came.
fn tail(args: &ApplyArgs, restoration: &Restoration, has_work: bool) -> Result<(), Failure> {
    let left: Vec<String> = restoration
        .unrestored
        .iter()
        .filter(|one| matches!(one.sort, Sort::Kept | Sort::Secret | Sort::Missing))
        .map(|one| format!("`{}`", one.address))
        .collect();
    let line = match (restoration.is_whole(), has_work) {
        (true, false) => {
            "Nothing was to be rolled back: the stack is as it was before this apply.".to_owned()
        }
        (true, true) => "Rolled back: the stack is as it was recorded before the apply.".to_owned(),
        (false, _) => format!("Rolled back in part: not as before is {}.", left.join(", ")),
    };
    if args.json {
        return terminal::tell(&format!("{}\n", json::line("log", &line, json!({}))));
    }
    terminal::say(&line);
    Ok(())
}
