//! The documentation is true: the tables of `docs/language.md` are those of the kinds, and every
//! stack in it loads.

use evstack::diagnostics::render;
use evstack::kinds::{Kind, kinds};
use evstack::model::Place;
use evstack::ops::{self, Request};
use evstack::spec::{Inputs, MemoryLoader};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const OPEN: &str = "<!-- kinds: written by UPDATE_CASES=1 cargo test --test docs -->\n";
const CLOSE: &str = "<!-- /kinds -->";

fn language() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md");
    let text = std::fs::read_to_string(&path).expect("docs/language.md");
    (path, text)
}

fn section(kind: &Kind) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let mut out = format!("\n### `{}` (`{}.<name>`)\n\n", kind.key, kind.singular);
    let about = kind.about;
    match kind.type_name {
        Some(name) => writeln!(out, "{about}. Main resource: `{name}`.\n").expect("writes"),
        None => writeln!(out, "{about}.\n").expect("writes"),
    }
    out.push_str("| key | what may stand there | meaning |\n| --- | --- | --- |\n");
    for field in kind.fields.iter().filter(|field| field.shown) {
        let required = if field.required { " (required)" } else { "" };
        let (form, about) = (cell(field.form), cell(field.about));
        writeln!(out, "| `{}`{required} | {form} | {about} |", field.name).expect("writes");
    }
    if !kind.parts.is_empty() {
        out.push_str("\n| part | type | made |\n| --- | --- | --- |\n");
        for part in kind.parts {
            writeln!(out, "| `{}` | `{}` | {} |", part.name, part.type_name, cell(part.about))
                .expect("writes");
        }
    }
    for (name, about) in kind.attributes {
        write!(out, "\nAttribute `{name}`: {about}.\n").expect("writes");
    }
    out
}

#[test]
fn the_tables_are_those_of_the_kinds() {
    let (path, text) = language();
    let (before, rest) = text.split_once(OPEN).expect("where the tables begin");
    let (_, after) = rest.split_once(CLOSE).expect("where the tables end");
    let tables: String = kinds().iter().map(section).collect();
    let wanted = format!("{before}{OPEN}{tables}\n{CLOSE}{after}");
    if text == wanted {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_CASES").is_some(),
        "docs/language.md is behind the kinds: UPDATE_CASES=1 writes it"
    );
    std::fs::write(&path, &wanted).expect("writes the page");
}

/// The fenced blocks in YAML and TOML, each with its file's name: `# shop.yaml` in its first line.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    for (i, fenced) in text.split("```").enumerate().filter(|(i, _)| i % 2 == 1) {
        let (language, body) = fenced.split_once('\n').expect("a language and a text");
        assert!(["yaml", "toml"].contains(&language), "a block that no test knows: {language}");
        let first = body.lines().next().unwrap_or_default();
        let named = first.strip_prefix("# ").filter(|name| !name.contains(' '));
        let name = named.map_or_else(|| format!("block{i}.{language}"), str::to_owned);
        blocks.push((name, body.to_owned()));
    }
    blocks
}

#[test]
fn every_stack_of_the_documentation_loads() {
    let (_, text) = language();
    let blocks = blocks(&text);
    let files: BTreeMap<String, String> = blocks.iter().cloned().collect();
    let mut loaded = 0;
    for (name, body) in blocks.iter().filter(|(_, body)| !body.contains("\ncloud:")) {
        let has_prod = files.contains_key(&name.replace(".yaml", ".prod.yaml")) && name == "shop.yaml";
        for env in if has_prod { vec!["local", "prod"] } else { vec!["local"] } {
            let place = Place {
                partition: "aws".to_owned(),
                region: "us-east-1".to_owned(),
                account: "000000000000".to_owned(),
                base_url: None,
            };
            let inputs = Inputs {
                env: env.to_owned(),
                place,
                config: Vec::new(),
                environment: Default::default(),
                imported: BTreeMap::new(),
            };
            let request = Request { path: name.clone(), inputs };
            let loader = MemoryLoader::new(files.clone());
            if let Err(failure) = ops::load(&request, Box::new(loader)) {
                panic!("{body}\n{}", render::text(&failure.diagnostics, &failure.sources, false));
            }
            loaded += 1;
        }
    }
    assert!(loaded >= 7, "stacks were lost from the documentation");
}

/// The page on the local cloud has every knob and every count, and no others.
#[test]
fn the_knobs_are_those_of_the_local_cloud() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/local.md");
    let text = std::fs::read_to_string(path).expect("docs/local.md");
    let (_, table) = text.split_once("| knob |").expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let rows: Vec<Vec<&str>> = table.lines().skip(2).map(|row| row.split(" | ").collect()).collect();
    let quoted =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let profile = serde_json::to_value(evstack::local::Profile::default()).expect("JSON");
    let knobs: Vec<&String> = profile.as_object().expect("knobs").keys().collect();
    let shown: Vec<String> = rows.iter().flat_map(|row| quoted(row[0])).collect();
    assert_eq!(shown.iter().collect::<Vec<_>>(), knobs);

    let cloud = evstack::local::Cloud::open(None, evstack::local::Options::default()).expect("opens");
    let request = http::Request::get("/_evstack/counts").body(bytes::Bytes::new()).expect("a request");
    let counts: serde_json::Value =
        serde_json::from_slice(cloud.handle(&request).body()).expect("JSON comes back");
    let mut names: Vec<&String> = counts["misbehaviours"].as_object().expect("counts").keys().collect();
    let mut shown: Vec<String> = rows.iter().flat_map(|row| quoted(row[2])).collect();
    names.sort();
    shown.sort();
    assert_eq!(shown.iter().collect::<Vec<_>>(), names);
}
