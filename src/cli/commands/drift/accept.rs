//! `evstack drift --accept`: the record says what is there from now on; the cloud isn't touched.

use super::{meant, today};
use crate::cli::args::DriftArgs;
use crate::cli::commands::apply::hold_record;
use crate::cli::commands::plan::whereabouts;
use crate::cli::session::Session;
use crate::cli::spelling::Spelling;
use crate::cli::{Ended, cloud, terminal};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Address, Json};
use crate::ops::plan::{Seen, Wanted, make};
use crate::ops::{self, Failure, foreseen};
use crate::render::{Paint, drift, json};
use crate::state::Entry;
use serde_json::json;
use std::fmt::Write;

pub(super) async fn run(
    args: &DriftArgs,
    sessions: &[Session],
    addresses: &[String],
) -> Result<Ended, Failure> {
    let mut documents = Vec::new();
    for session in sessions {
        match one(args, session, addresses).await? {
            Ok(document) => documents.push(document),
            Err(ended) => return Ok(ended),
        }
    }
    if args.json {
        let several = sessions.len() > 1;
        let document = if several { json::plans(documents) } else { documents.pop().unwrap_or_default() };
        terminal::print_json(&document)?;
    }
    Ok(Ended::Done)
}

/// One stack; how it ended if nobody approved, or somebody interrupted it.
async fn one(
    args: &DriftArgs,
    session: &Session,
    addresses: &[String],
) -> Result<Result<Json, Ended>, Failure> {
    let connection = cloud::connect(session).await?;
    let request = session.request(connection.place.clone())?;
    let loaded = ops::load(&request, Box::new(session.loader()))?;
    let spelling = Spelling::new(&request, &loaded, session.override_name().as_deref());
    let place = (&args.place, args.json);
    let Some(mut locked) = hold_record(place, (session, &spelling), &connection, &loaded).await? else {
        return Ok(Err(Ended::Interrupted));
    };
    let state = locked.snapshot();
    let addresses = meant(&state, addresses)?;
    let mut look = ops::drift::look(&loaded, &state, &connection.provider, today()).await?;
    look.narrow(&addresses);
    let at = whereabouts(&loaded, &connection, session);
    let entries = ops::drift::accept(&loaded, &state, &look)?;
    let accepted: Vec<Address> = entries.iter().filter_map(address).collect();
    let mut after = state.clone();
    entries.iter().for_each(|entry| after.apply(entry));
    let mut seen = Seen::default();
    seen.live.clone_from(&look.live);
    seen.live.retain(|address, _| after.resources.contains_key(address));
    // A plan that can't be made says why when it is asked for.
    let plan = make(&loaded, &after, &seen, &Wanted::default()).ok().map(|(plan, _)| plan);
    let next: Vec<(Address, String)> = accepted
        .into_iter()
        .map(|address| {
            let next = foreseen::of_record(plan.as_ref(), &address);
            (address, next)
        })
        .collect();
    if !args.json {
        let paint = Paint { colour: terminal::colours() };
        terminal::tell(&drift::text(&look.rows, &look.ignored, &at, args.place.quiet && args.yes, paint))?;
    }
    let mut backup = None;
    if !entries.is_empty() {
        if !args.json {
            let mut text = "\nThe record will say what is there; the cloud isn't touched:\n".to_owned();
            for (address, next) in &next {
                let _ = writeln!(text, "  {address}: {next}");
            }
            terminal::tell(&text)?;
        }
        if !args.yes && !approved(args).await? {
            terminal::tell("\nNothing is accepted.\n")?;
            return Ok(Err(Ended::Failed));
        }
        backup = locked.back_up()?;
        locked.append_together(entries)?;
        locked.compact()?;
        if !args.json {
            let kept = backup.as_ref().map(|path| format!(" The state as it was is kept in {path}."));
            let resources = if next.len() == 1 { "resource" } else { "resources" };
            let kept = kept.unwrap_or_default();
            terminal::tell(&format!("\nAccepted: {} {resources}.{kept}\n", next.len()))?;
        }
    }
    let mut document = drift::document(&look.rows, &look.ignored, &at);
    let rows = next.iter().map(|(address, next)| json!({ "address": address, "next": next }));
    document["accepted"] = rows.collect();
    document["backup"] = json!(backup);
    Ok(Ok(document))
}

fn address(entry: &Entry) -> Option<Address> {
    match entry {
        Entry::Put { recorded } => Some(recorded.address.clone()),
        Entry::LetGo { address } => Some(address.clone()),
        _ => None,
    }
}

async fn approved(args: &DriftArgs) -> Result<bool, Failure> {
    if args.json || !terminal::can_ask() {
        return Err(Diagnostic::error(Code::NOT_APPROVED, "there is nobody to ask for approval")
            .hint("look at `evstack drift`, then pass `--yes`")
            .into());
    }
    terminal::approved(
        "\nDo you want the record to follow?\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ",
    )
    .await
}
