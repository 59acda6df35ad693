//! The README is true: every command in it runs, in the order in which it stands there.

mod common;

use common::Sandbox;
use std::fs;

#[test]
fn every_command_of_the_readme_works() {
    let readme = fs::read_to_string("README.md").expect("the README");
    let sandbox = Sandbox::with_stacks();
    let mut run = Vec::new();
    for line in readme.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let line =
            line.strip_prefix("cargo run -- ").map_or(line.to_owned(), |rest| format!("evstack {rest}"));
        match line.strip_prefix("evstack ") {
            Some(arguments) => {
                let arguments: Vec<&str> = arguments.split_whitespace().collect();
                sandbox.ok(&arguments);
                run.push(line);
            }
            // What builds and tests the project is run by whoever runs this test.
            None => assert!(
                ["cargo test", "cargo install --path . --locked"].contains(&line.as_str()),
                "the README has a command that no test knows: {line}"
            ),
        }
    }
    assert!(run.len() >= 10, "{run:?}");
}

#[test]
fn the_stack_in_the_readme_makes_what_it_says() {
    let readme = fs::read_to_string("README.md").expect("the README");
    let stack = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a stack");
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", stack);
    let plan = sandbox.ok(&["plan"]).stdout;
    let said = readme.split("makes ").nth(1).and_then(|r| r.split(' ').next()).expect("a number");
    assert!(plan.contains(&format!("Plan: {said} to add, 0 to change, 0 to destroy.")), "{plan}");
}
