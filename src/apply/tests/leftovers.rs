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
