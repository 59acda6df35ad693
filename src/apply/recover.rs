//! Looks into what an earlier run left unfinished: killed, cut off, or out of time.
//!
//! An operation with a request token is asked for. One without may have been begun or not: a
//! create is sent again, the same body with the same client token, which begins it or finds it; one
//! that can't be sent again is searched for; an update or a delete is looked for among what the service
//! still works on, and then told from what is there. After that every operation has ended, and what
//! failed creates left behind is known, for the plan to take away; or it is said what
//! can't be told and who decides it, and nothing is planned on it.

mod reading;
mod search;

pub(super) use reading::{Standing, UnderWay, told_by_reading};
pub(super) use search::is_tagged;

use super::desired::{hash, kept_apart, leaves};
use super::engine::handler_timeout;
use super::event::{Doing, Event, Subject};
use super::expect::Expected;
use super::operation::{Call, Hands, Order, Tried};
use super::remnant::{Create, Freed, Verdict, is_given};
use super::{Cancel, Means, Silent, failure, nothing};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::create_model;
use crate::model::{Address, Json, Secrets};
use crate::plan::adoption::import_command;
use crate::provider::{Fault, FaultKind, Progress, Silence, Status};
use crate::schema::{Catalogue, ResourceType};
use crate::state::{Declared, Ending, Entry, Locked, Operation, Verb};
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// A client token is good for 36 hours; some are left for clocks that differ.
const TOKEN_LIFE: u64 = 35 * 3_600;

/// How an unfinished operation turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// It was done: it is recorded.
    Done,
    /// It failed, or was never begun.
    NotDone,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use]
pub struct Recovery {
    /// Each operation that has an end now.
    pub ended: Vec<(Address, Doing, Recovered)>,
    /// Failed creates that found there what they ask for; see [`super::Outcome::found`].
    pub found: BTreeSet<Address>,
    /// Errors: operations that couldn't be looked into; they stay unfinished, and nothing may be
    /// planned on them. Warnings: what nobody can find out.
    pub problems: Diagnostics,
}

impl Recovery {
    /// `50 operations of an earlier run (48 done, 2 not done)`; none if there were none.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let all = self.ended.len();
        let done = self.ended.iter().filter(|(_, _, how)| *how == Recovered::Done).count();
        let operations = if all == 1 { "operation" } else { "operations" };
        (all > 0)
            .then(|| format!("{all} {operations} of an earlier run ({done} done, {} not done)", all - done))
    }
}

/// Ends every unfinished operation. What failed creates left behind is recorded, for the plan after it. `known` gives the
/// properties that the stack file wants at an address, secrets revealed, where they are all known:
/// a create whose body had secrets can only be sent again with them.
///
/// # Errors
/// When the journal can't be written.
pub async fn recover(
    means: &Means,
    state: &mut Locked,
    catalogue: &Catalogue,
    known: &(dyn Fn(&Address) -> Option<Json> + Sync),
) -> Result<Recovery, Diagnostic> {
    let hands = Hands {
        provider: Arc::clone(&means.provider),
        journal: state.journal(),
        clock: Arc::clone(&means.clock),
        sink: Arc::clone(&means.sink),
        cancel: Cancel::default(),
        seed: means.seed ^ 0x5eed,
        expected: Expected::default(),
        freed: Freed::default(),
        going: HashSet::default(),
    };
    let before = state.snapshot();
    let recoverer = Arc::new(Recoverer {
        hands,
        secrets: before.secrets(),
        found: Mutex::default(),
        untold: Mutex::default(),
        under_way: UnderWay::default(),
    });
    let mut recovery = Recovery::default();
    let mut waiting = before.operations.values();
    let mut under_way = JoinSet::new();
    let mut lost: Vec<Unfinished> = Vec::new();
    let mut silent: Option<Silent> = None;
    loop {
        while under_way.len() < means.at_once.max(1)
            // Of a cloud that fell silent before, one is asked for to be told so.
            && (recoverer.hands.provider.silence() != Silence::Final
                || (silent.is_none() && under_way.is_empty()))
            && let Some(operation) = waiting.next()
        {
            let subject = subject(operation);
            (means.sink)(Event::Recovering { subject: subject.clone() });
            let unfinished = Unfinished {
                kind: catalogue.of(&operation.type_name),
                operation: operation.clone(),
                body: body(operation, catalogue, known, &recoverer.secrets),
                timeout: timeout(catalogue, &subject),
                subject,
            };
            let recoverer = Arc::clone(&recoverer);
            under_way.spawn(async move { (recoverer.look_into(&unfinished).await, unfinished) });
        }
        let (found, unfinished) = match under_way.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(e)) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            // Tasks are cancelled only with the whole run.
            Some(Err(_)) => continue,
            None => break,
        };
        match found {
            Ok(Some((ending, how))) => {
                recoverer.hands.ended(unfinished.operation.id, ending);
                recovery.ended.push((unfinished.subject.address, unfinished.subject.doing, how));
            }
            Ok(None) => lost.push(unfinished),
            Err(problem) => recovery.take(problem, unfinished.subject, &mut silent),
        }
    }
    lost.sort_by_key(|unfinished| unfinished.operation.id);
    let mut search = search::Search::new(Arc::clone(&recoverer), &state.snapshot());
    for unfinished in lost {
        let (id, subject) = (unfinished.operation.id, &unfinished.subject);
        let Some(kind) = catalogue.of(&subject.type_name) else {
            recovery.problems.push(open(subject, "its type isn't known any more", &[]));
            continue;
        };
        match search.find(&unfinished, &kind).await {
            Ok(search::Fate::Told(found, note)) => {
                let (ending, how) = *found;
                recoverer.hands.ended(id, ending);
                if let Some(words) = note {
                    let way_out = format!("if it is yours, run `{}`", note_command(subject, &unfinished));
                    recovery.problems.push(Diagnostic::warning(Code::UNFINISHED, words).hint(way_out));
                }
                recovery.ended.push((subject.address.clone(), subject.doing, how));
            }
            Ok(search::Fate::StillRuns) => {
                recoverer.hands.journal.append(Entry::Undecided { id }).await?;
                recovery.problems.push(still_runs(subject));
            }
            Ok(search::Fate::Open(why, candidates)) => {
                recoverer.hands.journal.append(Entry::Undecided { id }).await?;
                recovery.problems.push(open(subject, &why, &candidates));
            }
            Err(fault) => recovery.take(fault.into(), unfinished.subject, &mut silent),
        }
    }
    if let Some(mut silent) = silent {
        silent.unfinished.extend(waiting.map(|operation| {
            let subject = subject(operation);
            (subject.address, subject.doing)
        }));
        recovery.problems.push(silent.diagnostic());
        return Ok(recovery);
    }
    recovery.found = held(&recoverer.found).clone();
    if let Some(warning) = recoverer.untold() {
        recovery.problems.push(warning);
    }
    recovery.ended.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    Ok(recovery)
}

impl Recovery {
    fn take(&mut self, problem: Problem, subject: Subject, silent: &mut Option<Silent>) {
        match problem {
            // Once for all.
            Problem::Cloud(fault) if fault.kind == FaultKind::Silent => {
                let silent = silent.get_or_insert(Silent { words: fault.message, unfinished: Vec::new() });
                silent.unfinished.push((subject.address, subject.doing));
            }
            Problem::Cloud(fault) => self.problems.push(self::problem(&subject, &fault)),
            Problem::Told(diagnostic) => self.problems.push(*diagnostic),
        }
    }
}

fn note_command(subject: &Subject, unfinished: &Unfinished) -> String {
    import_command(&subject.address, unfinished.operation.identifier.as_deref().unwrap_or("<identifier>"))
}

/// A create that may be this one isn't over: what it makes would belong to nobody, were it forgotten.
fn still_runs(subject: &Subject) -> Diagnostic {
    let Subject { address, type_name, .. } = subject;
    let words = format!(
        "whether an earlier run created `{address}` ({type_name}) can't be told: a create of its type still \
         runs, longer than its handler may take; nothing was changed"
    );
    Diagnostic::error(Code::UNFINISHED, words).hint("wait for it to end, then run this again").hint(format!(
        "only if that create is known to be another's, run `evstack state rm {address}`: should it be this \
             one after all, what it makes is recorded nowhere, and the next apply makes a second one"
    ))
}

/// How many of several candidates are named.
const NAMED: usize = 4;

/// What nothing tells, and the commands that decide it.
fn open(subject: &Subject, why: &str, candidates: &[String]) -> Diagnostic {
    let Subject { address, type_name, .. } = subject;
    let words = format!(
        "whether an earlier run created `{address}` ({type_name}) can't be told: {why}; nothing was changed"
    );
    let named: Vec<String> = candidates.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    let more = match candidates.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" or {more} more"),
    };
    let may_be = (!named.is_empty()).then(|| format!("it may be {}{more}", named.join(" or ")));
    let first = candidates.first().map_or("<identifier>", String::as_str);
    Diagnostic::error(Code::UNFINISHED, words)
        .hint_if(may_be)
        .hint(format!("if it was created, run `{}`", import_command(address, first)))
        .hint(format!("if it wasn't, run `evstack state rm {address}`: the next apply creates it"))
}

fn subject(operation: &Operation) -> Subject {
    let doing = match operation.verb {
        Verb::Create => Doing::Create,
        Verb::Update => Doing::Update,
        Verb::Delete => Doing::Delete,
    };
    Subject { address: operation.address.clone(), type_name: operation.type_name.clone(), doing }
}

pub(super) type Found = (Ending, Recovered);

/// An unfinished operation and what it takes to look into it.
struct Unfinished {
    operation: Operation,
    subject: Subject,
    /// What was sent, or was to be, if it can still be told.
    body: Option<Json>,
    /// As far as it is known.
    kind: Option<Arc<ResourceType>>,
    timeout: Duration,
}

/// Why it couldn't be looked into.
enum Problem {
    /// The cloud's refusal.
    Cloud(Box<Fault>),
    Told(Box<Diagnostic>),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Cloud(Box::new(fault))
    }
}

struct Recoverer {
    hands: Hands,
    secrets: Secrets,
    /// See [`Recovery::found`].
    found: Mutex<BTreeSet<Address>>,
    /// Where something may still run, and the cloud doesn't say.
    untold: Mutex<BTreeSet<Address>>,
    under_way: UnderWay,
}

fn held(found: &Mutex<BTreeSet<Address>>) -> MutexGuard<'_, BTreeSet<Address>> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

fn timeout(catalogue: &Catalogue, subject: &Subject) -> Duration {
    handler_timeout(catalogue.of(&subject.type_name).as_deref(), subject.doing)
}

/// What was sent, or was to be, if it can still be told.
fn body(
    operation: &Operation,
    catalogue: &Catalogue,
    known: &(dyn Fn(&Address) -> Option<Json> + Sync),
    secrets: &Secrets,
) -> Option<Json> {
    let declared = operation.declared.as_deref().filter(|_| operation.verb == Verb::Create)?;
    let resource_type = catalogue.of(&operation.type_name)?;
    let as_sent = |json: &Json| (hash(json, secrets) == declared.hash).then(|| json.clone());
    let wanted = || {
        let mut wanted = known(&operation.address)?;
        // As when it was sent: a property that is null isn't declared.
        if let Json::Object(members) = &mut wanted {
            members.retain(|_, member| !member.is_null());
        }
        as_sent(&wanted)
    };
    let json = as_sent(&declared.properties).or_else(wanted)?;
    Some(create_model(&json, &resource_type))
}

impl Recoverer {
    /// How it ended; none for a create that has to be searched for.
    async fn look_into(&self, unfinished: &Unfinished) -> Result<Option<Found>, Problem> {
        let Unfinished { operation, body, .. } = unfinished;
        if let Some(token) = &operation.request_token {
            match self.hands.provider.status(token).await {
                Ok(progress) => return self.follow(unfinished, progress).await.map(Some),
                // Records are kept for seven days.
                Err(fault) if fault.kind == FaultKind::UnknownRequest => {}
                Err(fault) => return Err(fault.into()),
            }
        } else if let (Verb::Create, Some(body)) = (operation.verb, body)
            && self.hands.clock.unix().saturating_sub(operation.began) < TOKEN_LIFE
        {
            // Broken down each time, it is looked for instead.
            if let Some(found) = self.send_again(unfinished, body.clone()).await? {
                return Ok(Some(found));
            }
        }
        self.without_token(unfinished).await
    }

    /// None if it can't be had for now, and not told either.
    async fn send_again(&self, unfinished: &Unfinished, body: Json) -> Result<Option<Found>, Problem> {
        let Unfinished { operation, subject, .. } = unfinished;
        let mut hidden = Vec::new();
        if operation
            .declared
            .as_ref()
            .is_some_and(|declared| hash(&declared.properties, &self.secrets) != declared.hash)
        {
            // Which of it is secret isn't recorded.
            leaves(&body, &mut hidden);
        }
        let order = Order {
            subject: subject.clone(),
            call: Call::Create(body),
            declared: None,
            predicted_identifier: None,
            kind: None,
            deposes: false,
            leftover: false,
            timeout: unfinished.timeout,
            hidden,
            afresh: None,
        };
        let mut backoff = crate::provider::retry::Backoff::new(self.hands.seed ^ operation.id);
        loop {
            let tried = self.hands.attempt(&order, &order.call, operation.id, &operation.client_token).await;
            let fault = match tried {
                Tried::Refused(fault) | Tried::Unknown(fault) => fault,
                other => return self.found(unfinished, other).await.map(Some),
            };
            let policy = crate::provider::retry::beginning(fault.kind);
            match (policy.and_then(|policy| backoff.next(policy)), policy) {
                (Some(wait), _) => self.hands.clock.sleep(wait).await,
                (None, Some(_)) if fault.kind == FaultKind::Internal => return Ok(None),
                (None, Some(_)) => return Err(fault.into()),
                // Refused for good, so it was never begun: the token would have found it.
                (None, None)
                    if !matches!(
                        fault.kind,
                        FaultKind::TokenConflict | FaultKind::Denied | FaultKind::Silent
                    ) =>
                {
                    return Ok(Some((not_done(&fault.to_string()), Recovered::NotDone)));
                }
                (None, None) => return Err(fault.into()),
            }
        }
    }

    async fn follow(&self, unfinished: &Unfinished, progress: Progress) -> Result<Found, Problem> {
        let Unfinished { subject, timeout, .. } = unfinished;
        let started = self.hands.clock.now();
        let tried = match progress.status {
            Status::Running => self.hands.follow(subject, progress, started, *timeout).await,
            Status::Succeeded => Tried::Done(progress.identifier),
            Status::Failed(fault) => Tried::Failed(fault, progress.identifier),
            Status::Cancelled => Tried::Cancelled(progress.identifier),
        };
        self.found(unfinished, tried).await
    }

    async fn found(&self, unfinished: &Unfinished, tried: Tried) -> Result<Found, Problem> {
        let Unfinished { operation, subject, .. } = unfinished;
        let created = |identifier: Option<String>| identifier.filter(|_| operation.verb == Verb::Create);
        match tried {
            Tried::Done(_) if operation.verb == Verb::Delete => Ok((Ending::Deleted, Recovered::Done)),
            Tried::Done(identifier) => {
                let identifier = identifier.or_else(|| operation.identifier.clone()).unwrap_or_default();
                let seen = self.hands.read_after(&operation.type_name, &identifier, |_| false).await?;
                let seen = veiled(operation.declared.as_deref(), seen.unwrap_or_else(nothing), &self.secrets);
                Ok((Ending::Recorded { identifier, seen, in_part: false }, Recovered::Done))
            }
            Tried::Failed(fault, identifier) => {
                let create = unfinished.create();
                let given = identifier.as_deref().is_some_and(|name| is_given(&create, name));
                let named = created(identifier).filter(|_| !fault.may_be_anothers(given));
                self.left(unfinished, named, &self.words(operation, &fault)).await
            }
            Tried::Cancelled(identifier) => self.left(unfinished, created(identifier), "cancelled").await,
            Tried::Refused(fault) | Tried::Unknown(fault) => Err(fault.into()),
            Tried::TakenOver(why) => Err(Problem::Told(why)),
            Tried::TimedOut | Tried::Left => Err(Problem::Told(Box::new(
                Diagnostic::error(
                    Code::APPLY_FAILED,
                    format!("`{}` is still being worked on", subject.address),
                )
                .hint("wait for it to end and run again"),
            ))),
        }
    }
}

impl Unfinished {
    fn create(&self) -> Create<'_> {
        Create {
            address: &self.operation.address,
            type_name: &self.operation.type_name,
            kind: self.kind.as_deref(),
            declared: self.operation.declared.as_deref(),
        }
    }
}

impl Recoverer {
    /// What is written down of a fault. Services repeat values in their refusals, and which of them
    /// were secret isn't recorded: of what had secrets, only the code is.
    fn words(&self, operation: &Operation, fault: &Fault) -> String {
        let declared = operation.declared.as_deref();
        if declared.is_some_and(|declared| hash(&declared.properties, &self.secrets) != declared.hash) {
            return format!("{} ended with {}", fault.operation, fault.code);
        }
        fault.to_string()
    }

    /// How a failed create ended that names something.
    async fn left(
        &self,
        unfinished: &Unfinished,
        named: Option<String>,
        fault: &str,
    ) -> Result<Found, Problem> {
        let Some(name) = named else { return Ok(failed(fault, None)) };
        let (verdict, live) = self.hands.look_at_remnant(&unfinished.create(), &name, &self.secrets).await?;
        Ok(self.judged(unfinished, name, verdict, live, fault))
    }

    /// The same, once it was looked at.
    fn judged(
        &self,
        unfinished: &Unfinished,
        name: String,
        verdict: Verdict,
        live: Json,
        fault: &str,
    ) -> Found {
        match verdict {
            Verdict::Remnant => failed(fault, Some(name)),
            Verdict::Taken { whole } => {
                let (operation, create) = (&unfinished.operation, unfinished.create());
                let seen = veiled(create.declared, live.clone(), &self.secrets);
                held(&self.found).insert(create.address.clone());
                if !whole {
                    // Its own end, before what is doubted of it; the one that comes back finds it ended.
                    self.hands.taken(operation.id, &create, &name, live, &self.secrets);
                }
                (Ending::Recorded { identifier: name, seen, in_part: false }, Recovered::Done)
            }
            // What has the name stays; the next create meets it and says so.
            Verdict::Absent | Verdict::Anothers(_) | Verdict::Unclear => failed(fault, None),
        }
    }
}

fn failed(fault: &str, remnant: Option<String>) -> Found {
    (Ending::Failed { fault: fault.to_owned(), remnant, in_part: true }, Recovered::NotDone)
}

/// Without its secrets at hand, what is seen of a resource that has some isn't written down.
pub(super) fn veiled(declared: Option<&Declared>, seen: Json, secrets: &Secrets) -> Json {
    match declared {
        Some(declared) if hash(&declared.properties, secrets) != declared.hash => nothing(),
        Some(declared) => kept_apart(declared, seen, secrets),
        None => seen,
    }
}

/// It is not there, or not wholly: an update's properties are owned all the same.
fn not_done(why: &str) -> Ending {
    Ending::Failed { fault: why.to_owned(), remnant: None, in_part: true }
}

fn problem(subject: &Subject, fault: &Fault) -> Diagnostic {
    let halt = super::operation::Halt::Fault(Box::new(fault.clone()));
    failure::halted(subject, halt, None).diagnostic
}
