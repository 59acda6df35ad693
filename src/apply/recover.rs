//! Looks into what an earlier run left unfinished: killed, cut off, or out of time.
//!
//! An operation with a request token is asked for. One without may have been begun or not: a
//! create is sent again, the same body with the same client token, which begins it or finds it; an
//! update or a delete is told from what is there. After that every operation has ended, and what
//! failed creates left behind is gone.

use super::desired::{hash, leaves};
use super::engine::handler_timeout;
use super::event::{Doing, Event, Subject};
use super::operation::{Call, Hands, Order, Tried};
use super::{Cancel, Means, failure, nothing};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::create_model;
use crate::model::{Address, Json, Secrets};
use crate::provider::{Fault, FaultKind, Progress, Status};
use crate::schema::Catalogue;
use crate::state::{Declared, Ending, Locked, Operation, Verb, Why};
use std::sync::Arc;
use std::time::Duration;

/// A client token is good for 36 hours; some are left for clocks that differ.
const TOKEN_LIFE: u64 = 35 * 3_600;

/// How an unfinished operation turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// It was done: it is recorded.
    Done,
    /// It failed, or was never begun.
    NotDone,
    /// Nothing tells whether something was created.
    Lost,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use]
pub struct Recovery {
    /// Each operation that has an end now.
    pub ended: Vec<(Address, Doing, Recovered)>,
    /// Errors: operations that couldn't be looked into; they stay unfinished, and nothing may be
    /// planned on them. Warnings: what nobody can find out.
    pub problems: Diagnostics,
}

/// Ends every unfinished operation and takes failed creates' remnants away. `known` gives the
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
    };
    let before = state.snapshot();
    let recoverer = Recoverer { hands, catalogue, known, secrets: before.secrets() };
    let mut recovery = Recovery::default();
    for operation in before.operations.values() {
        let subject = subject(operation);
        (means.sink)(Event::Recovering { subject: subject.clone() });
        match recoverer.look_into(operation, &subject).await {
            Ok((ending, how)) => {
                recoverer.hands.ended(operation.id, ending);
                if how == Recovered::Lost {
                    recovery.problems.push(lost(&subject));
                }
                recovery.ended.push((subject.address, subject.doing, how));
            }
            Err(problem) => recovery.problems.push(*problem),
        }
    }
    for leftover in state.snapshot().leftovers.iter().filter(|leftover| leftover.why == Why::Remnant) {
        let (address, type_name) = (leftover.address.clone(), leftover.type_name.clone());
        let subject =
            Subject { address: address.clone(), type_name: type_name.clone(), doing: Doing::Delete };
        let timeout = recoverer.timeout(&subject);
        let gone = recoverer.hands.remove_leftover(address, type_name, leftover.identifier.clone(), timeout);
        if let Err(halt) = gone.await {
            recovery.problems.push(failure::halted(&subject, halt, None).diagnostic);
        }
    }
    Ok(recovery)
}

fn lost(subject: &Subject) -> Diagnostic {
    let Subject { address, type_name, .. } = subject;
    let words = format!(
        "whether `{address}` ({type_name}) was created can't be told: it has no name of its own, and the \
         service doesn't remember the request"
    );
    Diagnostic::warning(Code::APPLY_FAILED, words)
        .hint("look for one that isn't recorded; if it is there, import it, or delete it by hand")
}

fn subject(operation: &Operation) -> Subject {
    let doing = match operation.verb {
        Verb::Create => Doing::Create,
        Verb::Update => Doing::Update,
        Verb::Delete => Doing::Delete,
    };
    Subject { address: operation.address.clone(), type_name: operation.type_name.clone(), doing }
}

type Found = (Ending, Recovered);

struct Recoverer<'a> {
    hands: Hands,
    catalogue: &'a Catalogue,
    known: &'a (dyn Fn(&Address) -> Option<Json> + Sync),
    secrets: Secrets,
}

impl Recoverer<'_> {
    fn timeout(&self, subject: &Subject) -> Duration {
        handler_timeout(self.catalogue.of(&subject.type_name).as_deref(), subject.doing)
    }

    async fn look_into(&self, operation: &Operation, subject: &Subject) -> Result<Found, Box<Diagnostic>> {
        if let Some(token) = &operation.request_token {
            match self.hands.provider.status(token).await {
                Ok(progress) => return self.follow(operation, subject, progress).await,
                // Records are kept for seven days.
                Err(fault) if fault.kind == FaultKind::UnknownRequest => {}
                Err(fault) => return Err(problem(subject, &fault)),
            }
            return self.look_at_the_cloud(operation, subject).await;
        }
        let fresh = self.hands.clock.unix().saturating_sub(operation.began) < TOKEN_LIFE;
        match (operation.verb, fresh, self.body(operation)) {
            (Verb::Create, true, Some(body)) => self.send_again(operation, subject, body).await,
            _ => self.look_at_the_cloud(operation, subject).await,
        }
    }

    /// What was sent, or was to be, if it can still be told.
    fn body(&self, operation: &Operation) -> Option<Json> {
        let declared = operation.declared.as_deref()?;
        let resource_type = self.catalogue.of(&operation.type_name)?;
        let as_sent = |json: &Json| (hash(json, &self.secrets) == declared.hash).then(|| json.clone());
        let wanted = || {
            let mut wanted = (self.known)(&operation.address)?;
            // As when it was sent: a property that is null isn't declared.
            if let Json::Object(members) = &mut wanted {
                members.retain(|_, member| !member.is_null());
            }
            as_sent(&wanted)
        };
        let json = as_sent(&declared.properties).or_else(wanted)?;
        Some(create_model(&json, &resource_type))
    }

    async fn send_again(
        &self,
        operation: &Operation,
        subject: &Subject,
        body: Json,
    ) -> Result<Found, Box<Diagnostic>> {
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
            deposes: false,
            leftover: false,
            timeout: self.timeout(subject),
            hidden,
        };
        let started = self.hands.clock.now();
        let mut backoff = crate::provider::retry::Backoff::new(self.hands.seed ^ operation.id);
        loop {
            let tried = self.hands.attempt(&order, operation.id, &operation.client_token, started).await;
            let fault = match tried {
                Tried::Refused(fault) | Tried::Unknown(fault) => fault,
                other => return self.found(operation, subject, other).await,
            };
            let policy = crate::provider::retry::beginning(fault.kind);
            match (policy.and_then(|policy| backoff.next(policy)), policy) {
                (Some(wait), _) => self.hands.clock.sleep(wait).await,
                (None, Some(_)) => return Err(problem(subject, &fault)),
                // Refused for good, so it was never begun: the token would have found it.
                (None, None) if fault.kind != FaultKind::TokenConflict && fault.kind != FaultKind::Denied => {
                    return Ok((not_done(&fault.to_string()), Recovered::NotDone));
                }
                (None, None) => return Err(problem(subject, &fault)),
            }
        }
    }

    async fn follow(
        &self,
        operation: &Operation,
        subject: &Subject,
        progress: Progress,
    ) -> Result<Found, Box<Diagnostic>> {
        let started = self.hands.clock.now();
        let tried = match progress.status {
            Status::Running => self.hands.follow(subject, progress, started, self.timeout(subject)).await,
            Status::Succeeded => Tried::Done(progress.identifier),
            Status::Failed(fault) => Tried::Failed(fault, progress.identifier),
            Status::Cancelled => Tried::Cancelled(progress.identifier),
        };
        self.found(operation, subject, tried).await
    }

    async fn found(
        &self,
        operation: &Operation,
        subject: &Subject,
        tried: Tried,
    ) -> Result<Found, Box<Diagnostic>> {
        let created = |identifier: Option<String>| identifier.filter(|_| operation.verb == Verb::Create);
        match tried {
            Tried::Done(_) if operation.verb == Verb::Delete => Ok((Ending::Deleted, Recovered::Done)),
            Tried::Done(identifier) => {
                let identifier = identifier.or_else(|| operation.identifier.clone()).unwrap_or_default();
                let seen = self.hands.read_after(&operation.type_name, &identifier).await;
                let seen = seen.map_err(|fault| problem(subject, &fault))?.unwrap_or_else(nothing);
                let seen = self.veiled(operation, seen);
                Ok((Ending::Recorded { identifier, seen }, Recovered::Done))
            }
            Tried::Failed(fault, identifier) => {
                let remnant = match fault.kind {
                    FaultKind::AlreadyExists | FaultKind::Conflict => None,
                    _ => created(identifier),
                };
                let fault = fault.to_string();
                Ok((Ending::Failed { fault, remnant, in_part: true }, Recovered::NotDone))
            }
            Tried::Cancelled(identifier) => {
                let (fault, remnant) = ("cancelled".to_owned(), created(identifier));
                Ok((Ending::Failed { fault, remnant, in_part: true }, Recovered::NotDone))
            }
            Tried::Refused(fault) | Tried::Unknown(fault) => Err(problem(subject, &fault)),
            Tried::TimedOut => Err(Box::new(
                Diagnostic::error(
                    Code::APPLY_FAILED,
                    format!("`{}` is still being worked on", subject.address),
                )
                .hint("wait for it to end and run again"),
            )),
        }
    }

    /// Nothing tells what became of the request: what is there has to.
    async fn look_at_the_cloud(
        &self,
        operation: &Operation,
        subject: &Subject,
    ) -> Result<Found, Box<Diagnostic>> {
        let Some(identifier) = &operation.identifier else {
            return Ok((not_done("whether it was done can't be told"), Recovered::Lost));
        };
        let read = self.hands.provider.read(&operation.type_name, identifier).await;
        let read = read.map_err(|fault| problem(subject, &fault))?;
        Ok(match (operation.verb, read) {
            (Verb::Delete, None) => (Ending::Deleted, Recovered::Done),
            (Verb::Create, Some(seen)) => {
                let seen = self.veiled(operation, seen);
                (Ending::Recorded { identifier: identifier.clone(), seen }, Recovered::Done)
            }
            _ => (not_done("whether it was done isn't known"), Recovered::NotDone),
        })
    }

    /// Without its secrets at hand, what is seen of a resource that has some isn't written down.
    fn veiled(&self, operation: &Operation, seen: Json) -> Json {
        let declared: Option<&Declared> = operation.declared.as_deref();
        match declared {
            Some(declared) if hash(&declared.properties, &self.secrets) != declared.hash => nothing(),
            _ => seen,
        }
    }
}

/// It is not there, or not wholly: an update's properties are owned all the same.
fn not_done(why: &str) -> Ending {
    Ending::Failed { fault: why.to_owned(), remnant: None, in_part: true }
}

fn problem(subject: &Subject, fault: &Fault) -> Box<Diagnostic> {
    let halt = super::operation::Halt::Fault(Box::new(fault.clone()));
    Box::new(failure::halted(subject, halt, None).diagnostic)
}
