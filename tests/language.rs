//! The stack language, case by case: `tests/cases/language/<behaviour>/stack.yaml` and the files
//! beside it → `expected.txt`, which holds the diagnostics as a person sees them and then what was
//! understood. `UPDATE_CASES=1` writes the files anew; read the difference before committing it.

use evstack::diagnostics::render;
use evstack::model::{Place, Template};
use evstack::spec::{Inputs, MemoryLoader, Stack};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[test]
fn every_case_is_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/language");
    let mut failures = Vec::new();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() > 30, "cases were lost");
    for case in cases {
        let shown = shown(&case);
        let file = case.join("expected.txt");
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if shown != expected {
            if std::env::var_os("UPDATE_CASES").is_some() {
                std::fs::write(&file, &shown).expect("writes the case");
            } else {
                failures.push(format!("== {}\n{shown}", case.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn shown(case: &Path) -> String {
    let files = files(case, case);
    let stack = ["stack.yaml", "stack.toml", "stack.json"]
        .into_iter()
        .find(|name| files.contains_key(*name))
        .expect("a stack file in the case");
    let inputs = inputs(files.get("inputs.json").map_or("{}", String::as_str));
    let loader = MemoryLoader::new(files.clone());
    let (loaded, sources, mut diagnostics) = Stack::load(stack, Box::new(loader), inputs);
    let mut out = String::new();
    let mut understood = String::new();
    if let Some(stack) = &loaded {
        for event in &stack.events {
            let (name, event) = event;
            writeln!(understood, "event.{name} = {} / {}", event.source, event.detail_type).expect("writes");
        }
        for declaration in stack.declarations.iter().filter(|d| d.key != "events") {
            let body = stack.template(&declaration.body, &mut diagnostics);
            writeln!(understood, "{}.{} = {}", declaration.key, declaration.name, text(&body))
                .expect("writes");
            if let Some(defaults) = &declaration.defaults {
                writeln!(understood, "  defaults {}", defaults.to_json()).expect("writes");
            }
        }
        for output in &stack.outputs {
            writeln!(understood, "output {} = {}", output.name, text(&output.value)).expect("writes");
        }
    }
    let sources = loaded.as_ref().map_or(sources, Stack::sources);
    out.push_str(&render::text(&diagnostics, &sources, false));
    out.push_str(&understood);
    out
}

/// A template in one line: literals as JSON, what is left as `<address.Property>`.
fn text(template: &Template) -> String {
    match template {
        Template::Literal(value) if value.has_secrets() => "(secret)".to_owned(),
        Template::Literal(value) => value.to_json().map_or("(unknown)".to_owned(), |json| json.to_string()),
        Template::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        Template::Object(members) => {
            let members: Vec<String> = members.iter().map(|(k, v)| format!("{k}: {}", text(v))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Template::Attribute(reference) => format!("<{}.{}>", reference.address, reference.property),
        Template::Concat(pieces) => pieces.iter().map(text).collect::<Vec<_>>().join(" + "),
        Template::Json(inner) => format!("json({})", text(inner)),
        Template::Call(function) => {
            let of: Vec<String> =
                function.references().iter().map(|r| format!("<{}.{}>", r.address, r.property)).collect();
            format!("{function:?} of {}", of.join(" "))
        }
    }
}

fn files(root: &Path, folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(root, &path));
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let name = path.strip_prefix(root).expect("below the case").to_string_lossy().replace('\\', "/");
            found.insert(name, text);
        }
    }
    found
}

/// `{"env": "prod", "config": {"stage": "x"}, "imported": {"orders": {"arn": "…"}}}`
fn inputs(json: &str) -> Inputs {
    let json: serde_json::Value = serde_json::from_str(json).expect("inputs.json");
    let config = json["config"].as_object().into_iter().flatten();
    Inputs {
        environment: Vec::new(),
        env: json["env"].as_str().unwrap_or("local").to_owned(),
        place: Place {
            partition: "aws".to_owned(),
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            base_url: Some("http://127.0.0.1:4566".to_owned()),
        },
        config: config.map(|(k, v)| (k.clone(), v.as_str().expect("text").to_owned())).collect(),
        imported: serde_json::from_value(json["imported"].clone()).unwrap_or_default(),
    }
}
