//! `evstack apply [STACK|PLAN]` and `evstack destroy [STACK]`: shows the plan, asks, does it.

mod hints;
mod report;
mod rollback;
mod settle;

pub(super) use self::settle::hold_record;

use self::report::{capital, mention, report};
use super::plan::{Planned, Reopened, reopened, wanted};
use crate::apply::{Cancel, Job, Means, Outcome, Recovery, has_work, run as carry_out};
use crate::cli::args::ApplyArgs;
use crate::cli::cloud::{self, Connection};
use crate::cli::interrupt::{self, Heed};
use crate::cli::progress::{Progress, Telling};
use crate::cli::session::Session;
use crate::cli::spelling::Spelling;
use crate::cli::{Ended, terminal};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Action;
use crate::ops::plan::Wanted;
use crate::ops::{self, Failure, Loaded, Request, alike, saved};
use crate::plan::SavedPlan;
use crate::provider::{Breaker, SystemClock};
use crate::render::json;
use crate::schema::Catalogue;
use crate::state::Locked;
use std::path::Path;
use std::sync::Arc;

pub(in crate::cli) async fn run(args: &ApplyArgs, task: Task) -> Result<Ended, Failure> {
    let destroy = task == Task::Destroy;
    let saved = match &args.stack {
        Some(path) => saved::read(Path::new(path))?,
        None => None,
    };
    if let Some(saved) = &saved {
        return from_file(args, saved, task).await;
    }
    let wanted = wanted(&args.wanted, destroy)?;
    let mut sessions = Session::all(&args.place, args.stack.as_deref())?;
    if destroy {
        // A stack goes before those whose outputs it reads.
        sessions.reverse();
    }
    let mut applied = Vec::new();
    for (number, session) in sessions.iter().enumerate() {
        if interrupt::pressed() > 0 {
            let left: Vec<String> = sessions[number..].iter().map(|s| format!("`{}`", s.path())).collect();
            terminal::say(&format!("Interrupted: {} not begun.", left.join(", ")));
            return Ok(Ended::Interrupted);
        }
        let connection = cloud::connect(session).await?;
        let request = session.request(connection.place.clone())?;
        let loaded = ops::load(&request, Box::new(session.loader()))?;
        let name = loaded.stack.name.clone();
        match one(args, session, &connection, request, loaded, (&wanted, task), None).await? {
            Ended::Done => applied.push(name),
            ended => {
                if task.rolls_back() && !applied.is_empty() {
                    terminal::say(&format!("What was applied before it stays: {}.", applied.join(", ")));
                }
                return Ok(ended);
            }
        }
    }
    Ok(Ended::Done)
}

/// Plans again from the sources in the file, and goes on only if nothing moved.
async fn from_file(args: &ApplyArgs, saved: &SavedPlan, task: Task) -> Result<Ended, Failure> {
    if task == Task::Destroy {
        return Err(Diagnostic::error(Code::STALE_PLAN, "`evstack destroy` takes a stack, not a plan")
            .hint("a plan of `evstack plan --destroy --out FILE` is carried out by `evstack apply FILE`")
            .into());
    }
    // `local` is what the flag says by itself.
    let elsewhere = args.place.env != "local" && args.place.env != saved.env;
    if wanted(&args.wanted, false)? != Wanted::default() || args.place.cloud.is_some() || elsewhere {
        let message = "a saved plan is carried out as it was made, without other flags";
        return Err(Diagnostic::error(Code::STALE_PLAN, message)
            .hint("give the flags to `evstack plan --out FILE`; apply takes config, `--yes` and `--json`")
            .into());
    }
    let wanted = Wanted::from_saved(&saved.options);
    let task = match (wanted.destroy, task.rolls_back()) {
        (true, true) => {
            return Err(Diagnostic::error(Code::UNSUPPORTED, "a plan that destroys isn't rolled back")
                .hint("leave out `--rollback`; what is left after a failure, the next run destroys")
                .into());
        }
        (true, false) => Task::Destroy,
        // The plan was approved by whoever made it; what comes after a failure nobody has seen.
        (false, true) if !args.yes && (args.json || !terminal::can_ask()) => {
            return Err(Diagnostic::error(Code::NOT_APPROVED, "there is nobody to ask about a rollback")
                .hint("pass `--yes` to agree to it beforehand")
                .into());
        }
        (false, _) => task,
    };
    let Reopened { session, connection, request, loaded } = reopened(&args.place, saved).await?;
    one(args, &session, &connection, request, loaded, (&wanted, task), Some(saved)).await
}

/// One stack, from the lock to the last line.
async fn one(
    args: &ApplyArgs,
    session: &Session,
    connection: &Connection,
    request: Request,
    loaded: Loaded,
    (wanted, task): (&Wanted, Task),
    file: Option<&SavedPlan>,
) -> Result<Ended, Failure> {
    let salt = file.map(|file| file.salt.as_str());
    let spelling = Spelling::new(&request, &loaded, session.override_name().as_deref());
    let Some(held) = hold(args, (session, &spelling), connection, &loaded, salt).await? else {
        return Ok(Ended::Interrupted);
    };
    let state = held.locked.snapshot();
    let planned = Planned::of(session, connection, request, loaded, state, wanted).await?;
    if let Some(file) = file {
        saved::still_fits(file, &planned.saved(wanted))?;
    }
    // A plan file was approved by whoever made it.
    let asks = file.is_none() && !args.yes;
    show(args, &planned, asks)?;
    perform(args, connection, held, planned, task, asks).await
}

/// What a plan is carried out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Task {
    Apply {
        /// Whether a failure is turned back.
        rolls_back: bool,
    },
    Destroy,
    /// What drifted goes back to the record.
    Revert,
    /// What a failed apply did goes back to what was recorded before it.
    Rollback,
}

impl Task {
    fn name(self) -> &'static str {
        match self {
            Self::Apply { .. } => "apply",
            Self::Destroy => "destroy",
            Self::Revert => "revert",
            Self::Rollback => "rollback",
        }
    }

    fn rolls_back(self) -> bool {
        self == Self::Apply { rolls_back: true }
    }
}

/// A state that is this run's, with nothing unfinished in it.
pub(super) struct Held {
    pub(super) locked: Locked,
    recovered: Option<String>,
    seed: u64,
}

/// Locks the state and ends what an earlier run left unfinished; none if that was interrupted.
pub(super) async fn hold(
    args: &ApplyArgs,
    (session, spelling): (&Session, &Spelling),
    connection: &Connection,
    loaded: &Loaded,
    salt: Option<&str>,
) -> Result<Option<Held>, Failure> {
    let mut locked = session.lock_in(&loaded.stack.name, connection)?;
    if let Some(salt) = salt {
        locked.adopt_salt(salt);
    }
    let seed = seed();
    let mut heed = interrupt::heed();
    let recovery = tokio::select! {
        recovery = recover_first(args, connection, (loaded, spelling), &mut locked, seed) => recovery?,
        // As if the run were killed: what was found is in the journal.
        () = heed.press() => {
            terminal::say(settle::INTERRUPTED);
            return Ok(None);
        }
    };
    Ok(Some(Held { locked, recovered: recovery.words(), seed }))
}

/// Carries out what was shown, if somebody wants it.
pub(super) async fn perform(
    args: &ApplyArgs,
    connection: &Connection,
    held: Held,
    planned: Planned,
    task: Task,
    asks: bool,
) -> Result<Ended, Failure> {
    let Held { mut locked, recovered, seed } = held;
    if planned.is_refused() {
        let folded = locked.compact();
        mention(args, &planned.refusals, &planned.loaded.sources)?;
        return Ok(folded.map(|()| Ended::Failed)?);
    }
    if !has_work(&planned.plan, &planned.state) {
        // Options alone may be others: what is to go one day is protected, kept or drained by them.
        let means = Means::new(Arc::clone(&connection.provider), Arc::new(SystemClock::default()), seed);
        let outcome = carry_out_plan(&planned, &means, &mut locked).await;
        let folded = locked.compact();
        let outcome = outcome?;
        let ended = finish_empty(args, &planned, recovered, task)?;
        return still_written(&outcome, folded).map(|()| ended);
    }
    if asks && !approved(args, &planned, task).await? {
        tell_recovered(args, recovered.as_deref())?;
        terminal::tell(&format!("\n{} cancelled.\n", capital(task.name())))?;
        return Ok(Ended::Failed);
    }
    // Until all is told, nobody else takes notice of Ctrl-C.
    let heed = interrupt::heed();
    let outcome = watched(args, connection, &planned, &mut locked, seed).await;
    let folded = locked.compact();
    let outcome = outcome?;
    let ended = report(args, &planned, &outcome, recovered, task)?;
    drop(heed);
    still_written(&outcome, folded).inspect_err(|_| {
        if task.rolls_back() && rollback::is_for(&outcome) {
            let command = hints::spelled(&planned, hints::on_again(task));
            terminal::say(&format!("Nothing is rolled back after that: run `{command}` to go on."));
        }
    })?;
    if task.rolls_back() && rollback::is_for(&outcome) {
        return rollback::run(args, connection, locked, planned, &outcome, seed).await;
    }
    Ok(ended)
}

/// That the state couldn't be written at the end is told after what was done, and once.
fn still_written(outcome: &Outcome, folded: Result<(), Diagnostic>) -> Result<(), Failure> {
    match outcome.unwritten {
        Some(_) => Ok(()),
        None => Ok(folded?),
    }
}

/// Carries it out, shown as it goes and under Ctrl-C.
async fn watched(
    args: &ApplyArgs,
    connection: &Connection,
    planned: &Planned,
    locked: &mut Locked,
    seed: u64,
) -> Result<Outcome, Failure> {
    let cancel = Cancel::default();
    let steps = planned.plan.changes.iter().filter(|c| c.action != Action::NoOp).count();
    let progress = Arc::new(Progress::new(steps, telling(args)));
    let means = Means {
        provider: Arc::clone(&connection.provider),
        clock: Arc::new(SystemClock::default()),
        sink: progress.sink(),
        cancel: cancel.clone(),
        seed,
        at_once: usize::from(args.parallelism),
    };
    let brake = tokio::spawn(listen(interrupt::heed(), cancel, connection.breaker.clone()));
    let outcome = carry_out_plan(planned, &means, locked).await;
    brake.abort();
    progress.finish(match &outcome {
        Err(_) => "the run couldn't go on",
        Ok(outcome) if outcome.silent.is_some() => "the cloud stopped answering",
        Ok(outcome) if outcome.unwritten.is_some() => "the state can't be written",
        Ok(_) => "the run was interrupted",
    });
    outcome
}

async fn carry_out_plan(planned: &Planned, means: &Means, locked: &mut Locked) -> Result<Outcome, Failure> {
    let resolved = &planned.loaded.resolved;
    let outputs: Vec<_> = resolved.outputs.iter().map(|o| (o.name.clone(), o.value.clone())).collect();
    let sources = &planned.loaded.sources;
    let job = Job {
        plan: &planned.plan,
        desired: &resolved.resources,
        attributes: &resolved.attributes,
        outputs: &outputs,
        live: &planned.live,
        catalogue: Catalogue::bundled(),
        place_of: &|span| sources.place(span),
    };
    Ok(carry_out(&job, means, locked).await?)
}

/// Ends what an earlier run left unfinished, before anything is planned on it.
async fn recover_first(
    args: &ApplyArgs,
    connection: &Connection,
    (loaded, spelling): (&Loaded, &Spelling),
    locked: &mut Locked,
    seed: u64,
) -> Result<Recovery, Failure> {
    if locked.with(|state| state.operations.is_empty()) {
        return Ok(Recovery::default());
    }
    let (telling, at_once) = (telling(args), usize::from(args.parallelism));
    let mut recovery = settle::look_into((telling, at_once), connection, loaded, locked, seed).await?;
    recovery.problems.rewrite_hints(|hint| spelling.text(hint));
    if recovery.problems.has_errors() {
        let problems = if args.json { recovery.problems } else { alike(&recovery.problems) };
        return Err(Failure::new(problems, loaded.sources.clone()));
    }
    mention(args, &recovery.problems, &loaded.sources)?;
    Ok(recovery)
}

/// What of an earlier run was ended: this run's numbers don't count it.
fn tell_recovered(args: &ApplyArgs, recovered: Option<&str>) -> Result<(), Failure> {
    let Some(words) = recovered else { return Ok(()) };
    let line = format!("Recovered: {words}.");
    if args.json {
        return terminal::tell(&format!("{}\n", json::line("log", &line, serde_json::json!({}))));
    }
    terminal::tell(&format!("\n{line}\n"))
}

/// The plan; whole if it is to be approved.
pub(super) fn show(args: &ApplyArgs, planned: &Planned, to_approve: bool) -> Result<(), Failure> {
    if args.json {
        mention(args, &planned.loaded.warnings, &planned.loaded.sources)?;
        for line in json::planned(&planned.plan) {
            terminal::tell(&format!("{line}\n"))?;
        }
        return Ok(());
    }
    let brief = args.place.quiet && !to_approve;
    if args.github {
        terminal::annotate(&planned.loaded.warnings, &planned.loaded.sources);
    }
    if !brief {
        planned.narrate();
    }
    terminal::tell(&planned.text(brief))
}

fn telling(args: &ApplyArgs) -> Telling {
    match (args.json, args.place.quiet, args.place.verbose) {
        (true, ..) => Telling::Lines,
        (_, true, _) => Telling::Nothing,
        (_, _, 0) => Telling::Steps,
        _ => Telling::StepsAndRetries,
    }
}

fn finish_empty(
    args: &ApplyArgs,
    planned: &Planned,
    recovered: Option<String>,
    task: Task,
) -> Result<Ended, Failure> {
    let outcome = Outcome { outputs: planned.known_outputs(), ..Outcome::default() };
    report(args, planned, &outcome, recovered, task)
}

async fn approved(args: &ApplyArgs, planned: &Planned, task: Task) -> Result<bool, Failure> {
    if args.json || !terminal::can_ask() {
        return Err(Diagnostic::error(Code::NOT_APPROVED, "there is nobody to ask for approval")
            .hint("look at `evstack plan`, then pass `--yes`")
            .into());
    }
    let stack = &planned.loaded.stack.name;
    let question = if task == Task::Rollback {
        "\nDo you want to roll back?\n  \
         evstack will perform the actions described above.\n  \
         Only 'yes' will be accepted; anything else leaves the stack as the failed apply left it.\n\n  \
         Enter a value: "
            .to_owned()
    } else if task == Task::Destroy {
        format!(
            "\nDo you really want to destroy all resources of the stack {stack}?\n  \
             evstack will destroy what is shown above. There is no undo.\n  \
             Only 'yes' will be accepted to confirm.\n\n  Enter a value: "
        )
    } else {
        "\nDo you want to perform these actions?\n  \
         evstack will perform the actions described above.\n  \
         Only 'yes' will be accepted to approve.\n\n  Enter a value: "
            .to_owned()
    };
    let yes = terminal::approved(&question).await?;
    terminal::tell("\n")?;
    Ok(yes)
}

/// Once: nothing new starts. Twice: what runs is called back. Three times: it isn't waited for.
async fn listen(mut heed: Heed, cancel: Cancel, breaker: Option<Arc<Breaker>>) {
    let mut pressed = 0;
    loop {
        heed.press().await;
        cancel.press();
        // Nobody waits for a cloud that doesn't answer.
        if let Some(breaker) = &breaker {
            breaker.hurry();
        }
        pressed += 1;
        terminal::say(match pressed {
            1 => {
                "\nInterrupted: nothing new is started, what runs is finished. Press Ctrl-C again to cancel it."
            }
            2 => {
                "\nCancelling what runs. Press Ctrl-C again to leave to the next run what can't be cancelled."
            }
            3 => "\nLeaving what runs to the next run.",
            _ => continue,
        });
    }
}

/// Another for each run: client tokens must not repeat.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish()
}
