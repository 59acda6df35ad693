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
    make(&served, "AWS::SQS::Queue", &json!({"QueueName": "shop-local-taken"}));
    sandbox.write("evstack.yaml", AFTER);
    (sandbox, served)
}

pub fn make(served: &Served, type_name: &str, model: &Json) {
    let input = json!({ "TypeName": type_name, "DesiredState": model.to_string() });
    let token = served.call("CreateResource", &input)["ProgressEvent"]["RequestToken"].clone();
    until("it is made", || {
        let event = served.call("GetResourceRequestStatus", &json!({ "RequestToken": token }));
        event["ProgressEvent"]["OperationStatus"] == "SUCCESS"
    });
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
fn what_to_run_next_keeps_config_and_a_failed_apply_says_that_it_can_be_turned_back() {
    let (sandbox, _served) = shop();
    let config = "config: {size: {type: string}, it: {type: string, secret: true}}\nqueues:\n";
    sandbox.edit("evstack.yaml", "queues:\n", config);
    let run = sandbox.run(&["apply", "--yes", "--config", "size=a b", "--config", "it=hush"]);
    let next = "Run `evstack apply evstack.yaml --config 'size=a b' --config it=…` to go on. \
        To go back, apply the stack file as it was before. \
        With `--rollback` the next failed apply is turned back.\n";
    assert!(run.stderr.ends_with(next), "{}", run.stderr);
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
    let failed: Vec<&Json> = lines.iter().filter(|line| line["type"] == "incomplete_summary").collect();
    let came = json!({"add": 1, "change": 1, "import": 0, "remove": 0, "failed": 1, "cancelled": 0,
        "still_running": 0, "unfinished": 0, "not_started": 1, "interrupted": false, "operation": "apply"});
    assert_eq!((failed.len(), &failed[0]["changes"], &failed[0]["@level"]), (1, &came, &json!("error")));
    assert!(
        lines.iter().all(|line| line["type"] != "change_summary" || line["changes"]["operation"] != "apply")
    );
    // What goes with a topic is told too, though no flag has to allow it.
    let lost: Vec<&str> = back
        .iter()
        .filter(|line| line["diagnostic"]["code"] == "E0522")
        .filter_map(|line| line["diagnostic"]["message"].as_str())
        .collect();
    assert!(
        matches!(lost.as_slice(), [one] if one.starts_with("`topic.told` goes; lost with it: ")),
        "{lost:?}"
    );
}

#[test]
fn the_last_line_for_machines_counts_a_failed_apply_and_is_followed_by_nothing() {
    let (sandbox, _served) = shop();
    let run = sandbox.run(&["apply", "--yes", "--json"]);
    assert_eq!(run.code, 1);
    let last: Json = serde_json::from_str(run.stdout.lines().last().expect("lines")).expect("JSON");
    assert_eq!(
        (&last["type"], &last["changes"]["failed"]),
        (&json!("incomplete_summary"), &json!(1)),
        "{last}"
    );
    let message = "The apply is incomplete: 1 added, 1 changed, 0 destroyed, 1 failed, 1 not started.";
    assert_eq!(last["@message"], message);
    assert!(run.stderr.contains(message), "{}", run.stderr);
}

#[test]
fn what_was_asked_for_with_skip_drain_goes_back_without_waiting_too() {
    for skips in [true, false] {
        let (sandbox, _served) = shop();
        let queue = "  early: {deadLetter: false, options: {drain: 1m, protect: false}}\n  taken:";
        sandbox.edit("evstack.yaml", "  taken:", queue);
        let flags: &[&str] = if skips { &["--skip-drain"] } else { &[] };
        let run = sandbox.run(&[&["apply", "--yes", "--rollback", "--allow-data-loss"], flags].concat());
        assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
        let back = run.stdout.split_once("\nRollback of shop: ").expect("a heading").1;
        assert_eq!(back.contains("drain"), !skips, "{back}");
        if skips {
            assert!(
                run.stderr.contains("evstack apply evstack.yaml") || run.stderr.contains("Rolled back"),
                "{}",
                run.stderr
            );
            assert_eq!(sandbox.recorded("evstack.yaml"), ["queue.orders"]);
        }
    }
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
        run.stderr.ends_with("Nothing was to be rolled back: the stack is as it was before this apply.\n"),
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

/// A secret, and what fails after it.
fn vault(description: &str, secret: &str) -> String {
    format!(
        "name: shop\nconfig: {{it: {{type: string, secret: true}}}}\nresources:\n  \
         vault: {{type: AWS::SecretsManager::Secret, properties: {{Name: vault, Description: {description}, \
         SecretString: {secret}}}}}\n"
    )
}

const FAILS: &str = "  taken: {type: AWS::SQS::Queue, options: {dependsOn: [resource.vault]}}\n";

#[test]
fn a_secret_that_isnt_known_any_more_stays_or_is_missed_by_name() {
    let (sandbox, _served) = shop();
    let config = "\"${config.it}\"";
    sandbox.write("evstack.yaml", &vault("first", config));
    sandbox.ok(&["apply", "--yes", "--allow-data-loss", "--config", "it=one-secret"]);
    let back = |text: String, it: &str| {
        sandbox.write("evstack.yaml", &text);
        let run = sandbox.run(&["apply", "--yes", "--allow-data-loss", "--rollback", "--config", it]);
        assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("-secret"), "{}{}", run.stdout, run.stderr);
        run
    };
    // The stack file still has it.
    let run = back(vault("second", config) + FAILS, "it=one-secret");
    assert!(run.stderr.contains("Rolled back: the stack is as it was"), "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("What can't come back"), "{}", run.stdout);
    // It is config, though nothing uses it: made anew with it.
    let run = back(
        format!(
            "{}  other: {{type: AWS::SNS::Topic}}\n  taken: {{type: AWS::SQS::Queue}}\n",
            vault("x", config).split("  vault").next().expect("a head")
        ),
        "it=one-secret",
    );
    assert!(run.stdout.contains("`resource.vault` gets another identifier than"), "{}", run.stdout);
    assert!(run.stderr.contains("Rolled back: the stack is as it was"), "{}{}", run.stdout, run.stderr);
    // Another by now.
    let run = back(vault("second", config) + FAILS, "it=two-secret");
    assert!(run.stdout.contains("`resource.vault` keeps its present `SecretString`"), "{}", run.stdout);
    assert!(run.stderr.contains("Rolled back in part: not as before is `resource.vault`."), "{}", run.stderr);
    // Gone, and unknown.
    let run =
        back("name: shop\nconfig: {it: {type: string, secret: true}}\nresources:\n  taken: {type: AWS::SQS::Queue}\n".to_owned(), "it=three-secret");
    assert!(
        run.stdout.contains("`resource.vault` isn't made anew: a secret of it is known by its hash alone"),
        "{}{}",
        run.stdout,
        run.stderr
    );
}

#[test]
fn what_was_taken_over_is_let_go_of_and_what_is_still_there_is_taken_back() {
    let (sandbox, served) = shop();
    let topic = |name: &str, options: &str| {
        format!(
            "  told: {{type: AWS::SNS::Topic, properties: {{TopicName: {name}}}, options: {{{options}}}}}\n"
        )
    };
    sandbox.write(
        "evstack.yaml",
        &format!("name: shop\nresources:\n{}", topic("first", "retainOnDelete: true")),
    );
    sandbox.ok(&["apply", "--yes", "--allow-data-loss"]);
    make(&served, "AWS::SNS::Topic", &json!({"TopicName": "theirs"}));
    let arn = |name: &str| format!("arn:aws:sns:us-east-1:000000000000:{name}");
    let theirs = arn("theirs");
    // A new topic replaces one that stays, and another is taken over; then something fails.
    let after = format!(
        "name: shop\nresources:\n{}  mine: {{type: AWS::SNS::Topic, properties: {{TopicName: theirs}}, \
         options: {{import: \"{theirs}\", dependsOn: [resource.told]}}}}\n  \
         taken: {{type: AWS::SQS::Queue, options: {{dependsOn: [resource.mine]}}}}\n",
        topic("second", "retainOnDelete: true")
    );
    sandbox.write("evstack.yaml", &after);
    let run = sandbox.run(&["apply", "--yes", "--rollback", "--allow-data-loss"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let said = &run.stdout;
    assert!(
        said.contains("`resource.mine` was there before the apply took it over: it is let go of"),
        "{said}"
    );
    assert!(
        said.contains("`resource.told` stays as it is now: its options say `retainOnDelete: true`"),
        "{said}"
    );

    // Without that for the new one, the first is what it was again.
    sandbox.write("evstack.yaml", &after.replace("second", "third").replace("retainOnDelete: true", ""));
    let run = sandbox.run(&["apply", "--yes", "--rollback", "--allow-data-loss"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let shown = sandbox.ok(&["state", "show", "resource.told", "--json"]).json();
    assert_eq!(shown["identifier"], arn("second"), "{shown} {}", run.stdout);
    let there: Vec<String> = served.inventory().iter().map(|(_, identifier)| identifier.clone()).collect();
    assert!(!there.iter().any(|one| one.contains(&arn("third"))), "{there:?}");
    assert!(there.contains(&theirs), "{there:?}");
}
