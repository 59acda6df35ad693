//! Recorded state through other people's eyes: locks, kills, damage, and the flags that narrow a plan.

mod common;
#[path = "state/elsewhere.rs"]
mod elsewhere;

use common::{Run, Sandbox, Served, layers, read_until, signal};
use std::collections::BTreeSet;
use std::fs;

/// What is there is what is recorded, each once.
fn whole(sandbox: &Sandbox, served: &Served) {
    let rows = sandbox.ok(&["state", "list", "--json"]).json();
    let rows = rows.as_array().expect("rows");
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().expect("text").to_owned();
    let recorded: BTreeSet<_> = rows.iter().map(|r| (text(r, "type"), text(r, "identifier"))).collect();
    assert_eq!(recorded.len(), rows.len(), "nothing is recorded twice");
    assert_eq!(served.inventory(), recorded.into_iter().collect::<Vec<_>>());
}

#[test]
fn one_run_at_a_time_and_the_other_says_who() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", &layers());
    let served = sandbox.serve(&["--latency", "200"]);
    let mut first = sandbox.start(&["apply", "--yes"]);
    let mut reader = read_until(&mut first, "Creating...");
    let said = sandbox.refused(&["apply", "--yes"], "E0601");
    assert!(said.contains(&format!("apply --yes` (process {} on ", first.id())), "{said}");
    // Looking needs no lock.
    let run = sandbox.ok(&["plan"]);
    assert!(run.stdout.contains("Plan: "), "{}", run.stdout);
    sandbox.ok(&["state", "list"]);
    std::io::copy(&mut reader, &mut std::io::sink()).expect("it prints");
    assert!(first.wait().expect("it ends").success());
    whole(&sandbox, &served);
}

#[test]
fn killed_anywhere_the_next_apply_makes_it_whole() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", &layers());
    let served = sandbox.serve(&["--latency", "150"]);
    // In the first layer's creates, between layers, and in the last one's.
    for moment in ["q00: Creating...", "q10: Creating...", "q20: Creating..."] {
        let mut child = sandbox.start(&["apply", "--yes"]);
        let reader = read_until(&mut child, moment);
        signal(&child, "KILL");
        drop(reader);
        child.wait().expect("it ends");
        sandbox.ok(&["plan"]);
        // What was being written when the power went.
        let journal = sandbox.path(".evstack/state/shop.local.journal");
        let mut bytes = fs::read(&journal).expect("a journal");
        bytes.extend(b"0123456789abcdef 99 {\"begi");
        fs::write(&journal, bytes).expect("a journal");
        sandbox.ok(&["state", "list"]);
    }
    let done = sandbox.ok(&["apply", "--yes"]).stdout;
    assert!(done.contains("Apply complete!"), "{done}");
    assert_eq!(sandbox.recorded("evstack.yaml").len(), 9);
    whole(&sandbox, &served);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn damaged_and_later_states_are_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", "name: shop\nqueues: {orders: {}}\n");
    sandbox.ok(&["apply", "--yes"]);
    let file = ".evstack/state/shop.local.json";
    let good = sandbox.read(file);
    for (content, words) in [
        (good.replacen("\"version\": 1", "\"version\": 2", 1), "it is of version 2"),
        (good[..good.len() / 2].to_owned(), "can't be read"),
        ("[]".to_owned(), "it says no version"),
        (String::new(), "can't be read"),
    ] {
        sandbox.write(file, &content);
        for arguments in [&["plan"][..], &["apply", "--yes"], &["state", "list"], &["output"]] {
            let said = sandbox.refused(arguments, "E0602");
            assert!(said.contains(words) && said.contains(file), "{arguments:?}: {said}");
        }
        assert_eq!(sandbox.read(file), content, "the file is kept");
    }
    assert!(!sandbox.refused(&["plan"], "E0602").contains(".backup"), "there is none");
    sandbox.write(&format!("{file}.backup"), &good);
    assert!(sandbox.refused(&["plan"], "E0602").contains("shop.local.json.backup is the state before"));
    // Damage in the middle of the journal isn't passed over.
    sandbox.write(file, &good);
    sandbox.write(".evstack/state/shop.local.journal", "damaged\ndamaged\n");
    assert!(sandbox.refused(&["plan"], "E0602").contains("line 1 is damaged"));
    sandbox.write(".evstack/state/shop.local.journal", "");
    assert!(sandbox.ok(&["plan"]).stdout.contains("No changes."));
}

#[test]
fn stacks_are_found_and_told_apart() {
    let sandbox = Sandbox::new();
    for arguments in [&["plan"][..], &["apply", "--yes"], &["check"], &["state", "list"], &["output"]] {
        sandbox.refused(arguments, "E0605");
    }
    sandbox.write("stacks/a.yaml", "name: shop\n");
    sandbox.write("stacks/b.toml", "name = \"shop\"\n");
    sandbox.write("stacks/c.prod.yaml", "config: {}\n");
    let said = sandbox.refused(&["plan"], "E0209");
    assert!(said.contains("stacks/a.yaml and stacks/b.toml"), "{said}");
    // Also where only one of them is named: they would share one state.
    sandbox.refused(&["apply", "stacks/a.yaml", "--yes"], "E0209");
    sandbox.write("stacks/b.toml", "name = \"bakery\"\n[queues.loaves]\n");
    sandbox.write(
        "stacks/a.yaml",
        "name: shop\nimports: {loaves: {stack: bakery, output: url}}\noutputs: {it: \"${imports.loaves}\"}\n",
    );
    sandbox.write(
        "stacks/b.toml",
        "name = \"bakery\"\n[queues.loaves]\n[outputs]\nurl = \"${queue.loaves.QueueUrl}\"\n",
    );
    let done = sandbox.ok(&["apply", "--yes"]).stdout;
    assert!(done.find("Stack bakery") < done.find("Stack shop"), "{done}");
    assert!(done.contains("it = \"http://127.0.0.1:4566/000000000000/bakery-local-loaves\""), "{done}");
    let plans = sandbox.ok(&["plan", "--json"]).json();
    assert_eq!(plans["stacks"].as_array().map(Vec::len), Some(2));
    sandbox.ok(&["destroy", "--yes", "--allow-data-loss"]);
    // The file decides, then the folder.
    sandbox.write("evstack.json", r#"{"name": "here"}"#);
    assert!(sandbox.ok(&["plan"]).stdout.starts_with("Stack here,"));
}

#[test]
fn flags_narrow_a_plan() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", &layers());
    let summary = |arguments: &[&str]| -> Vec<String> {
        let run = sandbox.ok(&[&["plan", "--allow-data-loss"], arguments].concat());
        let lines =
            run.stdout.lines().filter_map(|line| line.strip_prefix("  # ").or(line.strip_prefix("Plan: ")));
        lines
            .filter(|line| !line.starts_with('('))
            .map(|l| l.split(" (").next().unwrap_or(l).to_owned())
            .collect()
    };
    let add = |number: usize| format!("{number} to add, 0 to change, 0 to destroy.");
    assert_eq!(
        summary(&["--target", "resource.q20"]),
        ["resource.q00", "resource.q10", "resource.q20", &add(3)]
    );
    assert_eq!(summary(&["--exclude", "resource.q01"]).last(), Some(&add(6)));
    assert_eq!(summary(&["--target", "resource.q20", "--target", "resource.q01"]).last(), Some(&add(4)));
    sandbox.ok(&["apply", "--yes"]);
    assert_eq!(
        summary(&["--destroy", "--target", "resource.q10"]),
        ["resource.q10", "resource.q20", "0 to add, 0 to change, 2 to destroy."]
    );
    assert_eq!(
        summary(&["--destroy"]).last().map(String::as_str),
        Some("0 to add, 0 to change, 9 to destroy.")
    );
    let replaced = summary(&["--replace", "resource.q20"]);
    assert_eq!(replaced, ["resource.q20", "1 to add, 0 to change, 1 to destroy."]);
    for (flag, wrong) in
        [("--target", "resource.q02x"), ("--exclude", "resorce.q02"), ("--replace", "resource.q2")]
    {
        let said = sandbox.refused(&["plan", flag, wrong], "E0505");
        assert!(said.contains("did you mean `resource.q"), "{said}");
    }
    sandbox.refused(&["plan", "--target", "not an address"], "E0505");
    sandbox.refused(&["state", "show", "resource.q02x"], "E0505");
    let done = sandbox.ok(&["apply", "--yes", "--allow-data-loss", "--replace", "resource.q20"]).stdout;
    assert!(done.contains("Resources: 1 added, 0 changed, 1 destroyed."), "{done}");
    assert!(sandbox.ok(&["plan"]).stdout.contains("No changes."));
}

#[test]
fn without_refresh_the_record_is_believed() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", "name: shop\nqueues: {orders: {retention: 1h}}\n");
    let served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let url = "http://127.0.0.1:4566/000000000000/shop-local-orders";
    served.change("AWS::SQS::Queue", url, "MessageRetentionPeriod", &serde_json::json!(60));
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 2);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode", "--refresh=false"]).code, 0);
    drop(served);
    let mut command = sandbox.command(&["plan", "--refresh=false", "--detailed-exitcode"]);
    assert_eq!(Run::of(command.output().expect("it starts")).code, 0);
    sandbox.ok(&["apply", "--yes"]);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn outputs_are_told_alike_and_secrets_not_at_all() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "evstack.yaml",
        "name: shop\nconfig: {token: {type: string, secret: true}}\nqueues: {orders: {}}\n\
         outputs: {url: \"${queue.orders.QueueUrl}\", token: \"${config.token}\", account: \"${aws.accountId}\"}\n",
    );
    let given = ["--config", "token=hush"];
    let planned = sandbox.ok(&[&["plan"], &given[..]].concat()).stdout;
    assert!(planned.contains("+ token   = (sensitive value)"), "{planned}");
    let brief = sandbox.ok(&[&["plan", "--quiet"], &given[..]].concat()).stdout;
    assert!(brief.starts_with("Plan: 2 to add, 0 to change, 0 to destroy.\n"), "{brief}");
    let applied = sandbox.ok(&[&["apply", "--yes", "--quiet"], &given[..]].concat()).stdout;
    assert!(!applied.contains("Creating..."), "{applied}");
    let (_, outputs) = applied.split_once("Outputs:\n\n").expect("outputs");
    assert_eq!(sandbox.ok(&["output"]).stdout, outputs);
    let names: Vec<&str> = outputs.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(names, ["url", "token", "account"]);
    assert!(outputs.contains("token = <sensitive>"), "{outputs}");

    let said = sandbox.refused(&["output", "token"], "E0509");
    assert!(said.contains("only a hash is kept"), "{said}");
    let told = sandbox.ok(&["output", "token", "--json"]).json();
    assert_eq!(told, serde_json::json!({"value": null, "sensitive": true}));
    let said = sandbox.refused(&["output", "nope"], "E0508");
    assert!(said.contains("there are `url`, `token`, `account`"), "{said}");
}

/// A queue's policy names the rule that comes after the queue, and two machines each other: what
/// is left out is taken as it is, or as it will be.
#[test]
fn a_target_needs_no_more_than_comes_before_it() {
    let sandbox = Sandbox::new();
    let starts = |other: &str| {
        format!(
            "{{definition: {{StartAt: S, States: {{S: {{Type: Task, Resource: 'arn:aws:states:::states:startExecution', \
             Parameters: {{StateMachineArn: '${{stateMachine.{other}.Arn}}'}}, End: true}}}}}}}}"
        )
    };
    let text = format!(
        "name: shop\nqueues: {{orders: {{deadLetter: false}}}}\nrules: {{take: {{on: {{source: [a]}}, to: queue.orders}}}}\n\
         stateMachines:\n  one: {}\n  two: {}\noutputs: {{it: '${{rule.take.Arn}}'}}\n",
        starts("two"),
        starts("one")
    );
    sandbox.write("evstack.yaml", &text);
    for target in ["queue.orders", "stateMachine.one"] {
        let done = sandbox.ok(&["apply", "--yes", "--target", target]).stdout;
        assert!(!done.contains("(known after apply)"), "{done}");
        assert_eq!(sandbox.run(&["plan", "--target", target, "--detailed-exitcode"]).code, 0, "{target}");
    }
    assert_eq!(sandbox.ok(&["output", "--json"]).json(), serde_json::json!({}));
    sandbox.ok(&["apply", "--yes"]);
    sandbox.edit("evstack.yaml", "deadLetter: false", "deadLetter: false, name: other");
    let done = sandbox.ok(&["apply", "--yes", "--target", "queue.orders", "--allow-data-loss"]).stdout;
    assert!(done.contains("Resources: 2 added, 0 changed, 2 destroyed."), "{done}");
    sandbox.ok(&["apply", "--yes"]);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn an_environment_says_where_its_state_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("stacks/shop.yaml", "name: shop\nqueues: {orders: {}}\n");
    sandbox.write("stacks/shop.local.yaml", "cloud: {state: ../kept}\n");
    sandbox.ok(&["apply", "stacks/shop.yaml", "--yes"]);
    assert!(sandbox.path("kept/shop.local.json").is_file());
    assert!(!sandbox.path(".evstack/state").exists());
    assert_eq!(sandbox.run(&["plan", "stacks/shop.yaml", "--detailed-exitcode"]).code, 0);
    sandbox.write("stacks/shop.local.yaml", "cloud: {state: 'gs://bucket/shop'}\n");
    sandbox.refused(&["plan", "stacks/shop.yaml"], "E0212");
}

#[test]
fn a_place_of_the_state_that_is_none_is_refused_before_anything_is_done() {
    let sandbox = Sandbox::new();
    sandbox.write("stacks/shop.yaml", "name: shop\nqueues: {orders: {}}\n");
    // There, `shop.dev.json` would be the state's file and the environment's.
    for folder in [".", "", " ", "./", "../stacks", "x/.."] {
        sandbox.write("stacks/shop.dev.yaml", &overlay(folder));
        let said = sandbox.refused(&["apply", "stacks/shop.yaml", "--env", "dev", "--yes"], "E0211");
        assert!(said.contains("is the folder of this file") && said.contains("shop.dev.yaml:1"), "{said}");
    }
    for place in ["s3:/bucket/x", "S3://bucket/x", "file://x", "gs:bucket"] {
        sandbox.write("stacks/shop.dev.yaml", &overlay(place));
        let said = sandbox.refused(&["apply", "stacks/shop.yaml", "--env", "dev", "--yes"], "E0212");
        assert!(said.contains("`s3://bucket/prefix`"), "{said}");
    }
    assert_eq!(fs::read_dir(sandbox.path("stacks")).expect("a folder").count(), 2, "nothing was written");
}

/// An environment whose state lies there.
fn overlay(state: &str) -> String {
    format!("cloud: {{endpoint: \"http://127.0.0.1:9\", state: \"{state}\"}}\n")
}

#[test]
fn a_passphrase_that_is_set_and_empty_is_no_passphrase() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", "name: shop\nqueues: {orders: {}}\n");
    let run = Run::of(
        sandbox
            .command(&["apply", "--yes"])
            .env("EVSTACK_STATE_PASSPHRASE", "")
            .output()
            .expect("the program runs"),
    );
    assert!(run.code == 1 && run.stderr.contains("error[E0610]"), "{}", run.stderr);
    assert!(!sandbox.path(".evstack/state").exists());
}
