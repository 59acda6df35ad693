//! The whole life of every stack in `stacks/` and `examples/`: create, plan, change, plan, destroy,
//! plan. The repeats are empty.

mod common;

use common::{Sandbox, all_stacks};

const NOTHING: &str = "No changes. Your infrastructure matches the configuration.";

#[test]
fn apply_then_plan_is_empty_for_every_stack() {
    for stack in all_stacks() {
        let sandbox = Sandbox::with_stacks();
        let stack = stack.as_str();
        let applied = sandbox.ok(&["apply", stack, "--yes"]).stdout;
        assert!(applied.contains("Apply complete! Resources: "), "{stack}:\n{applied}");
        empty(&sandbox, stack);

        change(&sandbox, stack);
        let changed = sandbox.ok(&["apply", stack, "--yes"]).stdout;
        assert!(changed.contains(", 1 changed, 0 destroyed."), "{stack}:\n{changed}");
        empty(&sandbox, stack);

        let destroyed = sandbox.ok(&["destroy", stack, "--yes", "--allow-data-loss"]).stdout;
        assert!(destroyed.contains("Destroy complete! Resources: "), "{stack}:\n{destroyed}");
        assert_eq!(sandbox.ok(&["state", "list", "--stack", stack]).stdout, "");
        let again = sandbox.ok(&["plan", stack, "--destroy"]).stdout;
        assert!(again.contains("No changes."), "{stack}:\n{again}");
    }
}

/// Adds a queue and, once it is there, changes it: an update in place on any stack.
fn change(sandbox: &Sandbox, stack: &str) {
    let text = sandbox.read(stack);
    let (toml, addition) = (stack.ends_with("toml"), |retention: &str| {
        if stack.ends_with("toml") {
            format!(
                "\n[resources.extra]\ntype = \"AWS::SQS::Queue\"\nproperties = {{ MessageRetentionPeriod = {retention} }}\n"
            )
        } else {
            format!(
                "\n  extra: {{type: AWS::SQS::Queue, properties: {{MessageRetentionPeriod: {retention}}}}}\n"
            )
        }
    });
    let with = |retention: &str| match text.find("\nresources:\n") {
        Some(at) if !toml => {
            let at = at + "\nresources:".len();
            format!("{}{}{}", &text[..at], addition(retention), &text[at + 1..])
        }
        _ if toml => format!("{text}{}", addition(retention)),
        _ => format!("{text}\nresources:{}", addition(retention)),
    };
    sandbox.write(stack, &with("3600"));
    let added = sandbox.ok(&["apply", stack, "--yes"]).stdout;
    assert!(added.contains("Resources: 1 added, 0 changed, 0 destroyed."), "{stack}:\n{added}");
    sandbox.write(stack, &with("7200"));
}

fn empty(sandbox: &Sandbox, stack: &str) {
    let run = sandbox.run(&["plan", stack, "--detailed-exitcode"]);
    assert!(run.stdout.contains(NOTHING), "{stack}:\n{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, 0, "{stack}");
}
