//! Resources of any types go through the engine: created, planned, changed, planned, a property
//! taken out, replaced, destroyed, against a cloud that does everything to its clients. Many types
//! share a stack; a batch that fails is tried again without those that failed.

#![allow(dead_code, reason = "each test file uses its own part of this")]

mod checks;
mod subject;
mod table;

pub use subject::{Subject, What};
pub use table::table;

use super::generate;
use super::rig::Rig;
use evstack::apply::Failure;
use evstack::model::{Action, Address, Json};
use evstack::ops::plan::Wanted;
use evstack::plan::Plan;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// How often somebody decides in one apply.
const DECISIONS: usize = 6;

/// Why a type didn't pass, by its name.
pub type Failures = BTreeMap<String, String>;

/// How a sweep went.
#[derive(Debug, Default)]
pub struct Swept {
    /// What each type went through: of each step whether it was possible.
    pub passed: BTreeMap<String, Vec<What>>,
    /// The others.
    pub failed: Failures,
    /// Whole lives that were lived, those of failed batches not counted.
    pub cases: usize,
}

/// Each type once for each seed, on all processors.
pub fn sweep(types: &[&str], seeds: &[u64], profile: &Json, at_once: usize) -> Swept {
    let mut batches: Vec<(u64, Vec<&str>)> = Vec::new();
    for seed in seeds {
        let (alone, together): (Vec<&str>, Vec<&str>) =
            types.iter().partition(|name| generate::is_typed(name) || has_needs(name));
        batches.extend(together.chunks(at_once).map(|some| (*seed, some.to_vec())));
        batches.extend(alone.iter().map(|name| (*seed, vec![*name])));
    }
    batches.reverse();
    let (waiting, swept) = (Mutex::new(batches), Mutex::new(Swept::default()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some((seed, types)) = waiting.lock().expect("no panic").pop() else { return };
                    let (passed, failed) = batch(&types, seed, profile);
                    let mut swept = swept.lock().expect("no panic");
                    swept.cases += passed.len();
                    swept.passed.extend(passed);
                    swept
                        .failed
                        .extend(failed.into_iter().map(|(name, why)| (name, format!("seed {seed}: {why}"))));
                }
            });
        }
    });
    let mut swept = swept.into_inner().expect("no panic");
    swept.passed.retain(|name, _| !swept.failed.contains_key(name));
    swept
}

fn has_needs(type_name: &str) -> bool {
    !generate::needs::of(type_name).is_empty()
}

fn batch(types: &[&str], seed: u64, profile: &Json) -> (BTreeMap<String, Vec<What>>, Failures) {
    let mut failed = Failures::new();
    let mut subjects = Vec::new();
    for (number, name) in types.iter().enumerate() {
        match Subject::new(name, &format!("t{number}x"), seed) {
            Some(subject) => subjects.push(subject),
            None => drop(failed.insert((*name).to_owned(), "no resource is generated".to_owned())),
        }
    }
    loop {
        let Err(found) = live(&subjects, seed, profile) else {
            let steps = |subject: &Subject| {
                let done = |(at, _): &(usize, &What)| !subject.versions[at + 1].touched.is_empty();
                What::ALL.iter().enumerate().filter(done).map(|(_, what)| *what).collect()
            };
            let passed = subjects.iter().map(|s| (s.kind.name.as_str().to_owned(), steps(s))).collect();
            return (passed, failed);
        };
        let before = subjects.len();
        subjects.retain(|subject| !found.iter().any(|(key, _)| *key == subject.key));
        if subjects.len() == before {
            // Nobody in particular: everybody.
            let why = found.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("\n");
            failed.extend(subjects.iter().map(|s| (s.kind.name.as_str().to_owned(), why.clone())));
            return (BTreeMap::new(), failed);
        }
        for (key, why) in found {
            let number: usize = key[1..key.len() - 1].parse().unwrap_or(0);
            failed.insert(types[number].to_owned(), why);
        }
    }
}

/// What went wrong, by the key of the subject.
type Trouble = Vec<(String, String)>;

/// From create to destroy, all of them in one stack.
fn live(subjects: &[Subject], seed: u64, profile: &Json) -> Result<(), Trouble> {
    let rig = Rig::new(profile, seed);
    let first = stack(subjects, 0);
    let loaded = rig.load(&first).map_err(|why| blamed(subjects, "load", &why))?;
    for version in 0..=What::ALL.len() {
        let text = stack(subjects, version);
        if version > 0 {
            let nothing = subjects.iter().all(|subject| subject.versions[version].touched.is_empty());
            if nothing {
                continue;
            }
            let plan = rig.plan_as(&text, &lenient(false)).map_err(|why| blamed(subjects, "plan", &why))?;
            checks::plan_is(subjects, version, &plan.plan, &checks::stored(&rig))?;
        }
        let before = checks::stored(&rig);
        rig.take_calls();
        let plan = apply(&rig, subjects, &text, false)?;
        checks::calls(subjects, version, &plan, &rig.take_calls())?;
        checks::cloud(&rig, subjects, version, &before, &rig.state(&loaded))?;
        empty(&rig, subjects, version, &text)?;
    }
    let _destroyed = apply(&rig, subjects, &stack(subjects, What::ALL.len()), true)?;
    match rig.inventory() {
        left if left.is_empty() => Ok(()),
        left => {
            let whose = |subject: &Subject| left.iter().any(|(kind, _)| kind == subject.kind.name.as_str());
            let mine = subjects.iter().filter(|s| whose(s));
            let trouble: Trouble = mine.map(|s| (s.key.clone(), format!("is left over: {left:?}"))).collect();
            Err(if trouble.is_empty() {
                vec![(String::new(), format!("left over: {left:?}"))]
            } else {
                trouble
            })
        }
    }
}

fn lenient(destroy: bool) -> Wanted {
    Wanted { destroy, allow_data_loss: true, ..Wanted::default() }
}

fn stack(subjects: &[Subject], version: usize) -> String {
    let resources: Map<String, Json> = subjects.iter().flat_map(|s| s.declarations(version)).collect();
    json!({"name": "sweep", "resources": resources}).to_string()
}

/// Applies until nothing is left to do; what a failed create left and is for somebody to decide, is
/// decided as the engine advises. The first plan.
fn apply(rig: &Rig, subjects: &[Subject], text: &str, destroy: bool) -> Result<Plan, Trouble> {
    let what = if destroy { "destroy" } else { "apply" };
    let mut first = None;
    for _ in 0..DECISIONS {
        let (plan, outcome) =
            rig.try_apply(text, &lenient(destroy)).map_err(|why| blamed(subjects, what, &why))?;
        let plan = first.get_or_insert(plan);
        if outcome.is_complete() {
            return Ok(plan.clone());
        }
        let all = outcome.failures.iter();
        let trouble: Trouble = all
            .filter_map(|failure| {
                let why = decided(rig, text, failure).err()?;
                Some((owner(subjects, &failure.address), format!("{what}: {why}")))
            })
            .collect();
        match trouble.is_empty() {
            _ if outcome.failures.is_empty() => {
                return Err(vec![(String::new(), format!("{what}: {:?}", outcome.skipped))]);
            }
            true => {}
            false => return Err(trouble),
        }
    }
    Err(vec![(String::new(), format!("{what}: there is always something left to decide"))])
}

/// Does what a failure says of what a failed create may have left. Any other failure stays one.
fn decided(rig: &Rig, text: &str, failure: &Failure) -> Result<(), String> {
    let diagnostic = &failure.diagnostic;
    let words = diagnostic.message.clone();
    if words.contains("is recorded as it is, and nothing of it was deleted") {
        // The next run does the rest.
        return Ok(());
    }
    let command =
        diagnostic.hints.iter().find_map(|hint| hint.split_once("`evstack import ")?.1.split_once('`'));
    let asked = command.and_then(|(command, _)| command.split_once(' '));
    match asked.filter(|_| words.contains("nothing tells whether it was there before this create")) {
        Some((address, identifier)) => {
            let identifier = identifier.trim_matches('\'');
            rig.import(text, &Address::new(address), identifier).map_err(|why| format!("{words}: {why}"))
        }
        None => Err(words),
    }
}

fn empty(rig: &Rig, subjects: &[Subject], version: usize, text: &str) -> Result<(), Trouble> {
    let made = rig.plan_as(text, &lenient(false)).map_err(|why| blamed(subjects, "plan", &why))?;
    let unfinished = made.plan.changes.iter().filter(|change| change.action != Action::NoOp);
    let trouble: Trouble = unfinished
        .map(|change| {
            let paths: Vec<String> = change
                .diff
                .differences
                .iter()
                .map(|d| format!("{}: {:?} {:?} -> {:?}", d.path.join("."), d.kind, d.before, d.after))
                .collect();
            let why = format!("the plan after step {version} isn't empty: {:?} {paths:#?}", change.action);
            (owner(subjects, &change.address), why)
        })
        .collect();
    if trouble.is_empty() { Ok(()) } else { Err(trouble) }
}

/// Whose neighbour or resource it is.
fn owner(subjects: &[Subject], address: &Address) -> String {
    let mine = subjects.iter().filter(|subject| address.name().starts_with(&subject.key));
    mine.map(|subject| subject.key.clone()).next().unwrap_or_default()
}

/// Those that the words name.
fn blamed(subjects: &[Subject], what: &str, words: &str) -> Trouble {
    // The stack's text comes last.
    let words = words.split("\n{\"name\":\"sweep\"").next().unwrap_or(words);
    let named = subjects.iter().filter(|subject| words.contains(&subject.address()));
    let named: Trouble = named.map(|subject| (subject.key.clone(), format!("{what}: {words}"))).collect();
    if named.is_empty() { vec![(String::new(), format!("{what}: {words}"))] } else { named }
}
