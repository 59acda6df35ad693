//! What has a name keeps it: renames, replacements and exchanges of what the cloud allows only once,
//! carried out against a cloud in memory.

#[path = "common/rig.rs"]
mod rig;

use evstack::model::{Action, Address};
use evstack::ops::plan::Wanted;
use evstack::plan::Plan;
use rig::Rig;
use serde_json::{Value, json};

const SUBSCRIPTION: &str = "AWS::SNS::Subscription";

/// Creates and deletes take as long as they take on AWS, more or less, and never the same time.
fn clouds() -> [Value; 4] {
    let latency = |create: u64, delete: u64| json!({"operations": {SUBSCRIPTION: {"CREATE": create, "DELETE": delete}}});
    [json!({}), json!({"preset": "aws"}), latency(200, 3_000), latency(3_000, 200)]
}

fn subscribed(name: &str, queue: &str) -> String {
    format!(
        "
name: shop
topics:
  news: {{}}
queues:
  inbox: {{}}
  other: {{}}
resources:
  {name}:
    type: AWS::SNS::Subscription
    properties: {{Protocol: sqs, TopicArn: \"${{topic.news.TopicArn}}\", Endpoint: \"${{queue.{queue}.Arn}}\"}}
"
    )
}

fn count(rig: &Rig, type_name: &str) -> usize {
    rig.inventory().iter().filter(|(of, _)| of == type_name).count()
}

fn action(plan: &Plan, address: &str) -> Action {
    plan.change(&Address::new(address)).map(|change| change.action).expect("it is in the plan")
}

/// Everything that is recorded is there, and nothing is recorded twice.
fn is_whole(rig: &Rig, text: &str) {
    let state = rig.state(&rig.load(text).expect("it loads"));
    let there = rig.inventory();
    let mut seen = Vec::new();
    for recorded in state.resources.values() {
        let identity = (recorded.type_name.to_string(), recorded.identifier.clone());
        assert!(there.contains(&identity), "{identity:?} is a phantom");
        assert!(!seen.contains(&identity), "{identity:?} is recorded twice");
        seen.push(identity);
    }
    assert!(state.leftovers.is_empty(), "{:?}", state.leftovers);
    let plan = rig.plan(text).expect("a plan");
    assert!(plan.is_empty(), "{:#?}", plan.changes);
}

#[test]
fn a_subscription_that_is_asked_to_be_replaced_is_there_afterwards() {
    let text = subscribed("one", "inbox");
    for (seed, cloud) in clouds().iter().enumerate() {
        let rig = Rig::new(cloud, seed as u64);
        let _ = rig.apply(&text).expect("it is made");
        let replace = Wanted { replace: vec![Address::new("resource.one")], ..Wanted::default() };
        let _ = rig.apply_as(&text, &replace).expect("it is replaced");
        assert_eq!(count(&rig, SUBSCRIPTION), 1);
        is_whole(&rig, &text);
    }
}

#[test]
fn a_subscription_under_another_name_is_there_afterwards() {
    let (one, two) = (subscribed("one", "inbox"), subscribed("two", "inbox"));
    for (seed, cloud) in clouds().iter().enumerate() {
        let rig = Rig::new(cloud, seed as u64);
        let _ = rig.apply(&one).expect("it is made");
        let _ = rig.apply(&two).expect("it is renamed");
        assert_eq!(count(&rig, SUBSCRIPTION), 1);
        is_whole(&rig, &two);
    }
}

#[test]
fn a_subscription_goes_on_with_the_declaration_of_its_topic() {
    let stack = |topic: &str| {
        format!(
            "
name: shop
topics:
  {topic}: {{name: news, subscribe: [{{queue: inbox}}, {{url: \"https://example.com/{{hook}}\"}}]}}
queues:
  inbox: {{}}
"
        )
    };
    let rig = Rig::new(&json!({"preset": "aws"}), 7);
    let _ = rig.apply(&stack("news")).expect("it is made");
    let before = rig.inventory();
    let (plan, _) = rig.apply(&stack("letters")).expect("it is renamed");
    assert!(plan.changes.iter().all(|change| !change.action.deletes()), "{:#?}", plan.changes);
    assert_eq!(rig.inventory(), before);
    is_whole(&rig, &stack("letters"));
}

#[test]
fn what_another_stack_subscribed_is_neither_taken_over_nor_ended() {
    let first = subscribed("one", "inbox");
    let second = "
name: other
resources:
  mine:
    type: AWS::SNS::Subscription
    properties:
      Protocol: sqs
      TopicArn: arn:aws:sns:us-east-1:000000000000:shop-local-news
      Endpoint: arn:aws:sqs:us-east-1:000000000000:shop-local-inbox
";
    for (seed, cloud) in clouds().iter().enumerate() {
        let rig = Rig::new(cloud, seed as u64);
        let _ = rig.apply(&first).expect("it is made");
        let before = rig.inventory();
        let (_, outcome) = rig.try_apply(second, &Wanted::default()).expect("a plan");
        let words = format!("{:?}", outcome.failures);
        assert!(words.contains("isn't this address's") && words.contains("evstack import"), "{words}");
        let arn = before.iter().find(|(of, _)| of == SUBSCRIPTION).map(|(_, arn)| arn.as_str());
        assert!(words.contains(arn.expect("it is there")), "{words}");
        let _ = rig.destroy(second).expect("nothing is there to destroy");
        assert_eq!(rig.inventory(), before);
        is_whole(&rig, &first);
        // Another endpoint is another subscription.
        let _ = rig.apply(&second.replace("local-inbox", "local-other")).expect("it is made");
        assert_eq!(count(&rig, SUBSCRIPTION), 2);
    }
}

/// Two named things of one type.
fn named(type_name: &str, property: &str, rest: &str, names: [&str; 2]) -> String {
    let [a, b] = names;
    format!(
        "
name: shop
resources:
  a: {{type: \"{type_name}\", properties: {{{property}: {a}{rest}}}}}
  b: {{type: \"{type_name}\", properties: {{{property}: {b}{rest}}}}}
"
    )
}

/// Types whose identifiers are their names, ARNs made of their names, and ARNs that nobody can predict.
const NAMED: [(&str, &str, &str); 4] = [
    ("AWS::Scheduler::ScheduleGroup", "Name", ""),
    ("AWS::SNS::Topic", "TopicName", ""),
    ("AWS::Events::Rule", "Name", ", ScheduleExpression: rate(1 day)"),
    ("AWS::SecretsManager::Secret", "Name", ", SecretString: abcdef"),
];

#[test]
fn a_chain_of_names_is_put_in_order() {
    let lossy = Wanted { allow_data_loss: true, ..Wanted::default() };
    for (type_name, property, rest) in NAMED {
        for (to, cloud) in
            [["two", "three"], ["zero", "one"]].into_iter().zip([json!({}), json!({"preset": "aws"})])
        {
            let rig = Rig::new(&cloud, 3);
            let _ = rig.apply(&named(type_name, property, rest, ["one", "two"])).expect("it is made");
            let text = named(type_name, property, rest, to);
            let _ = rig.apply_as(&text, &lossy).expect(type_name);
            assert_eq!(count(&rig, type_name), 2, "{type_name}");
            is_whole(&rig, &text);
        }
    }
}

#[test]
fn an_exchange_of_names_is_refused_by_name() {
    let lossy = Wanted { allow_data_loss: true, ..Wanted::default() };
    for (type_name, property, rest) in NAMED {
        let rig = Rig::new(&json!({}), 3);
        let before = named(type_name, property, rest, ["one", "two"]);
        let _ = rig.apply(&before).expect("it is made");
        let text = named(type_name, property, rest, ["two", "one"]);
        let Err(refused) = rig.plan_as(&text, &lossy) else { panic!("{type_name} isn't refused") };
        assert!(refused.contains("E0517"), "{refused}");
        assert!(refused.contains("`resource.a`") && refused.contains("`resource.b`"), "{refused}");
        is_whole(&rig, &before);
        // With one that goes first there is an order.
        let first = text.replacen("}}\n", "}, options: {deleteBeforeReplace: true}}\n", 1);
        assert_ne!(first, text);
        let _ = rig.apply_as(&first, &lossy).expect(type_name);
        assert_eq!(count(&rig, type_name), 2, "{type_name}");
        is_whole(&rig, &first);
    }
}

#[test]
fn what_keeps_its_unique_name_goes_before_the_new_one_comes() {
    for (type_name, property, rest) in NAMED {
        let rig = Rig::new(&json!({"preset": "aws"}), 3);
        let text = named(type_name, property, rest, ["one", "two"]);
        let _ = rig.apply(&text).expect("it is made");
        let replace =
            Wanted { replace: vec![Address::new("resource.a")], allow_data_loss: true, ..Wanted::default() };
        let (plan, _) = rig.apply_as(&text, &replace).expect(type_name);
        assert_eq!(action(&plan, "resource.a"), Action::DeleteThenCreate, "{type_name}");
        is_whole(&rig, &text);
    }
}
