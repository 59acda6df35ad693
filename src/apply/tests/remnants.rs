//! What was there before a create is never deleted for it, whatever the create's failure names.

use super::*;

/// Has tags, and holds nothing that a declaration doesn't bring back.
const GROUP: &str = "AWS::Scheduler::ScheduleGroup";
/// Can't be tagged.
const UNTAGGED: &str = "AWS::Events::ApiDestination";

fn tags(stack: &str, address: &str) -> Json {
    json!([
        {"Key": "evstack:stack", "Value": stack},
        {"Key": "evstack:env", "Value": "local"},
        {"Key": "evstack:address", "Value": address},
    ])
}

fn properties(type_name: &str) -> Json {
    match type_name {
        NAMED => json!({"Name": "it", "Description": "new", "Tags": tags("test", "it.is")}),
        GROUP => json!({"Name": "it", "Tags": tags("test", "it.is")}),
        _ => json!({"Name": "it", "ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/c/1",
            "HttpMethod": "POST", "InvocationEndpoint": "https://example.com/new"}),
    }
}

fn one(type_name: &str) -> Stack {
    let mut stack = Stack::default().with("it.is", type_name, "it", "new", &[]);
    stack.desired[0].properties = Template::Literal(Value::from(properties(type_name)));
    stack
}

/// What is there with these properties instead, and a mark that no create gives it.
fn there(type_name: &str, instead: &Json) -> Json {
    let mut there = properties(type_name);
    for (name, value) in instead.as_object().expect("an object") {
        there[name] = value.clone();
    }
    there["Serial"] = json!("before");
    there
}

fn is_untouched(memory: &Memory) -> bool {
    let all = memory.resources();
    all.len() == 1 && all.values().all(|live| live["Serial"] == "before")
}

#[test]
fn what_a_failed_create_names_and_was_there_before_stays() {
    let elsewhere = json!({"InvocationEndpoint": "https://example.com/old"});
    for (type_name, instead, says) in [
        (NAMED, json!({"Tags": tags("bank", "it.is")}), "belongs to the stack `bank`"),
        (NAMED, json!({"Tags": tags("test", "it.was")}), "by its tags it is `it.was`"),
        (NAMED, json!({"Tags": []}), "nothing tells whether it was there before"),
        (GROUP, json!({"Tags": tags("bank", "it.is")}), "belongs to the stack `bank`"),
        (GROUP, json!({"Tags": []}), "nothing tells whether it was there before"),
        (UNTAGGED, elsewhere, "nothing tells whether it was there before"),
    ] {
        for kind in [FaultKind::Internal, FaultKind::Invalid, FaultKind::Throttled] {
            let dir = folder();
            let memory = Arc::new(Memory::default());
            let cloud: Arc<dyn Provider> = memory.clone();
            memory.put(&TypeName::new(type_name), "it", there(type_name, &instead));
            memory.trouble("CreateResource", "it", Trouble::FailNaming(kind));
            block_on(async {
                let mut state = open(dir.path());
                let outcome = apply(&one(type_name), &mut state, &means(&cloud, 1)).await.expect("reads");
                assert_eq!((outcome.added, outcome.imported, outcome.failures.len()), (0, 0, 1));
                let said = &outcome.failures[0].diagnostic;
                let words = format!("{} {:?}", said.message, said.hints);
                for part in [says, "`it` exists, and stays", "evstack import it.is it"] {
                    assert!(words.contains(part), "{part}: {words}");
                }
                let now = state.snapshot();
                assert!(now.resources.is_empty() && now.leftovers.is_empty() && now.operations.is_empty());
            });
            assert!(is_untouched(&memory), "{type_name} {instead}");
        }
    }
}

#[test]
fn what_holds_data_and_is_this_addresss_is_taken_over_and_the_next_run_changes_what_differs() {
    for (type_name, instead, whole) in [
        (NAMED, json!({}), true),
        (NAMED, json!({"Description": "old", "Other": "x"}), false),
        (UNTAGGED, json!({}), true),
    ] {
        let dir = folder();
        let memory = Arc::new(Memory::default());
        let cloud: Arc<dyn Provider> = memory.clone();
        memory.put(&TypeName::new(type_name), "it", there(type_name, &instead));
        memory.trouble("CreateResource", "it", Trouble::FailNaming(FaultKind::Internal));
        block_on(async {
            let mut state = open(dir.path());
            let outcome = apply(&one(type_name), &mut state, &means(&cloud, 1)).await.expect("reads");
            assert_eq!(
                (outcome.is_complete(), outcome.imported, outcome.added),
                (whole, u32::from(whole) as usize, 0)
            );
            assert!(outcome.made.is_empty() && outcome.found.contains(&Address::new("it.is")));
            agree(&memory, &state.snapshot());
            let outcome = apply(&one(type_name), &mut state, &means(&cloud, 2)).await.expect("reads");
            assert_eq!((outcome.is_complete(), outcome.changed), (true, usize::from(!whole)), "{outcome:?}");
            let (plan, _) = planned(&one(type_name), &state, &*cloud).await.expect("reads");
            assert!(plan.is_empty(), "{plan:?}");
            agree(&memory, &state.snapshot());
        });
        assert!(is_untouched(&memory), "{type_name} {instead}");
        let deletes = operations(&memory).into_iter().filter(|call| call.starts_with("Delete"));
        assert_eq!(deletes.count(), 0);
    }
}

#[test]
fn what_holds_nothing_and_is_this_addresss_is_a_remnant_and_is_made_anew() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    memory.put(&TypeName::new(GROUP), "it", there(GROUP, &json!({})));
    memory.trouble("CreateResource", "it", Trouble::FailNaming(FaultKind::Internal));
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&one(GROUP), &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!((outcome.is_complete(), outcome.added), (true, 1), "{outcome:?}");
        agree(&memory, &state.snapshot());
    });
    assert_eq!(operations(&memory), ["Create it", "Delete it", "Create it"]);
}

#[test]
fn what_cannot_be_read_is_neither_deleted_nor_forgotten() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    memory.put(&TypeName::new(NAMED), "it", there(NAMED, &json!({})));
    memory.trouble("CreateResource", "it", Trouble::FailNaming(FaultKind::Internal));
    memory.trouble("GetResource", "it", Trouble::Refuse(FaultKind::Denied));
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&one(NAMED), &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!(outcome.failures.len(), 1);
        assert_eq!(state.snapshot().operations.len(), 1);
        let recovery = recover(&means(&cloud, 2), &mut state, Catalogue::bundled(), &|_| None).await;
        let recovery = recovery.expect("a disk");
        assert_eq!(recovery.ended, [(Address::new("it.is"), Doing::Create, Recovered::Done)]);
        assert!(recovery.found.contains(&Address::new("it.is")));
        agree(&memory, &state.snapshot());
    });
    assert!(is_untouched(&memory));
}

#[test]
fn one_that_a_read_sees_late_is_met_by_the_next_try_and_taken_over() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    memory.lag(&TypeName::new(NAMED), "it", 5);
    memory.trouble("CreateResource", "it", Trouble::FailLeaving(FaultKind::Internal));
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&one(NAMED), &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!((outcome.is_complete(), outcome.imported), (true, 1), "{outcome:?}");
        agree(&memory, &state.snapshot());
    });
    assert_eq!(operations(&memory), ["Create it", "Create it"]);
}

#[test]
fn a_run_that_dies_while_its_create_fails_deletes_nothing_either() {
    for instead in [json!({}), json!({"Description": "old"})] {
        for keep in [0, 1, 99] {
            for at in 0..40 {
                let dir = folder();
                let memory = Arc::new(Memory::default());
                memory.put(&TypeName::new(NAMED), "it", there(NAMED, &instead));
                memory.trouble("CreateResource", "it", Trouble::FailNaming(FaultKind::Internal));
                let _ = killed::mortal_run(&one(NAMED), dir.path(), &memory, at, 1);
                killed::lose_tail(dir.path(), keep);
                let mut seed = 2;
                while !killed::mortal_run(&one(NAMED), dir.path(), &memory, i64::MAX, seed) {
                    assert!(seed < 5, "step {at}: it doesn't end");
                    seed += 1;
                }
                assert!(is_untouched(&memory), "step {at}");
                agree(&memory, &open_read(dir.path(), &key()).expect("readable").state);
                let state = open(dir.path());
                let (plan, _) = block_on(planned(&one(NAMED), &state, &*memory)).expect("reads");
                assert!(plan.is_empty(), "step {at}: {plan:?}");
            }
        }
    }
}

#[test]
fn a_name_that_was_given_is_told_from_one_that_the_service_made_up() {
    use crate::apply::remnant::{Create, is_given};
    let declared = |properties: Json| -> Declared {
        serde_json::from_value(json!({"properties": properties, "hash": ""})).expect("as a journal has it")
    };
    let topic = "arn:aws:sns:us-east-1:000000000000:orders";
    for (type_name, properties, identifier, given) in [
        (NAMED, json!({"Name": "it"}), "it", true),
        (
            "AWS::StepFunctions::StateMachine",
            json!({"StateMachineName": "flow"}),
            "arn:aws:states:us-east-1:000000000000:stateMachine:flow",
            true,
        ),
        (UNNAMED, json!({"TopicArn": topic}), &format!("{topic}:8a1b"), false),
        ("AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"}), "vpc-1", false),
        ("AWS::Lambda::EventSourceMapping", json!({"FunctionName": "f"}), "8a1b-22", false),
    ] {
        let declared = declared(properties);
        let kind = Catalogue::bundled().get(type_name).expect("a known type");
        let (address, type_name) = (Address::new("it.is"), TypeName::new(type_name));
        let create =
            Create { address: &address, type_name: &type_name, kind: Some(&kind), declared: Some(&declared) };
        assert_eq!(is_given(&create, identifier), given, "{type_name}");
    }
}
