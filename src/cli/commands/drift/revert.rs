//! `evstack drift --revert`: what is there follows the record, by a plan like any other.

use super::{meant, today};
use crate::cli::args::{ApplyArgs, DriftArgs, WantedArgs};
use crate::cli::commands::apply::{Task, hold, perform, show};
use crate::cli::commands::plan::Planned;
use crate::cli::session::Session;
use crate::cli::spelling::Spelling;
use crate::cli::{Ended, cloud, terminal};
use crate::ops::drift::{self, Revert, unknown_secrets};
use crate::ops::{self, Failure};
use crate::render::{drift::dotted, json};
use serde_json::json;

pub(super) async fn run(
    args: &DriftArgs,
    sessions: &[Session],
    addresses: &[String],
) -> Result<Ended, Failure> {
    for session in sessions {
        match one(args, session, addresses).await? {
            Ended::Done => {}
            ended => return Ok(ended),
        }
    }
    Ok(Ended::Done)
}

async fn one(args: &DriftArgs, session: &Session, addresses: &[String]) -> Result<Ended, Failure> {
    let apply = as_apply(args);
    let connection = cloud::connect(session).await?;
    let request = session.request(connection.place.clone())?;
    let mut loaded = ops::load(&request, Box::new(session.loader()))?;
    let spelling = Spelling::new(&request, &loaded, session.override_name().as_deref());
    let Some(held) = hold(&apply, (session, &spelling), &connection, &loaded, None).await? else {
        return Ok(Ended::Interrupted);
    };
    let state = held.locked.snapshot();
    let addresses = meant(&state, addresses)?;
    let mut look = drift::look(&loaded, &state, &connection.provider, today()).await?;
    look.narrow(&addresses);
    let Revert { mut wanted, otherwise, left } =
        drift::revert(&mut loaded, &state, &look, &addresses, args.undeclared)?;
    wanted.allow_data_loss = args.allow_data_loss;
    let mut planned = Planned::of(session, &connection, request, loaded, state, &wanted).await?;
    planned.plan.reverts = true;
    planned.refusals.extend(unknown_secrets(&planned.plan));
    show(&apply, &planned, !args.yes)?;
    for address in &otherwise {
        let words = format!(
            "`{address}` goes back to what the record says; the stack file says otherwise, and `evstack apply` goes to that"
        );
        note(args, &words)?;
    }
    for left in &left {
        note(args, &format!("`{}` {} stays as it is: {}", left.address, dotted(&left.path), left.why))?;
    }
    perform(&apply, &connection, held, planned, Task::Revert, !args.yes).await
}

/// What isn't in the plan.
fn note(args: &DriftArgs, words: &str) -> Result<(), Failure> {
    if args.json {
        return terminal::tell(&format!("{}\n", json::line("log", words, json!({}))));
    }
    terminal::say(&format!("note: {words}"));
    Ok(())
}

/// A revert is carried out as an apply is.
fn as_apply(args: &DriftArgs) -> ApplyArgs {
    ApplyArgs {
        stack: args.stack.clone(),
        place: args.place.clone(),
        wanted: WantedArgs {
            target: Vec::new(),
            exclude: Vec::new(),
            replace: Vec::new(),
            refresh: true,
            adopt: false,
            allow_data_loss: args.allow_data_loss,
            skip_drain: false,
        },
        yes: args.yes,
        json: args.json,
        parallelism: AT_ONCE,
        github: false,
    }
}

/// As `apply` does unless told otherwise.
const AT_ONCE: u16 = 64;
