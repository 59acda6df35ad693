//! Updates that are refused: as create-only after all, and half-way.

use super::*;
use crate::model::ActionReason;
use crate::plan::Why;

fn described(text: &str) -> Stack {
    Stack::default().with("bus.base", NAMED, "base", text, &[])
}

#[test]
fn what_cannot_be_updated_after_all_is_recorded_and_replaced_by_the_next_plan_alone() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    block_on(async {
        let mut state = open(dir.path());
        let _ = apply(&described("one"), &mut state, &means(&cloud, 1)).await.expect("reads");
        memory.trouble("UpdateResource", "base", Trouble::Fail(FaultKind::NotUpdatable));
        let outcome = apply(&described("two"), &mut state, &means(&cloud, 2)).await.expect("reads");
        assert_eq!((outcome.failures.len(), outcome.added, outcome.destroyed), (1, 0, 0), "{outcome:?}");
        let hint = &outcome.failures[0].diagnostic.hints[0];
        assert!(hint.contains("`Description`") && hint.contains("`evstack plan`"), "{hint}");
        drop(state);

        // It outlives the process, and the next plan says what was found.
        let mut state = open(dir.path());
        let (plan, _) = planned(&described("two"), &state, &*cloud).await.expect("reads");
        let change = plan.change(&"bus.base".into()).expect("planned");
        assert_eq!(change.action, Action::DeleteThenCreate);
        assert_eq!(change.reason, Some(ActionReason::ReplaceBecauseCannotUpdate));
        assert!(
            matches!(&change.causes[0].why, Why::Found(words) if words == "failed"),
            "{:?}",
            change.causes
        );
        assert_eq!(change.causes[0].place, "stack.yaml:1:1");

        // The value goes back: nothing is to be done, and nothing is done for it.
        let (plan, _) = planned(&described("one"), &state, &*cloud).await.expect("reads");
        assert!(plan.is_empty(), "{plan:?}");

        let outcome = apply(&described("two"), &mut state, &means(&cloud, 3)).await.expect("reads");
        assert_eq!((outcome.added, outcome.destroyed, outcome.is_complete()), (1, 1, true), "{outcome:?}");
        let recorded = &state.snapshot().resources[&Address::new("bus.base")];
        assert!(recorded.doubts.is_empty(), "{:?}", recorded.doubts);
        agree(&memory, &state.snapshot());
    });
}

#[test]
fn a_retained_one_stays_in_the_cloud_when_it_is_replaced_and_leaves_the_state() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let stack = |name: &str| {
        let mut stack = Stack::default().with("bus.base", NAMED, name, "one", &[]);
        stack.desired[0].options.retain_on_delete = true;
        stack
    };
    block_on(async {
        let mut state = open(dir.path());
        let _ = apply(&stack("first"), &mut state, &means(&cloud, 1)).await.expect("reads");
        let outcome = apply(&stack("second"), &mut state, &means(&cloud, 2)).await.expect("reads");
        assert_eq!((outcome.added, outcome.destroyed, outcome.forgotten), (1, 0, 1), "{outcome:?}");
        let there: Vec<String> = memory.resources().into_keys().map(|(_, name)| name).collect();
        assert_eq!(there, ["first", "second"]);
        let state = state.snapshot();
        assert_eq!(state.resources[&Address::new("bus.base")].identifier, "second");
        assert!(state.leftovers.is_empty() && state.operations.is_empty());
    });
}
