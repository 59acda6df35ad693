//! Applies on bad days, in virtual time: calls throttled, handlers that fail, reads that lag, roles
//! that can't be used yet, an endpoint that is gone for a while, and all of it together.
//!
//! An apply ends well, or it stops with words that say what is wrong, where, and what to do; the next
//! one finishes. Then a plan is empty, and the cloud's own inventory holds what is recorded: nothing
//! twice, nothing orphaned, nothing missing.
//!
//! `EVSTACK_FAULT_SEEDS` says how many random stacks each kind of day has (2), `EVSTACK_FAULT_SEED` which
//! is the first (1).

mod common;
#[path = "common/flows.rs"]
mod flows;
#[path = "common/generate/mod.rs"]
mod generate;
#[path = "common/rig.rs"]
mod rig;

use common::{Run, Sandbox, until};
use evstack::apply::{Event, Outcome};
use evstack::diagnostics::{Diagnostic, Severity};
use evstack::ops::plan::Wanted;
use evstack::provider::FaultKind;
use flows::Flows;
use generate::Random;
use rig::{Line, Rig};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong on a day.
struct Day {
    name: &'static str,
    /// As the local cloud's profile has it.
    profile: fn() -> Json,
    /// How long the endpoint is gone once within each apply.
    gone: Duration,
    /// Whether the same apply has to survive it.
    ends_well: bool,
}

const CALM: Duration = Duration::ZERO;

const DAYS: [Day; 8] = [
    Day {
        name: "throttled",
        profile: || json!({"throttle": 0.3, "latency": [1_000, 6_000]}),
        gone: CALM,
        ends_well: true,
    },
    Day {
        name: "handlers fail",
        profile: || json!({"faults_before": 0.025, "faults_after": 0.025, "latency": [1_000, 6_000]}),
        gone: CALM,
        ends_well: true,
    },
    Day {
        name: "handlers are throttled",
        profile: || json!({"throttled_operations": 0.3, "latency": [1_000, 6_000]}),
        gone: CALM,
        ends_well: true,
    },
    Day {
        name: "reads lag",
        profile: || {
            json!({"latency": [1_000, 6_000], "create_lag": [0, 15_000], "update_lag": [0, 15_000],
                "delete_lag": [0, 15_000], "list_lag": [0, 15_000]})
        },
        gone: CALM,
        ends_well: true,
    },
    Day {
        name: "roles are slow",
        profile: || json!({"latency": [1_000, 6_000], "role_delay": 25_000}),
        gone: CALM,
        ends_well: true,
    },
    Day {
        name: "gone for 10 s",
        profile: || json!({"latency": [1_000, 6_000]}),
        gone: Duration::from_secs(10),
        ends_well: true,
    },
    Day {
        name: "gone for 100 s",
        profile: || json!({"latency": [1_000, 6_000]}),
        gone: Duration::from_secs(100),
        ends_well: false,
    },
    Day {
        name: "all together",
        profile: || {
            json!({"latency": [1_000, 6_000], "throttle": 0.3, "faults_before": 0.025, "faults_after": 0.025,
                "throttled_operations": 0.05, "create_lag": [0, 5_000], "update_lag": [0, 5_000],
                "delete_lag": [0, 5_000], "list_lag": [0, 5_000], "role_delay": 15_000, "lost_answers": 0.02,
                "queue_rest": 60_000, "answer_delay": [5, 80]})
        },
        gone: Duration::from_secs(10),
        ends_well: false,
    },
];

/// After how many applies it must be done: what fails by chance may fail again by chance.
const TRIES: usize = 2;
/// On a day when everything goes wrong.
const TRIES_AT_WORST: usize = 4;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// A stack's life on such days.
struct Life<'a> {
    day: &'a Day,
    rig: Rig,
    random: Random,
    retried: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    /// One line for each apply.
    told: Vec<String>,
}

fn class(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Throttled => "throttled",
        FaultKind::Internal => "internal",
        FaultKind::Conflict => "conflict",
        FaultKind::NotYetUsable => "not yet usable",
        FaultKind::Unreachable => "unreachable",
        _ => "other",
    }
}

impl<'a> Life<'a> {
    fn new(day: &'a Day, seed: u64) -> Self {
        let mut rig = Rig::new(&(day.profile)(), seed);
        let retried: Arc<Mutex<BTreeMap<&'static str, usize>>> = Arc::default();
        let counts = Arc::clone(&retried);
        rig.sink = Arc::new(move |event| {
            if let Event::Retrying { why, .. } = event {
                let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                *counts.entry(class(why.kind)).or_default() += 1;
            }
        });
        Self { day, rig, random: Random::new(seed, day.name), retried, told: Vec::new() }
    }

    /// Applies until it is done, at most as often as the day allows.
    fn reach(&mut self, what: &str, text: &str, wanted: &Wanted) -> Result<(), String> {
        let tries = if self.day.name == "all together" { TRIES_AT_WORST } else { TRIES };
        for number in 1..=tries {
            // A new process each time; the endpoint is gone somewhere within the first.
            self.rig.dial(Line { paced: true, guarded: Some("https://cloudcontrolapi.aws") });
            if number == 1 && !self.day.gone.is_zero() {
                let after = Duration::from_millis(200 + self.random.below(25_000) as u64);
                self.rig.goes_away(after, self.day.gone);
            }
            let began = self.rig.cloud.now();
            let result = self.rig.attempt(text, wanted);
            let took = began.until(self.rig.cloud.now());
            let (done, ended) = match &result {
                Ok((_, outcome)) if outcome.is_complete() => (true, "done".to_owned()),
                Ok((_, outcome)) => {
                    let problems = problems(outcome);
                    if problems.is_empty() && !outcome.skipped.is_empty() {
                        return Err(format!("{what}: skipped without a word: {:?}", outcome.skipped));
                    }
                    (false, stopped(&problems)?)
                }
                Err(problems) => {
                    let errors = problems.iter().filter(|p| p.severity == Severity::Error);
                    (false, stopped(&errors.cloned().collect::<Vec<_>>())?)
                }
            };
            let retried = std::mem::take(&mut *self.retried.lock().unwrap_or_else(PoisonError::into_inner));
            let calls = self.rig.take_calls().len();
            self.told.push(format!(
                "{what}, try {number}: {calls} calls in {:.1} s, retries {retried:?}: {ended}",
                took.as_secs_f64()
            ));
            if done {
                return if number == 1 || !self.day.ends_well || self.by_chance() {
                    Ok(())
                } else {
                    Err(format!("{what}: it should have ended well at once"))
                };
            }
            // Somebody looks at it and starts it again; a cloud that was gone is back by then.
            self.rig.wait_for(Duration::from_secs(30).max(self.day.gone));
        }
        Err(format!("{what}: not done after {tries} tries"))
    }

    /// Whether a day's faults are so many that one apply may run out of tries.
    fn by_chance(&self) -> bool {
        self.day.name.starts_with("handlers")
    }

    /// What must hold when an apply is done.
    fn settled(&self, text: &str) -> Result<(), String> {
        // What reads lag behind by is over, and the judge's own calls aren't disturbed.
        self.rig.wait_for(Duration::from_secs(60));
        self.rig.set_profile(&json!({}));
        let plan = self.rig.plan(text)?;
        if !plan.is_empty() {
            let left = plan.changes.iter().filter(|change| change.action != evstack::model::Action::NoOp);
            let left: Vec<_> = left.map(|c| (c.action, c.address.clone(), c.diff.clone())).collect();
            return Err(format!("a plan isn't empty: {left:#?}"));
        }
        let state = self.rig.state(&self.rig.load(text)?);
        if !state.operations.is_empty() || !state.leftovers.is_empty() {
            return Err(format!("unfinished: {:?} {:?}", state.operations, state.leftovers));
        }
        let mut recorded: Vec<_> =
            state.resources.values().map(|r| (r.type_name.to_string(), r.identifier.clone())).collect();
        recorded.sort();
        let there = self.rig.inventory();
        self.rig.set_profile(&(self.day.profile)());
        if recorded != there {
            let orphans: Vec<_> = there.iter().filter(|one| !recorded.contains(one)).collect();
            let phantoms: Vec<_> = recorded.iter().filter(|one| !there.contains(one)).collect();
            return Err(format!("orphans {orphans:?}, phantoms {phantoms:?}"));
        }
        Ok(())
    }

    /// The texts one after the other, and then nothing.
    fn live(&mut self, texts: &[String]) -> Result<(), String> {
        let wanted = Wanted { allow_data_loss: true, ..Wanted::default() };
        for (number, text) in texts.iter().enumerate() {
            self.reach(&format!("text {number}"), text, &wanted)?;
            self.settled(text).map_err(|why| format!("text {number}: {why}\n{text}"))?;
        }
        let last = texts.last().expect("a text");
        let wanted = Wanted { destroy: true, allow_data_loss: true, ..Wanted::default() };
        self.reach("destroy", last, &wanted)?;
        match self.rig.inventory() {
            left if left.is_empty() => Ok(()),
            left => Err(format!("left after the destroy: {left:?}")),
        }
    }
}

fn problems(outcome: &Outcome) -> Vec<Diagnostic> {
    let silent = outcome.silent.iter().map(|silent| silent.diagnostic());
    outcome.failures.iter().map(|failure| failure.diagnostic.clone()).chain(silent).collect()
}

/// The words with which it stopped; an error where they don't say enough, or too much.
fn stopped(problems: &[Diagnostic]) -> Result<String, String> {
    if problems.is_empty() {
        return Err("it stopped without a word".to_owned());
    }
    for problem in problems {
        let Diagnostic { message, hints, primary, .. } = problem;
        let whole = format!("{message} {}", hints.join(" "));
        let inner = ["panick", "Some(", "Err(", "unwrap", "dispatch failure", "Halt", "ConnectorError", "{ "];
        if let Some(word) = inner.iter().find(|word| whole.contains(**word)) {
            return Err(format!("words from inside ({word}): {whole}"));
        }
        // A cloud that is silent has no place in the stack file, nor has what is deleted.
        let has_place =
            primary.is_some() || message.contains("answer") || message.contains("couldn't be deleted");
        if hints.is_empty() || !has_place {
            return Err(format!("no way out, or no place: {problem:?}"));
        }
    }
    let mut all: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.code, p.message)).collect();
    all.truncate(3);
    Ok(format!("stopped: {}", all.join("; ")))
}

fn play(day: &Day, name: &str, seed: u64, files: &BTreeMap<String, String>, texts: &[String]) {
    let mut life = Life::new(day, seed);
    life.rig.files.clone_from(files);
    let result = life.live(texts);
    println!("{}, {name}, seed {seed}:\n  {}", day.name, life.told.join("\n  "));
    if let Err(why) = result {
        panic!("{}, {name}, seed {seed}: {why}", day.name);
    }
}

/// Random stacks, each edited twice.
fn random_stacks(day: &Day) {
    let first = number("EVSTACK_FAULT_SEED", 1);
    for seed in first..first + number("EVSTACK_FAULT_SEEDS", 2) {
        let mut random = Random::new(seed, "flows");
        let mut flows = Flows::new("shop", &mut random);
        let texts: Vec<String> = (0..3)
            .map(|number| {
                if number > 0 {
                    flows.edit(&mut random);
                }
                flows.text()
            })
            .collect();
        play(day, "a random stack", seed, &BTreeMap::new(), &texts);
    }
}

/// What `stacks/reviews.yaml` is made of.
fn reviews() -> (BTreeMap<String, String>, String) {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir("stacks/reviews").expect("a folder").flatten() {
        if let Ok(text) = std::fs::read_to_string(entry.path()) {
            files.insert(format!("reviews/{}", entry.file_name().to_string_lossy()), text);
        }
    }
    (files, std::fs::read_to_string("stacks/reviews.yaml").expect("a file"))
}

macro_rules! days {
    ($($test:ident: $day:literal;)+) => {
        $(#[test]
        fn $test() {
            random_stacks(&DAYS[$day]);
        })+
    };
}

days! {
    a_day_of_throttled_calls: 0;
    a_day_of_handlers_that_fail: 1;
    a_day_of_throttled_handlers: 2;
    a_day_of_reads_that_lag: 3;
    a_day_of_slow_roles: 4;
    a_day_with_a_short_outage: 5;
    a_day_with_a_long_outage: 6;
    a_day_of_everything: 7;
}

/// A server that is killed in the middle and started anew on what it had written: the run waits for
/// it, and ends well.
#[test]
fn a_server_that_is_started_anew_within_a_run() {
    let sandbox = Sandbox::with_stacks();
    let mut served = sandbox.serve(&["--latency", "600"]);
    let run = sandbox.start(&["apply", "--yes", "stacks/reviews.yaml"]);
    // Somebody has to read what it prints, or it waits.
    let run = std::thread::spawn(|| run.wait_with_output());
    until("half of it is there", || served.inventory().len() > 12);
    let port = served.url.rsplit(':').next().expect("a port").to_owned();
    served.kill();
    let served = sandbox.serve_at(&port, &["--latency", "50"]);
    let run = Run::of(run.join().expect("no panic").expect("it ends"));
    let shown = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, 0, "{shown}");
    let plan = sandbox.ok(&["plan", "stacks/reviews.yaml"]).stdout;
    assert!(plan.contains("No changes."), "{plan}");
    assert_eq!(served.inventory().len(), sandbox.recorded("stacks/reviews.yaml").len());
    sandbox.ok(&["destroy", "--yes", "--allow-data-loss", "stacks/reviews.yaml"]);
    assert_eq!(served.inventory(), []);
}

#[test]
fn the_reviews_stack_on_each_day() {
    let (files, text) = reviews();
    for day in &DAYS {
        play(day, "the reviews stack", number("EVSTACK_FAULT_SEED", 1), &files, std::slice::from_ref(&text));
    }
}
