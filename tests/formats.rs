//! What other readers get: mistakes as SARIF and as annotations, plans as Markdown
//! and as HTML.

mod common;

use common::Sandbox;
use serde_json::{Value as Json, json};
use std::fs;

/// A project with a mistake in one stack, a warning's worth in a folder below.
fn mistaken() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("stacks/shop.yaml", "name: shop\nqueues:\n  orders: {retenton: 1h}\n  orders: {}\n");
    sandbox.write("stacks/pay.yaml", "name: pay\nqueues: {orders: {retention: 1h}}\n");
    sandbox.write(".git/HEAD", "");
    sandbox
}

fn valid(log: &Json) {
    let schema = fs::read_to_string("tests/cases/formats/sarif.schema.json").expect("the schema");
    let schema: Json = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mistakes: Vec<String> =
        validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}\n{log:#}");
}

#[test]
fn mistakes_as_sarif_are_valid_and_at_their_places() {
    let sandbox = mistaken();
    let run = sandbox.run(&["check", "--sarif"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let log = run.json();
    valid(&log);
    let said = sandbox.run(&["check", "--json"]).json();
    let told: Vec<&Json> = said["stacks"]
        .as_array()
        .expect("stacks")
        .iter()
        .flat_map(|stack| stack["diagnostics"].as_array().expect("diagnostics"))
        .collect();
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), told.len());
    assert!(results.len() >= 2, "{log:#}");
    for (result, diagnostic) in results.iter().zip(told) {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(result["ruleId"], diagnostic["code"]);
        assert_eq!(place["artifactLocation"]["uri"], "stacks/shop.yaml");
        assert_eq!(place["region"]["startLine"], diagnostic["line"]);
        assert_eq!(place["region"]["startColumn"], diagnostic["column"]);
        let index = result["ruleIndex"].as_u64().expect("an index");
        let index = usize::try_from(index).expect("small");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], diagnostic["code"]);
    }
    assert!(!run.stdout.contains(sandbox.path("").to_str().expect("UTF-8")), "{}", run.stdout);
    assert_eq!(run.stdout, sandbox.run(&["check", "--sarif"]).stdout);
}

#[test]
fn without_a_mistake_and_without_a_stack_sarif_is_a_log_too() {
    let sandbox = mistaken();
    let fine = sandbox.ok(&["check", "stacks/pay.yaml", "--sarif"]).json();
    valid(&fine);
    assert_eq!(fine["runs"][0]["results"], json!([]));
    assert_eq!(fine["runs"][0]["invocations"][0]["executionSuccessful"], true);
    let none = Sandbox::new().run(&["check", "--sarif"]);
    assert_eq!(none.code, 1);
    valid(&none.json());
    let notification = &none.json()["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["associatedRule"]["id"], "E0605");
}

#[test]
fn annotations_name_files_from_the_root_of_the_repository() {
    let sandbox = mistaken();
    for arguments in [&["check", "--github"][..], &["plan", "--github"]] {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, 1);
        let lines: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("::")).collect();
        assert!(!lines.is_empty(), "{}", run.stderr);
        for line in lines {
            assert!(line.starts_with("::error file=stacks/shop.yaml,line="), "{line}");
        }
        // Beside what a person reads, not instead of it.
        assert!(run.stderr.contains("--> stacks/shop.yaml:"), "{}", run.stderr);
    }
    let mut below = sandbox.command(&["check", "shop.yaml", "--github", "--json"]);
    below.current_dir(sandbox.path("stacks"));
    let run = common::Run::of(below.output().expect("the program starts"));
    assert!(run.stderr.starts_with("::error file=stacks/shop.yaml,line=3,col="), "{}", run.stderr);
    assert_eq!(run.json()["stacks"][0]["stack"], "shop.yaml");
}

/// A table that holds data, and a queue beside it.
const LEDGER: &str = "name: ledger
tables:
  entries: {key: {id: string}}
queues:
  late: {retention: 1h}
";

#[test]
fn a_plan_as_markdown_is_a_comment_for_a_bot_and_for_people() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", LEDGER);
    let first = sandbox.ok(&["plan", "--markdown"]).stdout;
    assert!(
        first.starts_with("<!-- evstack:plan stack=ledger env=local -->\n## Plan for `ledger` in `local`: "),
        "{first}"
    );
    assert!(first.contains("| create | `queue.late` | `AWS::SQS::Queue` |"), "{first}");
    assert!(
        first.contains("<summary><b>create</b> <code>queue.late</code></summary>\n\n```diff\n"),
        "{first}"
    );
    assert!(first.contains("\n+ MessageRetentionPeriod = 3600\n"), "{first}");
    assert_eq!(first, sandbox.ok(&["plan", "--markdown"]).stdout);

    sandbox.ok(&["apply", "--yes"]);
    let nothing = sandbox.ok(&["plan", "--markdown"]).stdout;
    assert!(
        nothing.contains("## Plan for `ledger` in `local`: no changes\n") && !nothing.contains("| Action"),
        "{nothing}"
    );

    sandbox.edit("evstack.yaml", "id: string", "name: string");
    let refused = sandbox.run(&["plan", "--markdown"]);
    assert_eq!(refused.code, 1);
    let (document, told) = (&refused.stdout, &refused.stderr);
    assert!(
        document.contains("> [!CAUTION]\n> **This plan is refused: it can't be applied as it is.**\n"),
        "{document}"
    );
    assert!(document.contains("`E0501` `table.entries` would be replaced"), "{document}");
    assert!(
        document.contains(
            "> **Data would be lost.**\n>\n> - `table.entries` (`AWS::DynamoDB::Table`), replaced: "
        ),
        "{document}"
    );
    assert!(
        document.contains(
            "> **Resources would be replaced.**\n>\n> - `table.entries`: `KeySchema.0.AttributeName`"
        ),
        "{document}"
    );
    assert!(document.contains("| **replace** | `table.entries` | `AWS::DynamoDB::Table` |"), "{document}");
    assert!(told.contains("error[E0501]"), "{told}");
    for arguments in [&["plan", "--html", "--github"][..], &["apply", "--yes", "--github"]] {
        let said = sandbox.run(arguments).stderr;
        assert!(said.contains("::error file=evstack.yaml,line=3,col="), "{arguments:?}: {said}");
    }
}

#[test]
fn drift_as_markdown_says_what_changed_outside() {
    let sandbox = Sandbox::new();
    sandbox.write("evstack.yaml", "name: shop\nqueues:\n  orders: {retention: 1h}\n");
    let cloud = sandbox.serve(&[]);
    sandbox.ok(&["apply", "--yes"]);
    let none = sandbox.ok(&["drift", "--markdown"]).stdout;
    assert!(
        none.starts_with(
            "<!-- evstack:drift stack=shop env=local -->\n## Drift of `shop` in `local`: none\n"
        ),
        "{none}"
    );
    let (name, identifier) =
        cloud.inventory().into_iter().find(|(_, id)| id.ends_with("orders")).expect("a queue");
    cloud.change(&name, &identifier, "MessageRetentionPeriod", &json!(7200));
    let drifted = sandbox.run(&["drift", "--markdown"]);
    assert_eq!(drifted.code, 2);
    let document = drifted.stdout;
    assert!(document.contains("| **changed** | `queue.orders` | `AWS::SQS::Queue` |"), "{document}");
    assert!(document.contains("\n! MessageRetentionPeriod = 3600 -> 7200\n"), "{document}");
}

#[test]
fn several_stacks_are_one_document() {
    let sandbox = Sandbox::new();
    sandbox.write("stacks/a.yaml", "name: a\nqueues: {orders: {}}\n");
    sandbox.write("stacks/b.yaml", "name: b\nqueues: {orders: {}}\n");
    let document = sandbox.ok(&["plan", "--markdown"]).stdout;
    assert!(document.starts_with("<!-- evstack:plan stack=* env=local -->\n"), "{document}");
    assert_eq!(document.matches("\n## Plan for ").count(), 2);
}

#[test]
fn a_plan_as_html_is_one_page_that_loads_nothing() {
    let sandbox = Sandbox::with_stacks();
    let page = sandbox.ok(&["plan", "stacks/reviews.yaml", "--html"]).stdout;
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && page.ends_with("</html>\n"));
    assert!(page.contains("<title>Plan for reviews in local: 80 to add, 0 to change, 0 to destroy</title>"));
    for absent in ["<script", "<link", "<img", "src=", "url(", "@import", "javascript:"] {
        assert!(!page.contains(absent), "{absent}");
    }
    // Every box leads to its diff.
    for (number, _) in page.matches("<rect ").enumerate() {
        assert!(page.contains(&format!("<a href=\"#s0-c{number}\"><g class=\"node create\">")), "{number}");
        assert!(page.contains(&format!("<section class=\"change\" id=\"s0-c{number}\">")), "{number}");
    }
    assert_eq!(page.matches("<rect ").count(), 80);
    assert!(page.contains("<h3>IAM changes</h3>") && page.contains("Cost in calls: "));
    assert_eq!(page, sandbox.ok(&["plan", "stacks/reviews.yaml", "--html"]).stdout);
    let comment = sandbox.ok(&["plan", "stacks/reviews.yaml", "--markdown"]).stdout;
    assert!(
        comment.len() <= 65_536 && comment.contains("### IAM changes") && comment.contains("Cost in calls: ")
    );
}

#[test]
fn a_stdout_has_one_form() {
    let sandbox = mistaken();
    for arguments in [
        &["check", "--sarif", "--json"][..],
        &["plan", "--markdown", "--json"],
        &["plan", "--markdown", "--html"],
        &["plan", "--json", "--html"],
    ] {
        assert_eq!(sandbox.run(arguments).code, 64);
    }
}
