//! The engine against a cloud in memory: whatever goes wrong, the state and the cloud agree in the
//! end, and a plan after it is empty.

use super::*;
use crate::diagnostics::{SourceId, Span};
use crate::graph::Graph;
use crate::model::{Options, Order, Place, Reference};
use crate::plan::{PlanInputs, PlanOptions, build};
use crate::provider::memory::{Memory, Trouble};
use crate::provider::{Answer, Fault, FaultKind, JumpingClock, Progress, Remembered, Sought};
use crate::schema::TypeName;
use crate::state::{self, Declared, Holder, Key, Leftover, open_read};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Notify;

mod answered;
mod killed;
mod leftovers;
mod peeking;
mod predictions;
mod refused;
mod remnants;
mod searched;

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
    let mut left = BTreeMap::new();
    for Leftover { type_name, identifier, .. } in &before.leftovers {
        let read = cloud.read(type_name, identifier).await?;
        let key = (type_name.clone(), identifier.clone());
        left.insert(key, read.map_or(Live::Absent, Live::Present));
    }
    let (mut plan, diagnostics) = build(&PlanInputs {
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
    plan.leftovers = leftovers(&before, &left, false, Catalogue::bundled()).0;
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
    memory.trouble("CreateResource", UNNAMED, Trouble::FailLeaving(FaultKind::Invalid));
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&three(), &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!((outcome.added, outcome.failures.len(), outcome.skipped.len()), (1, 1, 1));
        agree(&memory, &state.snapshot());
    });
    assert_eq!(operations(&memory), ["Create base", "Create AWS::SNS::Subscription", "Delete made-2"]);
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
