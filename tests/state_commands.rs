//! `evstack state mv|rm|pull|push`: the record changes, the cloud doesn't.

mod common;

use common::{Sandbox, signal, until};
use serde_json::Value as Json;
use std::fs;

const FILE: &str = "evstack.yaml";
const STATE: &str = ".evstack/state/shop.local.json";
const STACK: &str = "\
name: shop
queues:
  orders: { name: the-orders, deadLetter: { maxReceives: 3 } }
  audit: { deadLetter: false }
";

fn applied() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, STACK);
    sandbox.ok(&["apply", "--yes"]);
    sandbox
}

#[test]
fn parts_move_with_their_owner_and_the_plan_goes_on() {
    let sandbox = applied();
    let before = sandbox.read(STATE);
    let run = sandbox.ok(&["state", "mv", "queue.orders", "queue.sales", "--dry-run"]);
    assert!(run.stdout.contains("Would move queue.orders to queue.sales"), "{}", run.stdout);
    assert_eq!(sandbox.read(STATE), before);

    sandbox.edit(FILE, "orders:", "sales:");
    let run = sandbox.ok(&["state", "mv", "queue.orders", "queue.sales"]);
    for line in [
        "Moved queue.orders to queue.sales: the next plan will update it (RedrivePolicy, Tags)\n",
        "Moved queue.orders.deadLetter to queue.sales.deadLetter: the next plan will replace it (QueueName)\n",
        "is kept in",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    let kept: Json = serde_json::from_str(&sandbox.read(&format!("{STATE}.backup"))).expect("JSON");
    assert_eq!(kept["resources"], serde_json::from_str::<Json>(&before).expect("JSON")["resources"]);
    assert_eq!(sandbox.recorded(FILE), ["queue.audit", "queue.sales", "queue.sales.deadLetter"]);
    let plan = sandbox.ok(&["plan", "--allow-data-loss"]).stdout;
    assert!(plan.contains("Plan: 1 to add, 1 to change, 1 to destroy."), "{plan}");

    let said = sandbox.refused(&["state", "mv", "queue.sale", "queue.x"], "E0505");
    assert!(said.contains("did you mean `queue.sales`?"), "{said}");
    sandbox.refused(&["state", "mv", "queue.sales", "queue.audit"], "E0209");
    sandbox.refused(&["state", "mv", "queue.sales", "sales"], "E0204");
    let run = sandbox.ok(&["state", "mv", "queue.audit", "queue.log", "--json"]).json();
    let next = run["moved"][0]["next"].as_str().expect("text");
    assert!(next.contains("`queue.log` isn't declared: the next plan takes it for `queue.audit`"), "{next}");
    sandbox.ok(&["state", "mv", "queue.log", "queue.audit"]);
    sandbox.edit(FILE, "name: the-orders", "name: my-orders");
    let run = sandbox.ok(&["state", "mv", "queue.sales", "queue.log", "--json"]).json();
    let next = run["moved"][0]["next"].as_str().expect("text");
    assert!(next.contains("`queue.log` isn't declared: the next plan will delete it"), "{next}");
    assert!(next.contains("`queue.sales` is still declared, and will be created anew"), "{next}");
}

#[test]
fn what_is_removed_from_the_state_stays_in_the_cloud() {
    let sandbox = applied();
    let run = sandbox.ok(&["state", "rm", "queue.orders", "--dry-run"]);
    assert!(run.stdout.contains("Would remove queue.orders.deadLetter"), "{}", run.stdout);
    assert_eq!(sandbox.recorded(FILE).len(), 3);
    let run = sandbox.ok(&["state", "rm", "queue.orders"]);
    assert!(run.stdout.contains("it stays in the cloud"), "{}", run.stdout);
    assert_eq!(sandbox.recorded(FILE), ["queue.audit"]);
    assert!(sandbox.ok(&["local", "inventory"]).stdout.contains("the-orders"));
    let plan = sandbox.ok(&["plan"]).stdout;
    assert!(plan.contains("Plan: 2 to add, 0 to change, 0 to destroy."), "{plan}");
    sandbox.refused(&["state", "rm", "queue.orders"], "E0505");
    // A stack with mistakes keeps nobody from repairing its state.
    sandbox.edit(FILE, "audit: {", "audit: { nope: 1,");
    let run = sandbox.ok(&["state", "rm", "queue.audit", "--json"]).json();
    let next = run["removed"][0]["next"].as_str().expect("text");
    assert!(next.contains("can't be told"), "{next}");
}

#[test]
fn nothing_is_called_what_is_declared_as_something_else() {
    let sandbox = applied();
    sandbox.write(FILE, &format!("{STACK}topics:\n  news: {{}}\n"));
    for flags in [&[][..], &["--dry-run"]] {
        let said = sandbox.refused(&[&["state", "mv", "queue.audit", "topic.news"], flags].concat(), "E0204");
        assert!(said.contains("`topic.news` is declared as AWS::SNS::Topic"), "{said}");
    }
    assert!(sandbox.recorded(FILE).contains(&"queue.audit".to_owned()));
}

#[test]
fn a_state_is_pulled_changed_and_pushed() {
    let sandbox = applied();
    let pulled = sandbox.ok(&["state", "pull"]).stdout;
    sandbox.write("pulled.json", &pulled);
    sandbox.ok(&["state", "rm", "queue.audit"]);
    let said = sandbox.refused(&["state", "push", "pulled.json"], "E0602");
    assert!(said.contains("serial"), "{said}");
    let run = sandbox.ok(&["state", "push", "pulled.json", "--force"]);
    assert!(run.stdout.contains("3 resources") && run.stdout.contains(".backup"), "{}", run.stdout);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
    // What was pulled before is behind again.
    sandbox.refused(&["state", "push", "pulled.json"], "E0602");
    let now = sandbox.ok(&["state", "pull", "--json"]).stdout;
    sandbox.write("pulled.json", &now);
    let json = sandbox.ok(&["state", "push", "pulled.json", "--json"]).json();
    assert_eq!(json["resources"], 3);
    // Pulled in the middle of the run that wrote the present state.
    let mut early = sandbox.ok(&["state", "pull", "--json"]).json();
    assert!(early["journal"].as_u64().is_some_and(|entries| entries > 1), "{early}");
    early["journal"] = Json::from(early["journal"].as_u64().unwrap_or(0) - 1);
    sandbox.write("early.json", &early.to_string());
    let said = sandbox.refused(&["state", "push", "early.json"], "E0602");
    assert!(said.contains("while a run was under way"), "{said}");
    // Of another stack, twice the same, no state at all.
    sandbox.write("other.json", &now.replacen("\"stack\": \"shop\"", "\"stack\": \"bakery\"", 1));
    sandbox.refused(&["state", "push", "other.json", "--force"], "E0602");
    sandbox.write("twice.json", &now.replace("queue.audit", "queue.orders"));
    let said = sandbox.refused(&["state", "push", "twice.json", "--force"], "E0602");
    assert!(said.contains("`queue.orders` stands in it twice"), "{said}");
    for (bad, words) in [
        ("[]", "it says no version"),
        ("{}", "it says no version"),
        ("", "it is empty"),
        ("no", "it isn't JSON from line 1, column 2 on"),
        ("{\"version\": 1,\n oh}", "it isn't JSON from line 2, column 2 on"),
    ] {
        sandbox.write("bad.json", bad);
        let said = sandbox.refused(&["state", "push", "bad.json", "--force"], "E0602");
        assert!(said.contains(words) && said.contains("`evstack state pull` prints"), "{bad}: {said}");
    }
    sandbox.refused(&["state", "push", "nowhere.json"], "E0602");
    let empty = Sandbox::new();
    empty.write(FILE, STACK);
    assert_eq!(empty.ok(&["state", "pull"]).stdout, "");
}

#[test]
fn secrets_are_pulled_as_hashes() {
    let sandbox = Sandbox::new();
    sandbox.write(
        FILE,
        "name: shop\nconfig: { token: { secret: true } }\nresources:\n  note:\n    type: AWS::SSM::Parameter\n    \
         properties: { Type: String, Name: note, Value: \"${config.token}\" }\noutputs: { it: \"${config.token}\" }\n",
    );
    sandbox.ok(&["apply", "--yes", "--config", "token=hush-hush"]);
    let pulled = sandbox.ok(&["state", "pull"]).stdout;
    sandbox.write("last.json", &pulled.replacen("\"serial\": 1", "\"serial\": 18446744073709551615", 1));
    let said = sandbox.refused(&["state", "push", "last.json", "--force"], "E0602");
    assert!(said.contains("beyond all that a run can have counted"), "{said}");
    assert!(!pulled.contains("hush") && pulled.contains("$secret"), "{pulled}");
}

#[test]
fn unfinished_operations_are_never_lost_silently() {
    let sandbox = applied();
    let pulled = sandbox.ok(&["state", "pull"]).stdout;
    sandbox.write("pulled.json", &pulled.replacen("\"serial\": 1", "\"serial\": 9", 1));
    let mut served = sandbox.serve(&["--latency", "60000"]);
    sandbox.edit(FILE, "audit: {", "audit: { visibilityTimeout: 9s,");
    let mut child = sandbox.start(&["apply", "--yes"]);
    let journal = sandbox.path(".evstack/state/shop.local.journal");
    until("it is begun", || fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"requested\"")));
    signal(&child, "KILL");
    child.wait().expect("it ends");
    served.kill();
    // These ask no cloud.
    sandbox.refused(&["state", "mv", "queue.audit", "queue.log"], "E0607");
    sandbox.refused(&["state", "rm", "queue.audit"], "E0607");
    let said = sandbox.refused(&["state", "push", "pulled.json"], "E0607");
    assert!(said.contains("`evstack apply` finds out"), "{said}");
    for looks in ["plan", "drift"] {
        let said = sandbox.run(&[looks]).stderr;
        assert!(said.contains("an earlier run ended while it worked on `queue.audit`"), "{said}");
    }
    assert_eq!(sandbox.run(&["drift", "--json"]).json()["unfinished"], 1);
    // The apply would end it first, and then the plan wouldn't fit.
    let said = sandbox.refused(&["plan", "--out", "saved.plan"], "E0607");
    assert!(
        said.contains("run `evstack apply evstack.yaml`") && !sandbox.path("saved.plan").exists(),
        "{said}"
    );
    // What isn't touched by it can be changed; and the operation moves along with a pull and a push.
    sandbox.ok(&["state", "rm", "queue.orders"]);
    let now = sandbox.ok(&["state", "pull"]).stdout;
    sandbox.write("now.json", &now);
    sandbox.ok(&["state", "push", "now.json"]);
    let run = sandbox.ok(&["state", "push", "pulled.json", "--force"]);
    assert!(run.stderr.contains("warning: how the update of `queue.audit`"), "{}", run.stderr);
}

#[test]
fn what_a_killed_run_left_is_picked_up_by_an_import_and_by_accepting_drift() {
    let sandbox = applied();
    let state: Json = serde_json::from_str(&sandbox.read(STATE)).expect("JSON");
    let resources = state["resources"].as_array().expect("a list");
    let orders = resources.iter().find(|one| one["address"] == "queue.orders").expect("recorded");
    let orders = orders["identifier"].as_str().expect("a URL").to_owned();
    let _served = sandbox.serve(&["--latency", "1500"]);
    let killed = |change: (&str, &str)| {
        sandbox.edit(FILE, change.0, change.1);
        let mut child = sandbox.start(&["apply", "--yes"]);
        let journal = sandbox.path(".evstack/state/shop.local.journal");
        until("it is begun", || {
            fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"requested\""))
        });
        signal(&child, "KILL");
        child.wait().expect("it ends");
    };
    const RECOVERED: &str = "Recovered: 1 operation of an earlier run (1 done, 0 not done).";
    killed(("audit: {", "audit: { visibilityTimeout: 9s,"));
    sandbox.ok(&["state", "rm", "queue.orders"]);
    let run = sandbox.ok(&["import", "queue.orders", &orders]);
    assert!(run.stdout.contains("Import complete: queue.orders"), "{}", run.stdout);
    assert!(run.stderr.contains(RECOVERED), "{}", run.stderr);
    sandbox.ok(&["apply", "--adopt", "--yes"]);
    killed(("visibilityTimeout: 9s", "visibilityTimeout: 11s"));
    let run = sandbox.ok(&["drift", "--accept", "--yes", "--json"]);
    assert!(run.stderr.contains(RECOVERED), "{}", run.stderr);
    assert_eq!(run.json()["accepted"], Json::Array(Vec::new()), "{}", run.stdout);
    assert!(sandbox.ok(&["plan"]).stdout.contains("No changes."));
}

#[test]
fn of_several_stacks_the_one_that_is_meant_is_found_or_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("stacks/a.yaml", "name: a\nqueues: { one: {}, both: {} }\n");
    sandbox.write("stacks/b.yaml", "name: b\nqueues: { two: {}, both: {} }\n");
    sandbox.ok(&["apply", "--yes"]);
    sandbox.ok(&["state", "mv", "queue.two", "queue.three"]);
    let said = sandbox.refused(&["state", "rm", "queue.both"], "E0605");
    assert!(said.contains("--stack"), "{said}");
    sandbox.ok(&["state", "rm", "queue.both", "--stack", "stacks/b.yaml"]);
    sandbox.refused(&["state", "pull"], "E0605");
    sandbox.refused(&["state", "rm", "queue.nowhere"], "E0505");
}
