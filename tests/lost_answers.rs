//! Updates and deletes that reached the cloud while their answer was lost, and that still run when the
//! next run begins: it waits for their end, and plans on what is there then.

#[path = "common/rig.rs"]
mod rig;

use evstack::apply::{Doing, Recovered, peek, undecided};
use evstack::diagnostics::Severity;
use evstack::model::Address;
use evstack::provider::Clock;
use evstack::schema::TypeName;
use evstack::state::{Entry, Operation, Verb};
use rig::Rig;
use serde_json::{Value as Json, json};

const QUEUE: &str = "AWS::SQS::Queue";
const WITH: &str = "{name: shop, resources: {q: {type: AWS::SQS::Queue, properties: {DelaySeconds: 5}}}}";
const CHANGED: &str = "{name: shop, resources: {q: {type: AWS::SQS::Queue, properties: {DelaySeconds: 9}}}}";

/// A run began to delete or change the queue, and was killed before it saw the answer. Half a minute
/// of it is left.
fn killed(verb: Verb, heard: bool) -> Rig {
    let rig = Rig::new(&json!({}), 5);
    let _ = rig.apply(WITH).expect("it is made");
    let loaded = rig.load(WITH).expect("a stack");
    let locked = rig.lock(&loaded);
    let recorded = locked.snapshot().resources[&Address::new("resource.q")].clone();
    let identifier = recorded.identifier.clone();
    let operation = Operation {
        id: locked.journal().next_operation(),
        verb,
        address: recorded.address.clone(),
        type_name: TypeName::new(QUEUE),
        identifier: Some(identifier.clone()),
        client_token: "lost".to_owned(),
        began: rig.clock.unix(),
        request_token: None,
        declared: None,
        deposes: false,
        leftover: false,
        undecided: false,
    };
    locked.append(Entry::Begin { operation: Box::new(operation) }).expect("written");
    rig.set_profile(&json!({"latency": [30_000, 30_000]}));
    let mut input = json!({"TypeName": QUEUE, "Identifier": identifier, "ClientToken": "lost"});
    let operation = match verb {
        Verb::Delete => "DeleteResource",
        _ => {
            let patch = json!([{"op": "replace", "path": "/DelaySeconds", "value": 9}]);
            input["PatchDocument"] = json!(patch.to_string());
            "UpdateResource"
        }
    };
    if heard {
        rig.call(operation, &input).expect("it is begun");
    }
    rig
}

fn delay(rig: &Rig) -> Json {
    let (_, identifier) = rig.inventory().pop().expect("a queue");
    rig.get(QUEUE, &identifier).expect("it is there")["DelaySeconds"].clone()
}

#[test]
fn a_delete_that_still_runs_is_waited_for_and_the_plan_after_it_makes_the_queue_again() {
    for heard in [true, false] {
        let rig = killed(Verb::Delete, heard);
        let loaded = rig.load(WITH).expect("a stack");
        let recovery = rig.recover(&loaded);
        let how = if heard { Recovered::Done } else { Recovered::NotDone };
        assert_eq!(recovery.ended, [(Address::new("resource.q"), Doing::Delete, how)]);
        assert!(recovery.problems.is_empty(), "{:?}", recovery.problems);
        assert_eq!(rig.inventory().len(), usize::from(!heard));
        let (plan, outcome) = rig.apply(WITH).expect("it goes on");
        assert_eq!((plan.is_empty(), outcome.added), (!heard, usize::from(heard)));
        assert_eq!(rig.inventory().len(), 1);
        rig.wait_for(std::time::Duration::from_secs(120));
        assert!(rig.plan(WITH).expect("a plan").is_empty(), "nothing goes behind its back");
    }
}

#[test]
fn an_update_that_still_runs_is_waited_for_and_what_it_did_is_seen() {
    for (heard, wanted, changes) in
        [(true, CHANGED, 0), (true, WITH, 1), (false, CHANGED, 1), (false, WITH, 0)]
    {
        let rig = killed(Verb::Update, heard);
        let (_, outcome) = rig.apply(wanted).expect("it goes on");
        assert_eq!(outcome.changed, changes, "{heard} {wanted}");
        assert_eq!(delay(&rig), if wanted == WITH { 5 } else { 9 });
        rig.wait_for(std::time::Duration::from_secs(120));
        assert!(rig.plan(wanted).expect("a plan").is_empty());
    }
}

#[test]
fn a_look_takes_what_still_runs_for_undecided() {
    for (verb, heard) in [(Verb::Delete, true), (Verb::Update, true), (Verb::Delete, false)] {
        let rig = killed(verb, heard);
        let state = rig.state(&rig.load(WITH).expect("a stack"));
        let seen = rig.wait(peek(&rig.provider, state)).expect("it answers");
        assert_eq!(undecided(&seen).len(), usize::from(heard));
    }
}

#[test]
fn a_cloud_that_does_not_tell_what_it_was_asked_for_is_warned_of() {
    for verb in [Verb::Delete, Verb::Update] {
        let rig = killed(verb, true);
        rig.denies("ListResourceRequests");
        let recovery = rig.recover(&rig.load(WITH).expect("a stack"));
        assert_eq!(recovery.ended.len(), 1);
        assert_eq!(recovery.ended[0].2, Recovered::NotDone);
        let problems: Vec<_> = recovery.problems.iter().collect();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].severity, Severity::Warning);
        assert!(problems[0].message.contains("`resource.q`"), "{}", problems[0].message);
        assert!(problems[0].hints[0].contains("cloudformation:ListResourceRequests"));
        // The plan is made on what is still there; the one after it sees the truth.
        rig.wait_for(std::time::Duration::from_secs(60));
        let _ = rig.apply(WITH).expect("it goes on");
        assert_eq!((delay(&rig), rig.inventory().len()), (json!(5), 1));
        assert!(rig.plan(WITH).expect("a plan").is_empty());
    }
}
