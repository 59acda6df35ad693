//! A disk that gets full in the middle of an apply: the run stops and says so, nothing is lost, and the
//! next run finishes.
//!
//! A limit on the length of files stands for the disk: what goes beyond it is refused, in the middle of
//! a write as on a full disk.
#![cfg(unix)]

mod common;
#[path = "common/rig.rs"]
mod rig;

use common::{Run, Sandbox, layers, until};
use evstack::diagnostics::Code;
use evstack::ops::plan::Wanted;
use evstack::state::{Entry, Output};
use rig::Rig;
use serde_json::json;
use std::process::Command;

/// A run whose files may have so many blocks of 512 bytes.
fn limited(sandbox: &Sandbox, arguments: &[&str], blocks: u64) -> Run {
    let program = sandbox.command(arguments);
    let mut command = Command::new("sh");
    // The signal that would end it is ignored: the write itself fails.
    command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &blocks.to_string()]);
    command.arg(program.get_program()).args(program.get_args()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(program.get_current_dir().expect("a folder"));
    Run::of(command.output().expect("a shell"))
}

#[test]
fn a_journal_that_can_not_grow_ends_the_run_and_the_next_goes_on() {
    let mut failed = 0;
    for blocks in [0, 3, 10, 21] {
        let sandbox = Sandbox::new();
        sandbox.write("evstack.yaml", &layers());
        let served = sandbox.serve(&["--latency", "5"]);
        let run = limited(&sandbox, &["apply", "--yes"], blocks);
        let shown = format!("{blocks} blocks:\n{}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("panicked"), "{shown}");
        if run.code != 0 {
            failed += 1;
            assert_eq!(run.code, 1, "{shown}");
            assert!(run.stderr.contains("error[E0606]: "), "{shown}");
            assert!(run.stderr.contains("can't be written"), "{shown}");
            assert!(run.stderr.contains("run again"), "{shown}");
            assert_eq!(run.stderr.matches("error[").count(), 1, "once for all: {shown}");
        }
        until("nothing is under way", || {
            served.page("/_evstack/inventory")["pending"].as_array().is_some_and(Vec::is_empty)
        });
        // A look doesn't need the disk.
        assert!(limited(&sandbox, &["plan"], 0).code == 0, "{shown}");
        sandbox.ok(&["apply", "--yes"]);
        assert_eq!((served.inventory().len(), sandbox.recorded("evstack.yaml").len()), (9, 9), "{shown}");
        assert!(sandbox.ok(&["plan", "--detailed-exitcode"]).stdout.contains("No changes."));
        sandbox.ok(&["destroy", "--yes", "--allow-data-loss"]);
        assert_eq!(served.inventory(), [], "{shown}");
    }
    assert!(failed >= 3, "the limit was hardly reached: {failed}");
}

#[test]
fn a_local_cloud_whose_data_can_not_grow_says_so_and_loses_nothing() {
    // Before anything is there, and after the first is.
    for blocks in [16, 64] {
        let sandbox = Sandbox::new();
        let text = "{name: shop, resources: {a: {type: AWS::SQS::Queue}, b: {type: AWS::SQS::Queue, options: {dependsOn: [resource.a]}}}}";
        sandbox.write("evstack.yaml", text);
        let run = limited(&sandbox, &["apply", "--yes"], blocks);
        let shown = format!("{blocks} blocks:\n{}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("panicked"), "{shown}");
        assert_eq!(run.code, 1, "{shown}");
        assert!(run.stderr.contains("disk I/O error"), "{shown}");
        sandbox.ok(&["apply", "--yes"]);
        let there = sandbox.ok(&["local", "inventory", "--json"]).json();
        let there = there["resources"].as_array().expect("a list").len();
        assert_eq!((there, sandbox.recorded("evstack.yaml").len()), (2, 2), "{shown}");
        assert!(sandbox.ok(&["plan", "--detailed-exitcode"]).stdout.contains("No changes."));
    }
}

/// A folder stands where the new snapshot is to be written: the journal can be, the snapshot can't.
fn blocked(sandbox: &Sandbox, then: impl FnOnce()) {
    let way = sandbox.path(".evstack/state/shop.local.json.new");
    std::fs::create_dir(&way).expect("it isn't there");
    then();
    std::fs::remove_dir(&way).expect("it is there");
}

#[test]
fn what_was_done_is_told_before_a_state_that_can_not_be_folded() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "other.yaml",
        "{name: other, resources: {q: {type: AWS::SQS::Queue, properties: {QueueName: taken}}}}",
    );
    sandbox.ok(&["apply", "other.yaml", "--yes"]);
    sandbox.write(
        "evstack.yaml",
        "{name: shop, queues: {orders: {deadLetter: false}}, outputs: {url: '${queue.orders.QueueUrl}'}}",
    );
    blocked(&sandbox, || {
        let run = sandbox.run(&["apply", "--yes"]);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, 1, "{shown}");
        assert!(run.stdout.contains("Apply complete! Resources: 1 added"), "{shown}");
        assert!(run.stdout.contains("url = "), "{shown}");
        assert_eq!(run.stderr.matches("error[").count(), 1, "{shown}");
        assert!(run.stderr.contains("error[E0606]: ") && run.stderr.contains("run again"), "{shown}");
    });
    assert_eq!(sandbox.recorded("evstack.yaml").len(), 1, "the journal has it");
    let two = "{name: shop, queues: {orders: {deadLetter: false}, more: {deadLetter: false}}, \
               resources: {q: {type: AWS::SQS::Queue, properties: {QueueName: taken}}}}";
    sandbox.write("evstack.yaml", two);
    blocked(&sandbox, || {
        let run = sandbox.run(&["apply", "--yes", "--rollback"]);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, 1, "{shown}");
        let at = |words: &str| run.stderr.find(words).unwrap_or_else(|| panic!("no {words}: {shown}"));
        assert!(
            at("evstack import --stack evstack.yaml resource.q")
                < at("1 added, 0 changed, 0 destroyed, 1 failed")
        );
        assert!(at("1 failed") < at("Nothing is rolled back"));
        assert!(at("Nothing is rolled back") < at("error[E0606]"));
        let lines = sandbox.run(&["apply", "--yes", "--json"]);
        assert_eq!(lines.code, 1);
        let lines: Vec<_> = lines.stdout.lines().collect();
        let last = lines.iter().rev().take(3).copied().collect::<String>();
        assert!(
            last.contains("E0606") && lines.iter().any(|line| line.contains("apply_errored")),
            "{lines:#?}"
        );
    });
    assert_eq!(sandbox.recorded("evstack.yaml").len(), 2);
}

#[test]
fn a_long_journal_that_can_not_be_folded_lets_what_runs_end() {
    let rig = Rig::new(&json!({"latency": [1000, 1000]}), 1);
    let text = "name: shop\nresources:\n  \
                a: {type: AWS::SQS::Queue}\n  \
                b: {type: AWS::SQS::Queue}\n  \
                slow: {type: AWS::DynamoDB::Table, properties: {KeySchema: [{AttributeName: k, KeyType: HASH}], \
                AttributeDefinitions: [{AttributeName: k, AttributeType: S}], BillingMode: PAY_PER_REQUEST}}\n  \
                after: {type: AWS::SQS::Queue, options: {dependsOn: [resource.a]}}\n";
    let locked = rig.lock(&rig.load(text).expect("a stack"));
    for n in 0..18 {
        let value = json!(char::from(b'a' + n).to_string().repeat(1 << 20));
        let outputs = vec![Output { name: "long".to_owned(), sensitive: false, value }];
        locked.append(Entry::Outputs { outputs }).expect("written");
    }
    drop(locked);
    let way = rig.folder().join("shop.local.json.new");
    std::fs::create_dir(&way).expect("it isn't there");
    let loaded = rig.load(text).expect("a stack");
    let mut locked = rig.lock(&loaded);
    let (_, outcome) = rig.attempt_in(text, &Wanted::default(), &mut locked).expect("it begins");
    let unwritten = outcome.unwritten.expect("it can't be written");
    assert_eq!((unwritten.why.code, unwritten.unfinished), (Code::DISK, vec![]));
    assert_eq!(
        (outcome.added, outcome.failures.len(), outcome.skipped.len()),
        (3, 0, 1),
        "{:?}",
        outcome.skipped
    );
    assert_eq!(rig.inventory().len(), 3);
    drop(locked);
    assert_eq!(rig.state(&loaded).operations.len(), 0, "each has its end");
    std::fs::remove_dir(&way).expect("it is there");
    let (_, outcome) = rig.apply(text).expect("it goes on");
    assert_eq!((outcome.added, rig.inventory().len()), (1, 4));
    assert!(rig.plan(text).expect("a plan").is_empty());
}
