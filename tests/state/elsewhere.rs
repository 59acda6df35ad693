//! A record that is of something else than the run: of another cloud, of another stack.

use super::common::{Run, Sandbox};
use std::fs;

const STACK: &str = "name: shop\nqueues: {orders: {deadLetter: false, options: {protect: true}}}\n";
const STATE: &str = ".evstack/state/shop.far.json";

fn at(url: &str) -> String {
    format!("cloud: {{endpoint: \"{url}\"}}\n")
}

/// Every command that reads what is there beside the record, or writes it.
const LIVE: [&[&str]; 9] = [
    &["plan"],
    &["plan", "--adopt"],
    &["plan", "--refresh=false"],
    &["apply", "--yes"],
    &["destroy", "--yes"],
    &["drift"],
    &["drift", "--accept", "--yes"],
    &["drift", "--revert", "--yes"],
    &["import", "queue.orders", "x", "--force"],
];

#[test]
fn what_is_recorded_in_one_cloud_is_not_looked_for_in_another() {
    let (sandbox, other) = (Sandbox::new(), Sandbox::new());
    let (here, there) = (sandbox.serve(&[]), other.serve(&[]));
    sandbox.write("evstack.yaml", STACK);
    sandbox.write("evstack.far.yaml", &at(&here.url));
    sandbox.ok(&["apply", "--env", "far", "--yes"]);
    let recorded = sandbox.read(STATE);

    sandbox.write("evstack.far.yaml", &at(&there.url));
    for arguments in LIVE {
        let arguments = if arguments[0] == "import" {
            [&arguments[..3], &["--env", "far"], &arguments[3..]].concat()
        } else {
            [&arguments[..1], &["--env", "far"], &arguments[1..]].concat()
        };
        let said = sandbox.refused(&arguments, "E0611");
        for url in [&here.url, &there.url] {
            assert!(said.contains(url.as_str()), "{arguments:?} names both: {said}");
        }
        assert!(said.contains("`--env NAME`") && said.contains("`evstack state rm`"), "{said}");
    }
    assert_eq!(sandbox.read(STATE), recorded, "nothing is forgotten");
    assert_eq!((here.inventory().len(), there.inventory().len()), (1, 0));
    // The record alone may be looked at and changed.
    assert_eq!(sandbox.ok(&["state", "list", "--env", "far"]).stdout, "queue.orders\n");

    // The same data behind another port is the same cloud.
    drop(here);
    let here = sandbox.serve(&[]);
    sandbox.write("evstack.far.yaml", &at(&here.url));
    assert_eq!(sandbox.run(&["plan", "--env", "far", "--detailed-exitcode"]).code, 0);
    // And so it is where the stack finds it by itself.
    sandbox.write("evstack.far.yaml", &at(&there.url));
    sandbox.ok(&["plan", "--env", "far", "--cloud", "local"]);

    // Who lets go of what is there may go elsewhere; what was let go of stays.
    sandbox.ok(&["state", "rm", "queue.orders", "--env", "far"]);
    sandbox.ok(&["apply", "--env", "far", "--yes"]);
    assert_eq!((here.inventory().len(), there.inventory().len()), (1, 1));
    sandbox.write("evstack.far.yaml", &at(&here.url));
    sandbox.refused(&["plan", "--env", "far"], "E0611");
}

#[test]
fn a_local_cloud_that_is_thrown_away_is_begun_afresh() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", STACK);
    sandbox.write("evstack.far.yaml", "cloud: {endpoint: \"http://127.0.0.1:9\"}\n");
    sandbox.ok(&["apply", "--yes"]);
    let served = sandbox.serve(&[]);
    sandbox.write("evstack.far.yaml", &at(&served.url));
    sandbox.ok(&["apply", "--env", "far", "--yes"]);
    drop(served);
    fs::remove_dir_all(sandbox.path(".evstack/local")).expect("it is there");
    // Another account and region too: a folder holds one cloud, and the one before is gone.
    sandbox.write("evstack.local.yaml", "cloud: {region: eu-west-1, accountId: \"123456789012\"}\n");
    let planned = sandbox.ok(&["plan"]).stdout;
    assert!(planned.contains("Plan: 1 to add"), "{planned}");
    sandbox.ok(&["apply", "--yes"]);
    let served = sandbox.serve(&[]);
    sandbox.write("evstack.far.yaml", &at(&served.url));
    let planned = sandbox.ok(&["plan", "--env", "far"]).stdout;
    assert!(planned.contains("Plan: 1 to add"), "{planned}");
}

#[test]
fn a_state_that_says_no_cloud_is_of_any_and_says_one_once_it_is_written() {
    let sandbox = Sandbox::new();
    let other = Sandbox::new();
    sandbox.write("evstack.yaml", STACK);
    let here = sandbox.serve(&[]);
    sandbox.write("evstack.far.yaml", &at(&here.url));
    sandbox.ok(&["apply", "--env", "far", "--yes"]);
    let mut state: serde_json::Value = serde_json::from_str(&sandbox.read(STATE)).expect("JSON");
    let site = state.as_object_mut().expect("a state").remove("site").expect("it says where");
    assert_eq!((&site["account"], &site["region"]), (&"000000000000".into(), &"us-east-1".into()));
    sandbox.write(STATE, &state.to_string());
    assert_eq!(sandbox.run(&["plan", "--env", "far", "--detailed-exitcode"]).code, 0);
    sandbox.edit("evstack.yaml", "deadLetter: false", "deadLetter: false, retention: 2h");
    sandbox.ok(&["apply", "--env", "far", "--yes"]);
    let there = other.serve(&[]);
    sandbox.write("evstack.far.yaml", &at(&there.url));
    sandbox.refused(&["destroy", "--env", "far", "--yes"], "E0611");

    // A push says where what it brings is; the next run finds out whether it is there.
    let pulled = sandbox.ok(&["state", "pull", "--env", "far"]).stdout;
    let mut moved: serde_json::Value = serde_json::from_str(&pulled).expect("JSON");
    moved["site"]["folder"] = serde_json::json!(other.path(".evstack/local").canonicalize().expect("made"));
    sandbox.write("moved.json", &moved.to_string());
    sandbox.ok(&["state", "push", "moved.json", "--env", "far"]);
    assert!(sandbox.ok(&["plan", "--env", "far"]).stdout.contains("Plan: 1 to add"));
}

#[test]
fn the_state_of_another_stack_is_nobodys_but_its_own() {
    let sandbox = Sandbox::new();
    let rule = |name: &str| format!("name: {name}\nbuses: {{{name}: {{}}}}\n");
    sandbox.write("stacks/one.yaml", &rule("one"));
    sandbox.write("stacks/two.yaml", &rule("two"));
    sandbox.ok(&["apply", "stacks/one.yaml", "--yes"]);
    let state = |name: &str| sandbox.path(&format!(".evstack/state/{name}"));
    fs::copy(state("one.local.json"), state("two.local.json")).expect("copied");
    for command in ["plan", "apply", "destroy", "drift"] {
        let mut arguments = vec![command, "stacks/two.yaml"];
        arguments.extend((!matches!(command, "plan" | "drift")).then_some("--yes"));
        let said = sandbox.refused(&arguments, "E0602");
        assert!(said.contains("it is of `one` in `local`, not of `two` in `local`"), "{said}");
    }
    sandbox.refused(&["state", "list", "--stack", "stacks/two.yaml"], "E0602");
    assert_eq!(sandbox.run(&["plan", "stacks/one.yaml", "--detailed-exitcode"]).code, 0);
    fs::remove_file(state("two.local.json")).expect("it is there");
    sandbox.ok(&["apply", "stacks/two.yaml", "--yes"]);
}

#[test]
fn an_environment_that_does_not_say_where_is_no_way_to_aws() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", STACK);
    for text in ["", "config: {}\n"] {
        sandbox.write("evstack.dev.yaml", text);
        for arguments in [&["plan"][..], &["apply", "--yes"], &["check"]] {
            let said = sandbox.refused(&[arguments, &["--env", "dev"]].concat(), "E0603");
            assert!(said.contains("evstack.dev.yaml") && said.contains("`cloud: {region: "), "{said}");
        }
        sandbox.ok(&["plan", "--env", "dev", "--cloud", "local"]);
    }
}

#[test]
fn names_that_no_file_can_have_are_refused_where_they_are_written() {
    let sandbox = Sandbox::new();
    let stack = |length: usize| format!("name: {}\n", "s".repeat(length));
    sandbox.write("evstack.yaml", &stack(300));
    let said = sandbox.refused(&["check"], "E0204");
    assert!(said.contains("at most 128") && said.contains("evstack.yaml:1:7"), "{said}");
    sandbox.write("evstack.yaml", &stack(128));
    sandbox.ok(&["apply", "--yes"]);
    let run: Run = sandbox.run(&["plan", "--env", &"e".repeat(300)]);
    assert!(run.code == 1 && run.stderr.contains("error[E0204]: "), "{}", run.stderr);
}

#[test]
fn whoever_points_every_program_at_a_cloud_means_this_one_too() {
    let (sandbox, other) = (Sandbox::new(), Sandbox::new());
    let (here, there) = (sandbox.serve(&[]), other.serve(&[]));
    sandbox.write("evstack.yaml", STACK);
    sandbox.write("evstack.prod.yaml", "cloud: {region: us-east-1, accountId: \"000000000000\"}\n");
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = sandbox.command(&[arguments, &["--env", "prod"]].concat());
        Run::of(command.envs(variables.iter().copied()).output().expect("it starts"))
    };
    let all = [("AWS_ENDPOINT_URL", here.url.as_str())];
    let done = run(&["apply", "--yes"], &all);
    assert!(done.code == 0 && done.stdout.contains(&here.url), "{}{}", done.stdout, done.stderr);
    assert_eq!(here.inventory().len(), 1);
    // A service's own counts before that of all.
    let own = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_ENDPOINT_URL_CLOUDCONTROL", &here.url)];
    assert_eq!(run(&["plan", "--detailed-exitcode"], &own).code, 0);
    let said = run(&["destroy", "--yes"], &[("AWS_ENDPOINT_URL", &there.url)]).stderr;
    assert!(said.contains("error[E0611]"), "{said}");
    let said = run(&["plan"], &[("AWS_ENDPOINT_URL", "127.0.0.1:9")]).stderr;
    assert!(said.contains("error[E0211]: AWS_ENDPOINT_URL is `127.0.0.1:9`"), "{said}");
    // What the environment's file says counts before both.
    sandbox.write("evstack.prod.yaml", &at(&here.url));
    assert_eq!(run(&["plan", "--detailed-exitcode"], &[("AWS_ENDPOINT_URL", &there.url)]).code, 0);
}

#[test]
fn what_another_stack_has_taken_is_not_ended_by_this_one() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", "name: shop\nbuses: {main: {}}\n");
    let served = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let (of, id) = served.inventory().remove(0);
    let tag = |stack: &str| {
        let tags = [("evstack:stack", stack), ("evstack:env", "local")];
        let tags: Vec<_> = tags.iter().map(|(k, v)| serde_json::json!({"Key": k, "Value": v})).collect();
        served.change(&of, &id, "Tags", &serde_json::json!(tags));
    };
    tag("bakery");
    for arguments in
        [&["destroy", "--yes", "--allow-data-loss"][..], &["plan", "--destroy", "--allow-data-loss"]]
    {
        let said = sandbox.refused(arguments, "E0512");
        assert!(
            said.contains("belongs to the stack `bakery`") && said.contains("`evstack state rm "),
            "{said}"
        );
    }
    assert_eq!(served.inventory().len(), 1);
    tag("shop");
    sandbox.ok(&["destroy", "--yes", "--allow-data-loss"]);
    assert_eq!(served.inventory().len(), 0);
}
