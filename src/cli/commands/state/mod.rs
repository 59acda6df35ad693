//! `evstack state …`: what is recorded, and changes of the record alone.

mod edit;

use crate::cli::args::{StackArgs, StateCommand};
use crate::cli::session::Session;
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::model::{Address, Json};
use crate::ops::{Failure, recorded};
use std::fmt::Write;

pub(in crate::cli) fn run(command: &StateCommand) -> Result<Ended, Failure> {
    match command {
        StateCommand::List { prefix, stack } => list(prefix.as_deref(), stack)?,
        StateCommand::Show { address, stack } => show(address, stack)?,
        StateCommand::Mv { from, to, edit } => edit::rename(edit, from, to)?,
        StateCommand::Rm { addresses, edit } => edit::remove(edit, addresses)?,
        StateCommand::Pull { stack } => edit::pull(stack)?,
        StateCommand::Push(args) => edit::push(args)?,
    }
    Ok(Ended::Done)
}

fn list(prefix: Option<&str>, args: &StackArgs) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for session in Session::all(&args.place, args.stack.as_deref())? {
        let state = session.state()?;
        let all = recorded::list(&state);
        rows.extend(all.as_array().cloned().unwrap_or_default());
    }
    if rows.is_empty() {
        terminal::say("Nothing is recorded.");
    }
    if let Some(prefix) = prefix {
        rows.retain(|row| row["address"].as_str().is_some_and(|a| a.starts_with(prefix)));
    }
    if args.json {
        return terminal::print_json(&Json::Array(rows));
    }
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(text, "{}", row["address"].as_str().unwrap_or_default());
    }
    terminal::print(&text)
}

fn show(address: &str, args: &StackArgs) -> Result<(), Failure> {
    let mut known = Vec::new();
    for session in Session::all(&args.place, args.stack.as_deref())? {
        let state = session.state()?;
        if let Some(json) = recorded::show(&state, &Address::new(address)) {
            return if args.json { terminal::print_json(&json) } else { terminal::print(&text(&json)) };
        }
        known.extend(state.resources.keys().map(ToString::to_string));
    }
    let hint = nearest(address, known.iter().map(String::as_str)).map(|a| format!("did you mean `{a}`?"));
    Err(Diagnostic::error(Code::UNKNOWN_TARGET, format!("`{address}` isn't recorded"))
        .hint_if(hint)
        .hint("`evstack state list` shows what is")
        .into())
}

/// The record as YAML: readable, and still a format.
fn text(json: &Json) -> String {
    serde_yaml::to_string(json).unwrap_or_default()
}
