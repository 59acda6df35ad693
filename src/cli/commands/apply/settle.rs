//! What an earlier run left unfinished is ended, before anything is built on it.

use crate::apply::{Cancel, Means, Recovery, recover};
use crate::cli::args::WhereArgs;
use crate::cli::cloud::Connection;
use crate::cli::progress::{Progress, Telling};
use crate::cli::session::Session;
use crate::cli::spelling::Spelling;
use crate::cli::{interrupt, terminal};
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::model::{Address, Json};
use crate::ops::{Failure, Loaded, alike};
use crate::provider::SystemClock;
use crate::resolve::Predicted;
use crate::schema::Catalogue;
use crate::state::Locked;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const INTERRUPTED: &str = "\nInterrupted while it was found out what an earlier run left: what is \
                                      known by now is recorded, the next run goes on with it. Nothing else was \
                                      begun.";

/// Operations at once, of a command that does none of its own.
const AT_ONCE: usize = 512;

/// Asks the cloud how everything ended that has no end yet; what the stack file says helps.
pub(super) async fn look_into(
    (telling, at_once): (Telling, usize),
    connection: &Connection,
    loaded: &Loaded,
    locked: &mut Locked,
    seed: u64,
) -> Result<Recovery, Diagnostic> {
    let progress = Arc::new(Progress::new(0, telling));
    let means = Means {
        provider: Arc::clone(&connection.provider),
        clock: Arc::new(SystemClock::default()),
        sink: progress.sink(),
        cancel: Cancel::default(),
        seed,
        at_once,
    };
    let resolved = &loaded.resolved;
    let predicted = Predicted::new(&resolved.resources, &resolved.attributes, &loaded.stack.place);
    let resources = resolved.resources.iter();
    let wanted: BTreeMap<Address, Json> =
        resources.filter_map(|r| Some((r.address.clone(), predicted.properties(r).to_json()?))).collect();
    recover(&means, locked, Catalogue::bundled(), &|address| wanted.get(address).cloned()).await
}

/// For a command that changes the record alone: locks the state and ends what an earlier run left
/// unfinished; none if that was interrupted. What nobody can tell stays as it is: the command may be
/// what decides it.
///
/// # Errors
/// How an operation ended can't be told now, but may be later.
pub(in crate::cli) async fn hold_record(
    (place, json): (&WhereArgs, bool),
    (session, spelling): (&Session, &Spelling),
    connection: &Connection,
    loaded: &Loaded,
) -> Result<Option<Locked>, Failure> {
    let mut locked = session.lock_in(&loaded.stack.name, connection)?;
    if locked.with(|state| state.operations.is_empty()) {
        return Ok(Some(locked));
    }
    let telling = if json || place.quiet { Telling::Nothing } else { Telling::Steps };
    let mut heed = interrupt::heed();
    let recovery = tokio::select! {
        recovery = look_into((telling, AT_ONCE), connection, loaded, &mut locked, super::seed()) => recovery?,
        () = heed.press() => {
            terminal::say(INTERRUPTED);
            return Ok(None);
        }
    };
    let mut recovery = recovery;
    recovery.problems.rewrite_hints(|hint| spelling.text(hint));
    let words = recovery.words();
    let is_open = locked.with(|state| state.operations.values().any(|operation| !operation.undecided));
    if is_open && recovery.problems.has_errors() {
        return Err(Failure::new(alike(&recovery.problems), loaded.sources.clone()));
    }
    let mut warnings = Diagnostics::new();
    let problems = recovery.problems.into_iter();
    problems.filter(|problem| problem.severity != Severity::Error).for_each(|told| warnings.push(told));
    terminal::show(&alike(&warnings), &loaded.sources);
    if let Some(words) = words {
        terminal::say(&format!("Recovered: {words}."));
    }
    Ok(Some(locked))
}
