//! Stacks as CloudFormation templates: `tests/cases/export/<name>.yaml`, for `local` and for `prod`,
//! → `templates/<name>.<env>.json`. Together the cases use every key of every kind, and
//! `tests/outside/cfn_lint.sh` holds the templates against AWS's own rules. `UPDATE_CASES=1` writes
//! the files anew; read the difference before committing it.

use evstack::diagnostics::render;
use evstack::interop::cloudformation;
use evstack::kinds::kinds;
use evstack::model::Place;
use evstack::ops::{self, DiskLoader, Request};
use evstack::spec::Inputs;
use evstack::syntax::{self, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/export")
}

/// The stack files, without their overlays.
fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .filter(|path| !path.to_string_lossy().ends_with(".prod.yaml"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 3, "cases were lost");
    cases
}

fn place(env: &str) -> Place {
    let (region, account) = match env {
        "prod" => ("eu-west-1", "123456789012"),
        _ => ("us-east-1", "000000000000"),
    };
    Place {
        partition: "aws".to_owned(),
        region: region.to_owned(),
        account: account.to_owned(),
        base_url: None,
    }
}

#[test]
fn every_template_is_as_expected() {
    let mut failures = Vec::new();
    for case in cases() {
        for env in ["local", "prod"] {
            let path = case.to_string_lossy().into_owned();
            let inputs = Inputs {
                environment: Vec::new(),
                env: env.to_owned(),
                place: place(env),
                config: Vec::new(),
                imported: BTreeMap::new(),
            };
            let request = Request { path, inputs };
            let loaded = ops::load(&request, Box::new(DiskLoader::new("/"))).unwrap_or_else(|failure| {
                panic!("{}", render::text(&failure.diagnostics, &failure.sources, false))
            });
            let (template, diagnostics) = cloudformation::template(&loaded.stack, &loaded.resolved);
            assert!(diagnostics.is_empty(), "{}", render::text(&diagnostics, &loaded.sources, false));
            let text = format!("{}\n", serde_json::to_string_pretty(&template).expect("JSON"));
            assert!(!text.contains("t0p"), "{}: a secret is in the template", case.display());
            let name = case.file_stem().expect("a name").to_string_lossy();
            let file = folder().join(format!("templates/{name}.{env}.json"));
            if std::env::var_os("UPDATE_CASES").is_some() {
                std::fs::write(&file, &text).expect("writes the case");
            } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
                failures.push(file.display().to_string());
            }
        }
    }
    assert!(failures.is_empty(), "not as expected (UPDATE_CASES=1 writes them): {failures:?}");
}

#[test]
fn the_cases_use_every_key_of_every_kind() {
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for case in cases() {
        let text = std::fs::read_to_string(&case).expect("the case");
        let (node, _) = syntax::parse(evstack::diagnostics::SourceId(0), &text, syntax::Format::Yaml);
        let node = node.expect("a tree");
        for kind in kinds() {
            for entry in node.get(kind.key).and_then(Node::entries).unwrap_or_default() {
                for key in entry.value.entries().unwrap_or_default() {
                    used.insert((kind.key.to_owned(), key.key.clone()));
                }
            }
        }
    }
    let missing: Vec<String> = kinds()
        .iter()
        .flat_map(|kind| kind.fields.iter().map(move |field| (kind.key, field.name)))
        .filter(|(kind, field)| !used.contains(&((*kind).to_owned(), (*field).to_owned())))
        .map(|(kind, field)| format!("{kind}.{field}"))
        .collect();
    assert!(missing.is_empty(), "no case uses {missing:?}");
}
