//! Stack files with mistakes that nobody thought of: keys dropped, doubled and renamed, values
//! swapped, expressions put where none belong. Loading answers with a stack or with diagnostics, in
//! time, and never panics.

use evstack::diagnostics::render;
use evstack::model::Place;
use evstack::ops::{self, Request};
use evstack::spec::{Inputs, MemoryLoader};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Far more than a load takes in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(2);

/// The cases that use every key, and the examples, as JSON.
fn stacks() -> &'static [Value] {
    static STACKS: OnceLock<Vec<Value>> = OnceLock::new();
    STACKS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        ["tests/cases/export", "examples", "stacks/reviews"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(root.join(folder)).expect("a folder"))
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
            .filter_map(|path| {
                let text = std::fs::read_to_string(path).expect("a stack file");
                let source = evstack::diagnostics::SourceId(0);
                let (node, _) = evstack::syntax::parse(source, &text, evstack::syntax::Format::Yaml);
                let mut json = node?.to_json();
                json.as_object_mut()?.insert("name".to_owned(), json!("mutant"));
                Some(json)
            })
            .collect()
    })
}

/// One change: where (a walk by numbers) and what.
#[derive(Debug, Clone)]
struct Mutation {
    walk: Vec<usize>,
    what: usize,
    which: usize,
}

const EXPRESSIONS: &[&str] = &[
    "${queue.work.Arn}",
    "${resource.key.Arn}-${aws.region}",
    "${config.nothing}",
    "${1/0}",
    "${",
    "$${x}",
    "${bus.default.Arn}",
    "${stateMachine.work.role.Arn}",
    "${[1, 2].map(x, x * 2)}",
    "${event.orderPlaced.source}",
    "${\"a\".matches(\"(a+)+$\")}",
    "queue.work",
    "event.orderPlaced",
    "arn:aws:sqs:",
    "arn:aws:sns:us-east-1:000000000000:x.fifo",
    "$input.params('",
    "",
    "\u{0}\u{fffd}é",
    "999999999999999999999d",
];

fn values() -> Vec<Value> {
    let mut deep = json!("end");
    for _ in 0..60 {
        deep = json!([{ "Key": deep }]);
    }
    let mut values = vec![json!(null), json!(true), json!(-1), json!(1e300), json!([]), json!({}), deep];
    values.push(json!([null, {}, [], 0, ""]));
    values.push(json!({"": "", "${x}": 1, "a.b/c~d": {}}));
    values.extend(EXPRESSIONS.iter().map(|text| json!(text)));
    values
}

fn mutate(node: &mut Value, walk: &[usize], mutation: &Mutation) {
    if let [step, rest @ ..] = walk {
        let next = match node {
            Value::Object(members) if !members.is_empty() => {
                let at = step % members.len();
                members.values_mut().nth(at)
            }
            Value::Array(items) if !items.is_empty() => {
                let at = step % items.len();
                items.get_mut(at)
            }
            _ => None,
        };
        if let Some(next) = next {
            return mutate(next, rest, mutation);
        }
    }
    let values = values();
    let value = values[mutation.which % values.len()].clone();
    match (mutation.what % 5, &mut *node) {
        (0, Value::Object(members)) if !members.is_empty() => {
            let key = members.keys().nth(mutation.which % members.len()).cloned().expect("a key");
            members.remove(&key);
        }
        (1, Value::Object(members)) if !members.is_empty() => {
            let key = members.keys().nth(mutation.which % members.len()).cloned().expect("a key");
            let old = members.remove(&key).expect("its value");
            members.insert(key.chars().rev().collect(), old);
        }
        (2, Value::Object(members)) => {
            let copy: Map<String, Value> =
                members.iter().map(|(k, v)| (format!("{k}2"), v.clone())).collect();
            members.extend(copy);
        }
        (3, Value::Array(items)) => {
            let copy = items.clone();
            items.extend(copy);
            items.push(value);
        }
        _ => *node = value,
    }
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let walk = prop::collection::vec(0..64usize, 1..8);
    let one = (walk, 0..5usize, 0..64usize).prop_map(|(walk, what, which)| Mutation { walk, what, which });
    prop::collection::vec(one, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn loading_a_mutant_ends_with_a_stack_or_with_diagnostics(which in 0..64usize, mutations in mutations()) {
        let stacks = stacks();
        let mut stack = stacks[which % stacks.len()].clone();
        for mutation in &mutations {
            mutate(&mut stack, &mutation.walk, mutation);
        }
        let page = ("page.html".to_owned(), "<p>".to_owned());
        let files = BTreeMap::from([("stack.json".to_owned(), stack.to_string()), page]);
        let place = Place {
            partition: "aws".to_owned(),
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            base_url: None,
        };
        let inputs = Inputs { env: "local".to_owned(), place, environment: Vec::new(), config: Vec::new(), imported: BTreeMap::new() };
        let started = Instant::now();
        let result = ops::load(
            &Request { path: "stack.json".to_owned(), inputs },
            Box::new(MemoryLoader::new(files)),
        );
        match result {
            Ok(loaded) => {
                let _ = evstack::interop::cloudformation::template(&loaded.stack, &loaded.resolved);
            }
            Err(failure) => {
                prop_assert!(failure.diagnostics.has_errors());
                prop_assert!(!render::text(&failure.diagnostics, &failure.sources, false).is_empty());
            }
        }
        prop_assert!(started.elapsed() < LONGEST, "took {:?}", started.elapsed());
    }
}
