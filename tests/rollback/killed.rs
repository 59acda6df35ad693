//! The process is killed while it goes back: the next apply finds out how everything ended and goes on,
//! forwards or to the stack as it was, with nothing double, orphaned or missing.

use super::common::{Sandbox, Served, read_until, signal, until};
use serde_json::{Value as Json, json};

const BEFORE: &str = "\
name: shop
queues:
  orders: {deadLetter: false, visibilityTimeout: 30s}
resources:
  was: {type: AWS::SNS::Topic}
";
/// `taken` is there already. What the run made is deleted by the rollback, what it deleted is made again.
const AFTER: &str = "\
name: shop
queues:
  orders: {deadLetter: false, visibilityTimeout: 60s}
  taken: {deadLetter: false}
resources:
  a: {type: AWS::SNS::Topic}
  b: {type: AWS::SNS::Topic, options: {dependsOn: [resource.a]}}
  c: {type: AWS::SNS::Topic, options: {dependsOn: [resource.b]}}
";

/// What is recorded is what is there, but for the queue that isn't ours.
fn judge(sandbox: &Sandbox, served: &Served, told: &str) {
    until("nothing is under way", || {
        served.page("/_evstack/inventory")["pending"].as_array().is_some_and(Vec::is_empty)
    });
    let mut there = served.inventory();
    there.retain(|(_, identifier)| !identifier.ends_with("shop-local-taken"));
    there.sort();
    let listed = sandbox.ok(&["state", "list", "--json"]).json();
    let text = |one: &Json, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let listed = listed.as_array().expect("a list").iter();
    let mut recorded: Vec<_> = listed.map(|one| (text(one, "type"), text(one, "identifier"))).collect();
    recorded.sort();
    assert_eq!(recorded, there, "{told}");
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode", "--allow-data-loss"]).code, 0, "{told}");
}

#[test]
fn a_rollback_that_is_killed_is_ended_by_the_next_apply() {
    // Before its first call, while its calls run, and between them.
    let moments = [
        "Rollback of shop",
        "resource.c: Destroying",
        "resource.c: Destruction complete",
        "resource.b: Destroying",
    ];
    for (number, moment) in moments.iter().enumerate() {
        let goes_back = number % 2 == 0;
        let sandbox = Sandbox::new();
        let served = sandbox.serve(&["--latency", "0"]);
        let flags = ["--yes", "--allow-data-loss"];
        sandbox.write("evstack.yaml", BEFORE);
        sandbox.ok(&[&["apply"], &flags[..]].concat());
        super::program::make(&served, "AWS::SQS::Queue", &json!({"QueueName": "shop-local-taken"}));
        served.turn(&json!({"latency": [60, 60], "retry_after": [20, 20]}));
        sandbox.write("evstack.yaml", AFTER);
        let mut run = sandbox.start(&[&["apply", "--rollback"], &flags[..]].concat());
        let lines = read_until(&mut run, moment);
        signal(&run, "KILL");
        run.wait().expect("it ends");
        drop(lines);
        let told = format!("killed at `{moment}` ({number}), then {}", if goes_back { "back" } else { "on" });
        let next = AFTER.replace("  taken: {deadLetter: false}", "  other: {deadLetter: false}");
        sandbox.write("evstack.yaml", if goes_back { BEFORE } else { &next });
        let run = sandbox.run(&[&["apply"], &flags[..]].concat());
        assert_eq!(run.code, 0, "{told}: {}{}", run.stdout, run.stderr);
        judge(&sandbox, &served, &told);
        assert_eq!(served.inventory().len(), if goes_back { 3 } else { 6 }, "{told}");
    }
}
