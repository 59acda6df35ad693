//! `evstack drift [STACK]`: what changed outside; takes no lock, changes nothing. With `--accept` the
//! record follows what is there, with `--revert` what is there follows the record.

mod accept;
mod revert;

use super::plan::{tell_unfinished, whereabouts};
use crate::apply::{peek, undecided};
use crate::cli::args::DriftArgs;
use crate::cli::session::Session;
use crate::cli::{Ended, cloud, command_line, terminal};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Address;
use crate::ops::foreign::{self, Added};
use crate::ops::plan::refused;
use crate::ops::{self, Failure};
use crate::render::{Paint, drift, json, markdown};
use crate::state::State;
use std::path::Path;

pub(in crate::cli) async fn run(args: &DriftArgs) -> Result<Ended, Failure> {
    let (accept, revert) = (args.accept.clone(), args.revert.clone());
    let (stack, accept, revert) = with_stack(args.stack.clone(), accept, revert);
    let sessions = Session::all(&args.place, stack.as_deref())?;
    let named = accept.iter().chain(&revert).any(|addresses| !addresses.is_empty());
    if named && sessions.len() > 1 {
        return Err(Diagnostic::error(
            Code::NO_STACK,
            "the addresses are of one stack, and there are several",
        )
        .hint("name the stack before the flag: `evstack drift STACK --accept ADDRESS`")
        .into());
    }
    if let Some(addresses) = &accept {
        return accept::run(args, &sessions, addresses).await;
    }
    if let Some(addresses) = &revert {
        return revert::run(args, &sessions, addresses).await;
    }
    let several = sessions.len() > 1;
    let (mut documents, mut drifted) = (Vec::new(), Vec::new());
    let mut differs = false;
    // What others added, for a comment.
    let mut others = String::new();
    for session in &sessions {
        let connection = cloud::connect(session).await?;
        let request = session.request(connection.place.clone())?;
        let loaded = ops::load(&request, Box::new(session.loader()))?;
        let view = session.view_of(&loaded.stack.name, &connection)?;
        let left = undecided(&view.state);
        // An operation that a killed run left is no change from outside.
        let state = peek(&connection.provider, view.state).await.map_err(|fault| refused(&fault))?;
        let look = ops::drift::look(&loaded, &state, &connection.provider, today()).await?;
        let added = match args.foreign {
            true => foreign::look(&loaded.stack.ignored, &state, &connection.provider, today()).await,
            false => Added::default(),
        };
        let strangers = added.foreign.iter().any(|found| !found.is_of_another_stack(&loaded.stack.name));
        differs |= strangers || !look.is_empty();
        if state.resources.is_empty() {
            terminal::say(&format!(
                "Nothing of `{}` in `{}` is recorded: there is nothing to look at.",
                loaded.stack.name, loaded.stack.env
            ));
        }
        if !args.place.quiet {
            tell_unfinished(&left, &undecided(&state));
        }
        terminal::show(&look.warnings, &loaded.sources);
        terminal::show(&added.warnings, &loaded.sources);
        let at = whereabouts(&loaded, &connection, session);
        if args.json {
            let mut document = drift::document(&look.rows, &look.ignored, &at);
            document["unfinished"] = left.len().into();
            document["recorded"] = state.resources.len().into();
            drift::add_foreign(&mut document, &added.foreign, &added.not_looked_at, &loaded.stack.name);
            documents.push(document);
        } else if args.markdown {
            let plain = Paint { colour: false };
            let found = drift::foreign(&added.foreign, &added.not_looked_at, &loaded.stack.name, plain);
            if !found.is_empty() {
                // Names that others gave can't end the block.
                others.push_str(&format!("\n```text{}```\n", found.replace('`', "'")));
            }
            drifted.push((at, look.rows, look.ignored));
        } else {
            let paint = Paint { colour: terminal::colours() };
            let found = drift::foreign(&added.foreign, &added.not_looked_at, &loaded.stack.name, paint);
            let text = drift::text(&look.rows, &look.ignored, &at, args.place.quiet, paint);
            terminal::print(&if args.place.quiet { text } else { text + &found })?;
        }
    }
    if args.markdown {
        let shown = command_line::without(&["--markdown", "--quiet", "-q"]);
        terminal::print(&(markdown::drifted(&drifted, &shown) + &others))?;
    }
    if args.json {
        let document = if several { json::plans(documents) } else { documents.pop().unwrap_or_default() };
        terminal::print_json(&document)?;
    }
    Ok(if differs { Ended::Differences } else { Ended::Done })
}

/// `--accept queue.a shop.yaml`: the flag takes all that follows it, and a file among it is the stack. No
/// address is a file here by chance: it would have to be called like one.
fn with_stack(
    stack: Option<String>,
    accept: Option<Vec<String>>,
    revert: Option<Vec<String>>,
) -> (Option<String>, Option<Vec<String>>, Option<Vec<String>>) {
    let mut stack = stack;
    let mut without = |addresses: Option<Vec<String>>| -> Option<Vec<String>> {
        let mut addresses = addresses?;
        let file = addresses.iter().position(|text| Path::new(text).is_file());
        if let Some(file) = file.filter(|_| stack.is_none()) {
            stack = Some(addresses.remove(file));
        }
        Some(addresses)
    };
    let (accept, revert) = (without(accept), without(revert));
    (stack, accept, revert)
}

/// The day, in UTC.
fn today() -> jiff::civil::Date {
    jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date()
}

/// The addresses as the record knows them.
fn meant(state: &State, addresses: &[String]) -> Result<Vec<Address>, Failure> {
    let mut meant = Vec::new();
    for text in addresses {
        let address = Address::new(text.as_str());
        if !Address::is_valid(text) {
            return Err(Diagnostic::error(Code::UNKNOWN_TARGET, format!("`{text}` isn't an address"))
                .hint("name a stack before the flag: `evstack drift STACK --accept ADDRESS`")
                .into());
        }
        state.with_parts(&address)?;
        meant.push(address);
    }
    Ok(meant)
}
