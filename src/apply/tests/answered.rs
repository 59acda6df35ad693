//! Services that answer a create with what is there: whatever the order, nothing is recorded that isn't
//! there, and nothing is deleted that somebody still has.

use super::*;

fn one(address: &str, topic: &str) -> Stack {
    Stack::default().with(address, UNNAMED, topic, "one", &[])
}

fn both() -> Stack {
    let mut stack = one("sub.a", "here");
    stack.desired.extend(one("sub.b", "there").desired);
    stack
}

/// Makes the first, then goes to the second stack, whose create is answered with the first's.
fn answered(second: &Stack, polls: u32, delete_later: bool) -> (Arc<Memory>, crate::state::State, Outcome) {
    block_on(async {
        let dir = folder();
        let memory = Arc::new(Memory::new(polls));
        let cloud = Arc::clone(&memory) as Arc<dyn Provider>;
        let mut state = open(dir.path());
        let outcome = apply(&one("sub.a", "here"), &mut state, &means(&cloud, 1)).await.expect("answers");
        assert!(outcome.is_complete(), "{:?}", outcome.failures);
        let made = state.snapshot().resources.values().map(|r| r.identifier.clone()).next().expect("one");
        memory.trouble("CreateResource", UNNAMED, Trouble::Answer(made.clone()));
        if delete_later {
            memory.trouble("DeleteResource", &made, Trouble::Fail(FaultKind::Internal));
        }
        let outcome = apply(second, &mut state, &means(&cloud, 2)).await.expect("answers");
        let snapshot = state.snapshot();
        (memory, snapshot, outcome)
    })
}

#[test]
fn what_was_renamed_and_is_the_same_to_the_service_is_no_phantom() {
    for polls in [1, 2, 5] {
        for delete_later in [false, true] {
            let (memory, state, outcome) = answered(&one("sub.b", "there"), polls, delete_later);
            agree(&memory, &state);
            // Whoever can't tell says so.
            assert_eq!(outcome.is_complete(), state.resources.len() == 1, "{:?}", outcome.failures);
        }
    }
}

#[test]
fn what_took_its_own_place_is_not_deleted() {
    for polls in [1, 5] {
        let (memory, state, outcome) = answered(&one("sub.a", "there"), polls, false);
        assert!(outcome.is_complete(), "{:?}", outcome.failures);
        assert_eq!((memory.resources().len(), outcome.destroyed), (1, 0));
        agree(&memory, &state);
    }
}

#[test]
fn what_another_address_has_is_not_recorded_twice() {
    let (memory, state, outcome) = answered(&both(), 1, false);
    assert_eq!(state.resources.keys().map(Address::as_str).collect::<Vec<_>>(), ["sub.a"]);
    let [failure] = outcome.failures.as_slice() else { panic!("{:?}", outcome.failures) };
    let words = format!("{:?}", failure.diagnostic);
    assert!(words.contains("recorded as `sub.a`") && words.contains("state mv sub.a sub.b"), "{words}");
    agree(&memory, &state);
}
