//! Updates while somebody else writes too: what is declared is live in the end, what nobody declared
//! stays, whenever the other writes, and however reads show lists.
//! `EVSTACK_PATCH_CASES=2000 cargo test --test patches` runs more of them; a failing case prints its
//! seed.

#[path = "common/rig.rs"]
mod rig;

use evstack::diagnostics::Code;
use evstack::local::Cloud;
use evstack::model::{Address, Json};
use evstack::provider::{
    Answer, Depth, Fault, FaultKind, Progress, Provider, Remembered, Silence, Sought, Urgency,
};
use evstack::schema::TypeName;
use rig::{Rig, call_on};
use serde_json::json;
use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const ROLE: &str = "AWS::IAM::Role";
const ALARM: &str = "AWS::CloudWatch::CompositeAlarm";

/// SplitMix64: the same seed, the same afternoon.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (n.max(1) as u64)).unwrap_or(0)
    }

    fn some(&mut self, of: &[&'static str]) -> Vec<&'static str> {
        of.iter().copied().filter(|_| self.below(2) == 0).collect()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What somebody does to what is there.
type Deed = Box<dyn FnOnce(&Cloud) + Send>;

/// Somebody who writes at the worst of moments, and reads that show sets in another order each time.
struct Meddler {
    inner: Arc<dyn Provider>,
    cloud: Arc<Cloud>,
    /// One before each UpdateResource, after all that is read for it.
    before: Mutex<VecDeque<Deed>>,
    /// One after each.
    after: Mutex<VecDeque<Deed>>,
    shuffles: Mutex<Option<Dice>>,
    /// Why it is refused, whatever it asks for.
    refuses: Mutex<Option<Fault>>,
    updates: Mutex<Vec<Json>>,
}

impl Provider for Meddler {
    fn read<'a>(&'a self, of: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>> {
        Box::pin(async move {
            let mut live = self.inner.read(of, identifier).await?;
            if let (Some(dice), Some(Json::Object(live))) = (&mut *held(&self.shuffles), &mut live) {
                for (name, value) in live {
                    if let (Json::Array(items), true) = (value, name == "ManagedPolicyArns" || name == "Tags")
                    {
                        for last in (1..items.len()).rev() {
                            items.swap(last, dice.below(last + 1));
                        }
                    }
                }
            }
            Ok(live)
        })
    }
    fn update<'a>(
        &'a self,
        of: &'a TypeName,
        identifier: &'a str,
        patch: &'a Json,
        token: &'a str,
    ) -> Answer<'a, Progress> {
        Box::pin(async move {
            if let Some(deed) = held(&self.before).pop_front() {
                deed(&self.cloud);
            }
            held(&self.updates).push(patch.clone());
            if let Some(fault) = held(&self.refuses).clone() {
                return Err(fault);
            }
            let progress = self.inner.update(of, identifier, patch, token).await;
            if progress.is_ok()
                && let Some(deed) = held(&self.after).pop_front()
            {
                deed(&self.cloud);
            }
            progress
        })
    }
    fn create<'a>(&'a self, of: &'a TypeName, desired: &'a Json, token: &'a str) -> Answer<'a, Progress> {
        self.inner.create(of, desired, token)
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
    fn depth<'a>(&'a self, queue_url: &'a str) -> Answer<'a, Option<Depth>> {
        self.inner.depth(queue_url)
    }
    fn admit(&self, urgency: Urgency) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        self.inner.admit(urgency)
    }
    fn silence(&self) -> Silence {
        self.inner.silence()
    }
}

fn rig(seed: u64) -> (Rig, Arc<Meddler>) {
    let mut rig = Rig::new(&json!({}), seed);
    let meddler = Arc::new(Meddler {
        inner: Arc::clone(&rig.provider),
        cloud: Arc::clone(&rig.cloud),
        before: Mutex::default(),
        after: Mutex::default(),
        shuffles: Mutex::default(),
        refuses: Mutex::default(),
        updates: Mutex::default(),
    });
    rig.provider = Arc::clone(&meddler) as Arc<dyn Provider>;
    (rig, meddler)
}

fn policy(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

fn tag(key: &str) -> Json {
    json!({"Key": key, "Value": "v"})
}

fn arns(names: &[&str]) -> Json {
    names.iter().map(|name| json!(policy(name))).collect()
}

/// A role with these policies and tags, and an alarm with these actions.
fn stack(policies: &[&str], tags: &[&str], actions: &[&str]) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}]});
    let tags: Vec<Json> = tags.iter().map(|key| tag(key)).collect();
    json!({"name": "shop", "resources": {
        "role": {"type": ROLE, "properties": {"RoleName": "r", "AssumeRolePolicyDocument": trust,
            "ManagedPolicyArns": arns(policies), "Tags": tags}},
        "alarm": {"type": ALARM, "properties": {"AlarmName": "a", "AlarmRule": "TRUE",
            "AlarmActions": arns(actions)}},
    }})
    .to_string()
}

fn live(cloud: &Cloud, of: &str, identifier: &str) -> Json {
    let input = json!({"TypeName": of, "Identifier": identifier});
    let answer = call_on(cloud, "GetResource", &input).expect("it is there");
    let text = answer["ResourceDescription"]["Properties"].as_str().expect("a model");
    serde_json::from_str(text).expect("JSON")
}

/// Somebody makes something of a list.
fn edit(cloud: &Cloud, of: &str, identifier: &str, list: &str, deed: impl FnOnce(&mut Vec<Json>)) {
    let shown = live(cloud, of, identifier);
    let mut items = shown[list].as_array().cloned().unwrap_or_default();
    deed(&mut items);
    if shown[list] == json!(items) || items.is_empty() && shown.get(list).is_none() {
        return;
    }
    let patch = json!([{"op": "add", "path": format!("/{list}"), "value": items}]).to_string();
    let input = json!({"TypeName": of, "Identifier": identifier, "PatchDocument": patch});
    let begun = call_on(cloud, "UpdateResource", &input).expect("it can be changed");
    let token = begun["ProgressEvent"]["RequestToken"].clone();
    let event = call_on(cloud, "GetResourceRequestStatus", &json!({ "RequestToken": token }));
    let event = event.expect("it is told");
    assert_eq!(event["ProgressEvent"]["OperationStatus"], "SUCCESS", "{event}");
}

fn policies(cloud: &Cloud, deed: impl FnOnce(&mut Vec<Json>)) {
    edit(cloud, ROLE, "r", "ManagedPolicyArns", deed);
}

fn without(name: &'static str) -> impl FnOnce(&mut Vec<Json>) {
    move |items| items.retain(|item| *item != json!(policy(name)))
}

fn with(name: &'static str) -> impl FnOnce(&mut Vec<Json>) {
    move |items| items.push(json!(policy(name)))
}

/// The last names of what is in a list, sorted.
fn names(cloud: &Cloud, of: &str, identifier: &str, list: &str) -> Vec<String> {
    let shown = live(cloud, of, identifier);
    let items = shown[list].as_array().into_iter().flatten();
    let name = |item: &Json| match item.as_str().or(item["Key"].as_str()) {
        Some(text) => text.rsplit('/').next().unwrap_or("").to_owned(),
        None => String::new(),
    };
    items.map(name).filter(|name| !name.starts_with("evstack:")).collect()
}

fn attached(rig: &Rig) -> BTreeSet<String> {
    names(&rig.cloud, ROLE, "r", "ManagedPolicyArns").into_iter().collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_somebody_removes_after_the_plan_takes_nothing_else_with_it() {
    let (rig, meddler) = rig(1);
    let _ = rig.apply(&stack(&["A", "B"], &["k"], &["x"])).expect("it is made");
    policies(&rig.cloud, with("foreign"));
    let wanted = stack(&["A"], &["k"], &["x"]);
    let (plan, outcome) = rig.apply_after(&wanted, || policies(&rig.cloud, without("A"))).expect("a plan");
    assert!(outcome.is_complete() && outcome.warnings.is_empty(), "{outcome:#?}");
    assert_eq!(plan.changes.iter().filter(|change| !change.diff.is_empty()).count(), 1);
    assert_eq!(attached(&rig), set(&["A", "foreign"]));
    assert_eq!(held(&meddler.updates).len(), 1, "it was read right before");
    assert!(rig.plan(&wanted).expect("a plan").is_empty());
}

#[test]
fn what_somebody_changes_right_before_the_update_is_looked_at_again() {
    let (rig, meddler) = rig(2);
    let _ = rig.apply(&stack(&["A", "B"], &["k"], &["x"])).expect("it is made");
    policies(&rig.cloud, with("foreign"));
    let deeds: [Deed; 2] = [
        Box::new(|cloud| policies(cloud, without("A"))),
        Box::new(|cloud| policies(cloud, |items| items.reverse())),
    ];
    held(&meddler.before).extend(deeds);
    let wanted = stack(&["A"], &["k"], &["x"]);
    let (_, outcome) = rig.apply(&wanted).expect("it is changed");
    assert_eq!((outcome.changed, outcome.warnings.len()), (1, 0));
    assert_eq!(attached(&rig), set(&["A", "foreign"]));
    assert!(held(&meddler.updates).len() > 1, "{:?}", held(&meddler.updates));
    assert!(rig.plan(&wanted).expect("a plan").is_empty());
}

#[test]
fn a_tag_that_somebody_sets_after_the_plan_stays() {
    let (rig, meddler) = rig(3);
    let _ = rig.apply(&stack(&["A"], &["a", "b"], &["x"])).expect("it is made");
    let tags = |cloud: &Cloud, key: &'static str| {
        edit(cloud, ROLE, "r", "Tags", |items| items.push(tag(key)));
    };
    held(&meddler.before).push_back(Box::new(move |cloud| tags(cloud, "late")));
    let wanted = stack(&["A"], &["a", "c"], &["x"]);
    let (_, outcome) = rig.apply_after(&wanted, || tags(&rig.cloud, "early")).expect("a plan");
    assert!(outcome.is_complete(), "{outcome:#?}");
    let keys: BTreeSet<String> = names(&rig.cloud, ROLE, "r", "Tags").into_iter().collect();
    assert!(keys.is_superset(&set(&["a", "c", "early", "late"])) && !keys.contains("b"), "{keys:?}");
}

#[test]
fn an_update_of_a_list_that_each_read_shows_in_another_order_ends() {
    for seed in 0..20 {
        let (rig, meddler) = rig(seed);
        *held(&meddler.shuffles) = Some(Dice(seed));
        let _ = rig.apply(&stack(&["A", "B", "C", "D"], &["a", "b"], &["x"])).expect("it is made");
        policies(&rig.cloud, with("foreign"));
        let wanted = stack(&["D", "E"], &["b", "c"], &["x"]);
        let (_, outcome) = rig.apply(&wanted).expect("it is changed");
        assert!(outcome.warnings.is_empty(), "{seed}: {outcome:#?}");
        assert_eq!(attached(&rig), set(&["D", "E", "foreign"]), "{seed}");
        assert!(rig.plan(&wanted).expect("a plan").is_empty(), "{seed}");
    }
}

#[test]
fn an_item_that_is_still_there_after_the_update_stays_ours_and_goes_with_the_next() {
    let (rig, meddler) = rig(4);
    let _ = rig.apply(&stack(&["A", "B"], &["k"], &["x"])).expect("it is made");
    held(&meddler.after).push_back(Box::new(|cloud| policies(cloud, with("B"))));
    let wanted = stack(&["A"], &["k"], &["x"]);
    let (_, outcome) = rig.apply(&wanted).expect("it is changed");
    let [warning] = &outcome.warnings[..] else { panic!("{outcome:#?}") };
    assert_eq!(warning.code, Code::PROMISE_BROKEN);
    assert!(warning.message.contains("ManagedPolicyArns"), "{warning:?}");
    let loaded = rig.load(&wanted).expect("a stack");
    let recorded = &rig.state(&loaded).resources[&Address::new("resource.role")];
    assert_eq!(recorded.declared["ManagedPolicyArns"], arns(&["A", "B"]));
    assert!(recorded.doubts.lingers);
    let (_, outcome) = rig.apply(&wanted).expect("it is changed");
    assert_eq!((outcome.changed, outcome.warnings.len()), (1, 0));
    assert_eq!(attached(&rig), set(&["A"]));
    let recorded = &rig.state(&loaded).resources[&Address::new("resource.role")];
    assert_eq!((&recorded.declared["ManagedPolicyArns"], recorded.doubts.lingers), (&arns(&["A"]), false));
}

#[test]
fn a_refusal_for_what_is_asked_is_told_as_it_is_after_one_more_try_without_tests() {
    let (rig, meddler) = rig(5);
    let _ = rig.apply(&stack(&["A"], &["k"], &["x"])).expect("it is made");
    let message = "the policy is bad".to_owned();
    *held(&meddler.refuses) = Some(Fault {
        kind: FaultKind::Invalid,
        operation: "UpdateResource",
        type_name: None,
        identifier: None,
        code: "InvalidRequestException".to_owned(),
        message: message.clone(),
        request_id: None,
    });
    let changed = stack(&["B"], &["k"], &["x"]);
    let (_, outcome) = rig.apply_after(&changed, || {}).expect("a plan");
    let [failure] = &outcome.failures[..] else { panic!("{outcome:#?}") };
    assert!(failure.diagnostic.message.contains(&message), "{failure:?}");
    let updates = held(&meddler.updates).clone();
    let tests = |patch: &Json| patch.as_array().expect("operations").iter().any(|o| o["op"] == "test");
    assert_eq!(updates.iter().map(tests).collect::<Vec<_>>(), [true, false], "{updates:?}");
}

const OURS: [&str; 5] = ["A", "B", "C", "D", "E"];
const THEIRS: [&str; 4] = ["s", "t", "u", "v"];

/// The lists, by where they are.
const LISTS: [(&str, &str, &str); 3] =
    [(ROLE, "r", "ManagedPolicyArns"), (ROLE, "r", "Tags"), (ALARM, "a", "AlarmActions")];

/// What others have in each list.
type Others = Arc<Mutex<[BTreeSet<String>; 3]>>;

/// Items of others come and go; ours go or move only where order says nothing.
fn deed(dice: &mut Dice, others: &Others) -> Deed {
    let (number, what, at) = (dice.below(3), dice.below(4), dice.below(8));
    let others = Arc::clone(others);
    Box::new(move |cloud| {
        let (of, identifier, list) = LISTS[number];
        let theirs = THEIRS[at % if number == 2 { 2 } else { THEIRS.len() }];
        let item = if number == 1 { tag(theirs) } else { json!(policy(theirs)) };
        edit(cloud, of, identifier, list, |items| match what {
            0 if !items.contains(&item) => {
                items.push(item);
                held(&others)[number].insert(theirs.to_owned());
            }
            0 | 1 => {
                items.retain(|one| *one != item);
                held(&others)[number].remove(theirs);
            }
            2 if number != 2 => {
                let ours =
                    |one: &Json| !THEIRS.iter().any(|name| *one == tag(name) || *one == json!(policy(name)));
                if let Some(ours) = items.iter().position(ours) {
                    items.remove(ours);
                }
            }
            3 if number != 2 => items.reverse(),
            _ => {}
        });
    })
}

/// One afternoon: a stack, foreign items, another stack, and foreign edits after its plan and right
/// before its updates. Its lists hold what is declared and what others put there, nothing else.
fn afternoon(seed: u64) -> Result<(), String> {
    let mut dice = Dice(seed);
    let (rig, meddler) = rig(seed);
    let shuffled = dice.below(3) == 0;
    *held(&meddler.shuffles) = shuffled.then_some(Dice(seed));
    let mut filled = |of: &[&'static str]| {
        let mut some = dice.some(of);
        if some.is_empty() {
            some.push(of[dice.below(of.len())]);
        }
        some
    };
    // An alarm has room for five actions.
    let mut lists = || [filled(&OURS), filled(&OURS), filled(&OURS[..3])];
    let (was, is) = (lists(), lists());
    let _ = rig.apply(&stack(&was[0], &was[1], &was[2]))?;
    let others = Others::default();
    for _ in 0..3 {
        deed(&mut dice, &others)(&rig.cloud);
    }
    // In a list that has no order a test says nothing, and who writes in that very moment loses.
    let late: Vec<Deed> = (0..if shuffled { 0 } else { 3 }).map(|_| deed(&mut dice, &others)).collect();
    held(&meddler.before).extend(late);
    let wanted = stack(&is[0], &is[1], &is[2]);
    let (_, outcome) = rig.apply_after(&wanted, || {
        for _ in 0..3 {
            deed(&mut dice, &others)(&rig.cloud);
        }
    })?;
    let told = || format!("was {was:?}, is {is:?}, {outcome:#?} {:#?}", held(&meddler.updates));
    if !outcome.is_complete() {
        return Err(told());
    }
    held(&meddler.before).clear();
    // What somebody takes away in the moment of an update of something else is told, and set back
    // with the next.
    let again = if outcome.warnings.is_empty() { 1 } else { 2 };
    for run in 0..2 {
        for (number, (of, identifier, list)) in LISTS.into_iter().enumerate() {
            let there = names(&rig.cloud, of, identifier, list);
            let all: BTreeSet<String> = there.iter().cloned().collect();
            let theirs = held(&others)[number].clone();
            let expected: BTreeSet<String> = set(&is[number]).union(&theirs).cloned().collect();
            let foreign: BTreeSet<String> =
                all.iter().filter(|name| THEIRS.contains(&name.as_str())).cloned().collect();
            let told = || format!("{list} is {there:?}, others' {theirs:?}, run {run}: {}", told());
            if foreign != theirs || all.len() != there.len() || (run + 1 >= again && all != expected) {
                return Err(told());
            }
            let ours: Vec<&String> = there.iter().filter(|name| !theirs.contains(*name)).collect();
            if number == 2 && ours != is[number] {
                return Err(told());
            }
        }
        let _ = rig.apply(&wanted)?;
    }
    match rig.plan(&wanted)?.is_empty() {
        true => Ok(()),
        false => Err(format!("the plan isn't empty: {}", told())),
    }
}

#[test]
fn whenever_somebody_writes_what_is_declared_is_live_and_what_is_others_stays() {
    let cases = std::env::var("EVSTACK_PATCH_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    for seed in 0..cases {
        if let Err(why) = afternoon(seed) {
            panic!("seed {seed}: {why}");
        }
    }
}
