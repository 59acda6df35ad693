//! What scripts rely on: exit codes, pipes, colours, JSON on stdout.

mod common;

use common::{Run, Sandbox, layers, read_until, signal};

fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", "name: shop\nqueues:\n  orders: {retention: 1h}\n");
    sandbox
}

#[test]
fn wrong_usage_is_64() {
    let sandbox = shop();
    for arguments in [
        &[][..],
        &["nope"],
        &["plan", "--nope"],
        &["plan", "--env"],
        &["plan", "--refresh=maybe"],
        &["plan", "--config", "x"],
        &["plan", "--cloud", "azure"],
        &["plan", "a.yaml", "b.yaml"],
        &["plan", "--yes"],
        &["apply", "--parallelism", "0"],
        &["local", "--port", "70000"],
        &["export", "--format", "terraform"],
        &["state"],
    ] {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, 64, "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(!run.stderr.is_empty());
    }
    for arguments in [&["--version"][..], &["--help"], &["plan", "--help"]] {
        let run = sandbox.ok(arguments);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_flag_of_another_command_is_said_to_be_one() {
    let sandbox = shop();
    for (arguments, says) in [
        (&["plan", "--rollback"][..], "`--rollback` is a flag of `evstack apply`"),
        (&["plan", "--yes=1"], "`--yes` is a flag of `evstack apply`, `evstack destroy`"),
        (&["apply", "--out", "x"], "`--out` is a flag of `evstack plan`"),
        (&["apply", "--parallelism", "-1"], "-1 is not in 1..=1024"),
    ] {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, 64, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(says) && !run.stderr.contains("'-- "), "{arguments:?}: {}", run.stderr);
    }
    // A slip of the finger keeps the parser's own tip.
    assert!(sandbox.run(&["plan", "--detailed-exitcod"]).stderr.contains("'--detailed-exitcode'"));
}

#[test]
fn differences_are_2_only_where_asked_for() {
    let sandbox = shop();
    assert_eq!(sandbox.run(&["plan"]).code, 0);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 2);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode", "--json"]).code, 2);
    assert_eq!(sandbox.run(&["apply", "--auto-approve"]).code, 0);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode"]).code, 0);
    assert_eq!(sandbox.run(&["plan", "--detailed-exitcode", "--destroy"]).code, 1);
    let destroy = ["plan", "--detailed-exitcode", "--destroy", "--allow-data-loss"];
    assert_eq!(sandbox.run(&destroy).code, 2);
    sandbox.write("evstack.yaml", "name: shop\nqueues: {orders: {retenton: 1h}}\n");
    sandbox.refused(&["plan", "--detailed-exitcode"], "E0201");
    sandbox.refused(&["check"], "E0201");
}

#[test]
fn without_anybody_to_ask_nothing_happens() {
    let sandbox = shop();
    let said = sandbox.refused(&["apply"], "E0506");
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(sandbox.recorded("evstack.yaml"), [""; 0]);
    let json = sandbox.run(&["apply", "--json"]);
    assert_eq!(json.code, 1);
    let last = json.stdout.lines().last().expect("lines");
    let line: serde_json::Value = serde_json::from_str(last).expect("each line is JSON");
    assert_eq!((&line["type"], &line["diagnostic"]["code"]), (&"diagnostic".into(), &"E0506".into()));
    sandbox.ok(&["apply", "--yes"]);
    // With nothing to do there is nothing to ask.
    sandbox.ok(&["apply"]);
    sandbox.refused(&["destroy", "--allow-data-loss"], "E0506");
}

#[test]
fn mistakes_are_json_on_stdout_where_json_was_asked_for() {
    let sandbox = shop();
    sandbox.write("evstack.yaml", "name: shop\nqueues: {orders: {retenton: 1h, x: 1}}\n");
    for arguments in [&["plan", "--json"][..], &["output", "--json", "--env", "prod"]] {
        let run = sandbox.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{arguments:?}");
        let found = run.json();
        let found = found["diagnostics"].as_array().expect("diagnostics");
        assert!(found.iter().all(|d| d["severity"] == "error" && d["message"].is_string()), "{found:?}");
    }
    let plan = sandbox.run(&["plan", "--json"]).json();
    let first = &plan["diagnostics"][0];
    assert_eq!((&first["file"], &first["line"]), (&"evstack.yaml".into(), &2.into()), "{first}");
    assert_eq!(plan["diagnostics"].as_array().map(Vec::len), Some(2), "all at once");
    let check = sandbox.run(&["check", "--json"]);
    assert_eq!((check.code, &check.json()["stacks"][0]["diagnostics"][0]["code"]), (1, &"E0201".into()));
    let apply = sandbox.run(&["apply", "--json", "--yes"]);
    assert_eq!((apply.code, apply.stderr.as_str()), (1, ""));
    assert_eq!(apply.stdout.lines().count(), 2, "a line each");
    for line in apply.stdout.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        assert_eq!(line["type"], "diagnostic");
    }
}

#[test]
fn a_reader_that_leaves_is_silent_success() {
    let sandbox = shop();
    for arguments in [&["plan"][..], &["plan", "--json"], &["explain", "queue"], &["check"]] {
        let mut child = sandbox.start(arguments);
        drop(child.stdout.take());
        let run = Run::of(child.wait_with_output().expect("it ends"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn an_apply_goes_on_without_its_reader() {
    let sandbox = shop();
    for (arguments, left) in [(&["apply", "--yes"][..], 2), (&["destroy", "--yes", "--allow-data-loss"], 0)] {
        let mut child = sandbox.start(arguments);
        drop(child.stdout.take());
        let run = Run::of(child.wait_with_output().expect("it ends"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(sandbox.recorded("evstack.yaml").len(), left, "{arguments:?}");
    }
    // What fails, fails with nobody reading too.
    sandbox.write("evstack.yaml", "name: shop\nqueues: {orders: {retenton: 1h}}\n");
    let mut child = sandbox.start(&["apply", "--json", "--yes"]);
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn colours_only_where_they_are_wanted() {
    let sandbox = shop();
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = sandbox.command(&["plan"]);
        command.env_remove("NO_COLOR").envs(variables.iter().copied());
        Run::of(command.output().expect("it starts")).stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[]), "a pipe");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]), "asked for");
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "refused");
}

#[test]
fn an_interrupted_apply_is_finished_by_the_next() {
    // Ctrl-C, and what a CI job gets that is cancelled.
    for name in ["INT", "TERM"] {
        interrupted(name);
    }
}

fn interrupted(name: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", &layers());
    let served = sandbox.serve(&["--latency", "200"]);
    let mut child = sandbox.start(&["apply", "--yes"]);
    let reader = read_until(&mut child, "Creation complete");
    signal(&child, name);
    // Its lines are read to the end, so that it never waits for us.
    let mut told = String::new();
    std::io::Read::read_to_string(&mut { reader }, &mut told).expect("it prints");
    let run = Run::of(child.wait_with_output().expect("it ends"));
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert_eq!(told.matches("Skipped: the run was interrupted").count(), 1, "{told}");
    assert!(run.stderr.contains("Run `evstack apply evstack.yaml` to go on."), "{}", run.stderr);
    let done = sandbox.recorded("evstack.yaml");
    assert!((1..9).contains(&done.len()), "{done:?}");
    assert_eq!(served.inventory().len(), done.len(), "what is there is recorded");

    let finished = sandbox.ok(&["apply", "--yes"]).stdout;
    let rest = format!("Resources: {} added, 0 changed, 0 destroyed.", 9 - done.len());
    assert!(finished.contains(&rest), "{finished}");
    assert_eq!((sandbox.recorded("evstack.yaml").len(), served.inventory().len()), (9, 9));
    assert!(sandbox.ok(&["plan"]).stdout.contains("No changes."));
}
