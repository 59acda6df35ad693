//! One operation against the cloud, from its intent to its end.
//!
//! Law 3: the intent is on the disk before the call, the request token is appended when the call
//! returns, the end when it ended. What can't be told (nobody answers, time is up) is left
//! unfinished in the journal, for the next run to look into.

use super::afresh::Afresh;
use super::cancel::{Cancel, Stop};
use super::drain::Full;
use super::event::{Doing, Event, Sink, Subject};
use super::expect::Expected;
use super::identity::Identity;
use super::remnant::{self, Create, Freed, Verdict};
use crate::diagnostics::Diagnostic;
use crate::model::{Address, Json};
use crate::provider::retry::{self, Backoff, Policy};
use crate::provider::{Clock, Fault, FaultKind, May, Progress, Provider, only_while};
use crate::schema::{ResourceType, TypeName};
use crate::state::{Declared, Ending, Entry, Journal, Operation, State, Verb};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// What every operation is done with.
pub(super) struct Hands {
    pub provider: Arc<dyn Provider>,
    pub journal: Journal,
    pub clock: Arc<dyn Clock>,
    pub sink: Sink,
    pub cancel: Cancel,
    pub seed: u64,
    pub expected: Expected,
    pub freed: Freed,
    /// What the plan deletes, sooner or later.
    pub going: HashSet<Identity>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Create(Json),
    Update { identifier: String, patch: Json },
    Delete { identifier: String },
}

impl Call {
    fn patch(&self) -> Option<&Json> {
        match self {
            Self::Update { patch, .. } => Some(patch),
            _ => None,
        }
    }

    /// Of an update: it asks for this.
    fn patch_with(&mut self, other: Json) {
        if let Self::Update { patch, .. } = self {
            *patch = other;
        }
    }
}

/// What an operation is about.
pub(super) struct Order {
    pub subject: Subject,
    pub call: Call,
    /// For a create and an update.
    pub declared: Option<Box<Declared>>,
    /// Of a create, when its properties decide it.
    pub predicted_identifier: Option<String>,
    /// Of a create: its type, as far as it is known.
    pub kind: Option<Arc<ResourceType>>,
    pub deposes: bool,
    pub leftover: bool,
    pub timeout: Duration,
    /// The secrets in what is sent: services repeat values in their refusals.
    pub hidden: Vec<String>,
    /// Of an update: the patch against what is there now, before it is tried again; none if nothing
    /// differs any more.
    pub afresh: Option<Box<Afresh>>,
}

impl Order {
    fn create(&self) -> Create<'_> {
        Create {
            address: &self.subject.address,
            type_name: &self.subject.type_name,
            kind: self.kind.as_deref(),
            declared: self.declared.as_deref(),
        }
    }

    /// Whether an identifier may have been another's before this create.
    fn is_given(&self, identifier: &str) -> bool {
        self.predicted_identifier.as_deref() == Some(identifier)
            || remnant::is_given(&self.create(), identifier)
    }

    /// What a service says, without the secrets that it was sent.
    fn veiled(&self, mut fault: Fault) -> Fault {
        // Something shorter is in any text by chance.
        for secret in self.hidden.iter().filter(|secret| secret.len() >= 4) {
            for text in [Some(&mut fault.message), fault.identifier.as_mut()].into_iter().flatten() {
                *text = text.replace(secret.as_str(), "(sensitive value)");
            }
        }
        fault
    }
}

/// An operation that ended well, and isn't ended in the journal yet.
pub(super) struct Done {
    /// The operation's number.
    pub id: u64,
    /// If the service said it.
    pub identifier: Option<String>,
    /// Of a create that failed and found there what it asks for: nobody can tell who made it.
    pub found: bool,
}

impl Done {
    fn new(id: u64, identifier: Option<String>) -> Self {
        Self { id, identifier, found: false }
    }
}

/// Why an operation didn't end well.
#[derive(Debug)]
pub(super) enum Halt {
    /// The cloud refused.
    Fault(Box<Fault>),
    /// A create failed, in words and as the cloud's refusal if it was one; what has its name, the last,
    /// is this address's, may hold data, and is recorded as it is.
    Kept(String, Option<Box<Fault>>, String),
    /// What was to be deleted isn't this stack's any more: its identifier, and why.
    Anothers(String, String),
    /// Not tried again because the run stops.
    Stopped,
    /// Called back; whether something is left in the cloud.
    Cancelled(bool),
    /// Not waited for any more because the run stops.
    Left,
    /// It still runs; the next run looks into it.
    TimedOut(Duration),
    /// A queue isn't empty after the time that it was given.
    Full(Box<Full>),
    /// The journal can't be written.
    Disk(Box<Diagnostic>),
}

impl From<Diagnostic> for Halt {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Disk(Box::new(diagnostic))
    }
}

/// How one try ended.
pub(super) enum Tried {
    /// Done; the identifier if the service said it.
    Done(Option<String>),
    /// Refused at once: nothing was begun.
    Refused(Fault),
    /// Begun, and failed; the identifier of what is there, or was left there.
    Failed(Fault, Option<String>),
    /// Begun, and called back.
    Cancelled(Option<String>),
    /// Whether it was done isn't known.
    Unknown(Fault),
    /// It still runs.
    TimedOut,
    /// It still runs, and the run is to end all the same.
    Left,
    /// Not asked for: another run took the state over.
    TakenOver(Box<Diagnostic>),
}

impl Hands {
    pub(super) fn say(&self, event: Event) {
        (self.sink)(event);
    }

    /// A client token that no other try of any run has.
    fn token(&self, id: u64, attempt: u32) -> String {
        let mut z = self.seed.wrapping_add(id.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("evstack-{id}-{attempt}-{:016x}", z ^ (z >> 31))
    }

    fn operation(&self, order: &Order, id: u64, client_token: String) -> Operation {
        let (verb, identifier) = match &order.call {
            Call::Create(_) => (Verb::Create, order.predicted_identifier.clone()),
            Call::Update { identifier, .. } => (Verb::Update, Some(identifier.clone())),
            Call::Delete { identifier } => (Verb::Delete, Some(identifier.clone())),
        };
        Operation {
            id,
            verb,
            address: order.subject.address.clone(),
            type_name: order.subject.type_name.clone(),
            identifier,
            client_token,
            began: self.clock.unix(),
            request_token: None,
            declared: order.declared.clone(),
            deposes: order.deposes,
            leftover: order.leftover,
            undecided: false,
        }
    }

    /// Does it, trying again as its faults' classes say. On success the operation has not ended
    /// yet: its number and the identifier come back, and [`Self::ended`] ends it.
    pub async fn operate(&self, order: &Order) -> Result<Done, Halt> {
        let started = self.clock.now();
        let (mut id, mut attempt) = (self.journal.next_operation(), 0);
        let mut token = self.token(id, attempt);
        let mut backoff = Backoff::new(self.seed ^ id);
        self.begin(order, id, &token).await?;
        // Whether a try of this operation may have been begun without our knowing.
        let mut unsure = false;
        // What a try of this create left, and was taken away.
        let mut taken_away: Option<String> = None;
        // What a try of this create named, and no read saw.
        let mut unseen: Option<String> = None;
        let mut call = order.call.clone();
        // How often an update that was refused was looked at again, and whether one was begun.
        let (mut looks, mut in_part) = (0, false);
        loop {
            let tried = tokio::select! {
                tried = self.attempt(order, &call, id, &token) => tried,
                // Whatever it waits for: the journal has what the next run needs.
                () = self.cancel.at_least(Stop::Leave) => Tried::Left,
            };
            attempt += 1;
            in_part |= matches!(tried, Tried::Failed(..));
            if !unsure && let Some(left) = self.instead(order, &call, &tried, &mut looks).await {
                let Some(patch) = left else { return Ok(Done::new(id, None)) };
                if let Tried::Refused(why) | Tried::Failed(why, _) = tried {
                    let (subject, wait) = (order.subject.clone(), Duration::ZERO);
                    self.say(Event::Retrying { subject, why, wait });
                }
                call.patch_with(patch);
                token = self.token(id, attempt);
                let (client_token, began) = (token.clone(), self.clock.unix());
                self.journal.append(Entry::Retry { id, client_token, began }).await?;
                continue;
            }
            // What failed may have done some of it, and what is in the way may be doing something else.
            let moved = match &tried {
                Tried::Failed(..) => true,
                Tried::Refused(fault) => fault.kind == FaultKind::Conflict,
                _ => false,
            };
            let (fault, wait) = match tried {
                Tried::Done(identifier) => return Ok(Done::new(id, identifier)),
                Tried::TimedOut => return Err(Halt::TimedOut(order.timeout)),
                Tried::Left => return Err(Halt::Left),
                Tried::TakenOver(why) => return Err(Halt::Disk(why)),
                Tried::Cancelled(identifier) => {
                    let identifier = identifier.or_else(|| order.predicted_identifier.clone());
                    let Some(identifier) = self.remnant(order, identifier) else {
                        self.failed(id, "cancelled".to_owned(), None, true);
                        return Err(Halt::Cancelled(false));
                    };
                    let leaves = match self.look(order, &identifier, started).await? {
                        (Verdict::Remnant, _) => true,
                        (Verdict::Taken { whole: true }, _) => {
                            return Ok(Done { id, identifier: Some(identifier), found: true });
                        }
                        (Verdict::Taken { whole: false }, live) => {
                            self.take(id, order, &identifier, live);
                            return Err(Halt::Kept("cancelled".to_owned(), None, identifier));
                        }
                        (Verdict::Absent | Verdict::Anothers(_) | Verdict::Unclear, _) => false,
                    };
                    self.failed(id, "cancelled".to_owned(), Some(identifier).filter(|_| leaves), true);
                    return Err(Halt::Cancelled(leaves));
                }
                Tried::Unknown(fault) => match self.again(&mut backoff, retry::beginning(fault.kind)) {
                    // The same token: what was begun isn't begun twice.
                    Some(wait) => {
                        unsure = true;
                        (fault, wait)
                    }
                    None => return Err(Halt::Fault(Box::new(fault))),
                },
                Tried::Refused(fault) => {
                    unsure |= fault.may_have_begun();
                    match self.again(&mut backoff, retry::beginning(fault.kind)) {
                        Some(wait) => (fault, wait),
                        None => {
                            if !unsure {
                                self.failed(id, fault.to_string(), None, in_part);
                            }
                            return Err(Halt::Fault(Box::new(named(fault, order))));
                        }
                    }
                }
                // It didn't go after all (nobody can delete a subscription that waits for its
                // confirmation): it is ours, and as it was asked for.
                Tried::Failed(fault, identifier)
                    if fault.kind == FaultKind::AlreadyExists
                        && identifier.is_some()
                        && identifier == taken_away =>
                {
                    return Ok(Done::new(id, identifier));
                }
                Tried::Failed(fault, identifier) => {
                    unsure = false;
                    let predicted = identifier.as_deref().is_some_and(|name| order.is_given(name));
                    // What a try before it may have made is looked at too.
                    let exists = fault.may_be_anothers(predicted);
                    let name = identifier.or_else(|| unseen.clone().filter(|_| exists));
                    // Broken down inside, a handler may have made it and not say so.
                    let may_be = fault.kind == FaultKind::Internal;
                    let name = name.or_else(|| order.predicted_identifier.clone().filter(|_| may_be));
                    let name =
                        self.remnant(order, name).filter(|name| !exists || unseen.as_ref() == Some(name));
                    let mut left = None;
                    if let Some(name) = name {
                        match self.look(order, &name, started).await? {
                            (Verdict::Absent, _) => unseen = Some(name),
                            (Verdict::Remnant, _) => left = Some(name),
                            (Verdict::Taken { whole: true }, _) => {
                                return Ok(Done { id, identifier: Some(name), found: true });
                            }
                            (Verdict::Taken { whole: false }, live) => {
                                self.take(id, order, &name, live);
                                return Err(Halt::Kept(fault.to_string(), Some(Box::new(fault)), name));
                            }
                            (Verdict::Anothers(why), _) => {
                                self.failed(id, fault.to_string(), None, true);
                                return Err(Halt::Fault(Box::new(remnant::exists(fault, &name, &why))));
                            }
                            (Verdict::Unclear, _) => {
                                self.failed(id, fault.to_string(), None, true);
                                let fault = remnant::exists(fault, &name, remnant::UNCLEAR);
                                return Err(Halt::Fault(Box::new(fault)));
                            }
                        }
                    }
                    let wait = self.again(&mut backoff, retry::failed(fault.kind));
                    if let Some(identifier) = left {
                        // A failed create left something: it goes before anything else is tried.
                        self.failed(id, fault.to_string(), Some(identifier.clone()), true);
                        taken_away = Some(identifier.clone());
                        let gone = Box::pin(self.remove_remnant(order, identifier)).await;
                        if gone.is_err() || wait.is_none() {
                            return Err(Halt::Fault(Box::new(fault)));
                        }
                        (id, attempt) = (self.journal.next_operation(), 0);
                        token = self.token(id, attempt);
                        self.begin(order, id, &token).await?;
                    } else if wait.is_some() {
                        token = self.token(id, attempt);
                        let (client_token, began) = (token.clone(), self.clock.unix());
                        self.journal.append(Entry::Retry { id, client_token, began }).await?;
                    } else {
                        self.failed(id, fault.to_string(), None, true);
                        return Err(Halt::Fault(Box::new(named(fault, order))));
                    }
                    match wait {
                        Some(wait) => (fault, wait),
                        None => return Err(Halt::Fault(Box::new(fault))),
                    }
                }
            };
            self.say(Event::Retrying { subject: order.subject.clone(), why: fault, wait });
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = self.cancel.at_least(Stop::Gently) => {
                    if !unsure {
                        self.failed(id, "interrupted before the next try".to_owned(), None, true);
                    }
                    return Err(Halt::Stopped);
                }
            }
            if moved && !unsure {
                match self.look_again(order, id).await? {
                    Some(None) => return Ok(Done::new(id, None)),
                    Some(Some(patch)) if call.patch() != Some(&patch) => {
                        call.patch_with(patch);
                        // Another body needs another token.
                        token = self.token(id, attempt);
                        attempt += 1;
                        let (client_token, began) = (token.clone(), self.clock.unix());
                        self.journal.append(Entry::Retry { id, client_token, began }).await?;
                    }
                    _ => {}
                }
            }
        }
    }

    async fn begin(&self, order: &Order, id: u64, token: &str) -> Result<(), Diagnostic> {
        let operation = Box::new(self.operation(order, id, token.to_owned()));
        self.journal.append(Entry::Begin { operation }).await
    }

    /// How long to wait before the next try, if there is to be one.
    fn again(&self, backoff: &mut Backoff, policy: Option<Policy>) -> Option<Duration> {
        if self.cancel.stop() > Stop::No {
            return None;
        }
        backoff.next(policy?)
    }

    /// What a failed create names. What can't be read stays unfinished in the journal, for the next run
    /// to look into.
    async fn look(&self, order: &Order, identifier: &str, began: Duration) -> Result<(Verdict, Json), Halt> {
        let secrets = self.journal.with(State::secrets);
        let looked = self.look_at_remnant(&order.create(), identifier, &secrets).await;
        let (verdict, live) = looked.map_err(|fault| Halt::Fault(Box::new(fault)))?;
        let was_ours = matches!(verdict, Verdict::Taken { .. } | Verdict::Unclear)
            && self.freed.just_before(&order.subject.type_name, identifier, began);
        Ok((if was_ours { Verdict::Remnant } else { verdict }, live))
    }

    /// What was to be deleted is gone.
    pub fn gone(&self, id: u64, order: &Order) {
        if let Call::Delete { identifier } = &order.call {
            self.freed.add(&order.subject.type_name, identifier, self.clock.now());
        }
        self.ended(id, Ending::Deleted);
    }

    fn take(&self, id: u64, order: &Order, identifier: &str, live: Json) {
        let secrets = self.journal.with(State::secrets);
        self.taken(id, &order.create(), identifier, live, &secrets);
    }

    fn remnant(&self, order: &Order, identifier: Option<String>) -> Option<String> {
        identifier.filter(|_| matches!(order.call, Call::Create(_)))
    }

    /// Writes down how an operation ended. What comes after it in the journal, and the run's own
    /// end, wait for the disk; this need not.
    pub fn ended(&self, id: u64, ending: Ending) {
        drop(self.journal.append(Entry::Ended { id, ending }));
    }

    pub(super) fn failed(&self, id: u64, fault: String, remnant: Option<String>, in_part: bool) {
        self.ended(id, Ending::Failed { fault, remnant, in_part });
    }

    /// Takes away what a failed create left behind.
    async fn remove_remnant(&self, order: &Order, identifier: String) -> Result<(), Halt> {
        let (address, type_name) = (order.subject.address.clone(), order.subject.type_name.clone());
        self.remove_leftover(address, type_name, identifier, order.timeout).await
    }

    /// Takes away what is no longer the resource of its address.
    pub async fn remove_leftover(
        &self,
        address: Address,
        type_name: TypeName,
        identifier: String,
        timeout: Duration,
    ) -> Result<(), Halt> {
        let order = Order {
            subject: Subject { address, type_name, doing: Doing::Delete },
            call: Call::Delete { identifier },
            declared: None,
            predicted_identifier: None,
            kind: None,
            deposes: false,
            leftover: true,
            timeout,
            hidden: Vec::new(),
            afresh: None,
        };
        let done = self.operate(&order).await?;
        self.gone(done.id, &order);
        Ok(())
    }

    /// For what is sent only as long as the state is surely this run's.
    pub(super) fn while_held(&self) -> May {
        let journal = self.journal.clone();
        Arc::new(move || journal.is_surely_held())
    }

    async fn call(&self, type_name: &TypeName, call: &Call, token: &str) -> Result<Progress, Fault> {
        match call {
            Call::Create(body) => self.provider.create(type_name, body, token).await,
            Call::Update { identifier, patch } => {
                self.provider.update(type_name, identifier, patch, token).await
            }
            Call::Delete { identifier } => self.provider.delete(type_name, identifier, token).await,
        }
    }

    /// Calls once and follows what was begun.
    pub async fn attempt(&self, order: &Order, call: &Call, id: u64, token: &str) -> Tried {
        match self.call_and_follow(order, call, id, token).await {
            Tried::Refused(fault) => Tried::Refused(order.veiled(fault)),
            Tried::Failed(fault, identifier) => Tried::Failed(order.veiled(fault), identifier),
            Tried::Unknown(fault) => Tried::Unknown(order.veiled(fault)),
            other => other,
        }
    }

    async fn call_and_follow(&self, order: &Order, call: &Call, id: u64, token: &str) -> Tried {
        let answer = loop {
            // Its intent may be old: it was refused before, and waited for another try.
            if let Err(why) = self.journal.still_held().await {
                return Tried::TakenOver(Box::new(why));
            }
            // So may that answer be, once it has its turn.
            let sent = only_while(self.while_held(), self.call(&order.subject.type_name, call, token));
            match sent.await {
                Err(fault) if fault.kind == FaultKind::Withheld => {}
                answer => break answer,
            }
        };
        let progress = match answer {
            Ok(progress) => progress,
            // The token is used: by a try of our own whose answer was lost.
            Err(fault) if fault.kind == FaultKind::TokenConflict => {
                match self.request_named_in(&fault.message).await {
                    Some(progress) => progress,
                    None => return Tried::Unknown(fault),
                }
            }
            Err(fault) if matches!(fault.kind, FaultKind::Unreachable | FaultKind::Silent) => {
                return Tried::Unknown(fault);
            }
            Err(fault) => return Tried::Refused(fault),
        };
        if !progress.request_token.is_empty() {
            let (request_token, identifier) = (progress.request_token.clone(), progress.identifier.clone());
            drop(self.journal.append(Entry::Requested { id, request_token, identifier }));
        }
        // The time that it is given is its own, not that of the tries before it.
        self.follow(&order.subject, progress, self.clock.now(), order.timeout).await
    }
}

/// What is there already has the identifier that was predicted, should the service not say it.
fn named(mut fault: Fault, order: &Order) -> Fault {
    if fault.kind == FaultKind::AlreadyExists && fault.identifier.is_none() {
        fault.identifier.clone_from(&order.predicted_identifier);
    }
    fault
}
