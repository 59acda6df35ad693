//! A cloud that answers otherwise than predicted: nothing is built on what is false.

use super::*;
use crate::diagnostics::Code;
use crate::provider::{Answer, Progress};

/// With a `Description` that is another's ARN, which orders nothing while it can be predicted.
fn reads_arn(mut stack: Stack, address: &str, of: &str, order: Order) -> Stack {
    let desired = stack.desired.iter_mut().find(|d| d.address.as_str() == address).expect("declared");
    let Template::Object(members) = &mut desired.properties else { unreachable!("an object") };
    let reference = Reference { address: Address::new(of), property: "Arn".to_owned(), order, span: None };
    members.insert("Description".to_owned(), Template::Attribute(reference));
    stack
}

fn ordered(stack: &Stack) -> Graph<Address, ()> {
    let mut graph = Graph::new();
    for desired in &stack.desired {
        graph.node(desired.address.clone());
        desired.properties.references(&mut |reference| {
            if reference.order == Order::Dependency {
                graph.edge(desired.address.clone(), reference.address.clone(), ());
            }
        });
    }
    graph
}

#[test]
fn who_is_built_on_a_prediction_waits_for_it_though_nothing_else_orders_them() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let stack = Stack::default().with("bus.base", NAMED, "base", "one", &[]).with(
        "bus.apart",
        NAMED,
        "apart",
        "alone",
        &[],
    );
    let stack =
        stack.with("bus.top", NAMED, "top", "two", &[]).with("bus.upper", NAMED, "upper", "x", &["bus.top"]);
    // The plan predicts an ARN of AWS's shape; this cloud gives another.
    let stack = reads_arn(stack, "bus.top", "bus.base", Order::IfUnknown);
    assert!(ordered(&stack).needs(&"bus.top".into()).is_empty());
    block_on(async {
        let mut state = open(dir.path());
        let (plan, live) = of_order(&stack, &state, &*cloud).await;
        let outcome = carried_out(&stack, &plan, &live, &mut state, &means(&cloud, 1)).await;
        let skipped: Vec<&str> = outcome.skipped.iter().map(|s| s.address.as_str()).collect();
        assert_eq!((outcome.added, skipped), (2, vec!["bus.top", "bus.upper"]), "{outcome:?}");
        let diagnostic = &outcome.failures[0].diagnostic;
        assert_eq!((outcome.failures.len(), diagnostic.code), (1, Code::PROMISE_BROKEN));
        for words in
            ["arn:memory:", "where the plan said \"arn:aws:events:us-east-1:000000000000:event-bus/base\""]
        {
            assert!(diagnostic.message.contains(words), "{}", diagnostic.message);
        }
        assert_eq!(diagnostic.primary.as_ref().map(|l| l.span), Some(span()));
        agree(&memory, &state.snapshot());

        // What is true is recorded, and the next run is built on that.
        let (plan, live) = of_order(&stack, &state, &*cloud).await;
        let outcome = carried_out(&stack, &plan, &live, &mut state, &means(&cloud, 2)).await;
        assert!(outcome.failures.iter().all(|f| f.address.as_str() != "bus.base"), "{outcome:?}");
        let top = memory.resources()[&(TypeName::new(NAMED), "top".to_owned())]["Description"].clone();
        assert!(top.as_str().is_some_and(|arn| arn.starts_with("arn:memory:")), "{top}");
    });
}

#[test]
fn in_a_circle_that_cannot_wait_what_was_sent_is_named_and_mended() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = memory.clone();
    let stack = Stack::default().with("bus.role", NAMED, "role", "", &[]).with(
        "bus.machine",
        NAMED,
        "machine",
        "",
        &["bus.role"],
    );
    let stack = reads_arn(stack, "bus.role", "bus.machine", Order::IfUnknown);
    block_on(async {
        let mut state = open(dir.path());
        let (plan, live) = of_order(&stack, &state, &*cloud).await;
        let outcome = carried_out(&stack, &plan, &live, &mut state, &means(&cloud, 1)).await;
        assert_eq!((outcome.added, outcome.failures.len()), (2, 1), "{outcome:?}");
        let hint = &outcome.failures[0].diagnostic.hints[0];
        assert!(hint.starts_with("`bus.role` was sent with the false value already"), "{hint}");

        let (plan, live) = of_order(&stack, &state, &*cloud).await;
        let updated: Vec<&str> =
            plan.changes.iter().filter(|c| !c.is_no_op()).map(|c| c.address.as_str()).collect();
        assert_eq!(updated, ["bus.role"]);
        let outcome = carried_out(&stack, &plan, &live, &mut state, &means(&cloud, 2)).await;
        assert!(outcome.is_complete(), "{outcome:?}");
        let (plan, _) = of_order(&stack, &state, &*cloud).await;
        assert!(plan.is_empty(), "{plan:?}");
        agree(&memory, &state.snapshot());
    });
}

async fn of_order(stack: &Stack, state: &Locked, cloud: &dyn Provider) -> (Plan, BTreeMap<Address, Live>) {
    planned_by(stack, &ordered(stack), state, cloud).await.expect("reads")
}

/// Makes a bus under another name than it was asked for.
struct Renaming(Arc<Memory>);

impl Provider for Renaming {
    fn read<'a>(&'a self, type_name: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>> {
        self.0.read(type_name, identifier)
    }
    fn create<'a>(&'a self, t: &'a TypeName, desired: &'a Json, token: &'a str) -> Answer<'a, Progress> {
        Box::pin(async move {
            let mut desired = desired.clone();
            if desired["Name"] == "base" {
                desired["Name"] = json!("base-1");
            }
            self.0.create(t, &desired, token).await
        })
    }
    fn update<'a>(
        &'a self,
        t: &'a TypeName,
        id: &'a str,
        patch: &'a Json,
        token: &'a str,
    ) -> Answer<'a, Progress> {
        self.0.update(t, id, patch, token)
    }
    fn delete<'a>(&'a self, t: &'a TypeName, id: &'a str, token: &'a str) -> Answer<'a, Progress> {
        self.0.delete(t, id, token)
    }
    fn status<'a>(&'a self, token: &'a str) -> Answer<'a, Progress> {
        self.0.status(token)
    }
    fn cancel<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        self.0.cancel(token)
    }
    fn list<'a>(&'a self, t: &'a TypeName, model: Option<&'a Json>) -> Answer<'a, Vec<(String, Json)>> {
        self.0.list(t, model)
    }
}

#[test]
fn another_identifier_than_predicted_stops_what_comes_after_and_is_the_one_recorded() {
    let dir = folder();
    let memory = Arc::new(Memory::default());
    let cloud: Arc<dyn Provider> = Arc::new(Renaming(Arc::clone(&memory)));
    let stack = Stack::default().with("bus.base", NAMED, "base", "one", &[]).with(
        "bus.top",
        NAMED,
        "top",
        "two",
        &["bus.base"],
    );
    block_on(async {
        let mut state = open(dir.path());
        let outcome = apply(&stack, &mut state, &means(&cloud, 1)).await.expect("reads");
        assert_eq!((outcome.added, outcome.skipped.len()), (1, 1), "{outcome:?}");
        let message = &outcome.failures[0].diagnostic.message;
        assert!(message.contains("`identifier` is \"base-1\" where the plan said \"base\""), "{message}");
        assert_eq!(state.snapshot().resources[&Address::new("bus.base")].identifier, "base-1");
        let outcome = apply(&stack, &mut state, &means(&cloud, 2)).await.expect("reads");
        assert!(outcome.is_complete() && outcome.added == 1, "{outcome:?}");
        agree(&memory, &state.snapshot());
    });
}
