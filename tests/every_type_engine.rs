//! Every bundled type that Cloud Control can make, through the engine: a resource is made, planned
//! again, changed, planned, loses a property, is replaced, is destroyed, against a cloud that does
//! everything to its clients. `docs/verified.md` says what of that each type went through.

#[path = "common/generate/mod.rs"]
mod generate;
#[path = "common/rig.rs"]
mod rig;
#[path = "common/sweep/mod.rs"]
mod sweep;

use evstack::model::{Action, Json};
use evstack::schema::Catalogue;
use rig::Rig;
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Types in a stack.
const AT_ONCE: usize = 16;

/// Those that don't pass, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

fn provisionable() -> Vec<&'static str> {
    let catalogue = Catalogue::bundled();
    let is = |name: &&str| catalogue.get(name).is_some_and(|kind| kind.is_provisionable());
    catalogue.type_names().filter(is).collect()
}

/// `EVSTACK_SWEEP_SEEDS` says how many lives each type has, `EVSTACK_SWEEP_FROM` by which seeds;
/// `EVSTACK_SWEEP_TYPES` which types, by parts of their names.
#[test]
fn every_type_converges_against_the_adversary() {
    let mut types = provisionable();
    let only = std::env::var("EVSTACK_SWEEP_TYPES").ok();
    if let Some(only) = &only {
        types.retain(|name| only.split(',').any(|part| name.contains(part)));
    }
    let seeds: u64 = std::env::var("EVSTACK_SWEEP_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    // Faults a little less often than the adversary has them: nobody tries for ever.
    let rare = 0.02;
    let profile = json!({
        "preset": "adversary", "faults_before": rare, "faults_after": rare, "throttled_operations": rare,
    });
    let began = Instant::now();
    let from: u64 = std::env::var("EVSTACK_SWEEP_FROM").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut swept = sweep::sweep(&types, &(from..from + seeds).collect::<Vec<_>>(), &profile, AT_ONCE);
    let (passed, all, lives) = (swept.passed.len(), types.len(), swept.cases);
    println!("{passed} of {all} types pass, {lives} lives, {:?}", began.elapsed());
    for (name, why) in EXCEPTIONS.iter().filter(|(name, _)| types.contains(name)) {
        assert!(swept.failed.remove(*name).is_some(), "{name} passes now, and is no exception: {why}");
    }
    assert!(swept.failed.is_empty(), "{}: {:#?}", swept.failed.len(), swept.failed);
    if (from, seeds) == (1, 1) && only.is_none() {
        assert!(passed > 1_700, "{passed}");
        is_documented(&sweep::table(&types, &swept.passed, EXCEPTIONS));
    }
}

/// The page with the table is as this run has it.
fn is_documented(table: &str) {
    const BEGINNING: &str = "<!-- written by UPDATE_CASES=1 cargo test --test every_type_engine -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verified.md");
    let text = std::fs::read_to_string(&path).expect("docs/verified.md");
    let (before, _) = text.split_once(BEGINNING).expect("where the tables begin");
    let wanted = format!("{before}{BEGINNING}{table}");
    if text != wanted {
        assert!(
            std::env::var_os("UPDATE_CASES").is_some(),
            "docs/verified.md is behind the sweep: UPDATE_CASES=1 writes it"
        );
        std::fs::write(&path, &wanted).expect("writes the page");
    }
}

fn list(cidrs: &[&str], description: &str) -> String {
    let entries = cidrs.iter().map(|cidr| json!({"Cidr": cidr, "Description": description}));
    json!({"name": "patience", "resources": {"list": {
        "type": "AWS::EC2::PrefixList",
        "properties": {
            "PrefixListName": "list", "AddressFamily": "IPv4", "MaxEntries": 20,
            "Entries": entries.collect::<Vec<_>>(),
        },
    }}})
    .to_string()
}

fn entries(rig: &Rig) -> Vec<Json> {
    let inventory = rig.cloud.inventory();
    let entries = inventory["resources"][0]["properties"]["Entries"].as_array().cloned();
    entries.unwrap_or_default()
}

/// A service may do its work and say that it failed: what was patched is patched once.
#[test]
fn an_update_that_failed_after_its_work_is_tried_again_with_another_patch() {
    for seed in 1..=12 {
        let rig = Rig::new(&json!({}), seed);
        let _made = rig.apply(&list(&["10.0.0.0/16", "10.1.0.0/16"], "a")).expect("it is made");
        rig.set_profile(&json!({"faults_after": 0.5, "update_lag": 100}));
        let next = list(&["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"], "a");
        let Ok(_changed) = rig.apply(&next) else {
            // Four failures in a row are told; the next run finds what there is to do.
            rig.set_profile(&json!({}));
            let _recovered = rig.apply(&next).expect("it goes on");
            assert_eq!(entries(&rig).len(), 3, "seed {seed}");
            continue;
        };
        assert_eq!(entries(&rig).len(), 3, "seed {seed}: {:?}", entries(&rig));
        assert!(rig.plan(&next).expect("a plan").is_empty(), "seed {seed}");
    }
}

/// Reads of a service settle late: an apply ends when they show what it did.
#[test]
fn a_plan_right_after_an_apply_is_empty_though_reads_lag() {
    let rig = Rig::new(&json!({"update_lag": [200, 900], "create_lag": 300}), 1);
    let _made = rig.apply(&list(&["10.0.0.0/16"], "a")).expect("it is made");
    for description in ["b", "c", "d"] {
        let text = list(&["10.0.0.0/16"], description);
        let (plan, _outcome) = rig.apply(&text).expect("it is changed");
        assert!(plan.changes.iter().all(|change| change.action == Action::Update), "{plan:?}");
        assert!(rig.plan(&text).expect("a plan").is_empty(), "{description}");
    }
}
