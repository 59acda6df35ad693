//! Plans, case by case: `tests/cases/plan/<behaviour>/{stack,recorded,live}.json` → `plan.txt`.
//!
//! `stack.json` is a stack as it leaves the language: resources with CloudFormation's own property
//! names, `${address.Property}` for an attribute, `${?address.Property}` for one that orders
//! nothing while it can be predicted, `{"$secret": …}` for a secret. `recorded.json` is the record
//! (`recorded.declared` may hold `{"$hash": …}` for the hash of a secret), `live.json` the reads
//! (`null`: not there). `leftOut` names what `options.when` leaves out. `EVSTACK_BLESS=1` writes `plan.txt` anew.
//! Where a `plan.md` stands, that is the plan as a comment on a pull request.

#[path = "plan_cases/stack.rs"]
mod stack;
#[path = "plan_cases/world.rs"]
mod world;

use evstack::diagnostics::{Code, Diagnostics, Severity, Sources};
use evstack::model::{Address, Json, Live, Recorded};
use evstack::plan::{FileError, IamContext, Plan, PlanOptions, SavedPlan, Sections, compare, iam_changes};
use evstack::render::plan::Whereabouts;
use evstack::render::{Paint, Report};
use evstack::schema::Catalogue;
use serde_json::json;
use stack::{Stack, place, secrets};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use world::World;

#[test]
fn every_case_plans_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
    let cases = cases();
    assert!(cases.len() >= 25, "only {} cases", cases.len());
    let bless = std::env::var_os("EVSTACK_BLESS").is_some();
    let mut failures = Vec::new();
    for (name, case) in cases {
        let found = case.text();
        let expected = root.join(&name).join("plan.txt");
        if bless {
            fs::write(&expected, &found).expect("plan.txt can be written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            failures.push(format!("── {name}\n{found}"));
        }
        let expected = root.join(&name).join("plan.md");
        if let Ok(comment) = fs::read_to_string(&expected) {
            let found = case.drawn(|reports| evstack::render::markdown::document(reports, "evstack plan"));
            if bless {
                fs::write(&expected, &found).expect("plan.md can be written");
            } else if comment != found {
                failures.push(format!("── {name}, plan.md\n{found}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_case_plans_the_same_twice_and_as_json() {
    for (_, case) in cases() {
        let (first, _) = case.plan();
        let (second, _) = case.plan();
        assert_eq!(first, second);
        let document =
            evstack::render::json::plan(&first, &sections(&first), &whereabouts(), serde_json::Map::new());
        assert_eq!(document["format_version"], "1.2");
        assert_eq!(document["resource_changes"].as_array().map(Vec::len), Some(first.changes.len()));
        assert!(!document.to_string().contains("hush"), "a secret leaks: {document}");
        for text in [
            case.drawn(evstack::render::html::page),
            case.drawn(|r| evstack::render::markdown::document(r, "")),
        ] {
            assert!(!text.contains("hush"), "a secret leaks: {text}");
        }
    }
}

/// Carries each plan out against a cloud that keeps its promises, by the resources' own templates,
/// and plans again.
#[test]
fn every_case_is_a_promise_that_holds_and_then_plans_nothing() {
    for (name, case) in cases() {
        let stack = Stack::of(&case.stack, &case.text);
        let (plan, diagnostics) = case.plan();
        if diagnostics.has_errors() {
            continue;
        }
        let mut world = World { recorded: case.recorded.clone(), live: case.live.clone() };
        world.apply(&stack, &plan);
        let outputs = if plan.destroy { BTreeMap::new() } else { world.outputs(&stack, &plan) };
        let options = PlanOptions { replace: Vec::new(), ..stack.options.clone() };
        let (again, diagnostics) = stack.plan(&world.recorded, &world.live, &outputs, &options);
        assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
        let text = evstack::render::plan::plan(&again, &sections(&again), &whereabouts(), Paint::default());
        assert!(again.is_empty(), "{name} plans again:\n{text}");
    }
}

#[test]
fn a_saved_plan_reads_back_and_says_what_moved() {
    for (name, case) in cases() {
        let (plan, _) = case.plan();
        let saved = SavedPlan::new(&plan, place(), &secrets());
        let text = saved.write();
        assert!(!text.contains("hush"), "{name}: a secret is in the file");
        let read = SavedPlan::read(&text).expect("what was written can be read");
        assert_eq!(read, saved, "{name}");
        assert_eq!(compare(&read, &saved), Vec::<String>::new(), "{name}");
        let serial = SavedPlan { serial: 7, ..saved.clone() };
        assert_eq!(compare(&saved, &serial), ["the state was written since: serial 0 when planned, 7 now"]);
        for (address, live) in &case.live {
            let mut moved = case.clone();
            let gone = if *live == Live::Absent { Live::Present(json!({})) } else { Live::Absent };
            moved.live.insert(address.clone(), gone);
            let fresh = SavedPlan::new(&moved.plan().0, place(), &secrets());
            let reasons = compare(&saved, &fresh);
            assert!(!reasons.is_empty(), "{name}: nobody notices that {address} moved");
        }
    }
    assert!(matches!(SavedPlan::read("{}"), Err(FileError::Malformed(_))));
    assert!(matches!(SavedPlan::read("{\"format\": 99}"), Err(FileError::Format(99))));
}

fn cases() -> Vec<(String, Case)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
    let folders = fs::read_dir(&root).expect("the cases are there").map(|e| e.expect("a folder").path());
    let mut cases: Vec<(String, Case)> = folders
        .map(|f| (f.file_name().expect("a name").to_string_lossy().into_owned(), Case::read(&f)))
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// The IAM changes; what a plan costs in calls has cases of its own.
fn sections(plan: &Plan) -> Sections {
    let place = place();
    let place_of = |address: &Address, pointer: &str| Some(format!("{address}{pointer}"));
    let context = IamContext { catalogue: Catalogue::bundled(), place: &place, place_of: &place_of };
    Sections { iam: iam_changes(plan, &context), calls: None }
}

fn whereabouts() -> Whereabouts {
    Whereabouts {
        stack: "shop".into(),
        env: "local".into(),
        account: "000000000000".into(),
        region: "us-east-1".into(),
        cloud: "local cloud (.evstack/local)".into(),
        state: None,
    }
}

#[derive(Clone)]
struct Case {
    stack: Json,
    /// `stack.json` as it is written, for places.
    text: String,
    recorded: BTreeMap<Address, Recorded>,
    live: BTreeMap<Address, Live>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let read = |name: &str| -> Option<Json> {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}/{name}: {e}", folder.display())))
        };
        let recorded = read("recorded.json").unwrap_or_default();
        let recorded = recorded.as_array().cloned().unwrap_or_default().into_iter().map(|mut json| {
            hash_secrets(&mut json);
            if json.get("seen").is_none() {
                json["seen"] = json["declared"].clone();
            }
            let recorded: Recorded = serde_json::from_value(json).expect("a recorded resource");
            (recorded.address.clone(), recorded)
        });
        let live = read("live.json").unwrap_or_default();
        let live = live.as_object().cloned().unwrap_or_default().into_iter().map(|(address, json)| {
            let live = if json.is_null() { Live::Absent } else { Live::Present(json) };
            (Address::new(address), live)
        });
        Self {
            stack: read("stack.json").expect("stack.json"),
            text: fs::read_to_string(folder.join("stack.json")).expect("stack.json"),
            recorded: recorded.collect(),
            live: live.collect(),
        }
    }

    fn plan(&self) -> (Plan, Diagnostics) {
        let stack = Stack::of(&self.stack, &self.text);
        stack.plan(&self.recorded, &self.live, &stack.recorded_outputs, &stack.options)
    }

    fn text(&self) -> String {
        let (plan, diagnostics) = self.plan();
        let told: String = diagnostics
            .iter()
            .map(|d| {
                let hints: String = d.hints.iter().map(|h| format!("hint: {h}\n")).collect();
                let severity = if d.severity == Severity::Error { "error" } else { "warning" };
                format!("{severity}[{}]: {}\n{hints}", d.code, d.message)
            })
            .collect();
        // A refusal is about the plan, so that is shown; other mistakes leave none.
        if diagnostics.iter().any(|d| d.severity == Severity::Error && d.code != Code::PROTECTED) {
            return told;
        }
        evstack::render::plan::plan(&plan, &sections(&plan), &whereabouts(), Paint::default()) + &told
    }
}

impl Case {
    /// As the documents for people have it.
    fn drawn(&self, draw: impl Fn(&[Report<'_>]) -> String) -> String {
        let (plan, diagnostics) = self.plan();
        let (mut refusals, mut warnings) = (Diagnostics::new(), Diagnostics::new());
        for diagnostic in diagnostics {
            let is_error = diagnostic.severity == Severity::Error;
            if is_error { &mut refusals } else { &mut warnings }.push(diagnostic);
        }
        let report = Report {
            at: &whereabouts(),
            plan: &plan,
            refusals: &refusals,
            warnings: &warnings,
            sources: &Sources::new(),
            unfinished: &[],
            sections: &sections(&plan),
        };
        draw(&[report])
    }
}

fn hash_secrets(json: &mut Json) {
    match json {
        Json::Object(members) => match members.get("$hash") {
            Some(secret) => *json = secrets().hash(secret),
            None => members.values_mut().for_each(hash_secrets),
        },
        Json::Array(items) => items.iter_mut().for_each(hash_secrets),
        _ => {}
    }
}
