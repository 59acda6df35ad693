//! Mistakes in kinds and between declarations, case by case: `tests/cases/kinds/<behaviour>.yaml` →
//! `<behaviour>.txt`, the diagnostics as a person sees them, or, where there are none, the resources.
//! `UPDATE_CASES=1` writes the files anew; read the difference before committing it.

use evstack::diagnostics::render;
use evstack::model::Place;
use evstack::ops::{self, Request};
use evstack::spec::{Inputs, MemoryLoader};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

fn shown(name: &str, text: &str) -> String {
    let place = Place {
        partition: "aws".to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        base_url: None,
    };
    let inputs = Inputs {
        env: "local".to_owned(),
        place,
        environment: Vec::new(),
        config: Vec::new(),
        imported: BTreeMap::new(),
    };
    let request = Request { path: name.to_owned(), inputs };
    let loader = MemoryLoader::new(BTreeMap::from([(name.to_owned(), text.to_owned())]));
    match ops::load(&request, Box::new(loader)) {
        Err(failure) => render::text(&failure.diagnostics, &failure.sources, false),
        Ok(loaded) => {
            let warnings = render::text(&loaded.warnings, &loaded.sources, false);
            loaded.resolved.resources.iter().fold(warnings, |mut out, resource| {
                writeln!(out, "{} {}", resource.address, resource.type_name).expect("writes");
                out
            })
        }
    }
}

#[test]
fn every_case_is_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/kinds");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        count += 1;
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let shown = shown(&name, &std::fs::read_to_string(&path).expect("the case"));
        let file = path.with_extension("txt");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&file, &shown).expect("writes the case");
        } else if std::fs::read_to_string(&file).unwrap_or_default() != shown {
            failures.push(format!("== {name}\n{shown}"));
        }
    }
    assert!(count >= 18, "cases were lost");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn properties_that_cloud_control_would_not_take_are_told_at_the_longest() {
    let long = "x".repeat(262_144);
    let definition = format!("{{StartAt: A, States: {{A: {{Type: Pass, Result: {long}, End: true}}}}}}");
    let shown =
        shown("evstack.yaml", &format!("name: a\nstateMachines:\n  m: {{definition: {definition}}}\n"));
    assert!(
        shown.starts_with("error[E0404]: `stateMachine.m` (AWS::StepFunctions::StateMachine) has 26"),
        "{shown}"
    );
    assert!(shown.contains("evstack.yaml:3:19"), "{}", shown.replace(&long, "…"));
}
