//! What is still to be deleted is deleted once, by whichever run can, and never lost.

use super::*;

fn bus(name: &str) -> Stack {
    Stack::default().with("bus.base", NAMED, name, "one", &[])
}

fn left(state: &Locked) -> Vec<String> {
    state.snapshot().leftovers.into_iter().map(|leftover| leftover.identifier).collect()
}

/// `one` was replaced by `two`, and couldn't be deleted.
async fn replaced(memory: &Arc<Memory>, state: &mut Locked) {
    let cloud: Arc<dyn Provider> = memory.clone();
    let _ = apply(&bus("one"), state, &means(&cloud, 1)).await.expect("reads");
    memory.trouble("DeleteResource", "one", Trouble::Fail(FaultKind::Denied));
    let outcome = apply(&bus("two"), state, &means(&cloud, 2)).await.expect("reads");
    assert_eq!((outcome.added, outcome.failures.len()), (1, 1), "{outcome:?}");
    assert_eq!(left(state), ["one"]);
}

#[test]
fn what_is_still_to_be_deleted_outlives_the_record_of_its_address() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    block_on(async {
        let mut state = open(dir.path());
        replaced(&memory, &mut state).await;
        memory.lose(&TypeName::new(NAMED), "two");
        memory.trouble("DeleteResource", "one", Trouble::Fail(FaultKind::Denied));
        let outcome = apply(&Stack::default(), &mut state, &means(&cloud, 3)).await.expect("reads");
        assert_eq!((outcome.forgotten, outcome.failures.len()), (1, 1), "{outcome:?}");
        assert_eq!((left(&state), state.snapshot().resources.len()), (vec!["one".to_owned()], 0));
        let outcome = apply(&Stack::default(), &mut state, &means(&cloud, 4)).await.expect("reads");
        assert!(outcome.is_complete(), "{outcome:?}");
        agree(&memory, &state.snapshot());
        assert!(memory.resources().is_empty());
    });
}

/// A create failed and left something that can't be deleted.
async fn with_remnant(memory: &Arc<Memory>, state: &mut Locked, stack: &Stack) {
    let cloud: Arc<dyn Provider> = memory.clone();
    memory.trouble("CreateResource", UNNAMED, Trouble::FailLeaving(FaultKind::Invalid));
    memory.trouble("DeleteResource", "made-1", Trouble::Fail(FaultKind::Denied));
    let outcome = apply(stack, state, &means(&cloud, 1)).await.expect("reads");
    assert_eq!(outcome.failures.len(), 1, "{outcome:?}");
    assert_eq!(left(state), ["made-1"]);
}

/// As `evstack apply`.
async fn recovered_and_applied(stack: &Stack, state: &mut Locked, cloud: &Arc<dyn Provider>) -> Outcome {
    let means = means(cloud, 7);
    let recovery = recover(&means, state, Catalogue::bundled(), &|_| None).await.expect("a disk");
    assert!(recovery.problems.is_empty(), "{:?}", recovery.problems);
    apply(stack, state, &means).await.expect("reads")
}

#[test]
fn a_remnant_that_cannot_be_deleted_stops_its_own_address_alone() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let sub = Stack::default().with("sub.it", UNNAMED, "topic", "x", &[]);
    let both = sub.clone().with("bus.other", NAMED, "other", "y", &[]);
    block_on(async {
        let mut state = open(dir.path());
        with_remnant(&memory, &mut state, &sub).await;
        memory.trouble("DeleteResource", "made-1", Trouble::Fail(FaultKind::Denied));
        let outcome = recovered_and_applied(&both, &mut state, &cloud).await;
        let hints = &outcome.failures[0].diagnostic.hints;
        assert!(hints.iter().any(|hint| hint.contains("evstack state rm sub.it")), "{hints:?}");
        assert_eq!((outcome.added, outcome.failures.len(), outcome.skipped.len()), (1, 1, 1), "{outcome:?}");
        assert_eq!(left(&state), ["made-1"]);
        let outcome = recovered_and_applied(&both, &mut state, &cloud).await;
        assert!(outcome.is_complete(), "{outcome:?}");
        assert_eq!((outcome.added, outcome.destroyed), (1, 1), "{outcome:?}");
        agree(&memory, &state.snapshot());
    });
}

#[test]
fn a_stack_goes_but_for_a_remnant_that_cannot_be_deleted_and_somebody_lets_go_of() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let sub = Stack::default().with("sub.it", UNNAMED, "topic", "x", &[]);
    let both = sub.clone().with("bus.other", NAMED, "other", "y", &[]);
    block_on(async {
        let mut state = open(dir.path());
        with_remnant(&memory, &mut state, &sub).await;
        memory.trouble("DeleteResource", "made-1", Trouble::Fail(FaultKind::Denied));
        let outcome = recovered_and_applied(&both, &mut state, &cloud).await;
        assert_eq!(outcome.added, 1, "{outcome:?}");
        memory.trouble("DeleteResource", "made-1", Trouble::Fail(FaultKind::Denied));
        let outcome = recovered_and_applied(&Stack::default(), &mut state, &cloud).await;
        assert_eq!((outcome.destroyed, outcome.failures.len()), (1, 1), "{outcome:?}");
        let address = Address::new("sub.it");
        assert!(state.with(|state| state.knows(&address)));
        assert_eq!(state.forget(std::slice::from_ref(&address)).expect("it is known"), [address]);
        assert!(left(&state).is_empty());
        assert_eq!(memory.resources().len(), 1, "it stays in the cloud");
        let outcome = recovered_and_applied(&Stack::default(), &mut state, &cloud).await;
        assert!(outcome.is_complete());
    });
}

#[test]
fn what_is_left_is_in_the_plan_and_in_the_numbers() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    block_on(async {
        let mut state = open(dir.path());
        replaced(&memory, &mut state).await;
        let (plan, live) = planned(&bus("two"), &state, &*cloud).await.expect("reads");
        assert_eq!((plan.is_empty(), plan.counts().destroy, plan.leftovers.len()), (false, 1, 1));
        let outcome = carried_out(&bus("two"), &plan, &live, &mut state, &means(&cloud, 3)).await;
        assert_eq!((outcome.destroyed, outcome.is_complete()), (1, true), "{outcome:?}");
        agree(&memory, &state.snapshot());
        let (plan, _) = planned(&bus("two"), &state, &*cloud).await.expect("reads");
        assert!(plan.is_empty());
    });
    // Somebody was quicker.
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    block_on(async {
        let mut state = open(dir.path());
        replaced(&memory, &mut state).await;
        memory.lose(&TypeName::new(NAMED), "one");
        let (plan, live) = planned(&bus("two"), &state, &*cloud).await.expect("reads");
        assert_eq!((plan.is_empty(), plan.counts().destroy, plan.counts().forget), (false, 0, 1));
        let outcome = carried_out(&bus("two"), &plan, &live, &mut state, &means(&cloud, 3)).await;
        assert_eq!((outcome.destroyed, outcome.forgotten), (0, 1), "{outcome:?}");
        agree(&memory, &state.snapshot());
    });
}

#[test]
fn what_is_anothers_by_now_is_not_deleted() {
    let bank = json!({"Name": "one", "Tags": [
        {"Key": "evstack:stack", "Value": "bank"},
        {"Key": "evstack:env", "Value": "local"},
        {"Key": "evstack:address", "Value": "bus.base"},
    ]});
    for planned_before in [false, true] {
        let dir = folder();
        let memory = Arc::new(Memory::default());
        let cloud: Arc<dyn Provider> = memory.clone();
        let is_there = || memory.resources().contains_key(&(TypeName::new(NAMED), "one".to_owned()));
        block_on(async {
            let mut state = open(dir.path());
            replaced(&memory, &mut state).await;
            let early = planned(&bus("two"), &state, &*cloud).await.expect("reads");
            memory.put(&TypeName::new(NAMED), "one", bank.clone());
            if planned_before {
                let (plan, live) = early;
                let outcome = carried_out(&bus("two"), &plan, &live, &mut state, &means(&cloud, 3)).await;
                let said = &outcome.failures[0].diagnostic;
                assert_eq!(said.code, crate::diagnostics::Code::FOREIGN_OWNER);
                assert!(said.message.contains("belongs to the stack `bank`"), "{}", said.message);
                assert_eq!((is_there(), left(&state)), (true, vec!["one".to_owned()]));
            }
            let before = state.snapshot();
            let (plan, live) = planned(&bus("two"), &state, &*cloud).await.expect("reads");
            assert_eq!((plan.counts().destroy, plan.counts().forget), (0, 1), "{plan:?}");
            let read = [((TypeName::new(NAMED), "one".to_owned()), Live::Present(bank.clone()))].into();
            let (_, warnings) = leftovers(&before, &read, false, Catalogue::bundled());
            assert!(format!("{warnings:?}").contains("belongs to the stack `bank`"), "{warnings:?}");
            let outcome = carried_out(&bus("two"), &plan, &live, &mut state, &means(&cloud, 4)).await;
            assert!(outcome.is_complete() && left(&state).is_empty(), "{outcome:?}");
            assert_eq!((outcome.forgotten, is_there()), (1, true));
        });
    }
}
