//! `evstack state mv|rm|pull|push`: changes of the record alone, under its lock. The cloud isn't asked.

use crate::cli::args::{EditArgs, PushArgs, StackArgs};
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Address, Json, Recorded};
use crate::ops::{Failure, foreseen, load};
use crate::plan::Plan;
use crate::schema::TypeName;
use crate::state::{Entry, Leftover, Operation, State};
use serde_json::json;
use std::fmt::Write;

/// The stack that a change is about: the only one, or the only one that records the address.
fn session(args: &StackArgs, address: &Address) -> Result<Session, Failure> {
    let mut sessions = Session::all(&args.place, args.stack.as_deref())?;
    if sessions.len() > 1 {
        let mut having = Vec::new();
        for session in sessions {
            if session.state()?.knows(address) {
                having.push(session);
            }
        }
        sessions = having;
    }
    match (sessions.pop(), sessions.is_empty()) {
        (Some(session), true) => Ok(session),
        (Some(_), false) => Err(Diagnostic::error(
            Code::NO_STACK,
            format!("several stacks have a `{address}` in their state"),
        )
        .hint("name the stack: `--stack FILE`")
        .into()),
        (None, _) => {
            Err(Diagnostic::error(Code::UNKNOWN_TARGET, format!("`{address}` is in no stack's state"))
                .hint("`evstack state list` shows what is")
                .into())
        }
    }
}

/// The one stack whose whole state is asked for.
fn only(args: &StackArgs) -> Result<Session, Failure> {
    let mut sessions = Session::all(&args.place, args.stack.as_deref())?;
    match (sessions.pop(), sessions.is_empty()) {
        (Some(session), true) => Ok(session),
        _ => Err(Diagnostic::error(Code::NO_STACK, "there are several stacks here, each with its state")
            .hint("name the stack: `--stack FILE`")
            .into()),
    }
}

/// What the next plan will do after these entries; nothing is asked of the cloud.
fn next_plan(session: &Session, state: &State, entries: impl Iterator<Item = Entry>) -> Option<Plan> {
    let request = session.request(session.expected_place()).ok()?;
    let mut after = state.clone();
    entries.for_each(|entry| after.apply(&entry));
    foreseen::next_plan(load(&request, Box::new(session.loader())), &after)
}

pub(super) fn rename(args: &EditArgs, from: &str, to: &str) -> Result<(), Failure> {
    let (from, to) = (Address::new(from), Address::new(to));
    let session = session(&args.stack, &from)?;
    let (state, moves, backup) = if args.dry_run {
        let state = session.state()?;
        let moves = state.moves(&from, &to)?;
        is_of_its_type(&session, &state, &moves)?;
        (state, moves, None)
    } else {
        let mut locked = session.lock(&session.name()?)?;
        let state = locked.snapshot();
        is_of_its_type(&session, &state, &state.moves(&from, &to)?)?;
        let backup = locked.back_up()?;
        let moves = locked.rename(&from, &to)?;
        locked.compact()?;
        (state, moves, backup)
    };
    let entries = moves.iter().map(|(from, to)| Entry::Move { from: from.clone(), to: to.clone() });
    let plan = next_plan(&session, &state, entries);
    let rows: Vec<Json> = moves
        .iter()
        .filter_map(|(from, to)| {
            let (type_name, identifier, next) = match state.resources.get(from) {
                Some(recorded) => {
                    let next = foreseen::after_move(plan.as_ref(), from, to);
                    (&recorded.type_name, Some(&recorded.identifier), next)
                }
                None => nothing_recorded(&state, from)?,
            };
            Some(json!({
                "from": from, "to": to, "type": type_name, "identifier": identifier, "next": next,
            }))
        })
        .collect();
    let verb = if args.dry_run { "Would move" } else { "Moved" };
    let line = |row: &Json| format!("{verb} {} to {}", shown(&row["from"]), shown(&row["to"]));
    report(args, "moved", rows, line, backup.as_deref())
}

/// What is known of an address under which nothing is recorded.
fn nothing_recorded<'s>(
    state: &'s State,
    address: &Address,
) -> Option<(&'s TypeName, Option<&'s String>, String)> {
    if let Some(left) = state.leftovers.iter().find(|left| left.address == *address) {
        let next = "what is left of it is still to be deleted".to_owned();
        return Some((&left.type_name, Some(&left.identifier), next));
    }
    let open = state.operations.values().find(|operation| operation.address == *address)?;
    Some((&open.type_name, None, "whether it was created is still to be decided".to_owned()))
}

/// What is recorded can't be called what is declared as something else: the next plan would end it.
fn is_of_its_type(session: &Session, state: &State, moves: &[(Address, Address)]) -> Result<(), Diagnostic> {
    let request = session.request(session.expected_place()).ok();
    // Mistakes of the stack file are for `check` to tell.
    let Some(Ok(loaded)) = request.map(|request| load(&request, Box::new(session.loader()))) else {
        return Ok(());
    };
    for (from, to) in moves {
        let declared = loaded.resolved.resources.iter().find(|desired| desired.address == *to);
        let recorded = state.resources.get(from);
        if let (Some(declared), Some(recorded)) = (declared, recorded)
            && declared.type_name != recorded.type_name
        {
            let message = format!(
                "`{to}` is declared as {}, and `{from}` is {}",
                declared.type_name, recorded.type_name
            );
            return Err(Diagnostic::error(Code::BAD_NAME, message)
                .hint("nothing was moved; give the address of a declaration of the same type"));
        }
    }
    Ok(())
}

pub(super) fn remove(args: &EditArgs, addresses: &[String]) -> Result<(), Failure> {
    let addresses: Vec<Address> = addresses.iter().map(|address| Address::new(address.as_str())).collect();
    let Some(first) = addresses.first() else { return Ok(()) };
    let session = session(&args.stack, first)?;
    let (state, gone, backup) = if args.dry_run {
        let state = session.state()?;
        let gone = state.leaving(&addresses)?;
        (state, gone, None)
    } else {
        let mut locked = session.lock(&session.name()?)?;
        let state = locked.snapshot();
        state.leaving(&addresses)?;
        let backup = locked.back_up()?;
        let gone = locked.forget(&addresses)?;
        locked.compact()?;
        (state, gone, backup)
    };
    let entries = gone.iter().map(|address| Entry::Forget { address: address.clone() });
    let plan = next_plan(&session, &state, entries);
    let removed = gone.iter().filter_map(|address| state.resources.get(address));
    let mut rows: Vec<Json> = removed
        .map(|recorded: &Recorded| {
            json!({
                "address": recorded.address, "type": recorded.type_name, "identifier": recorded.identifier,
                "next": foreseen::after_removal(plan.as_ref(), recorded),
            })
        })
        .collect();
    // What was still to be deleted goes with it.
    rows.extend(state.leftovers.iter().filter(|left| gone.contains(&left.address)).map(|left: &Leftover| {
        json!({
            "address": left.address, "type": left.type_name, "identifier": left.identifier,
            "next": "it was still to be deleted; it stays in the cloud, and nobody will delete it",
        })
    }));
    let open = state.operations.values().filter(|o| o.undecided && gone.contains(&o.address));
    rows.extend(open.map(|operation| {
        json!({
            "address": operation.address, "type": operation.type_name, "identifier": null,
            "next": "nobody asks any more whether it was created; the next apply creates it",
        })
    }));
    let verb = if args.dry_run { "Would remove" } else { "Removed" };
    let line = |row: &Json| match row["identifier"].as_str() {
        Some(identifier) => format!("{verb} {} ({identifier})", shown(&row["address"])),
        None => format!("{verb} {}", shown(&row["address"])),
    };
    report(args, "removed", rows, line, backup.as_deref())
}

/// Each row with what the next plan will do about it; then where the state before is kept.
fn report(
    args: &EditArgs,
    what: &str,
    rows: Vec<Json>,
    line: impl Fn(&Json) -> String,
    backup: Option<&str>,
) -> Result<(), Failure> {
    if args.stack.json {
        return terminal::print_json(&json!({ what: rows, "dry_run": args.dry_run, "backup": backup }));
    }
    let mut text = String::new();
    for row in &rows {
        let _ = writeln!(text, "{}: {}", line(row), shown(&row["next"]));
    }
    if let Some(backup) = backup {
        let _ = writeln!(text, "The state as it was is kept in {}.", backup);
    }
    terminal::print(&text)
}

fn shown(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

pub(super) fn pull(args: &StackArgs) -> Result<(), Failure> {
    let session = only(args)?;
    let view = session.view()?;
    if !view.exists {
        terminal::say("Nothing is recorded yet.");
        return Ok(());
    }
    terminal::print(&view.state.pretty())
}

pub(super) fn push(args: &PushArgs) -> Result<(), Failure> {
    let session = only(&args.stack)?;
    let pushed = State::parse(&text(&args.file)?)?;
    let resources = pushed.resources.len();
    let name = session.name()?;
    let (serial, lost, backup): (u64, Vec<Operation>, Option<String>) = if args.dry_run {
        let here = session.state()?;
        let lost = here.refuses(&pushed, args.force)?;
        (here.serial.max(pushed.serial) + 1, lost, None)
    } else {
        let mut locked = session.lock(&name)?;
        locked.with(|state| state.refuses(&pushed, args.force))?;
        let backup = locked.back_up()?;
        let lost = locked.push(pushed, args.force)?;
        (locked.with(|state| state.serial), lost, backup)
    };
    for operation in &lost {
        terminal::say(&format!(
            "warning: how the {} of `{}` ({}{}) ended is no longer asked: what it began may be in the cloud, unrecorded",
            match operation.verb {
                crate::state::Verb::Create => "create",
                crate::state::Verb::Update => "update",
                crate::state::Verb::Delete => "delete",
            },
            operation.address,
            operation.type_name,
            operation.identifier.as_ref().map(|id| format!(" {id}")).unwrap_or_default(),
        ));
    }
    if args.stack.json {
        let lost: Vec<&Address> = lost.iter().map(|operation| &operation.address).collect();
        return terminal::print_json(&json!({
            "stack": name, "serial": serial, "resources": resources, "dry_run": args.dry_run,
            "backup": backup, "forgotten_operations": lost,
        }));
    }
    let verb = if args.dry_run { "Would push" } else { "Pushed" };
    let mut text = format!("{verb} the state of {name}: serial {serial}, {resources} resources.\n");
    if let Some(backup) = backup {
        let _ = writeln!(text, "The state as it was is kept in {}.", backup);
    }
    terminal::print(&text)
}

/// A file's text, or that of stdin.
fn text(file: &str) -> Result<String, Failure> {
    let read = match file {
        "-" => std::io::read_to_string(std::io::stdin()),
        path => std::fs::read_to_string(path),
    };
    read.map_err(|error| {
        Diagnostic::error(Code::BAD_STATE, format!("the state in `{file}` can't be read: {error}"))
            .hint("name a file that `evstack state pull` wrote, or `-` for stdin")
            .into()
    })
}
