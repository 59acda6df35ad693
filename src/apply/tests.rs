//! The engine against a cloud in memory: whatever goes wrong, the state and the cloud agree in the
//! end, and a plan after it is empty.

use super::*;
use crate::diagnostics::{SourceId, Span};
use crate::graph::Graph;
use crate::model::{Options, Order, Place, Reference};
use crate::plan::{PlanInputs, PlanOptions, build};
use crate::provider::memory::{Memory, Trouble};
use crate::provider::{Answer, Fault, FaultKind, JumpingClock, Progress};
use crate::schema::TypeName;
use crate::state::{self, Holder, Key, open_read};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Notify;

mod peeking;
mod predictions;
mod refused;

/// Identified by its name.
const NAMED: &str = "AWS::Events::EventBus";
/// Gets an identifier of its own with each create.
const UNNAMED: &str = "AWS::SNS::Subscription";

fn span() -> Span {
    Span::new(SourceId(0), 3, 4)
}

/// A stack in memory.
#[derive(Default, Clone)]
struct Stack {
    desired: Vec<Desired>,
    outputs: Vec<(String, Template)>,
}

impl Stack {
    /// A resource; `text` goes into a property that can be changed, with the serial of each of
    /// `uses`, which nobody can predict.
    fn with(mut self, address: &str, type_name: &str, name: &str, text: &str, uses: &[&str]) -> Self {
        let mut pieces = vec![Template::string(text)];
        pieces.extend(uses.iter().map(|used| {
            Template::Attribute(Reference {
                address: Address::new(*used),
                property: "Serial".to_owned(),
                order: Order::Dependency,
                span: None,
            })
        }));
        let text = if uses.is_empty() { Template::string(text) } else { Template::Concat(pieces) };
        let properties = if type_name == NAMED {
            Template::object([("Name", Template::string(name)), ("Description", text)])
        } else {
            Template::object([
                ("TopicArn", Template::string(name)),
                ("Protocol", Template::string("sqs")),
                ("SubscriptionRoleArn", text),
            ])
        };
        self.desired.push(Desired {
            address: Address::new(address),
            type_name: TypeName::new(type_name),
            properties,
            options: Options::default(),
            depends_on: Vec::new(),
            span: span(),
            spans: BTreeMap::new(),
        });
        self
    }

    fn graph(&self) -> Graph<Address, ()> {
        let mut graph = Graph::new();
        for desired in &self.desired {
            graph.node(desired.address.clone());
            desired.properties.references(&mut |reference| {
                graph.edge(desired.address.clone(), reference.address.clone(), ());
            });
        }
        graph
    }
}

fn place() -> Place {
    Place {
        partition: "aws".to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        base_url: None,
    }
}

fn key() -> Key {
    Key::new("test", "local")
}

/// In memory where the machine has such a folder: thousands of journals are flushed here.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

fn open(dir: &Path) -> Locked {
    state::lock(dir, &key(), &Holder::here("test", "now")).expect("free")
}

async fn planned(
    stack: &Stack,
    state: &Locked,
    cloud: &dyn Provider,
) -> Result<(Plan, BTreeMap<Address, Live>), Fault> {
    planned_by(stack, &stack.graph(), state, cloud).await
}

async fn planned_by(
    stack: &Stack,
    graph: &Graph<Address, ()>,
    state: &Locked,
    cloud: &dyn Provider,
) -> Result<(Plan, BTreeMap<Address, Live>), Fault> {
    let before = state.snapshot();
    let mut live = BTreeMap::new();
    for (address, recorded) in &before.resources {
        let read = cloud.read(&recorded.type_name, &recorded.identifier).await?;
        live.insert(address.clone(), read.map_or(Live::Absent, Live::Present));
    }
    let secrets = before.secrets();
    let recorded_outputs = before.outputs.iter().map(|o| (o.name.clone(), o.value.clone())).collect();
    let (plan, diagnostics) = build(&PlanInputs {
        found: &BTreeMap::new(),
        desired: &stack.desired,
        graph,
        attributes: &BTreeMap::new(),
        recorded: &before.resources,
        live: &live,
        left_out: &BTreeSet::new(),
        catalogue: Catalogue::bundled(),
        place: &place(),
        outputs: &stack.outputs,
        recorded_outputs: &recorded_outputs,
        options: &PlanOptions::default(),
        secrets: &secrets,
        place_of: &|_| "stack.yaml:1:1".to_owned(),
    });
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    Ok((plan, live))
}

fn means(cloud: &Arc<dyn Provider>, seed: u64) -> Means {
    Means::new(Arc::clone(cloud), Arc::new(JumpingClock::default()), seed)
}

async fn apply(stack: &Stack, state: &mut Locked, means: &Means) -> Result<Outcome, Fault> {
    let (plan, live) = planned(stack, state, &*means.provider).await?;
    Ok(carried_out(stack, &plan, &live, state, means).await)
}

async fn carried_out(
    stack: &Stack,
    plan: &Plan,
    live: &BTreeMap<Address, Live>,
    state: &mut Locked,
    means: &Means,
) -> Outcome {
    let job = Job {
        plan,
        desired: &stack.desired,
        attributes: &BTreeMap::new(),
        outputs: &stack.outputs,
        live,
        catalogue: Catalogue::bundled(),
        place_of: &|_| "stack.yaml:1:1".to_owned(),
    };
    run(&job, means, state).await.expect("the disk is there")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// The state says what the cloud has, all of it and nothing else.
fn agree(cloud: &Memory, state: &crate::state::State) {
    let there: BTreeSet<_> = cloud.resources().into_keys().collect();
    let recorded: BTreeSet<_> =
        state.resources.values().map(|r| (r.type_name.clone(), r.identifier.clone())).collect();
    assert_eq!(there, recorded, "the cloud (left) and the state (right)");
    assert!(state.leftovers.is_empty(), "{:?}", state.leftovers);
    assert!(state.operations.is_empty(), "{:?}", state.operations);
}

fn three() -> Stack {
    Stack::default()
        .with("bus.base", NAMED, "base", "one", &[])
        .with("sub.middle", UNNAMED, "topic", "two", &["bus.base"])
        .with("bus.top", NAMED, "top", "three", &["sub.middle"])
}

fn operations(cloud: &Memory) -> Vec<String> {
    let calls = cloud.calls().into_iter();
    let told = ["CreateResource", "UpdateResource", "DeleteResource"];
    calls.filter(|c| told.contains(&c.operation)).map(|c| format!("{} {}", &c.operation[..6], c.of)).collect()
}

#[test]
fn what_is_needed_comes_first_and_goes_last_and_a_second_run_does_nothing() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let mut stack = three();
    stack.outputs = vec![("serial".to_owned(), Template::attribute(&"sub.middle".into(), "Serial"))];
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&stack, &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!((outcome.added, outcome.changed, outcome.destroyed), (3, 0, 0), "{outcome:?}");
        assert_eq!(outcome.outputs, [("serial".to_owned(), Value::from("serial-2"))]);
        let (plan, _) = planned(&stack, &state, &*cloud).await.expect("reads");
        assert!(plan.is_empty(), "{plan:?}");
        state.compact().expect("written");
        drop(state);

        let mut state = open(dir.path());
        let outcome = apply(&Stack::default(), &mut state, &means(&cloud, 2)).await.expect("reads");
        assert_eq!((outcome.added, outcome.changed, outcome.destroyed), (0, 0, 3));
        agree(&memory, &state.snapshot());
    });
    let expected = [
        "Create base",
        "Create AWS::SNS::Subscription",
        "Create top",
        "Delete top",
        "Delete made-2",
        "Delete base",
    ];
    assert_eq!(operations(&memory), expected);
}

#[test]
fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let stack = three().with("bus.other", NAMED, "other", "x", &["bus.base"]);
    memory.trouble("CreateResource", UNNAMED, Trouble::Fail(FaultKind::Denied));
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&stack, &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!(outcome.added, 2);
        let failed: Vec<_> = outcome.failures.iter().map(|f| f.address.as_str()).collect();
        assert_eq!(failed, ["sub.middle"]);
        assert_eq!(outcome.failures[0].diagnostic.primary.as_ref().map(|l| l.span), Some(span()));
        let skipped: Vec<_> =
            outcome.skipped.iter().map(|s| (s.address.as_str(), s.because.clone())).collect();
        assert_eq!(skipped, [("bus.top", Some(Address::new("sub.middle")))]);
        agree(&memory, &state.snapshot());
        let outcome = apply(&stack, &mut state, &means(&cloud, 2)).await.expect("reads");
        assert_eq!((outcome.added, outcome.is_complete()), (2, true));
        agree(&memory, &state.snapshot());
    });
}

#[test]
fn each_class_of_trouble_is_outlived_without_doubles() {
    let troubles = [
        Trouble::Refuse(FaultKind::Throttled),
        Trouble::Refuse(FaultKind::Conflict),
        Trouble::Fail(FaultKind::NotYetUsable),
        Trouble::Fail(FaultKind::Throttled),
        Trouble::Fail(FaultKind::Internal),
        Trouble::FailLeaving(FaultKind::Internal),
        Trouble::LoseRequest,
        Trouble::LoseAnswer,
        Trouble::Lag(3),
    ];
    for trouble in troubles {
        let dir = folder();
        let memory = Arc::new(Memory::default());
        let cloud: Arc<dyn Provider> = memory.clone();
        for of in [UNNAMED, "top"] {
            memory.trouble("CreateResource", of, trouble.clone());
        }
        let told = Arc::new(Mutex::new(Vec::new()));
        block_on(async {
            let mut state = open(dir.path());
            let mut means = means(&cloud, 1);
            let sink = Arc::clone(&told);
            means.sink = Arc::new(move |event| sink.lock().expect("not poisoned").push(event));
            let outcome = apply(&three(), &mut state, &means).await.expect("reads");
            assert!(outcome.is_complete(), "{trouble:?}: {outcome:?}");
            agree(&memory, &state.snapshot());
            let (plan, _) = planned(&three(), &state, &*cloud).await.expect("reads");
            assert!(plan.is_empty(), "{trouble:?}");
        });
        let retried = told.lock().expect("not poisoned").iter().any(|e| matches!(e, Event::Retrying { .. }));
        assert_eq!(retried, !matches!(trouble, Trouble::Lag(_)), "{trouble:?}");
    }
}

#[test]
fn a_refused_create_that_left_something_is_cleaned_up_and_the_fault_is_told() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    memory.trouble("CreateResource", "base", Trouble::FailLeaving(FaultKind::Invalid));
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&three(), &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!((outcome.added, outcome.failures.len(), outcome.skipped.len()), (0, 1, 2));
        agree(&memory, &state.snapshot());
    });
    assert_eq!(operations(&memory), ["Create base", "Delete base"]);
}

#[test]
fn a_renamed_bus_is_replaced_and_its_user_changed() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let with = |name: &str| {
        Stack::default().with("bus.base", NAMED, name, "one", &[]).with(
            "bus.top",
            NAMED,
            "top",
            "two",
            &["bus.base"],
        )
    };
    block_on(async {
        let mut state = open(dir.path());
        let _ = apply(&with("base"), &mut state, &means(&cloud, 1)).await.expect("reads");
        let outcome = apply(&with("ground"), &mut state, &means(&cloud, 2)).await.expect("reads");
        assert_eq!((outcome.added, outcome.changed, outcome.destroyed), (1, 1, 1), "{outcome:?}");
        agree(&memory, &state.snapshot());
    });
    assert_eq!(operations(&memory)[2..], ["Create ground", "Update top", "Delete base"]);
}

#[test]
fn the_replaced_one_stays_while_its_user_cannot_be_changed_and_goes_with_the_next_run() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let with = |name: &str| {
        Stack::default().with("bus.base", NAMED, name, "one", &[]).with(
            "bus.top",
            NAMED,
            "top",
            "two",
            &["bus.base"],
        )
    };
    block_on(async {
        let mut state = open(dir.path());
        let _ = apply(&with("base"), &mut state, &means(&cloud, 1)).await.expect("reads");
        memory.trouble("UpdateResource", "top", Trouble::Fail(FaultKind::Denied));
        let outcome = apply(&with("ground"), &mut state, &means(&cloud, 2)).await.expect("reads");
        assert_eq!((outcome.failures.len(), outcome.skipped.len()), (1, 1));
        assert_eq!(memory.resources().len(), 3);
        let outcome = apply(&with("ground"), &mut state, &means(&cloud, 3)).await.expect("reads");
        assert!(outcome.is_complete(), "{outcome:?}");
        agree(&memory, &state.snapshot());
    });
}

#[test]
fn one_press_finishes_what_runs_and_two_call_it_back() {
    for presses in [1, 2] {
        let dir = folder();
        let memory = Arc::new(Memory::new(50));
        let cloud: Arc<dyn Provider> = memory.clone();
        block_on(async {
            let mut state = open(dir.path());
            let mut means = means(&cloud, 1);
            let cancel = means.cancel.clone();
            means.sink = Arc::new(move |event| {
                if matches!(&event, Event::Started { subject, .. } if subject.address.as_str() == "bus.base")
                {
                    (0..presses).for_each(|_| cancel.press());
                }
            });
            let outcome = apply(&three(), &mut state, &means).await.expect("reads");
            assert!(outcome.interrupted);
            assert_eq!(outcome.added, if presses == 1 { 1 } else { 0 }, "{outcome:?}");
            assert_eq!(outcome.skipped.len(), 2);
            agree(&memory, &state.snapshot());
        });
    }
}

#[test]
fn a_promise_that_was_not_kept_stops_what_was_built_on_it() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    // The plan predicts an ARN of AWS's shape; this cloud gives another.
    let mut stack = Stack::default().with("bus.base", NAMED, "base", "one", &[]);
    stack = stack.with("bus.top", NAMED, "top", "two", &["bus.base"]);
    if let Template::Object(members) = &mut stack.desired[1].properties {
        members.insert("Description".to_owned(), Template::attribute(&"bus.base".into(), "Arn"));
    }
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&stack, &mut state, &means(&cloud, 1)).await.expect("reads");
        let failure = &outcome.failures[0];
        assert_eq!(failure.diagnostic.code, crate::diagnostics::Code::PROMISE_BROKEN, "{outcome:?}");
        assert_eq!((outcome.added, outcome.skipped.len()), (1, 1));
        agree(&memory, &state.snapshot());
    });
}

#[test]
fn secrets_reach_the_cloud_and_never_the_disk() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let mut stack = Stack::default().with("bus.base", NAMED, "base", "one", &[]);
    let secret = Value::Sensitive(Box::new(Value::from("hunter2-hunter2")));
    if let Template::Object(members) = &mut stack.desired[0].properties {
        members.insert("Description".to_owned(), Template::Literal(secret.clone()));
    }
    stack.outputs = vec![("password".to_owned(), Template::Literal(secret))];
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&stack, &mut state, &means(&cloud, 1)).await.expect("reads");
        assert!(outcome.is_complete());
        let (plan, _) = planned(&stack, &state, &*cloud).await.expect("reads");
        assert!(plan.is_empty(), "{plan:?}");
        let journal = std::fs::read_to_string(dir.path().join("test.local.journal")).expect("a journal");
        assert!(!journal.contains("hunter2"));
        state.compact().expect("written");
    });
    let snapshot = std::fs::read_to_string(dir.path().join("test.local.json")).expect("a snapshot");
    assert!(!snapshot.contains("hunter2") && snapshot.contains("$secret"));
    let made = memory.resources().into_values().next().expect("made");
    assert_eq!(made["Description"], json!("hunter2-hunter2"));
}

/// Dies at a call: before it reaches the cloud, or after, before its answer is seen.
struct Mortal {
    cloud: Arc<Memory>,
    left: AtomicI64,
    dead: Notify,
}

impl Mortal {
    async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.dead.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn mortal<'a, T: Send + 'a>(&'a self, call: Answer<'a, T>) -> Answer<'a, T> {
        Box::pin(async move {
            self.step().await;
            let answer = call.await;
            self.step().await;
            answer
        })
    }
}

impl Provider for Mortal {
    fn read<'a>(&'a self, type_name: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>> {
        self.mortal(self.cloud.read(type_name, identifier))
    }
    fn create<'a>(&'a self, t: &'a TypeName, desired: &'a Json, token: &'a str) -> Answer<'a, Progress> {
        self.mortal(self.cloud.create(t, desired, token))
    }
    fn update<'a>(
        &'a self,
        t: &'a TypeName,
        id: &'a str,
        patch: &'a Json,
        token: &'a str,
    ) -> Answer<'a, Progress> {
        self.mortal(self.cloud.update(t, id, patch, token))
    }
    fn delete<'a>(&'a self, t: &'a TypeName, id: &'a str, token: &'a str) -> Answer<'a, Progress> {
        self.mortal(self.cloud.delete(t, id, token))
    }
    fn status<'a>(&'a self, token: &'a str) -> Answer<'a, Progress> {
        self.mortal(self.cloud.status(token))
    }
    fn cancel<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        self.mortal(self.cloud.cancel(token))
    }
    fn list<'a>(&'a self, t: &'a TypeName, model: Option<&'a Json>) -> Answer<'a, Vec<(String, Json)>> {
        self.mortal(self.cloud.list(t, model))
    }
}

/// A run that dies after that many steps (if it lives so long); whether it was complete.
fn mortal_run(stack: &Stack, dir: &Path, cloud: &Arc<Memory>, steps: i64, seed: u64) -> bool {
    let mortal =
        Arc::new(Mortal { cloud: Arc::clone(cloud), left: AtomicI64::new(steps), dead: Notify::new() });
    let provider: Arc<dyn Provider> = mortal.clone();
    block_on(async {
        let mut state = open(dir);
        let session = async {
            let means = means(&provider, seed);
            let recovery =
                recover(&means, &mut state, Catalogue::bundled(), &|_| None).await.expect("a disk");
            if recovery.problems.has_errors() {
                return false;
            }
            assert!(recovery.problems.is_empty(), "{:?}", recovery.problems);
            let Ok(outcome) = apply(stack, &mut state, &means).await else { return false };
            if outcome.is_complete() {
                state.compact().expect("written");
            }
            outcome.is_complete()
        };
        tokio::select! {
            complete = session => complete,
            () = mortal.dead.notified() => false,
        }
    })
}

/// A killed process loses what it didn't wait for: entries after the last begin, all but `keep`.
fn lose_tail(dir: &Path, keep: usize) {
    let path = dir.join("test.local.journal");
    let Ok(journal) = std::fs::read_to_string(&path) else { return };
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let sure =
        lines.iter().rposition(|l| l.contains(r#""entry":"begin""#) || l.contains(r#""entry":"retry""#));
    let kept = (sure.map_or(0, |at| at + 1) + keep).min(lines.len());
    let torn = lines.get(kept).map_or("", |line| &line[..line.len() / 2]);
    std::fs::write(&path, lines[..kept].concat() + torn).expect("written");
}

#[test]
fn killed_at_every_step_of_a_life_the_next_run_makes_it_whole() {
    let first = three();
    let second = Stack::default()
        .with("bus.base", NAMED, "ground", "one", &[])
        .with("sub.middle", UNNAMED, "topic2", "two", &["bus.base"])
        .with("sub.new", UNNAMED, "topic", "four", &["sub.middle"]);
    for keep in [0, 1, 99] {
        for at in 0.. {
            let dir = folder();
            let memory = Arc::new(Memory::default());
            let mut survived = true;
            for (n, stack) in [&first, &second, &Stack::default()].into_iter().enumerate() {
                if !mortal_run(stack, dir.path(), &memory, at, 10 * n as u64) {
                    survived = false;
                    lose_tail(dir.path(), keep);
                    assert!(mortal_run(stack, dir.path(), &memory, i64::MAX, 10 * n as u64 + 1), "step {at}");
                }
                let state = open_read(dir.path(), &key()).expect("readable").state;
                agree(&memory, &state);
                assert_eq!(state.resources.len(), stack.desired.len());
                let state = open(dir.path());
                let (plan, _) = block_on(planned(stack, &state, &*memory)).expect("reads");
                assert!(plan.is_empty(), "step {at}: {plan:?}");
            }
            if survived {
                assert!(at > 20, "it takes more steps than {at}");
                break;
            }
        }
    }
}

/// Small random numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A random stack: each resource may use any that comes before it.
fn random_stack(dice: &mut Dice) -> Stack {
    let mut stack = Stack::default();
    let count = dice.roll(9);
    let mut there: Vec<String> = Vec::new();
    for n in 0..count {
        if dice.roll(5) == 0 {
            continue;
        }
        let named = n % 2 == 0;
        let address = format!("{}.r{n}", if named { "bus" } else { "sub" });
        let uses: Vec<String> = there.iter().filter(|_| dice.roll(3) == 0).cloned().collect();
        let uses: Vec<&str> = uses.iter().map(String::as_str).collect();
        let name = format!("name-{n}-{}", dice.roll(2));
        let text = format!("text-{}", dice.roll(3));
        stack = stack.with(&address, if named { NAMED } else { UNNAMED }, &name, &text, &uses);
        there.push(address);
    }
    stack
}

#[test]
fn random_stacks_with_random_trouble_and_random_deaths_end_whole() {
    for seed in 0..120 {
        let mut dice = Dice(seed * 7_919 + 1);
        let dir = folder();
        let memory = Arc::new(Memory::new(dice.roll(3) as u32));
        let mut runs = 0;
        for _ in 0..4 {
            let stack = random_stack(&mut dice);
            for _ in 0..dice.roll(6) {
                let operation = ["CreateResource", "UpdateResource", "DeleteResource", "GetResource"]
                    [dice.roll(4) as usize];
                let kind = [
                    FaultKind::Throttled,
                    FaultKind::Internal,
                    FaultKind::Denied,
                    FaultKind::Conflict,
                    FaultKind::NotYetUsable,
                    FaultKind::Invalid,
                ][dice.roll(6) as usize];
                let trouble = match dice.roll(5) {
                    0 => Trouble::Refuse(kind),
                    1 => Trouble::Fail(kind),
                    // With a conflict, what is there isn't ours.
                    2 if operation == "CreateResource" && kind != FaultKind::Conflict => {
                        Trouble::FailLeaving(kind)
                    }
                    2 => Trouble::Fail(kind),
                    3 => Trouble::LoseAnswer,
                    _ => Trouble::LoseRequest,
                };
                let of = match dice.roll(3) {
                    0 => UNNAMED.to_owned(),
                    _ => format!("name-{}-{}", dice.roll(9), dice.roll(2)),
                };
                memory.trouble(operation, &of, trouble);
            }
            loop {
                runs += 1;
                assert!(runs < 200, "seed {seed}: it doesn't end");
                let steps = if dice.roll(2) == 0 { dice.roll(80) as i64 } else { i64::MAX };
                if mortal_run(&stack, dir.path(), &memory, steps, seed * 1_000 + runs) {
                    break;
                }
                lose_tail(dir.path(), dice.roll(4) as usize);
                if dice.roll(2) == 0 {
                    memory.settle();
                }
            }
            let state = open_read(dir.path(), &key()).expect("readable").state;
            agree(&memory, &state);
            assert_eq!(state.resources.len(), stack.desired.len(), "seed {seed}");
        }
    }
}

/// Nothing can be asked of it: every attribute is unknown.
struct Nobody;

impl crate::model::Attributes for Nobody {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        Value::unknown(address.clone(), property, "nobody knows")
    }
}

#[test]
fn a_killed_create_whose_body_had_secrets_is_found_with_the_secrets_at_hand() {
    let mut stack = Stack::default().with("sub.secret", UNNAMED, "topic", "x", &[]);
    if let Template::Object(members) = &mut stack.desired[0].properties {
        let secret = Value::Sensitive(Box::new(Value::from("hunter2-hunter2")));
        members.insert("SubscriptionRoleArn".to_owned(), Template::Literal(secret));
    }
    let known = |address: &Address| {
        let desired = stack.desired.iter().find(|desired| desired.address == *address)?;
        desired.properties.evaluate(&Nobody).to_json()
    };
    for steps in 0..4 {
        let dir = folder();
        let memory = Arc::new(Memory::default());
        assert!(!mortal_run(&stack, dir.path(), &memory, steps, 1));
        lose_tail(dir.path(), 0);
        let cloud: Arc<dyn Provider> = memory.clone();
        block_on(async {
            let mut state = open(dir.path());
            let means = means(&cloud, 2);
            let recovery = recover(&means, &mut state, Catalogue::bundled(), &known).await.expect("a disk");
            assert!(recovery.problems.is_empty(), "{:?}", recovery.problems);
            assert_eq!(recovery.ended.len(), 1);
            let _ = apply(&stack, &mut state, &means).await.expect("reads");
            agree(&memory, &state.snapshot());
        });
        let journal = std::fs::read_to_string(dir.path().join("test.local.journal")).expect("a journal");
        assert!(!journal.contains("hunter2"));
    }
}
