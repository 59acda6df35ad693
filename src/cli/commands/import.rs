//! `evstack import ADDRESS IDENTIFIER`: records an existing resource; the cloud isn't changed.

use crate::cli::args::ImportArgs;
use crate::cli::cloud;
use crate::cli::commands::apply::hold_record;
use crate::cli::session::Session;
use crate::cli::spelling::Spelling;
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Action, Address, Json};
use crate::ops::import::{Imported, import, undeclared};
use crate::ops::{self, Failure, Loaded};
use crate::render::{Paint, json, plan as text};

pub(in crate::cli) async fn run(args: &ImportArgs) -> Result<Ended, Failure> {
    if !Address::is_valid(&args.address) {
        let message = format!("`{}` isn't an address", args.address);
        return Err(Diagnostic::error(Code::UNKNOWN_TARGET, message)
            .hint("write it as the plan prints it: `queue.orders`, or a part: `queue.orders.deadLetter`")
            .into());
    }
    let address = Address::new(args.address.as_str());
    let (session, connection, spelling, loaded) = declaring(args, &address).await?;
    let place = (&args.stack.place, args.stack.json);
    let Some(mut locked) = hold_record(place, (&session, &spelling), &connection, &loaded).await? else {
        return Ok(Ended::Interrupted);
    };
    let asked = (&address, args.identifier.as_str());
    let imported = import(&loaded, &locked, &connection.provider, asked, args.force).await;
    let mut imported = imported.map_err(|failure| spelling.failure(failure))?;
    imported.warnings.rewrite_hints(|hint| spelling.text(hint));
    locked.compact()?;
    terminal::show(&imported.warnings, &loaded.sources);
    if args.stack.json {
        terminal::print_json(&document(&imported))?;
    } else {
        terminal::print(&words(&imported, args.stack.place.quiet))?;
    }
    Ok(Ended::Done)
}

/// The one stack that declares it.
async fn declaring(
    args: &ImportArgs,
    address: &Address,
) -> Result<(Session, cloud::Connection, Spelling, Loaded), Failure> {
    let sessions = Session::all(&args.stack.place, args.stack.stack.as_deref())?;
    let mut declared = Vec::new();
    let mut found: Option<(Session, cloud::Connection, Spelling, Loaded)> = None;
    for session in sessions {
        let connection = cloud::connect(&session).await?;
        let request = session.request(connection.place.clone())?;
        let loaded = ops::load(&request, Box::new(session.loader()))?;
        declared.extend(loaded.resolved.resources.iter().map(|desired| desired.address.clone()));
        if loaded.resolved.resources.iter().any(|desired| desired.address == *address) {
            if let Some((first, ..)) = &found {
                let message =
                    format!("`{address}` is declared in {} and in {}", first.path(), session.path());
                return Err(Diagnostic::error(Code::NO_STACK, message)
                    .hint(format!("say which is meant: `--stack {}`", session.path()))
                    .into());
            }
            let spelling = Spelling::new(&request, &loaded, session.override_name().as_deref());
            found = Some((session, connection, spelling, loaded));
        }
    }
    found.ok_or_else(|| undeclared(address, declared.iter()).into())
}

/// What was done, and what is left for the next apply.
fn words(imported: &Imported, brief: bool) -> String {
    let recorded = &imported.recorded;
    let mut out = format!(
        "Import complete: {} ({}) is recorded as \"{}\". Nothing was changed in the cloud.\n",
        recorded.address, recorded.type_name, recorded.identifier
    );
    if brief {
        return out;
    }
    let unverified: Vec<String> = imported.unverified.iter().map(|path| path.join(".")).collect();
    if !unverified.is_empty() {
        out.push_str(&format!(
            "\nNo read shows {}: taken as declared, until the next update sends it again.\n",
            unverified.join(", ")
        ));
    }
    match imported.change.as_ref().filter(|change| change.action != Action::NoOp) {
        Some(change) => {
            out.push_str("\nThe next apply would do this to it:\n\n");
            out.push_str(&text::resource(change, Paint { colour: terminal::colours() }));
        }
        None => out.push_str("\nIt is as it is declared: the next plan changes nothing of it.\n"),
    }
    out
}

fn document(imported: &Imported) -> Json {
    let recorded = &imported.recorded;
    serde_json::json!({
        "address": recorded.address,
        "type": recorded.type_name,
        "identifier": recorded.identifier,
        "unverified": imported.unverified,
        "resource_change": imported.change.as_ref().map(json::resource_change),
    })
}
