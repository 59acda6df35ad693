//! What `evstack apply --rollback` says and how it ends.

use super::common::{Sandbox, Served, until};
use serde_json::{Value as Json, json};

const BEFORE: &str = "\
name: shop
queues:
  orders: {deadLetter: false, visibilityTimeout: 30s}
outputs:
  url: ${queue.orders.QueueUrl}
";
/// Another timeout, and two topics; the queue `taken` is there already.
const AFTER: &str = "\
name: shop
queues:
  orders: {deadLetter: false, visibilityTimeout: 60s}
  taken: {deadLetter: false}
topics:
  told: {displayName: Told}
resources:
  late:
    type: AWS::SNS::Topic
    options: {dependsOn: [queue.taken]}
outputs:
  url: ${queue.orders.QueueUrl}
  told: ${topic.told.TopicArn}
";

fn shop() -> (Sandbox, Served) {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", BEFORE);
    let served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let input =
        json!({ "TypeName": "AWS::SQS::Queue", "DesiredState": "{\"QueueName\": \"shop-local-taken\"}" });
    let token = served.call("CreateResource", &input)["ProgressEvent"]["RequestToken"].clone();
    until("it is made", || {
        let event = served.call("GetResourceRequestStatus", &json!({ "RequestToken": token }));
        event["ProgressEvent"]["OperationStatus"] == "SUCCESS"
    });
    sandbox.write("evstack.yaml", AFTER);
    (sandbox, served)
}

#[test]
fn a_failed_apply_is_turned_back() {
    let (sandbox, served) = shop();
    let run = sandbox.run(&["apply", "--yes", "--rollback"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let (forward, back) =
        run.stdout.split_once("\nRollback of shop: back to what was recorded before").expect("a heading");
    assert!(forward.contains("Plan: 3 to add, 1 to change, 0 to destroy."), "{forward}");
    assert!(back.contains("Plan: 0 to add, 1 to change, 1 to destroy."), "{back}");
    assert!(back.contains("Rollback complete! Resources: 0 added, 1 changed, 1 destroyed."), "{back}");
    assert!(!back.contains("\nOutputs:"), "{back}");
    assert!(run.stderr.contains("What was done is recorded.\n"), "{}", run.stderr);
    assert!(
        run.stderr.ends_with("Rolled back: the stack is as it was recorded before the apply.\n"),
        "{}",
        run.stderr
    );
    assert_eq!(served.inventory().len(), 2, "and what isn't ours is left alone");
    assert_eq!(sandbox.recorded("evstack.yaml"), ["queue.orders"]);
    assert_eq!(sandbox.ok(&["output", "--json"]).json().as_object().map(|outputs| outputs.len()), Some(1));

    sandbox.write("evstack.yaml", BEFORE);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn quiet_says_what_failed_and_how_it_was_turned_back() {
    let (sandbox, _served) = shop();
    let run = sandbox.run(&["apply", "--yes", "--rollback", "-q"]);
    assert_eq!(run.code, 1);
    let said: Vec<&str> =
        run.stdout.lines().filter(|line| line.contains(" to add, ") || line.contains("complete!")).collect();
    assert_eq!(said.len(), 3, "{}", run.stdout);
    assert!(run.stderr.contains("error[E0503]") && run.stderr.contains("Rolled back: "), "{}", run.stderr);
}

#[test]
fn machines_are_told_it_in_lines() {
    let (sandbox, _served) = shop();
    let run = sandbox.run(&["apply", "--yes", "--rollback", "--json"]);
    assert_eq!((run.code, run.stderr.lines().count()), (1, 2), "{}", run.stderr);
    let lines: Vec<Json> = run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let at =
        lines.iter().position(|line| line["@message"].as_str().is_some_and(|m| m.starts_with("Rollback: ")));
    let back = &lines[at.expect("it is said")..];
    let planned: Vec<(&str, &str)> = back
        .iter()
        .filter(|line| line["type"] == "planned_change")
        .filter_map(|line| {
            Some((line["change"]["resource"]["addr"].as_str()?, line["change"]["action"].as_str()?))
        })
        .collect();
    assert_eq!(planned, [("queue.orders", "update"), ("topic.told", "delete")]);
    let summaries: Vec<&Json> =
        back.iter().filter(|line| line["type"] == "change_summary").map(|line| &line["changes"]).collect();
    let done = json!({"add": 0, "change": 1, "import": 0, "remove": 1, "operation": "rollback"});
    assert_eq!((summaries.len(), summaries[1]), (2, &done), "{summaries:?}");
    assert!(lines.iter().all(|line| line["changes"]["operation"] != "apply"));
}

#[test]
fn what_the_apply_made_and_may_hold_data_stays_unless_its_loss_is_allowed() {
    let (sandbox, _served) = shop();
    let table = "tables:\n  cases: {key: [id]}\ntopics:\n";
    sandbox.edit("evstack.yaml", "topics:\n", table);
    let run = sandbox.run(&["apply", "--yes", "--rollback"]);
    assert_eq!(run.code, 1);
    let kept = "`table.cases` stays as it is now: the apply made it, and its loss isn't allowed: the items in it; \
        `--allow-data-loss` takes it away";
    assert!(run.stdout.contains(kept), "{}", run.stdout);
    assert!(run.stderr.ends_with("Rolled back in part: not as before is `table.cases`.\n"), "{}", run.stderr);
    assert_eq!(sandbox.recorded("evstack.yaml"), ["queue.orders", "table.cases"]);

    let run = sandbox.run(&["apply", "--yes", "--rollback", "--allow-data-loss", "--json"]);
    assert_eq!(run.code, 1);
    // It was recorded before this run.
    assert_eq!(sandbox.recorded("evstack.yaml"), ["queue.orders", "table.cases"]);
}

#[test]
fn the_first_apply_leaves_nothing_and_what_can_t_come_back_is_named_first() {
    let (sandbox, served) = shop();
    sandbox.write("evstack.yaml", BEFORE);
    sandbox.ok(&["destroy", "--yes", "--allow-data-loss"]);
    sandbox.write("evstack.yaml", AFTER);
    let run = sandbox.run(&["apply", "--yes", "--rollback", "--allow-data-loss", "--json"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let named = "`queue.orders` was made by this apply and goes; lost with it: the messages in it";
    let lost = run.stdout.find(named).expect("it is named");
    let goes = run.stdout.find("queue.orders: Plan to delete").expect("it goes");
    assert!(lost < goes, "{}", run.stdout);
    assert!(sandbox.recorded("evstack.yaml").is_empty());
    assert_eq!(served.inventory().len(), 1);
}

#[test]
fn without_anything_done_nothing_is_asked() {
    let (sandbox, _served) = shop();
    sandbox.write("evstack.yaml", &format!("{BEFORE}resources:\n  taken: {{type: AWS::SQS::Queue}}\n"));
    let run = sandbox.run(&["apply", "--yes", "--rollback"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.ends_with("Nothing was to be rolled back: the stack is as it was before the apply.\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn only_an_apply_is_rolled_back() {
    let (sandbox, _served) = shop();
    for command in ["plan", "destroy", "check"] {
        assert_eq!(sandbox.run(&[command, "--rollback"]).code, 64, "{command}");
    }
    sandbox.ok(&["plan", "--out", "forward.plan"]);
    let said = sandbox.refused(&["apply", "forward.plan", "--rollback"], "E0506");
    assert!(said.contains("nobody to ask about a rollback"), "{said}");
    assert_eq!(sandbox.run(&["apply", "forward.plan", "--rollback", "--yes"]).code, 1);
    assert_eq!(sandbox.recorded("evstack.yaml"), ["queue.orders"]);
    sandbox.ok(&["plan", "--destroy", "--allow-data-loss", "--out", "down.plan"]);
    let said = sandbox.refused(&["apply", "down.plan", "--rollback", "--yes"], "E0212");
    assert!(said.contains("isn't rolled back"), "{said}");
}

#[test]
fn stacks_that_were_applied_before_it_stay() {
    let (sandbox, _served) = shop();
    std::fs::remove_file(sandbox.path("evstack.yaml")).expect("it is there");
    sandbox.write("stacks/a.yaml", "name: first\ntopics:\n  told: {}\n");
    sandbox.write(
        "stacks/b.yaml",
        &AFTER
            .replace("name: shop", "name: second")
            .replace("taken: {deadLetter: false}", "taken: {deadLetter: false, name: shop-local-taken}"),
    );
    let run = sandbox.run(&["apply", "--yes", "--rollback", "--allow-data-loss"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("Rolled back: ")
            && run.stderr.ends_with("What was applied before it stays: first.\n"),
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.recorded("stacks/a.yaml"), ["topic.told"]);
    assert!(sandbox.recorded("stacks/b.yaml").is_empty());
}
