//! What the reviews stack promises: small edits make small plans, removals go in order, tables stay.

mod common;

use common::Sandbox;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

const STACK: &str = "stacks/reviews.yaml";

fn applied() -> Sandbox {
    let sandbox = Sandbox::with_stacks();
    sandbox.ok(&["apply", STACK, "--yes"]);
    sandbox
}

/// What a plan does, without what it leaves alone.
fn changes(plan: &Json) -> BTreeMap<String, Json> {
    let changes = plan["resource_changes"].as_array().expect("changes");
    let changes = changes
        .iter()
        .map(|c| (c["address"].as_str().expect("an address").to_owned(), c["change"]["actions"].clone()));
    changes.filter(|(_, actions)| *actions != json!(["no-op"])).collect()
}

fn plan(sandbox: &Sandbox) -> Json {
    sandbox.ok(&["plan", STACK, "--json", "--allow-data-loss"]).json()
}

#[test]
fn the_first_plan_knows_nearly_everything() {
    let sandbox = Sandbox::with_stacks();
    let run = sandbox.ok(&["plan", STACK, "--json", "--allow-data-loss"]);
    assert_eq!(
        run.stdout,
        sandbox.ok(&["plan", STACK, "--json", "--allow-data-loss"]).stdout,
        "the same bytes"
    );
    assert_eq!(run.stderr, "");
    let plan = run.json();
    assert_eq!(plan["format_version"], "1.2");
    assert!(!run.stdout.contains("timestamp\""), "nothing depends on the clock");
    let unknowns = plan["evstack"]["unknowns"].as_array().expect("unknowns");
    assert!(unknowns.len() <= 8, "{unknowns:#?}");
    let mut seen = BTreeSet::new();
    for unknown in unknowns {
        let text = |key: &str| unknown[key].as_str().unwrap_or_default().to_owned();
        assert!(!text("reason").is_empty(), "{unknown}");
        assert!(seen.insert((text("address"), text("property"))), "counted twice: {unknown}");
    }
    let all = plan["resource_changes"].as_array().expect("changes");
    assert!(all.len() >= 40);
    for change in all {
        assert_eq!(change["change"]["actions"], json!(["create"]), "{change}");
        assert_eq!(change["change"]["before"], Json::Null, "{change}");
        assert_eq!(change["change"]["before_sensitive"], json!(false), "{change}");
        assert!(change["change"]["after"].is_object() && change["change"]["after_unknown"].is_object());
        assert_eq!(change["provider_name"], "evstack/cloudcontrol");
        assert!(change.get("action_reason").is_none() && change["change"].get("replace_paths").is_none());
    }
    // An unknown is marked where it would stand, and isn't in `after`.
    let page = &plan["output_changes"]["page"];
    assert_eq!(page["after_unknown"], true, "{page}");
    assert_eq!(page["after"], Json::Null, "{page}");
}

#[test]
fn one_edited_state_is_one_update_of_that_state() {
    let sandbox = applied();
    let kept = plan(&sandbox);
    let all = kept["resource_changes"].as_array().expect("changes");
    assert!(all.len() >= 40 && changes(&kept).is_empty(), "what stays is in the document");
    assert!(all.iter().all(|c| c["change"]["before"] == c["change"]["after"]));

    sandbox.edit("stacks/reviews/analysis.asl.yaml", "TargetLanguageCode: en", "TargetLanguageCode: fr");
    let update = BTreeMap::from([("stateMachine.analysis".to_owned(), json!(["update"]))]);
    assert_eq!(changes(&plan(&sandbox)), update);
    let text = sandbox.ok(&["plan", STACK]).stdout;
    assert!(text.contains("Plan: 0 to add, 1 to change, 0 to destroy."), "{text}");
    assert!(
        text.contains("# stateMachine.analysis (AWS::StepFunctions::StateMachine) will be updated in-place")
    );
    assert!(text.contains(r#"~ TargetLanguageCode = "en" -> "fr""#), "{text}");
    for state in ["DetectLanguage", "IsItEnglish", "DetectSentiment", "Judge", "SayPositive", "SayNegative"] {
        assert!(!text.contains(state), "{state} doesn't differ:\n{text}");
    }
    let longest = text.lines().map(str::len).max();
    assert!(longest < Some(160), "a document is never one line:\n{text}");
}

#[test]
fn a_renamed_queue_is_replaced_and_followed() {
    let sandbox = applied();
    sandbox.edit("stacks/reviews/customer-service.yaml", "claims: {", "claims: {name: cases, ");
    let planned = plan(&sandbox);
    let expected = BTreeMap::from([
        ("queue.claims".to_owned(), json!(["create", "delete"])),
        ("stateMachine.customerService".to_owned(), json!(["update"])),
        ("stateMachine.customerService.role".to_owned(), json!(["update"])),
    ]);
    assert_eq!(changes(&planned), expected);
    let all = planned["resource_changes"].as_array().expect("changes");
    let queue = all.iter().find(|c| c["address"] == "queue.claims").expect("the queue");
    assert_eq!(queue["change"]["replace_paths"], json!([["QueueName"]]));
    assert_eq!(queue["action_reason"], "replace_because_cannot_update");
    let text = sandbox.ok(&["plan", STACK, "--allow-data-loss"]).stdout;
    for words in [
        "(because QueueName can't be changed in place: stacks/reviews/customer-service.yaml:15:12)",
        "(another QueueUrl reaches stateMachine.customerService (updated in-place), \
         stateMachine.customerService.role (updated in-place))",
        "queue.claims: the messages in it",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(text.matches("# forces replacement").count(), 1, "{text}");

    let done = sandbox.ok(&["apply", STACK, "--yes", "--allow-data-loss"]).stdout;
    assert!(done.contains("Apply complete! Resources: 1 added, 2 changed, 1 destroyed."), "{done}");
    let at = |line: &str| done.find(line).unwrap_or_else(|| panic!("{line}:\n{done}"));
    // The machine knows the queue to be before it hears of it, and the queue that was goes last.
    assert!(at("queue.claims: Creation complete") < at("stateMachine.customerService: Modifying..."));
    assert!(at("stateMachine.customerService: Modifications complete") < at("queue.claims: Destroying..."));
    let again = sandbox.ok(&["plan", STACK, "--detailed-exitcode"]).stdout;
    assert!(again.contains("No changes."), "{again}");
}

#[test]
fn a_removed_service_goes_in_order() {
    let sandbox = applied();
    sandbox.edit(STACK, "  - reviews/analysis.yaml\n", "");
    let planned = plan(&sandbox);
    for change in planned["resource_changes"].as_array().expect("changes") {
        if change["change"]["actions"] == json!(["delete"]) {
            assert_eq!(change["action_reason"], "delete_because_no_resource_config", "{change}");
            assert_eq!(change["change"]["after"], Json::Null, "{change}");
        }
    }
    let gone = changes(&planned);
    assert!(gone.values().all(|actions| *actions == json!(["delete"])), "{gone:#?}");
    assert!(gone.contains_key("rule.analyseNewReviews") && gone.contains_key("stateMachine.analysis.role"));
    let dependencies: BTreeMap<&String, Vec<String>> = gone
        .keys()
        .map(|address| {
            let shown = sandbox.ok(&["state", "show", address, "--stack", STACK, "--json"]).json();
            let list = shown["dependencies"].as_array().cloned().unwrap_or_default();
            (address, list.iter().filter_map(|d| d.as_str().map(str::to_owned)).collect())
        })
        .collect();

    let done = sandbox.ok(&["apply", STACK, "--yes", "--allow-data-loss"]).stdout;
    assert!(done.contains(&format!("Resources: 0 added, 0 changed, {} destroyed.", gone.len())), "{done}");
    let at = |line: String| done.find(&line).unwrap_or_else(|| panic!("{line}:\n{done}"));
    let mut edges = 0;
    for (address, needed) in &dependencies {
        for needed in needed.iter().filter(|needed| gone.contains_key(*needed)) {
            edges += 1;
            let (end, start) =
                (format!("{address}: Destruction complete"), format!("{needed}: Destroying..."));
            assert!(at(end) < at(start), "{needed} goes before {address}:\n{done}");
        }
    }
    assert!(edges >= 5, "{dependencies:#?}");
    assert!(sandbox.ok(&["plan", STACK]).stdout.contains("No changes."));
}

#[test]
fn tables_are_not_destroyed_by_the_way() {
    let sandbox = applied();
    let before = sandbox.recorded(STACK);
    // It is shown what would go, then it is refused.
    let shown = sandbox.run(&["destroy", STACK, "--yes"]).stdout;
    assert!(shown.contains("# table.audit (AWS::DynamoDB::Table) will be destroyed"), "{shown}");
    assert!(!shown.contains("Destroying..."), "{shown}");
    let said = sandbox.refused(&["destroy", STACK, "--yes"], "E0501");
    for table in
        ["table.audit", "table.cases", "queue.claims", "bus.central.archive", "stateMachine.audit.logs"]
    {
        assert!(said.contains(&format!("`{table}`")), "{said}");
    }
    assert!(said.contains("--allow-data-loss"), "{said}");
    assert_eq!(sandbox.recorded(STACK), before);
    let planned = sandbox.run(&["plan", STACK, "--destroy", "--json", "--out", "end.plan"]);
    assert_eq!((planned.code, planned.stderr.as_str()), (1, ""));
    let plan = planned.json();
    assert_eq!((&plan["errored"], &plan["applyable"]), (&true.into(), &false.into()));
    assert_eq!(plan["evstack"]["findings"].as_array().map(Vec::len), Some(24), "{}", plan["evstack"]);
    assert!(!sandbox.path("end.plan").exists(), "a refused plan can't be applied");
    assert!(sandbox.ok(&["plan", STACK]).stdout.contains("No changes."), "nothing was deleted");
}
