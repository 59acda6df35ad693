//! Creates that no token tells of: found, found missing, or left for somebody to decide; never made
//! twice, and never taken from another.

use super::*;
use crate::state::Entry;

/// The time of day of every run here, in seconds since 1970.
const NOW: u64 = 1_700_000_000;

/// Gets an identifier of its own, and has tags.
const TAGGED: &str = "AWS::EC2::VPC";

fn tags(stack: &str, address: &str) -> Json {
    json!([
        {"Key": "evstack:stack", "Value": stack},
        {"Key": "evstack:env", "Value": "local"},
        {"Key": "evstack:address", "Value": address},
    ])
}

/// One resource, with ownership tags if its type has any.
fn one(type_name: &str, name: &str) -> Stack {
    let mut stack = Stack::default().with("it.is", type_name, name, "text", &[]);
    match type_name {
        UNNAMED => {}
        TAGGED => {
            let properties = json!({"CidrBlock": "10.0.0.0/16", "Tags": tags("test", "it.is")});
            stack.desired[0].properties = Template::Literal(Value::from(properties));
        }
        _ => {
            if let Template::Object(members) = &mut stack.desired[0].properties {
                let tags = Template::Literal(Value::from(tags("test", "it.is")));
                members.insert("Tags".to_owned(), tags);
            }
        }
    }
    stack
}

/// A run that died at its create, days ago: no token is good for anything any more. Whether the cloud
/// had heard of it is up to `heard`.
fn died(stack: &Stack, heard: bool) -> (tempfile::TempDir, Arc<Memory>) {
    let (dir, memory) = (folder(), Arc::new(Memory::default()));
    let steps = if heard { 1 } else { 0 };
    assert!(!killed::mortal_run(stack, dir.path(), &memory, steps, 1));
    killed::lose_tail(dir.path(), 0);
    let state = open(dir.path());
    let ids: Vec<u64> = state.with(|state| state.operations.keys().copied().collect());
    assert_eq!(ids.len(), 1);
    state.append(Entry::Retry { id: ids[0], client_token: "old".to_owned(), began: 0 }).expect("a disk");
    memory.forget();
    assert_eq!(memory.resources().len(), usize::from(heard));
    (dir, memory)
}

fn recovered(dir: &Path, memory: &Arc<Memory>, began: u64) -> (Locked, Recovery) {
    let mut state = open(dir);
    let id = state.with(|state| *state.operations.keys().next().expect("one is unfinished"));
    state.append(Entry::Retry { id, client_token: "old".to_owned(), began }).expect("a disk");
    let cloud: Arc<dyn Provider> = memory.clone();
    let means = means(&cloud, 7);
    let recovery = block_on(recover(&means, &mut state, Catalogue::bundled(), &|_| None)).expect("a disk");
    (state, recovery)
}

fn errors(recovery: &Recovery) -> Vec<String> {
    recovery.problems.iter().map(|d| format!("{}: {:?}", d.message, d.hints)).collect()
}

#[test]
fn one_without_a_name_is_found_by_its_ownership_tags_and_isnt_made_twice() {
    for heard in [false, true] {
        let stack = one(TAGGED, "");
        let (dir, memory) = died(&stack, heard);
        // Another's, and one of another address, don't count.
        let kind = TypeName::new(TAGGED);
        memory.put(&kind, "vpc-a", json!({"CidrBlock": "10.0.0.0/16", "Tags": tags("other", "it.is")}));
        memory.put(&kind, "vpc-b", json!({"CidrBlock": "10.0.0.0/16", "Tags": tags("test", "it.was")}));
        let (mut state, recovery) = recovered(dir.path(), &memory, 0);
        assert!(recovery.problems.is_empty(), "{:?}", errors(&recovery));
        let how = if heard { Recovered::Done } else { Recovered::NotDone };
        assert_eq!(recovery.ended, [(Address::new("it.is"), Doing::Create, how)]);
        let cloud: Arc<dyn Provider> = memory.clone();
        let _ = block_on(apply(&stack, &mut state, &means(&cloud, 9))).expect("reads");
        assert_eq!(memory.resources().len(), 3);
        assert_eq!(state.snapshot().resources.len(), 1);
    }
}

#[test]
fn several_with_its_ownership_tags_are_left_for_somebody_to_decide() {
    let (dir, memory) = died(&one(TAGGED, ""), true);
    let other = json!({"CidrBlock": "10.0.0.0/16", "Tags": tags("test", "it.is")});
    memory.put(&TypeName::new(TAGGED), "vpc-a", other);
    let (state, recovery) = recovered(dir.path(), &memory, 0);
    assert!(recovery.problems.has_errors());
    let said = errors(&recovery).join("\n");
    for part in [
        "several have its ownership tags",
        "`made-1` or `vpc-a`",
        "evstack import it.is made-1",
        "evstack state rm it.is",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(state.with(|state| state.operations.values().all(|operation| operation.undecided)));
    // Who says that it wasn't is believed.
    assert_eq!(state.forget(&[Address::new("it.is")]).expect("allowed"), [Address::new("it.is")]);
    assert!(state.with(|state| state.operations.is_empty()));
}

#[test]
fn one_that_nothing_tells_of_is_neither_taken_nor_made_again() {
    let stack = one(UNNAMED, "topic");
    let (dir, memory) = died(&stack, true);
    let (state, recovery) = recovered(dir.path(), &memory, 0);
    let said = errors(&recovery).join("\n");
    assert!(recovery.problems.has_errors() && said.contains("says nothing of who made it"), "{said}");
    assert_eq!(state.with(|state| state.operations.len()), 1);
    // Before it was said that nobody knows, it couldn't be forgotten.
    drop(state);
    let (dir, _) = died(&stack, true);
    assert!(open(dir.path()).forget(&[Address::new("it.is")]).is_err());
}

#[test]
fn one_of_which_nothing_like_it_is_there_was_never_made() {
    let (dir, memory) = died(&one(UNNAMED, "topic"), false);
    memory.put(&TypeName::new(UNNAMED), "sub-a", json!({"TopicArn": "other", "Protocol": "sqs"}));
    let (_, recovery) = recovered(dir.path(), &memory, 0);
    assert!(recovery.problems.is_empty(), "{:?}", errors(&recovery));
    assert_eq!(recovery.ended[0].2, Recovered::NotDone);
}

#[test]
fn a_name_that_another_has_is_not_taken_for_the_create_that_died() {
    let it = TypeName::new(NAMED);
    for (heard, owner, how) in [
        (true, None, Recovered::Done),
        (false, None, Recovered::NotDone),
        (false, Some(tags("other", "it.is")), Recovered::NotDone),
        (false, Some(tags("test", "it.was")), Recovered::NotDone),
        (false, Some(json!([])), Recovered::NotDone),
    ] {
        let (dir, memory) = died(&one(NAMED, "bus"), heard);
        let anothers = owner.is_some();
        if let Some(tags) = owner {
            memory.put(&it, "bus", json!({"Name": "bus", "Description": "text", "Tags": tags}));
        }
        let (state, recovery) = recovered(dir.path(), &memory, 0);
        assert_eq!(recovery.ended[0].2, how);
        assert!(!recovery.problems.has_errors());
        assert_eq!(recovery.problems.is_empty(), !anothers, "{:?}", errors(&recovery));
        assert_eq!(state.with(|state| state.resources.len()), usize::from(how == Recovered::Done));
    }
}

/// A body that nobody knows any more: its secret is another by now.
fn with_secret() -> Stack {
    let mut stack = one(UNNAMED, "topic");
    if let Template::Object(members) = &mut stack.desired[0].properties {
        let secret = Value::Sensitive(Box::new(Value::from("hunter2-hunter2")));
        members.insert("SubscriptionRoleArn".to_owned(), Template::Literal(secret));
    }
    stack
}

#[test]
fn one_whose_body_is_no_longer_known_is_found_among_the_requests() {
    for (heard, how) in [(true, Recovered::Done), (false, Recovered::NotDone)] {
        let stack = with_secret();
        let (dir, memory) = (folder(), Arc::new(Memory::default()));
        assert!(!killed::mortal_run(&stack, dir.path(), &memory, i64::from(heard), 1));
        killed::lose_tail(dir.path(), 0);
        // One just like it, which nobody asked for since then.
        let alike = json!({"TopicArn": "topic", "Protocol": "sqs", "SubscriptionRoleArn": "another-secret"});
        memory.put(&TypeName::new(UNNAMED), "sub-a", alike);
        let (state, recovery) = recovered(dir.path(), &memory, NOW - 60);
        assert!(recovery.problems.is_empty(), "{:?}", errors(&recovery));
        assert_eq!(recovery.ended[0].2, how);
        let recorded =
            state.with(|state| state.resources.values().map(|r| r.identifier.clone()).collect::<Vec<_>>());
        assert_eq!(recorded, if heard { vec!["made-1".to_owned()] } else { Vec::new() });
        let journal = std::fs::read_to_string(dir.path().join("test.local.journal")).expect("a journal");
        assert!(!journal.contains("hunter2"));
    }
}

/// Which of what the service repeats is secret, nobody knows any more.
#[test]
fn the_words_of_a_fault_that_only_recovery_hears_are_not_written_down_where_there_were_secrets() {
    let (dir, memory) = (folder(), Arc::new(Memory::default()));
    memory.trouble("CreateResource", UNNAMED, Trouble::Fail(FaultKind::Denied));
    assert!(!killed::mortal_run(&with_secret(), dir.path(), &memory, 2, 1));
    let mut state = open(dir.path());
    let cloud: Arc<dyn Provider> = memory.clone();
    let means = means(&cloud, 7);
    let recovery = block_on(recover(&means, &mut state, Catalogue::bundled(), &|_| None)).expect("a disk");
    assert_eq!(recovery.ended[0].2, Recovered::NotDone);
    // What isn't waited for is on the disk once it is closed.
    drop(state);
    let journal = std::fs::read_to_string(dir.path().join("test.local.journal")).expect("a journal");
    assert!(
        journal.contains("CreateResource ended with Denied") && !journal.contains("hunter2"),
        "{journal}"
    );
}

#[test]
fn where_requests_may_not_be_listed_one_that_may_be_it_is_left_to_decide() {
    let (dir, memory) = (folder(), Arc::new(Memory::default()));
    assert!(!killed::mortal_run(&with_secret(), dir.path(), &memory, 1, 1));
    killed::lose_tail(dir.path(), 0);
    memory.settle();
    memory.hush();
    let (_, recovery) = recovered(dir.path(), &memory, NOW - 60);
    assert!(recovery.problems.has_errors(), "{:?}", errors(&recovery));
}

#[test]
fn one_that_still_runs_when_its_time_is_up_may_be_it() {
    let (dir, memory) = (folder(), Arc::new(Memory::new(u32::MAX)));
    assert!(!killed::mortal_run(&one(TAGGED, ""), dir.path(), &memory, 1, 1));
    killed::lose_tail(dir.path(), 0);
    let (state, recovery) = recovered(dir.path(), &memory, NOW - 40 * 3_600);
    let said = errors(&recovery).join("\n");
    assert!(recovery.ended.is_empty() && said.contains("still runs"), "{said}");
    // To forget it isn't offered without what that costs, and nothing is there to import yet.
    assert!(said.contains("wait for it to end") && said.contains("recorded nowhere"), "{said}");
    assert!(!said.contains("the next apply creates it") && !said.contains("evstack import"), "{said}");
    assert!(state.with(|state| state.operations.values().all(|operation| operation.undecided)));
}
