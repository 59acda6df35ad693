//! `evstack check [STACK]`: no cloud, no state.

use crate::cli::args::CheckArgs;
use crate::cli::session::Session;
use crate::cli::{Ended, root, terminal};
use crate::diagnostics::{Diagnostics, Sources};
use crate::ops::{self, Failure};
use crate::render::sarif;
use serde_json::json;

pub(in crate::cli) fn run(args: &CheckArgs) -> Result<Ended, Failure> {
    let mut ended = Ended::Done;
    let (mut stacks, mut found) = (Vec::new(), Vec::new());
    for session in Session::all(&args.place, args.stack.as_deref())? {
        let (diagnostics, sources, lines) = match check(&session) {
            Ok(loaded) => {
                let resources = loaded.resolved.resources.len();
                let line =
                    format!("{}: {} in order, {}", session.path(), loaded.stack.name, count(resources));
                (loaded.warnings, loaded.sources, Some(line))
            }
            Err(failure) => (failure.diagnostics, failure.sources, None),
        };
        if diagnostics.has_errors() {
            ended = Ended::Failed;
        }
        if args.github {
            terminal::annotate(&diagnostics, &sources);
        }
        if args.sarif {
            found.push((diagnostics, sources));
        } else {
            report(args, &session, &diagnostics, &sources, lines, &mut stacks)?;
        }
    }
    if args.sarif {
        terminal::print_json(&sarif::log(&found, &root::project()))?;
    }
    if args.json {
        terminal::print_json(&json!({ "stacks": stacks }))?;
    }
    Ok(ended)
}

fn check(session: &Session) -> Result<ops::Loaded, Failure> {
    let request = session.request(session.expected_place())?;
    ops::load(&request, Box::new(session.loader()))
}

fn report(
    args: &CheckArgs,
    session: &Session,
    diagnostics: &Diagnostics,
    sources: &Sources,
    line: Option<String>,
    stacks: &mut Vec<serde_json::Value>,
) -> Result<(), Failure> {
    if args.json {
        let mut document = terminal::diagnostics_json(diagnostics, sources);
        document["stack"] = session.path().into();
        stacks.push(document);
        return Ok(());
    }
    terminal::show(diagnostics, sources);
    match line {
        Some(line) if !args.place.quiet => terminal::print(&format!("{line}\n")),
        _ => Ok(()),
    }
}

fn count(resources: usize) -> String {
    if resources == 1 { "1 resource".to_owned() } else { format!("{resources} resources") }
}
