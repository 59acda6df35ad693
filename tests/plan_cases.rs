//! Plans, case by case: `tests/cases/plan/<behaviour>/{stack,recorded,live}.json` → `plan.txt`.
//!
//! `stack.json` is a stack as it leaves the language: resources with CloudFormation's own property
//! names, `${address.Property}` for an attribute, `${?address.Property}` for one that orders
//! nothing while it can be predicted, `{"$secret": …}` for a secret. `recorded.json` is the record
//! (`recorded.declared` may hold `{"$hash": …}` for the hash of a secret), `live.json` the reads
//! (`null`: not there). `leftOut` names what `options.when` leaves out. `EVSTACK_BLESS=1` writes `plan.txt` anew.
//! Where a `plan.md` stands, that is the plan as a comment on a pull request.

use evstack::diagnostics::{Code, Diagnostics, Severity, SourceId, Sources, Span};
use evstack::diff::{Context, create_model, declared, patch};
use evstack::graph::Graph;
use evstack::model::{
    Action, Address, Desired, Json, Live, Options, Order, Place, Protection, Recorded, Reference, Secrets,
    Template, Value,
};
use evstack::plan::{
    Answers, FileError, IamContext, Plan, PlanInputs, PlanOptions, ResourceChange, SavedPlan, Sections,
    broken_promises, build, compare, iam_changes,
};
use evstack::render::plan::Whereabouts;
use evstack::render::{Paint, Report};
use evstack::schema::{Catalogue, PropertyPath, TypeName};
use evstack::syntax::{Format, Node, parse};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

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

/// What is recorded, and what is there.
struct World {
    recorded: BTreeMap<Address, Recorded>,
    live: BTreeMap<Address, Live>,
}

impl World {
    fn apply(&mut self, stack: &Stack, plan: &Plan) {
        for change in &plan.changes {
            if let Some(from) = &change.moved_from {
                let mut record = self.recorded.remove(from).expect("it was recorded");
                record.address = change.address.clone();
                self.recorded.insert(change.address.clone(), record);
                if let Some(live) = self.live.remove(from) {
                    self.live.insert(change.address.clone(), live);
                }
            }
            if change.action.deletes() || change.action == Action::Forget {
                self.recorded.remove(&change.address);
                self.live.remove(&change.address);
            }
        }
        let mut order = stack.graph.order().expect("no circle");
        order.retain(|address| plan.change(address).is_some());
        for address in order {
            let change = plan.change(&address).expect("it is retained");
            let desired = stack.desired.iter().find(|d| d.address == address).expect("it is declared");
            if matches!(change.action, Action::NoOp | Action::Delete | Action::Forget) {
                continue;
            }
            let sent = self.value(stack, plan, &desired.properties);
            let planned = change.after.as_ref().expect("it is wanted");
            assert_eq!(broken_promises(planned, &sent), [], "{address}");
            self.send(change, &sent, desired);
        }
    }

    fn value(&self, stack: &Stack, plan: &Plan, template: &Template) -> Value {
        let known = |address: &Address| {
            let record = self.recorded.get(address)?;
            Some((Value::from(record.declared.clone()), record.seen.clone()))
        };
        let predicted = |address: &Address, property: &str| plan.promised(address, property);
        let answers = Answers { attributes: &stack.attributes, known: &known, predicted: &predicted };
        template.evaluate(&answers)
    }

    fn send(&mut self, change: &ResourceChange, sent: &Value, desired: &Desired) {
        let resource_type = Catalogue::bundled().of(&change.type_name).expect("a known type");
        let model = sent.to_json().expect("all is known at apply");
        let record = self.recorded.get(&change.address);
        let mut there = match self.live.get(&change.address) {
            Some(Live::Present(live)) if !change.action.is_replace() => live.clone(),
            _ if change.action == Action::Update => record.expect("updated").seen.clone(),
            _ => json!({}),
        };
        if change.action == Action::Create || change.action.is_replace() {
            there = create_model(&model, &resource_type);
            for (name, value) in &change.computed {
                there[name] = value.to_json().unwrap_or_else(|| json!(format!("made-up-{name}")));
            }
        } else {
            let secrets = secrets();
            let context = Context::new(&resource_type, &desired.options, &secrets);
            let operations = patch(&model, record.map(|r| &r.declared), &there, &context);
            let operations: json_patch::Patch = serde_json::from_value(operations).expect("a patch");
            json_patch::patch(&mut there, &operations).expect("it applies");
        }
        for hidden in resource_type.write_only.iter().filter(|p| p.names().len() == 1) {
            there.as_object_mut().expect("a model").remove(hidden.top());
        }
        let record = Recorded {
            address: change.address.clone(),
            type_name: change.type_name.clone(),
            identifier: change.new_identifier.clone().or(change.identifier.clone()).unwrap_or_default(),
            declared: declared(sent, &secrets()).expect("all is known at apply"),
            seen: there.clone(),
            dependencies: change.depends_on.clone(),
            predicted: BTreeMap::new(),
            protection: change.protection,
            retain_on_delete: false,
            drain: None,
            place: String::new(),
            doubts: Default::default(),
        };
        self.recorded.insert(change.address.clone(), record);
        self.live.insert(change.address.clone(), Live::Present(there));
    }

    fn outputs(&self, stack: &Stack, plan: &Plan) -> BTreeMap<String, Json> {
        let value = |template| declared(&self.value(stack, plan, template), &secrets());
        stack.outputs.iter().filter_map(|(name, t)| Some((name.clone(), value(t)?))).collect()
    }
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

/// A stack as it leaves the language.
struct Stack {
    desired: Vec<Desired>,
    graph: Graph<Address, Order>,
    attributes: BTreeMap<(Address, String), Template>,
    left_out: BTreeSet<Address>,
    outputs: Vec<(String, Template)>,
    recorded_outputs: BTreeMap<String, Json>,
    options: PlanOptions,
    sources: Sources,
}

impl Stack {
    fn of(stack: &Json, text: &str) -> Self {
        let list = |json: &Json| json.as_array().cloned().unwrap_or_default();
        let members = |name: &str| stack[name].as_object().cloned().unwrap_or_default().into_iter();
        let mut sources = Sources::new();
        let (tree, _) = parse(sources.add("stack.json", text), text, Format::Json);
        let written = tree.as_ref().and_then(|tree| tree.get("resources")).and_then(Node::items);
        let places = written.unwrap_or_default().iter().map(Some).chain(std::iter::repeat(None));
        let desired: Vec<Desired> =
            list(&stack["resources"]).iter().zip(places).map(|(json, node)| desired(json, node)).collect();
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
        let attributes = members("attributes").map(|(name, json)| {
            let (address, property) = name.rsplit_once('.').expect("address.Property");
            ((Address::new(address), property.to_owned()), template(&json))
        });
        let options = &stack["options"];
        let addresses = |name: &str| -> Vec<Address> {
            list(&options[name]).iter().filter_map(Json::as_str).map(Address::from).collect()
        };
        Self {
            desired,
            graph,
            attributes: attributes.collect(),
            left_out: list(&stack["leftOut"]).iter().filter_map(Json::as_str).map(Address::from).collect(),
            outputs: members("outputs").map(|(name, json)| (name, template(&json))).collect(),
            recorded_outputs: members("recordedOutputs").collect(),
            options: PlanOptions {
                targets: addresses("targets"),
                excludes: addresses("excludes"),
                replace: addresses("replace"),
                destroy: options["destroy"] == true,
                allow_data_loss: options["allowDataLoss"] == true,
                skip_drain: options["skipDrain"] == true,
                restore: BTreeMap::new(),
            },
            sources,
        }
    }

    fn plan(
        &self,
        recorded: &BTreeMap<Address, Recorded>,
        live: &BTreeMap<Address, Live>,
        recorded_outputs: &BTreeMap<String, Json>,
        options: &PlanOptions,
    ) -> (Plan, Diagnostics) {
        build(&PlanInputs {
            found: &BTreeMap::new(),
            desired: &self.desired,
            graph: &self.graph,
            attributes: &self.attributes,
            recorded,
            live,
            left_out: &self.left_out,
            catalogue: Catalogue::bundled(),
            place: &place(),
            outputs: &self.outputs,
            recorded_outputs,
            options,
            secrets: &secrets(),
            place_of: &|span| self.sources.place(span),
        })
    }
}

fn place() -> Place {
    Place {
        partition: "aws".into(),
        region: "us-east-1".into(),
        account: "000000000000".into(),
        base_url: Some("http://127.0.0.1:4566".into()),
    }
}

fn secrets() -> Secrets {
    Secrets::new("salt")
}

fn desired(json: &Json, node: Option<&Node>) -> Desired {
    let mut spans = BTreeMap::new();
    if let Some(properties) = node.and_then(|node| node.get("properties")) {
        place_spans(properties, "", &mut spans);
    }
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
            drain: options["drain"].as_u64(),
            aliases: addresses(&options["aliases"]),
            import: options["import"].as_str().map(str::to_owned),
            timeout: None,
        },
        depends_on: addresses(&json["dependsOn"]),
        span: node.map_or(Span::new(SourceId(0), 0, 0), |node| node.span),
        spans,
    }
}

/// Where each property and its key are written.
fn place_spans(node: &Node, pointer: &str, spans: &mut BTreeMap<String, Span>) {
    spans.insert(pointer.to_owned(), node.span);
    for entry in node.entries().unwrap_or_default() {
        let below = format!("{pointer}/{}", entry.key);
        spans.insert(Desired::key_at(&below), entry.key_span);
        place_spans(&entry.value, &below, spans);
    }
    for (index, item) in node.items().unwrap_or_default().iter().enumerate() {
        place_spans(item, &format!("{pointer}/{index}"), spans);
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
