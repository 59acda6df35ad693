//! Plans, case by case: `tests/cases/plan/<behaviour>/{stack,recorded,live}.json` → `plan.txt`.
//!
//! `stack.json` is a stack as it leaves the language: resources with CloudFormation's own property
//! names, `${address.Property}` for an attribute, `${?address.Property}` for one that orders
//! nothing while it can be predicted, `{"$secret": …}` for a secret. `recorded.json` is the record
//! (`recorded.declared` may hold `{"$hash": …}` for the hash of a secret), `live.json` the reads
//! (`null`: not there). `EVSTACK_BLESS=1` writes `plan.txt` anew.

use evstack::diagnostics::{Diagnostics, SourceId, Span};
use evstack::graph::Graph;
use evstack::model::{
    Address, Desired, Json, Live, Options, Order, Place, Protection, Recorded, Reference, Secrets, Template,
    Value,
};
use evstack::plan::{Plan, PlanInputs, PlanOptions, build};
use evstack::render::Paint;
use evstack::render::plan::Whereabouts;
use evstack::schema::{Catalogue, PropertyPath, TypeName};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_case_plans_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&root).expect("the cases are there").map(|e| e.expect("a folder").path()).collect();
    folders.sort();
    assert!(folders.len() >= 25, "only {} cases", folders.len());
    let bless = std::env::var_os("EVSTACK_BLESS").is_some();
    let mut failures = Vec::new();
    for folder in folders {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let found = Case::read(&folder).text();
        let expected = folder.join("plan.txt");
        if bless {
            fs::write(&expected, &found).expect("plan.txt can be written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            failures.push(format!("── {name}\n{found}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_case_plans_the_same_twice_and_as_json() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
    for entry in fs::read_dir(&root).expect("the cases are there") {
        let case = Case::read(&entry.expect("a folder").path());
        let (first, _) = case.plan();
        let (second, _) = case.plan();
        assert_eq!(first, second);
        let document = evstack::render::json::plan(&first, &whereabouts(), serde_json::Map::new());
        assert_eq!(document["format_version"], "1.2");
        assert_eq!(document["resource_changes"].as_array().map(Vec::len), Some(first.changes.len()));
        assert!(!document.to_string().contains("hush"), "a secret leaks: {document}");
    }
}

fn whereabouts() -> Whereabouts {
    Whereabouts {
        stack: "shop".into(),
        env: "local".into(),
        account: "000000000000".into(),
        region: "us-east-1".into(),
        cloud: "local cloud (.evstack/local)".into(),
    }
}

struct Case {
    stack: Json,
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
            recorded: recorded.collect(),
            live: live.collect(),
        }
    }

    fn plan(&self) -> (Plan, Diagnostics) {
        let list = |json: &Json| json.as_array().cloned().unwrap_or_default();
        let desired: Vec<Desired> = list(&self.stack["resources"]).iter().map(desired).collect();
        let mut graph: Graph<Address, Order> = Graph::new();
        for resource in &desired {
            graph.node(resource.address.clone());
            for needed in &resource.depends_on {
                graph.edge(resource.address.clone(), needed.clone(), Order::Dependency);
            }
            resource.properties.references(&mut |reference| {
                if reference.order == Order::Dependency {
                    graph.edge(resource.address.clone(), reference.address.clone(), reference.order);
                }
            });
        }
        let outputs: Vec<(String, Template)> = self.stack["outputs"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, json)| (name.clone(), template(json)))
            .collect();
        let recorded_outputs: BTreeMap<String, Json> = self.stack["recordedOutputs"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, json)| (name.clone(), json.clone()))
            .collect();
        let attributes = self.stack["attributes"].as_object().into_iter().flatten().map(|(name, json)| {
            let (address, property) = name.rsplit_once('.').expect("address.Property");
            ((Address::new(address), property.to_owned()), template(json))
        });
        let options = &self.stack["options"];
        let addresses = |name: &str| -> Vec<Address> {
            list(&options[name]).iter().filter_map(Json::as_str).map(Address::from).collect()
        };
        build(&PlanInputs {
            desired: &desired,
            graph: &graph,
            attributes: &attributes.collect(),
            recorded: &self.recorded,
            live: &self.live,
            catalogue: Catalogue::bundled(),
            place: &Place {
                partition: "aws".into(),
                region: "us-east-1".into(),
                account: "000000000000".into(),
                base_url: Some("http://127.0.0.1:4566".into()),
            },
            outputs: &outputs,
            recorded_outputs: &recorded_outputs,
            options: &PlanOptions {
                targets: addresses("targets"),
                excludes: addresses("excludes"),
                replace: addresses("replace"),
                destroy: options["destroy"] == true,
                allow_data_loss: options["allowDataLoss"] == true,
            },
            secrets: &secrets(),
        })
    }

    fn text(&self) -> String {
        let (plan, diagnostics) = self.plan();
        let mut text: String = diagnostics
            .iter()
            .map(|d| {
                let hints: String = d.hints.iter().map(|h| format!("hint: {h}\n")).collect();
                format!("error[{}]: {}\n{hints}", d.code, d.message)
            })
            .collect();
        if !diagnostics.has_errors() {
            text.push_str(&evstack::render::plan::plan(&plan, &whereabouts(), Paint::default()));
        }
        text
    }
}

fn secrets() -> Secrets {
    Secrets::new("salt")
}

fn desired(json: &Json) -> Desired {
    let options = &json["options"];
    let paths = |name: &str| -> Vec<PropertyPath> {
        let list = options[name].as_array().into_iter().flatten();
        list.filter_map(Json::as_str).map(PropertyPath::parse).collect()
    };
    let addresses = |json: &Json| -> Vec<Address> {
        json.as_array().into_iter().flatten().filter_map(Json::as_str).map(Address::from).collect()
    };
    Desired {
        address: Address::new(json["address"].as_str().expect("an address")),
        type_name: TypeName::new(json["type"].as_str().expect("a type")),
        properties: template(&json["properties"]),
        options: Options {
            protection: match options["protect"].as_str() {
                Some("explicit") => Protection::Explicit,
                Some(_) => Protection::ByDefault,
                None => Protection::None,
            },
            ignore_changes: paths("ignoreChanges"),
            replace_on_changes: paths("replaceOnChanges"),
            delete_before_replace: options["deleteBeforeReplace"].as_bool(),
            retain_on_delete: options["retainOnDelete"] == true,
            aliases: addresses(&options["aliases"]),
            import: options["import"].as_str().map(str::to_owned),
            timeout: None,
        },
        depends_on: addresses(&json["dependsOn"]),
        span: Span::new(SourceId(0), 0, 0),
        spans: BTreeMap::new(),
    }
}

fn template(json: &Json) -> Template {
    match json {
        Json::String(text) => text_template(text),
        Json::Array(items) => Template::array(items.iter().map(template)),
        Json::Object(members) if members.contains_key("$secret") => {
            Template::Literal(Value::Sensitive(Box::new(Value::from(members["$secret"].clone()))))
        }
        Json::Object(members) if members.contains_key("$json") => {
            Template::Json(Box::new(template(&members["$json"])))
        }
        Json::Object(members) => Template::object(members.iter().map(|(k, v)| (k.clone(), template(v)))),
        other => Template::Literal(Value::from(other.clone())),
    }
}

fn text_template(text: &str) -> Template {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}').expect("a closing brace");
        if !before.is_empty() {
            pieces.push(Template::string(before));
        }
        let order = if name.starts_with('?') { Order::IfUnknown } else { Order::Dependency };
        let (address, property) = name.trim_start_matches('?').rsplit_once('.').expect("address.Property");
        let (address, property) = (Address::new(address), property.to_owned());
        pieces.push(Template::Attribute(Reference { address, property, order, span: None }));
        rest = tail;
    }
    if pieces.is_empty() {
        return Template::string(text);
    }
    if !rest.is_empty() {
        pieces.push(Template::string(rest));
    }
    if pieces.len() == 1 { pieces.remove(0) } else { Template::Concat(pieces) }
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
