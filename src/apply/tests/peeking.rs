//! A plan after a kill is made on what recovery will find.

use super::killed::{lose_tail, mortal_run};
use super::*;

#[test]
fn a_peek_tells_what_recovery_will_find_and_changes_nothing() {
    let mut told = 0;
    for keep in [0, 1, 99] {
        for at in 0.. {
            let dir = folder();
            let memory = Arc::new(Memory::default());
            let cloud: Arc<dyn Provider> = memory.clone();
            if mortal_run(&three(), dir.path(), &memory, at, 1) {
                assert!(at > 10, "it takes more steps than {at}");
                break;
            }
            lose_tail(dir.path(), keep);
            let asked = memory.calls().len();
            let left = open_read(dir.path(), &key()).expect("readable").state;
            let seen = block_on(peek(&cloud, left.clone())).expect("reads");
            let reads = ["GetResource", "GetResourceRequestStatus"];
            assert!(memory.calls()[asked..].iter().all(|call| reads.contains(&call.operation)));
            let there = memory.resources();
            assert_eq!(open_read(dir.path(), &key()).expect("readable").state.operations, left.operations);

            let mut state = open(dir.path());
            let means = means(&cloud, 2);
            let recovery = block_on(recover(&means, &mut state, Catalogue::bundled(), &|_| None));
            let words = recovery.expect("a disk").words();
            assert_eq!(words.is_some(), !left.operations.is_empty());
            for (address, recorded) in &state.snapshot().resources {
                let identity = (recorded.type_name.clone(), recorded.identifier.clone());
                match seen.resources.get(address) {
                    Some(seen) => assert_eq!(seen, recorded, "step {at}"),
                    // Recovery itself made it, or only recovery could tell.
                    None => {
                        let unsure = undecided(&seen).contains(address);
                        assert!(unsure || !there.contains_key(&identity), "step {at}: {address}");
                    }
                }
            }
            told += left.operations.len() - seen.operations.len();
        }
    }
    assert!(told > 10, "operations are told by reads: {told}");
}
