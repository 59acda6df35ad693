//! A disk that gets full in the middle of an apply: the run stops and says so, nothing is lost, and the
//! next run finishes.
//!
//! A limit on the length of files stands for the disk: what goes beyond it is refused, in the middle of
//! a write as on a full disk.
#![cfg(unix)]

mod common;

use common::{Run, Sandbox, layers, until};
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
