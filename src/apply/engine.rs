//! The loop: starts what may start, takes in what ended.

mod ended;
mod order;
mod verify;

use super::cancel::Stop;
use super::desired::{Knowledge, Wanted};
use super::drain::{QUEUE, drain};
use super::event::{Doing, Event, Subject};
use super::expect::Expected;
use super::failure;
use super::identity::{is_no_leftover, passed_on};
use super::operation::{Call, Done, Halt, Hands, Order};
use super::remnant::Freed;
use super::steps::{Steps, What};
use super::update::{Update, record, update};
use super::widen::{beside, widened};
use super::{Job, Means, Outcome, Skipped, Unwritten};
use crate::diagnostics::{Code, Diagnostic};
use crate::diff::{Listing, answers_with_what_is_there, listing};
use crate::model::{Action, ActionReason, Address, Json, Secrets, Value};
use crate::plan::adoption::recorded_as;
use crate::plan::{Plan, ResourceChange};
use crate::provider::{Silence, Urgency};
use crate::schema::{ResourceType, TypeName};
use crate::state::{Entry, Locked, Output, State, Verb};
use order::Ready;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How a started step ended, told by its task.
struct Ended {
    step: usize,
    subject: Subject,
    elapsed: Duration,
    result: Result<Made, Halt>,
}

/// What is there after a step.
#[derive(Default)]
pub(super) struct Made {
    pub identifier: Option<String>,
    /// What was sent and seen, of a step on the way up.
    pub known: Option<(Value, Json)>,
    /// Whether a create found it there; see [`Done::found`].
    pub found: bool,
    /// What a read shows otherwise than an update of it asked for.
    pub left: Vec<Vec<String>>,
}

/// Where a step stands.
#[derive(Clone, PartialEq)]
enum Stage {
    Waiting(usize),
    Started,
    Done,
    Failed,
    Skipped,
}

/// Leave to start a step, when it comes.
type Admission = Pin<Box<dyn Future<Output = bool> + Send>>;

pub(super) struct Engine<'a> {
    job: &'a Job<'a>,
    state: &'a mut Locked,
    hands: Arc<Hands>,
    at_once: usize,
    knowledge: Knowledge<'a>,
    secrets: Secrets,
    steps: Steps,
    stages: Vec<Stage>,
    ready: Ready,
    /// The turn of the first request of what is started now was granted.
    paid: bool,
    tasks: JoinSet<Ended>,
    /// Permissions as they were seen once they were widened; none where that was refused, and some of it
    /// may have been done.
    seen_wide: HashMap<Address, Option<Json>>,
    outcome: Outcome,
}

impl<'a> Engine<'a> {
    pub fn new(job: &'a Job<'a>, means: &Means, state: &'a mut Locked) -> Result<Self, Diagnostic> {
        let before = state.snapshot();
        let built_on = verify::built_on(job);
        let mut steps = Steps::of(job.plan, &before, job.catalogue, &built_on).map_err(|circle| {
            let names: Vec<String> = circle.iter().map(|address| format!("`{address}`")).collect();
            let words = format!("no order can carry the plan out: {} need each other", names.join(", "));
            Diagnostic::error(Code::CYCLE, words)
        })?;
        let stages: Vec<Stage> = steps.all.iter().map(|step| Stage::Waiting(step.needs.len())).collect();
        let hands = Hands {
            provider: Arc::clone(&means.provider),
            journal: state.journal(),
            clock: Arc::clone(&means.clock),
            sink: Arc::clone(&means.sink),
            cancel: means.cancel.clone(),
            seed: means.seed,
            expected: Expected::default(),
            freed: Freed::default(),
            going: steps.going(job.plan, &before).collect(),
        };
        let ready = Ready::new(&mut steps, job.catalogue, |what| sort(job.plan, &before, what));
        Ok(Self {
            job,
            hands: Arc::new(hands),
            at_once: means.at_once.max(1),
            knowledge: Knowledge::new(job, &before),
            secrets: before.secrets(),
            steps,
            stages,
            ready,
            paid: false,
            tasks: JoinSet::new(),
            seen_wide: HashMap::new(),
            outcome: Outcome::default(),
            state,
        })
    }

    pub async fn run(mut self) -> Outcome {
        self.records();
        for step in 0..self.stages.len() {
            if self.stages[step] == Stage::Waiting(0) {
                self.ready.push(&self.steps, step);
            }
        }
        let mut asking: Option<(Duration, Admission)> = None;
        let mut finishing = false;
        loop {
            match self.longest_way() {
                None => asking = None,
                Some(way) if asking.as_ref().is_some_and(|(asked, _)| *asked >= way) => {}
                Some(way) => asking = Some((way, self.ask_for_admission(way))),
            }
            let turn = async {
                match &mut asking {
                    Some((_, admission)) => Some(admission.await),
                    None => None,
                }
            };
            tokio::select! {
                biased;
                () = self.hands.cancel.at_least(Stop::Gently), if !finishing && !self.tasks.is_empty() => {
                    finishing = true;
                    self.tell_what_runs();
                }
                Some(ended) = self.tasks.join_next() => {
                    match ended {
                        Ok(ended) => self.take(ended),
                        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                        // Tasks are cancelled only with the whole run.
                        Err(_) => {}
                    }
                    self.fold();
                }
                Some(paid) = turn => {
                    asking = None;
                    if self.longest_way().is_some() && let Some(step) = self.next_step() {
                        self.paid = paid;
                        self.start(step);
                    }
                }
                else => break,
            }
        }
        self.rest();
        self.outputs();
        self.outcome
    }

    /// Who stops a run is told what it still waits for.
    fn tell_what_runs(&self) {
        let running = (0..self.stages.len()).filter(|step| self.stages[*step] == Stage::Started);
        let running: Vec<Subject> = running.map(|step| self.subject(step)).collect();
        (self.hands.sink)(Event::Finishing { running });
    }

    /// Keeps the journal short. Where that can't be done, what runs is waited for all the same: its end
    /// can still be written, or is looked into by the next run.
    fn fold(&mut self) {
        if self.outcome.unwritten.is_none()
            && let Err(why) = self.state.compact_if_long()
        {
            self.outcome.unwritten = Some(Unwritten { why, unfinished: Vec::new() });
        }
    }

    /// Waits until another step may start; whether its first request has its turn thereby.
    fn ask_for_admission(&self, way: Duration) -> Admission {
        let provider = Arc::clone(&self.hands.provider);
        Box::pin(async move { provider.admit(Urgency { begin: way, after: Duration::ZERO }).await })
    }

    fn may_start(&self) -> bool {
        let answers = match self.hands.provider.silence() {
            Silence::None => true,
            // Whoever is under way asks for all; should nobody be, somebody has to.
            Silence::Begun => self.tasks.is_empty(),
            Silence::Final => false,
        };
        answers && self.outcome.unwritten.is_none() && self.hands.cancel.stop() == Stop::No
    }

    /// Changes of the record alone: names, and what stands between a resource and its deletion.
    fn records(&mut self) {
        for change in &self.job.plan.changes {
            if let Some(from) = &change.moved_from {
                let (from, to) = (from.clone(), change.address.clone());
                drop(self.hands.journal.append(Entry::Move { from, to }));
            }
            if change.action == Action::NoOp {
                self.refresh(change);
            }
        }
    }

    /// Nothing is to be done in the cloud, but what is declared is written otherwise now.
    fn refresh(&mut self, change: &ResourceChange) {
        let Ok(wanted) = self.knowledge.wanted(change, &self.secrets) else { return };
        let recorded = self.hands.journal.with(|state| state.resources.get(&change.address).cloned());
        let Some(recorded) = recorded else { return };
        let now = wanted.declared;
        let same = recorded.declared == now.properties
            && recorded.dependencies == now.dependencies
            && recorded.protection == now.protection
            && recorded.retain_on_delete == now.retain_on_delete
            && recorded.drain == now.drain
            && !recorded.doubts.half_way;
        if !same {
            let mut recorded = recorded;
            recorded.declared = now.properties;
            recorded.dependencies = now.dependencies;
            recorded.protection = now.protection;
            recorded.retain_on_delete = now.retain_on_delete;
            recorded.drain = now.drain;
            recorded.place = now.place;
            // What is there is what is wanted, whatever an update before it did.
            recorded.doubts.half_way = false;
            drop(self.hands.journal.append(Entry::Put { recorded: Box::new(recorded) }));
        }
    }

    fn subject(&self, step: usize) -> Subject {
        let step = &self.steps.all[step];
        let (type_name, doing) = self.hands.journal.with(|state| sort(self.job.plan, state, &step.what));
        Subject { address: step.address.clone(), type_name, doing }
    }

    fn timeout(&self, subject: &Subject) -> Duration {
        let own = self.knowledge.of(&subject.address).and_then(|desired| desired.options.timeout);
        own.unwrap_or_else(|| {
            handler_timeout(self.job.catalogue.of(&subject.type_name).as_deref(), subject.doing)
        })
    }

    fn start(&mut self, step: usize) {
        self.stages[step] = Stage::Started;
        let subject = self.subject(step);
        match self.steps.all[step].what.clone() {
            What::Up(index) => self.start_up(step, subject, &self.job.plan.changes[index], false),
            What::Widen(index) => self.start_up(step, subject, &self.job.plan.changes[index], true),
            What::Down(index) => {
                let identifier = self.job.plan.changes[index].identifier.clone().unwrap_or_default();
                let Subject { address, type_name, .. } = &subject;
                if passed_on(&self.hands.journal, address, type_name, &identifier) {
                    self.outcome.forgotten += 1;
                    return self.done(step);
                }
                self.start_down(step, subject, identifier, None);
            }
            What::Leftover { type_name, identifier, earlier, .. } => {
                if is_no_leftover(&self.hands.journal, &type_name, &identifier) {
                    return self.done(step);
                }
                if earlier && self.is_let_go_of(&type_name, &identifier) {
                    drop(self.hands.journal.append(Entry::Spare { type_name, identifier }));
                    self.outcome.forgotten += 1;
                    return self.done(step);
                }
                self.start_down(step, subject, identifier, Some(earlier));
            }
            What::Drain { url, seconds, meanwhile } => {
                let (limit, of) = (Duration::from_secs(seconds), subject.clone());
                self.spawn(step, subject, Some(url.clone()), async move |hands| {
                    drain(&hands, &of, &url, limit, meanwhile).await
                });
            }
            What::Forget(_) => {
                drop(self.hands.journal.append(Entry::LetGo { address: subject.address }));
                self.outcome.forgotten += 1;
                self.done(step);
            }
        }
    }

    /// Whether the plan leaves in the cloud what an earlier run was to delete.
    fn is_let_go_of(&self, type_name: &TypeName, identifier: &str) -> bool {
        let planned = self.job.plan.leftover(type_name, identifier);
        planned.is_some_and(|change| change.reason == Some(ActionReason::ForgetBecauseAnothers))
    }

    /// `leftover`: whether an earlier run left it, if it isn't what is recorded at its address.
    fn start_down(&mut self, step: usize, subject: Subject, identifier: String, leftover: Option<bool>) {
        let kind = self.job.catalogue.of(&subject.type_name).filter(|_| leftover == Some(true));
        let order = Order {
            timeout: self.timeout(&subject),
            subject,
            call: Call::Delete { identifier: identifier.clone() },
            declared: None,
            predicted_identifier: None,
            kind: None,
            deposes: false,
            leftover: leftover.is_some(),
            hidden: Vec::new(),
            afresh: None,
        };
        self.spawn(step, order.subject.clone(), Some(identifier.clone()), async move |hands| {
            hands.is_still_ours(&order.subject, &identifier, kind.as_deref()).await?;
            let done = hands.operate(&order).await?;
            hands.gone(done.id, &order);
            Ok(Made::default())
        });
    }

    fn start_up(&mut self, step: usize, subject: Subject, change: &'a ResourceChange, wide: bool) {
        let mut wanted = match self.knowledge.wanted(change, &self.secrets) {
            Ok(wanted) => wanted,
            Err(why) => {
                let desired = self.knowledge.of(&change.address);
                let failure = failure::not_sent(&subject, why, desired);
                return self.failed(step, failure, Duration::ZERO, subject);
            }
        };
        let timeout = self.timeout(&subject);
        let secrets = self.secrets.clone();
        match change.action {
            Action::Update | Action::Import => {
                let Some(desired) = self.knowledge.of(&change.address).cloned() else { return };
                let identifier = change.identifier.clone().unwrap_or_default();
                let recorded = self.hands.journal.with(|state| state.resources.get(&change.address).cloned());
                let read = match self.seen_wide.get(&change.address) {
                    Some(seen) => seen.clone(),
                    None => self.knowledge.live_of(change).cloned(),
                };
                if wide {
                    let declared = recorded.as_ref().map(|recorded| &recorded.declared);
                    let others = self.hands.journal.with(|state| beside(self.job.plan, state, change));
                    let value = declared
                        .and_then(|before| widened(&subject.type_name, &wanted.value, before, others));
                    match value.and_then(|value| wanted.with(value, &self.secrets)) {
                        Some(wider) => wanted = wider,
                        // Nothing is taken away after all, or it is too much together.
                        None => return self.unwidened(step),
                    }
                }
                self.spawn(step, subject.clone(), Some(identifier.clone()), async move |hands| {
                    update(
                        &hands,
                        Update { subject, wanted, desired, identifier, recorded, read, timeout },
                        &secrets,
                    )
                    .await
                });
            }
            action => {
                let order = Order {
                    subject: subject.clone(),
                    call: Call::Create(wanted.model()),
                    declared: Some(wanted.declared.clone()),
                    predicted_identifier: wanted.predicted_identifier.clone(),
                    kind: Some(Arc::clone(&wanted.resource_type)),
                    deposes: action == Action::CreateThenDelete && !change.retained,
                    leftover: false,
                    timeout,
                    hidden: wanted.hidden(),
                    afresh: None,
                };
                let (listing, model) = (self.where_listed(&wanted), wanted.json.clone());
                self.spawn(step, subject, None, async move |hands| {
                    if let Some(listing) = listing {
                        hands.look_for_another(&order, &model, listing).await?;
                    }
                    let Done { id, identifier, found } = hands.operate(&order).await?;
                    let type_name = &order.subject.type_name;
                    if let Some(identifier) = &identifier {
                        hands.claim(&order, id, identifier).await?;
                    }
                    let judged = (|_: &Json| false, |_: &Json| Vec::new());
                    let made = record(&hands, id, identifier, &wanted, type_name, &secrets, judged).await?;
                    Ok(Made { found, ..made })
                });
            }
        }
    }

    /// Where what the service would answer a create with is listed; none where this run made that, and
    /// nobody else can be in it.
    fn where_listed(&self, wanted: &Wanted) -> Option<Listing> {
        let kind = Some(&wanted.resource_type).filter(|kind| answers_with_what_is_there(kind))?;
        let listing = listing(kind)?;
        let parent = wanted.json.get(listing.of)?.as_str()?;
        let made = |state: &State| {
            let other = recorded_as(&state.resources, &TypeName::new(listing.type_name), parent);
            other.is_some_and(|address| self.outcome.made.contains(address))
        };
        (!self.hands.journal.with(made)).then_some(listing)
    }

    fn spawn<F>(
        &mut self,
        step: usize,
        subject: Subject,
        identifier: Option<String>,
        work: impl FnOnce(Arc<Hands>) -> F,
    ) where
        F: Future<Output = Result<Made, Halt>> + Send + 'static,
    {
        (self.hands.sink)(Event::Started { subject: subject.clone(), identifier });
        let hands = Arc::clone(&self.hands);
        let started = hands.clock.now();
        let future = work(Arc::clone(&hands));
        let urgency = Urgency { begin: self.steps.all[step].height, after: self.steps.behind(step) };
        let paid = std::mem::take(&mut self.paid);
        self.tasks.spawn(async move {
            let result = urgency.scope(paid, future).await;
            Ended { step, subject, elapsed: hands.clock.now().saturating_sub(started), result }
        });
    }

    fn skip_dependents(&mut self, failed: usize) {
        let because = self.steps.all[failed].address.clone();
        let mut stack = self.steps.all[failed].wanted_by.clone();
        while let Some(step) = stack.pop() {
            if matches!(self.stages[step], Stage::Waiting(_)) {
                self.skip(step, Some(because.clone()));
                stack.extend(&self.steps.all[step].wanted_by);
            }
        }
    }

    fn skip(&mut self, step: usize, because: Option<Address>) {
        self.stages[step] = Stage::Skipped;
        if self.is_widened(step) || matches!(self.steps.all[step].what, What::Drain { .. }) {
            // The other half says it.
            return;
        }
        let subject = self.subject(step);
        let (address, doing) = (subject.address.clone(), subject.doing);
        (self.hands.sink)(Event::Skipped { subject, because: because.clone() });
        self.outcome.skipped.push(Skipped { address, doing, because });
    }

    /// What an interruption, or a cloud that fell silent, left waiting.
    fn rest(&mut self) {
        self.outcome.interrupted = self.hands.cancel.stop() > Stop::No;
        self.hands.journal.with(|state| {
            let creates = state.operations.values().filter(|operation| operation.verb == Verb::Create);
            self.outcome.made.extend(creates.map(|operation| operation.address.clone()));
        });
        for step in 0..self.stages.len() {
            if matches!(self.stages[step], Stage::Waiting(_)) {
                self.skip(step, None);
            }
        }
        self.outcome.skipped.sort_by(|a, b| (&a.address, a.doing).cmp(&(&b.address, b.doing)));
    }

    /// Whether an output reads what this plan leaves out, and so stays as it is.
    fn is_left_out(&self, output: &str) -> bool {
        self.job.plan.partial && self.job.plan.outputs.iter().all(|o| o.name != output)
    }

    /// Outputs that can't be known (what they read failed, or was left out) stay as recorded.
    fn outputs(&mut self) {
        let before = self.hands.journal.with(|state| state.outputs.clone());
        let mut now = Vec::new();
        if !self.job.plan.destroy || !self.outcome.is_complete() {
            for (name, template) in self.job.outputs {
                let value = self.knowledge.evaluate(template);
                let recorded = before.iter().find(|output| output.name == *name);
                match crate::diff::declared(&value, &self.secrets).filter(|_| !self.is_left_out(name)) {
                    Some(json) => {
                        now.push(Output { name: name.clone(), sensitive: value.has_secrets(), value: json });
                        self.outcome.outputs.push((name.clone(), value));
                    }
                    None => now.extend(recorded.cloned()),
                }
            }
        }
        if now != before {
            drop(self.hands.journal.append(Entry::Outputs { outputs: now }));
        }
    }
}

/// The type that a step is about, and what is done to it.
fn sort(plan: &Plan, state: &State, what: &What) -> (TypeName, Doing) {
    let change = |index: usize| &plan.changes[index];
    match what {
        What::Up(index) => (change(*index).type_name.clone(), Doing::up(change(*index).action)),
        What::Widen(index) => (change(*index).type_name.clone(), Doing::Update),
        What::Down(index) => {
            let recorded = state.resources.get(&change(*index).address);
            (recorded.map_or(&change(*index).type_name, |r| &r.type_name).clone(), Doing::Delete)
        }
        What::Leftover { type_name, .. } => (type_name.clone(), Doing::Delete),
        What::Drain { .. } => (TypeName::new(QUEUE), Doing::Drain),
        What::Forget(index) => (change(*index).type_name.clone(), Doing::Delete),
    }
}

/// How long an operation may take by its type.
pub(super) fn handler_timeout(resource_type: Option<&ResourceType>, doing: Doing) -> Duration {
    let handlers = resource_type.map(|resource_type| &resource_type.handlers);
    let handler = handlers.and_then(|handlers| match doing {
        Doing::Create => handlers.create.as_ref(),
        Doing::Update | Doing::Import => handlers.update.as_ref(),
        Doing::Delete | Doing::Drain => handlers.delete.as_ref(),
    });
    let minutes = handler.map_or(120, |handler| handler.timeout_minutes.max(1));
    // A little longer than the handler, so that it is the handler who says what was wrong.
    Duration::from_secs(u64::from(minutes) * 60 + 60)
}
