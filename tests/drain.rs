//! A queue that says `drain` goes only when it is empty: those who send to it go, or turn away,
//! before; who takes from it, and hears what comes of that, after. In virtual time, against a cloud
//! that says of the queue what a queue would: it empties while its pipe is there.

mod common;
#[path = "common/rig.rs"]
mod rig;

use common::Sandbox;
use evstack::apply::Cancel;
use evstack::local::Cloud;
use evstack::model::Json;
use evstack::ops::plan::Wanted;
use evstack::provider::{
    Answer, Depth, Fault, FaultKind, Progress, Provider, Remembered, Silence, Sought, Urgency,
};
use evstack::schema::TypeName;
use rig::Rig;
use serde_json::json;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was there when somebody looked into a queue.
#[derive(Debug, Clone)]
struct Look {
    /// The queue's name.
    of: String,
    /// Messages that it was told of.
    left: u64,
    /// In milliseconds.
    at: i64,
    /// Names of what was there.
    there: Vec<String>,
    /// All that rules and schedules send to, by ARN.
    fed: Vec<String>,
}

/// A cloud whose queues hold something.
struct Holding {
    inner: Arc<dyn Provider>,
    cloud: Arc<Cloud>,
    /// By name of the queue.
    messages: Mutex<BTreeMap<String, u64>>,
    looks: Mutex<Vec<Look>>,
    /// How many are taken between two looks, while a pipe is there.
    taken: Mutex<u64>,
    exact: bool,
    denied: bool,
    /// It doesn't answer so many times.
    silent: Mutex<usize>,
    /// Is pressed at the second look.
    stop: Mutex<Option<Cancel>>,
    /// The run ends at that look, as if it were killed.
    dies_at: Mutex<Option<usize>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Holding {
    fn look(&self, url: &str) -> Result<Option<Depth>, Fault> {
        let refused = |kind| Fault {
            kind,
            operation: "GetQueueAttributes",
            type_name: None,
            identifier: Some(url.to_owned()),
            code: format!("{kind:?}"),
            message: "not now".to_owned(),
            request_id: None,
        };
        if self.denied {
            return Err(refused(FaultKind::Denied));
        }
        let mut silent = held(&self.silent);
        if *silent > 0 {
            *silent -= 1;
            return Err(refused(FaultKind::Unreachable));
        }
        let inventory = self.cloud.inventory();
        let all: Vec<&Json> = inventory["resources"].as_array().into_iter().flatten().collect();
        if !all.iter().any(|one| one["identifier"] == url) {
            return Ok(None);
        }
        let name = url.rsplit('/').next().unwrap_or_default();
        let arn = format!(":{name}");
        let pipe = all.iter().any(|one| {
            one["type"] == "AWS::Pipes::Pipe"
                && one["properties"]["Source"].as_str().is_some_and(|source| source.ends_with(&arn))
        });
        let mut messages = held(&self.messages);
        let left = messages.entry(name.to_owned()).or_default();
        let look = Look {
            of: name.to_owned(),
            left: *left,
            at: self.cloud.now().0,
            there: all.iter().filter_map(|one| one["identifier"].as_str().map(str::to_owned)).collect(),
            fed: all
                .iter()
                .filter_map(|one| one["properties"]["Targets"].as_array())
                .flatten()
                .filter_map(|target| target["Arn"].as_str().map(str::to_owned))
                .collect(),
        };
        held(&self.looks).push(look);
        if held(&self.looks).len() == 2
            && let Some(stop) = held(&self.stop).take()
        {
            stop.press();
        }
        let dies = *held(&self.dies_at) == Some(held(&self.looks).len());
        assert!(!dies, "the process is killed here");
        let depth = Depth { visible: *left, exact: self.exact, ..Depth::default() };
        if pipe {
            *left = left.saturating_sub(*held(&self.taken));
        }
        Ok(Some(depth))
    }
}

impl Provider for Holding {
    fn depth<'a>(&'a self, queue_url: &'a str) -> Answer<'a, Option<Depth>> {
        Box::pin(async move { self.look(queue_url) })
    }
    fn read<'a>(&'a self, type_name: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>> {
        self.inner.read(type_name, identifier)
    }
    fn create<'a>(&'a self, of: &'a TypeName, desired: &'a Json, token: &'a str) -> Answer<'a, Progress> {
        self.inner.create(of, desired, token)
    }
    fn update<'a>(
        &'a self,
        of: &'a TypeName,
        identifier: &'a str,
        patch: &'a Json,
        token: &'a str,
    ) -> Answer<'a, Progress> {
        self.inner.update(of, identifier, patch, token)
    }
    fn delete<'a>(&'a self, of: &'a TypeName, identifier: &'a str, token: &'a str) -> Answer<'a, Progress> {
        self.inner.delete(of, identifier, token)
    }
    fn status<'a>(&'a self, request_token: &'a str) -> Answer<'a, Progress> {
        self.inner.status(request_token)
    }
    fn cancel<'a>(&'a self, request_token: &'a str) -> Answer<'a, ()> {
        self.inner.cancel(request_token)
    }
    fn list<'a>(&'a self, of: &'a TypeName, model: Option<&'a Json>) -> Answer<'a, Vec<(String, Json)>> {
        self.inner.list(of, model)
    }
    fn requests(&self, sought: Sought) -> Answer<'_, Option<Vec<Remembered>>> {
        self.inner.requests(sought)
    }
    fn admit(&self, urgency: Urgency) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        self.inner.admit(urgency)
    }
    fn silence(&self) -> Silence {
        self.inner.silence()
    }
}

/// A rule feeds a queue, a pipe takes from it onto a bus, where another rule hears it.
fn stack(name: &str) -> Json {
    json!({
        "name": "shop",
        "buses": {"b": {"options": {"protect": false}}},
        "queues": {
            "orders": {"name": name, "deadLetter": false, "options": {"drain": "10m", "protect": false}},
            "heard": {"deadLetter": false, "options": {"protect": false}},
        },
        "rules": {
            "placed": {"on": {"source": ["shop"]}, "to": ["queue.orders"]},
            "hears": {"bus": "b", "on": {"source": ["shop"]}, "to": ["queue.heard"]},
        },
        "pipes": {"take": {"from": "queue.orders", "to": "bus.b"}},
    })
}

struct World {
    rig: Rig,
    holding: Arc<Holding>,
}

impl World {
    fn new(exact: bool, denied: bool, messages: &[(&str, u64)]) -> Self {
        let mut rig = Rig::new(&json!({"latency": [1_000, 6_000]}), 7);
        let holding = Arc::new(Holding {
            inner: Arc::clone(&rig.provider),
            cloud: Arc::clone(&rig.cloud),
            messages: Mutex::new(messages.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()),
            looks: Mutex::default(),
            taken: Mutex::new(3),
            exact,
            denied,
            silent: Mutex::default(),
            stop: Mutex::default(),
            dies_at: Mutex::new(None),
        });
        rig.provider = Arc::clone(&holding) as Arc<dyn Provider>;
        Self { rig, holding }
    }

    fn run(&self, text: &str, wanted: &Wanted) {
        drop(self.rig.apply_as(text, wanted).expect("it ends well"));
    }

    fn apply(&self, text: &str) {
        self.run(text, &Wanted::default());
    }

    fn destroy(&self, text: &str) {
        self.run(text, &DESTROY());
    }

    fn looks(&self) -> Vec<Look> {
        std::mem::take(&mut *held(&self.holding.looks))
    }
}

fn has(look: &Look, part: &str) -> bool {
    look.there.iter().any(|identifier| identifier.contains(part))
}

fn ends(look: &Look, part: &str) -> bool {
    look.there.iter().any(|identifier| identifier.ends_with(part))
}

const DESTROY: fn() -> Wanted = || Wanted { destroy: true, allow_data_loss: true, ..Wanted::default() };

#[test]
fn all_is_delivered_before_anything_of_the_chain_goes() {
    let world = World::new(false, false, &[("orders", 20)]);
    let text = stack("orders").to_string();
    world.apply(&text);
    world.destroy(&text);
    assert_eq!(world.rig.inventory(), [], "all is gone");
    let looks = world.looks();
    assert!(looks.len() > 7, "{looks:#?}");
    for look in &looks {
        assert!(has(look, "-take") && has(look, "-hears") && has(look, "-heard"), "{look:#?}");
        assert!(!ends(look, "/shop-local-placed"), "nothing comes any more: {look:#?}");
    }
    let empty = looks.iter().find(|look| look.left == 0).expect("it was empty");
    let last = looks.last().expect("a look");
    assert!(last.at - empty.at > 60_000, "SQS's counts need a minute: {empty:?} {last:?}");
}

#[test]
fn exact_counts_are_believed_at_once() {
    let world = World::new(true, false, &[]);
    let text = stack("orders").to_string();
    world.apply(&text);
    world.destroy(&text);
    assert_eq!(world.looks().len(), 1);
}

#[test]
fn what_does_not_get_empty_in_time_stays_with_its_chain_and_the_next_run_goes_on() {
    let world = World::new(false, false, &[("orders", 20)]);
    let text = stack("orders").to_string();
    world.apply(&text);
    *held(&world.holding.taken) = 0;
    let (_, outcome) = world.rig.try_apply(&text, &DESTROY()).expect("it runs");
    let [failure] = outcome.failures.as_slice() else { panic!("{:#?}", outcome.failures) };
    assert_eq!(failure.diagnostic.code.id, "E0516");
    assert!(failure.diagnostic.message.contains("after 10m: 20 messages (20 visible"), "{failure:#?}");
    let looks = world.looks();
    let (first, last) = (looks.first().expect("a look"), looks.last().expect("a look"));
    assert_eq!(last.at - first.at, 600_000, "it was waited for all the time, and no longer");
    let there = world.rig.inventory();
    let stays = |part: &str| there.iter().any(|(_, identifier)| identifier.contains(part));
    assert!(
        stays("/orders") && stays("-take") && stays("-hears") && !stays("rule/shop-local-placed"),
        "{there:#?}"
    );
    *held(&world.holding.taken) = 3;
    world.destroy(&text);
    assert_eq!(world.rig.inventory(), []);
}

#[test]
fn nobody_waits_where_it_is_to_be_skipped() {
    let world = World::new(false, false, &[("orders", 20)]);
    let text = stack("orders").to_string();
    world.apply(&text);
    world.run(&text, &Wanted { skip_drain: true, ..DESTROY() });
    assert_eq!((world.looks().len(), world.rig.inventory().len()), (0, 0));
}

#[test]
fn who_may_not_count_is_told_what_is_needed_and_nothing_goes() {
    let world = World::new(false, true, &[]);
    let text = stack("orders").to_string();
    world.apply(&text);
    let (_, outcome) = world.rig.try_apply(&text, &DESTROY()).expect("it runs");
    let words = format!("{:#?}", outcome.failures);
    assert!(words.contains("sqs:GetQueueAttributes") && words.contains("--skip-drain"), "{words}");
    assert!(world.rig.inventory().iter().any(|(_, identifier)| identifier.ends_with("/orders")));
}

#[test]
fn a_queue_that_is_no_longer_declared_is_drained_as_recorded_also_when_only_the_option_came() {
    let world = World::new(false, false, &[("orders", 4)]);
    let mut text = stack("orders");
    text["queues"]["orders"]["options"] = json!({"protect": false});
    world.apply(&text.to_string());
    let (plan, _) = world.rig.apply(&stack("orders").to_string()).expect("it applies");
    assert!(plan.is_empty(), "{:#?}", plan.changes);
    for (section, name) in [("queues", "orders"), ("rules", "placed"), ("pipes", "take")] {
        text[section].as_object_mut().expect("a section").remove(name);
    }
    text.as_object_mut().expect("a stack").remove("pipes");
    let wanted = Wanted { allow_data_loss: true, ..Wanted::default() };
    let (plan, _) = world.rig.apply_as(&text.to_string(), &wanted).expect("it applies");
    assert_eq!(plan.change(&"queue.orders".into()).expect("a change").drain, Some(600));
    assert_eq!(world.looks().first().expect("a look").left, 4);
}

#[test]
fn who_stops_the_run_ends_the_wait_and_nothing_of_the_chain_goes() {
    let mut world = World::new(false, false, &[("orders", 20)]);
    let text = stack("orders").to_string();
    world.apply(&text);
    *held(&world.holding.stop) = Some(world.rig.cancel.clone());
    let (_, outcome) = world.rig.try_apply(&text, &DESTROY()).expect("it runs");
    assert!(outcome.interrupted, "{outcome:#?}");
    assert_eq!(world.looks().len(), 2);
    let there = world.rig.inventory();
    assert!(there.iter().any(|(_, identifier)| identifier == "shop-local-take"), "{there:#?}");
    world.rig.cancel = Cancel::default();
    world.destroy(&text);
    assert_eq!(world.rig.inventory(), []);
}

#[test]
fn a_service_that_does_not_answer_for_a_while_is_asked_again() {
    let world = World::new(false, false, &[("orders", 4)]);
    let text = stack("orders").to_string();
    world.apply(&text);
    *held(&world.holding.silent) = 5;
    world.destroy(&text);
    assert!(world.looks().len() > 2);
    assert_eq!(world.rig.inventory(), []);
}

/// The rule has turned to the new queue, the pipe still takes from the old one.
fn check_turned(looks: &[Look]) {
    for look in looks {
        assert!(look.of == "orders" && has(look, "/orders-2") && has(look, "-take"), "{look:#?}");
        assert!(look.fed.iter().any(|arn| arn.ends_with(":orders-2")), "{look:#?}");
        assert!(!look.fed.iter().any(|arn| arn.ends_with(":orders")), "{look:#?}");
    }
}

#[test]
fn a_queue_that_is_replaced_is_drained_once_all_have_turned_to_the_new_one() {
    let world = World::new(false, false, &[("orders", 20)]);
    world.apply(&stack("orders").to_string());
    world.apply(&stack("orders-2").to_string());
    let looks = world.looks();
    assert!(looks.len() > 7, "{looks:#?}");
    check_turned(&looks);
    let there = world.rig.inventory();
    assert!(!there.iter().any(|(_, identifier)| identifier.ends_with("/orders")), "{there:#?}");
}

#[test]
fn a_run_that_is_killed_while_it_waits_is_gone_on_with() {
    for replaced in [false, true] {
        let world = World::new(false, false, &[("orders", 20)]);
        let text = stack("orders").to_string();
        world.apply(&text);
        *held(&world.holding.dies_at) = Some(3);
        let next = stack("orders-2").to_string();
        let run = || match replaced {
            true => world.apply(&next),
            false => world.destroy(&text),
        };
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        assert!(killed.is_err(), "it was killed");
        *held(&world.holding.dies_at) = None;
        assert_eq!(world.looks().len(), 3);
        run();
        let looks = world.looks();
        assert!(looks.len() > 5 && looks.last().expect("a look").left == 0, "{looks:#?}");
        if replaced {
            check_turned(&looks);
        } else {
            assert_eq!(world.rig.inventory(), []);
        }
    }
}

#[test]
fn dead_letters_are_drained_after_the_queue_that_they_come_from() {
    let world = World::new(true, false, &[("orders", 9), ("letters", 1)]);
    let mut text = stack("orders");
    text["queues"]["orders"]["deadLetter"] = json!("queue.letters");
    text["queues"]["letters"] =
        json!({"name": "letters", "deadLetter": false, "options": {"drain": "1h", "protect": false}});
    text["pipes"]["again"] = json!({"from": "queue.letters", "to": "bus.b"});
    world.apply(&text.to_string());
    world.destroy(&text.to_string());
    let order: Vec<String> = world.looks().into_iter().map(|look| look.of).collect();
    let first = order.iter().position(|of| of == "letters").expect("a look");
    assert!(order[..first].iter().all(|of| of == "orders"), "{order:?}");
    assert!(first >= 4 && order[first..].iter().all(|of| of == "letters"), "{order:?}");
}

#[test]
fn who_is_fed_by_the_queue_and_sends_to_it_makes_no_circle_and_is_named() {
    let world = World::new(false, false, &[("orders", 20)]);
    let mut text = stack("orders");
    text["stateMachines"] = json!({"again": {"definition": {"StartAt": "Send", "States": {"Send": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "${queue.orders.QueueUrl}", "MessageBody": "a"}, "End": true}}}}});
    text["pipes"]["take"]["to"] = json!("stateMachine.again");
    let text = text.to_string();
    world.apply(&text);
    *held(&world.holding.taken) = 0;
    let (_, outcome) = world.rig.try_apply(&text, &DESTROY()).expect("it runs");
    let words = format!("{:#?}", outcome.failures);
    assert!(words.contains("`stateMachine.again` may still send to it"), "{words}");
    *held(&world.holding.taken) = 3;
    world.destroy(&text);
    assert_eq!(world.rig.inventory(), []);
}

#[test]
fn only_a_queue_can_be_drained_and_for_a_time() {
    let world = World::new(false, false, &[]);
    for (stack, words) in [
        (json!({"topics": {"t": {"options": {"drain": "10m"}}}}), "only a queue can be drained"),
        (json!({"queues": {"q": {"options": {"drain": "soon"}}}}), "`drain` is `soon`"),
        (json!({"queues": {"q": {"options": {"drain": "10ms"}}}}), "`drain` is `10ms`"),
        (
            json!({"resources": {"r": {"type": "AWS::SNS::Topic", "options": {"drain": "10m"}}}}),
            "only a queue can be drained",
        ),
    ] {
        let mut stack = stack;
        stack["name"] = json!("shop");
        let failure = world.rig.try_load(&stack.to_string()).expect_err("a mistake");
        let found = failure.diagnostics.iter().any(|d| d.message.contains(words) && d.primary.is_some());
        assert!(found, "{words}: {:#?}", failure.diagnostics);
    }
    let raw =
        json!({"name": "shop", "resources": {"r": {"type": "AWS::SQS::Queue", "options": {"drain": "10m"}}}});
    world.rig.load(&raw.to_string()).expect("a queue by its type is one too");
}

#[test]
fn the_program_drains_in_the_local_cloud_and_says_so() {
    let sandbox = Sandbox::new();
    let file = |options: &str| {
        format!(
            "name: shop\nqueues:\n  orders: {{deadLetter: false, options: {options}}}\n  rest: {{deadLetter: false}}\n"
        )
    };
    sandbox.write("evstack.yaml", &file("{protect: false}"));
    sandbox.ok(&["apply", "--yes"]);
    sandbox.write("evstack.yaml", &file("{protect: false, drain: 1h30m}"));
    let run = sandbox.ok(&["apply", "--yes"]);
    assert!(run.stdout.contains("No changes"), "{}", run.stdout);
    sandbox.write("evstack.yaml", "name: shop\nqueues: {rest: {deadLetter: false}}\n");
    let plan = sandbox.ok(&["plan"]);
    assert!(plan.stdout.contains("# (drained first, for at most 1h30m)"), "{}", plan.stdout);
    let plan = sandbox.ok(&["plan", "--skip-drain"]);
    assert!(!plan.stdout.contains("drained"), "{}", plan.stdout);
    let document: Json = serde_json::from_str(&sandbox.ok(&["plan", "--json"]).stdout).expect("JSON");
    assert_eq!(document["evstack"]["drains"], json!([{"address": "queue.orders", "seconds": 5400}]));
    let needed = sandbox.ok(&["plan", "--permissions"]).stdout;
    assert!(needed.contains("sqs:GetQueueAttributes"), "{needed}");
    let comment = sandbox.ok(&["plan", "--markdown"]).stdout;
    assert!(comment.contains("drained first, for at most 1h30m"), "{comment}");
    sandbox.ok(&["plan", "--skip-drain", "--out", "p.plan"]);
    let saved: Json = serde_json::from_str(&sandbox.read("p.plan")).expect("JSON");
    assert_eq!(saved["options"]["skip_drain"], true, "{saved}");
    let run = sandbox.ok(&["apply", "--yes"]);
    assert!(run.stdout.contains("queue.orders: Draining complete after 0s\n"), "{}", run.stdout);
    assert!(run.stdout.contains("0 added, 0 changed, 1 destroyed."), "{}", run.stdout);
}
