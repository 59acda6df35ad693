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

#[test]
fn a_retried_update_is_a_patch_of_what_is_there_then() {
    for (there, updates) in [("two", 1), ("else", 2)] {
        let dir = folder();
        let memory = Arc::new(Memory::default());
        let cloud: Arc<dyn Provider> = memory.clone();
        block_on(async {
            let mut state = open(dir.path());
            let _ = apply(&described("one"), &mut state, &means(&cloud, 1)).await.expect("reads");
            memory.trouble("UpdateResource", "base", Trouble::Fail(FaultKind::Internal));
            let mut means = means(&cloud, 2);
            let behind = Arc::clone(&memory);
            means.sink = Arc::new(move |event| {
                if matches!(event, Event::Retrying { .. }) {
                    // What failed had done it all the same; or somebody else was faster.
                    let key = (TypeName::new(NAMED), "base".to_owned());
                    let mut properties = behind.resources()[&key].clone();
                    properties["Description"] = json!(there);
                    behind.put(&key.0, &key.1, properties);
                }
            });
            let outcome = apply(&described("two"), &mut state, &means).await.expect("reads");
            assert!(outcome.is_complete() && outcome.changed == 1, "{outcome:?}");
            let calls = operations(&memory).into_iter().filter(|call| call.starts_with("Update"));
            assert_eq!(calls.count(), updates, "{there}");
            let (plan, _) = planned(&described("two"), &state, &*cloud).await.expect("reads");
            assert!(plan.is_empty(), "{plan:?}");
            agree(&memory, &state.snapshot());
        });
    }
}

/// A policy that allows one thing, and a subscription that is built on it.
fn permitted(allowed: &str) -> Stack {
    let mut stack = Stack::default().with("sub.user", UNNAMED, "topic", allowed, &[]);
    let document =
        json!({"Statement": [{"Sid": "S", "Effect": "Allow", "Action": allowed, "Resource": "*"}]});
    let mut policy = stack.desired[0].clone();
    policy.address = Address::new("policy.p");
    policy.type_name = TypeName::new("AWS::IAM::ManagedPolicy");
    policy.properties = Template::object([("PolicyDocument", Template::Literal(Value::from(document)))]);
    stack.desired[0].depends_on.push(policy.address.clone());
    stack.desired.push(policy);
    stack
}

#[test]
fn a_wide_permission_that_is_refused_goes_out_once_and_before_those_who_need_it() {
    let troubles = [None, Some(Trouble::Refuse(FaultKind::Invalid)), Some(Trouble::Fail(FaultKind::Invalid))];
    for trouble in troubles {
        let dir = folder();
        let memory = Arc::new(Memory::default());
        let cloud: Arc<dyn Provider> = memory.clone();
        let planned = async |stack: &Stack, state: &Locked| {
            let mut graph = stack.graph();
            graph.edge(Address::new("sub.user"), Address::new("policy.p"), ());
            planned_by(stack, &graph, state, &*cloud).await.expect("reads")
        };
        block_on(async {
            let mut state = open(dir.path());
            let before = permitted("sqs:A");
            let (plan, live) = planned(&before, &state).await;
            let outcome = carried_out(&before, &plan, &live, &mut state, &means(&cloud, 1)).await;
            assert!(outcome.is_complete(), "{outcome:?}");
            let recorded = state.snapshot().resources;
            let of = |address: &str| recorded[&Address::new(address)].identifier.clone();
            let (policy, user) = (of("policy.p"), of("sub.user"));
            let made = operations(&memory).len();
            if let Some(trouble) = &trouble {
                memory.trouble("UpdateResource", &policy, trouble.clone());
            }
            let after = permitted("sqs:B");
            let (plan, live) = planned(&after, &state).await;
            let outcome = carried_out(&after, &plan, &live, &mut state, &means(&cloud, 2)).await;
            assert!(outcome.is_complete() && outcome.changed == 2, "{trouble:?}: {outcome:?}");
            let (policy, user) = (format!("Update {policy}"), format!("Update {user}"));
            let order = match trouble {
                None => [&policy, &user, &policy],
                Some(_) => [&policy, &policy, &user],
            };
            assert_eq!(operations(&memory)[made..].iter().collect::<Vec<_>>(), order, "{trouble:?}");
            agree(&memory, &state.snapshot());
            assert!(planned(&after, &state).await.0.is_empty(), "{trouble:?}");
        });
    }
}

#[test]
fn an_update_that_failed_half_way_is_sent_again_where_no_read_tells() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let pipe = |batch: u32| {
        let mut stack = Stack::default();
        let properties = [
            ("Name", json!("p")),
            ("Source", json!("arn:aws:sqs:us-east-1:000000000000:in")),
            ("Target", json!("arn:aws:sqs:us-east-1:000000000000:out")),
            ("RoleArn", json!("arn:aws:iam::000000000000:role/p")),
            ("SourceParameters", json!({"SqsQueueParameters": {"BatchSize": batch}})),
        ];
        stack.desired.push(Desired {
            address: Address::new("pipe.p"),
            type_name: TypeName::new("AWS::Pipes::Pipe"),
            properties: Template::object(
                properties.into_iter().map(|(name, json)| (name, Template::Literal(Value::from(json)))),
            ),
            options: Options::default(),
            depends_on: Vec::new(),
            span: span(),
            spans: BTreeMap::new(),
        });
        stack
    };
    block_on(async {
        let mut state = open(dir.path());
        let _ = apply(&pipe(1), &mut state, &means(&cloud, 1)).await.expect("reads");
        memory.trouble("UpdateResource", "p", Trouble::Fail(FaultKind::Invalid));
        let outcome = apply(&pipe(2), &mut state, &means(&cloud, 2)).await.expect("reads");
        assert_eq!(outcome.failures.len(), 1, "{outcome:?}");
        let (plan, _) = planned(&pipe(2), &state, &*cloud).await.expect("reads");
        let change = plan.change(&"pipe.p".into()).expect("planned");
        assert_eq!((change.action, change.half_way), (Action::Update, true), "{change:?}");
        let outcome = apply(&pipe(2), &mut state, &means(&cloud, 3)).await.expect("reads");
        assert!(outcome.is_complete() && outcome.changed == 1, "{outcome:?}");
        let there = memory.resources().into_values().next().expect("a pipe");
        assert_eq!(there["SourceParameters"]["SqsQueueParameters"]["BatchSize"], 2);
        let (plan, _) = planned(&pipe(2), &state, &*cloud).await.expect("reads");
        assert!(plan.is_empty(), "{plan:?}");
    });
}
