//! The whole engine with its state in S3: a run that was taken over while its calls waited for their
//! turns sends none of them.

use crate::engine::{store, take_of};
use crate::rig::{Line, Rig};
use crate::s3::{Line as Wire, S3};
use evstack::diagnostics::Code;
use evstack::ops::plan::Wanted;
use evstack::state::{Key, Locked};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LEASE: Duration = Duration::from_millis(600);
const QUEUES: usize = 20;

fn stack() -> String {
    let queues = (0..QUEUES).map(|n| format!("  q{n}: {{type: \"AWS::SQS::Queue\"}}\n"));
    format!("name: shop\nresources:\n{}", queues.collect::<String>())
}

/// Another run takes the state over once the first has been at work for so long, while everybody
/// waits for time to pass.
fn taken_over_after(time: Duration, mut rig: Rig) {
    let (s3, wire) = (S3::new(), Wire::default());
    rig.store = store(&s3, LEASE, &wire);
    let other: Arc<Mutex<Option<Locked>>> = Arc::default();
    let (holds, start) = (Arc::clone(&other), rig.cloud.now());
    let there = s3.clone();
    rig.watch(Arc::new(move |cloud| {
        let mut holds = holds.lock().expect("not poisoned");
        if holds.is_none() && start.until(cloud.now()) >= time {
            wire.cut();
            *holds =
                Some(take_of(&store(&there, LEASE, &Wire::default()), &Key::new("shop", "local"), "other"));
            wire.heal();
        }
    }));
    let mut locked = rig.lock(&rig.load(&stack()).expect("a stack"));
    let (_, outcome) = rig.attempt_in(&stack(), &Wanted::default(), &mut locked).expect("it begins");
    let unwritten = outcome.unwritten.expect("another run took over");
    assert_eq!(unwritten.why.code, Code::TAKEN_OVER, "{unwritten:?}");
    drop(locked);
    let calls = rig.take_calls();
    let changes = || calls.iter().filter(|call| call.operation == "CreateResource");
    assert!(changes().any(|call| call.status != Some(200)), "some have to be sent again: {calls:?}");
    let late: Vec<_> = changes().filter(|call| call.at >= time).collect();
    assert!(late.is_empty(), "sent after the loss: {late:?}");
    // What it left is picked up, and nothing is there twice.
    rig.watch(Arc::new(|_| {}));
    drop(other.lock().expect("not poisoned").take());
    rig.store = store(&s3, LEASE, &Wire::default());
    rig.dial(Line::default());
    rig.set_profile(&json!({}));
    let (_, outcome) = rig.try_apply(&stack(), &Wanted::default()).expect("it can be had");
    assert!(outcome.is_complete(), "{:?}", outcome.failures);
    assert_eq!(rig.inventory().len(), QUEUES);
}

fn rig(profile: &Json, line: Line) -> Rig {
    let mut rig = Rig::new(profile, 7);
    rig.dial(line);
    rig
}

#[test]
fn calls_that_waited_for_the_cloud_to_answer_are_not_sent_once_another_run_took_over() {
    let line = Line { guarded: Some("https://cloud.test"), ..Line::default() };
    let rig = rig(&json!({"latency": [1_000, 3_000]}), line);
    rig.goes_away(Duration::ZERO, Duration::from_secs(30));
    taken_over_after(Duration::from_secs(10), rig);
}

#[test]
fn calls_that_waited_for_their_turn_are_not_sent_once_another_run_took_over() {
    let line = Line { paced: true, ..Line::default() };
    let profile = json!({"latency": [1_000, 3_000], "throttle_rate": {"per_second": 2, "burst": 2}});
    taken_over_after(Duration::from_secs(6), rig(&profile, line));
}
