//! Whoever says things says them only while it is heard: at every moment of an apply, what an enabled
//! rule, a running pipe, a schedule, a subscription or a route feeds is there, lets it in, and so do its
//! dead letters. For every stack of the project and for random ones: the first apply, edits that move,
//! rename and replace targets, and the destroy, in virtual time with operations of 1 to 6 s.
//!
//! What a replacement under the same name takes away for a while can't be avoided; then the event has
//! to reach the dead letters.
//!
//! `EVSTACK_FLOW_SEEDS` says how many random stacks there are (3).

mod common;
#[path = "common/flows.rs"]
mod flows;
#[path = "common/generate/mod.rs"]
mod generate;
#[path = "common/rig.rs"]
mod rig;

use evstack::model::Action;
use evstack::ops::plan::Wanted;
use evstack::plan::Plan;
use flows::Flows;
use generate::Random;
use rig::{Line, Rig};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Who says things, and what it lacks, by ARN or identifier.
type Lacks = BTreeSet<(String, String)>;

/// All that exists, by type and by ARN.
struct World<'a> {
    all: Vec<(&'a str, &'a str, &'a Json)>,
}

impl<'a> World<'a> {
    fn of(inventory: &'a Json) -> Self {
        let resources = inventory["resources"].as_array().into_iter().flatten();
        let text = |json: &'a Json| json.as_str().unwrap_or("");
        Self {
            all: resources.map(|r| (text(&r["type"]), text(&r["identifier"]), &r["properties"])).collect(),
        }
    }

    fn of_type(&self, name: &str) -> impl Iterator<Item = (&'a str, &'a Json)> {
        self.all.iter().filter(move |(own, ..)| *own == name).map(|(_, id, properties)| (*id, *properties))
    }

    /// Whether there is something with this ARN, or a URL of a queue.
    fn has(&self, arn: &str) -> bool {
        let named = |properties: &Json, id: &str| {
            ["Arn", "TopicArn", "QueueUrl", "StreamArn"].iter().any(|name| properties[*name] == arn)
                || id == arn
        };
        arn.contains(":event-bus/default") || self.all.iter().any(|(_, id, properties)| named(properties, id))
    }

    /// Whether a queue or a topic lets this source in by its own policy.
    fn lets_in(&self, arn: &str, source: &str) -> bool {
        let url = self.of_type("AWS::SQS::Queue").find(|(_, queue)| queue["Arn"] == arn);
        let url = url.map(|(_, queue)| queue["QueueUrl"].clone()).unwrap_or_default();
        let policies = self.of_type("AWS::SQS::QueueInlinePolicy").filter(|(_, p)| p["Queue"] == url);
        let topics = self.of_type("AWS::SNS::TopicInlinePolicy").filter(|(_, p)| p["TopicArn"] == arn);
        policies
            .chain(topics)
            .any(|(_, p)| p["PolicyDocument"].to_string().contains(&format!("\"{source}\"")))
    }

    /// Whether a role is there and its policies name this.
    fn may(&self, role: &str, arn: &str) -> bool {
        self.of_type("AWS::IAM::Role")
            .any(|(_, r)| r["Arn"] == role && r["Policies"].to_string().contains(arn))
    }

    /// What each speaker lacks.
    fn lacks(&self) -> Lacks {
        let mut lacks = Lacks::new();
        let mut need = |who: &str, what: &str, there: bool| {
            if !there {
                lacks.insert((who.to_owned(), what.to_owned()));
            }
        };
        let text = |json: &Json| json.as_str().unwrap_or("").to_owned();
        for (_, rule) in self.of_type("AWS::Events::Rule").filter(|(_, rule)| rule["State"] == "ENABLED") {
            let own = text(&rule["Arn"]);
            for target in rule["Targets"].as_array().into_iter().flatten() {
                let arn = text(&target["Arn"]);
                let role = text(&target["RoleArn"]);
                let open = if role.is_empty() { self.lets_in(&arn, &own) } else { self.may(&role, &arn) };
                need(&own, &arn, self.has(&arn) && open);
                let letters = text(&target["DeadLetterConfig"]["Arn"]);
                if !letters.is_empty() {
                    need(&own, &letters, self.has(&letters) && self.lets_in(&letters, &own));
                }
            }
        }
        for (id, pipe) in self.of_type("AWS::Pipes::Pipe").filter(|(_, p)| p["DesiredState"] != "STOPPED") {
            let role = text(&pipe["RoleArn"]);
            for arn in [text(&pipe["Source"]), text(&pipe["Target"])] {
                need(id, &arn, self.has(&arn) && self.may(&role, &arn));
            }
        }
        for (id, schedule) in self.of_type("AWS::Scheduler::Schedule") {
            let target = &schedule["Target"];
            for arn in [text(&target["Arn"]), text(&target["DeadLetterConfig"]["Arn"])] {
                let fine = arn.is_empty() || self.has(&arn) && self.may(&text(&target["RoleArn"]), &arn);
                need(id, &arn, fine || schedule["State"] == "DISABLED");
            }
        }
        for (id, subscription) in self.of_type("AWS::SNS::Subscription") {
            let topic = text(&subscription["TopicArn"]);
            let redrive = &subscription["RedrivePolicy"];
            for arn in [text(&subscription["Endpoint"]), text(&redrive["deadLetterTargetArn"])] {
                let other = arn.is_empty() || !arn.starts_with("arn:aws:sqs");
                need(id, &arn, other || self.has(&arn) && self.lets_in(&arn, &topic));
            }
        }
        for (id, route) in self.of_type("AWS::ApiGatewayV2::Route") {
            let target = text(&route["Target"]);
            let integration = target.trim_start_matches("integrations/");
            let all = self.of_type("AWS::ApiGatewayV2::Integration");
            let found = all.filter(|(_, i)| i["IntegrationId"] == integration).map(|(_, i)| i).next();
            let Some(found) = found else {
                need(id, &target, false);
                continue;
            };
            let role = text(&found["CredentialsArn"]);
            let url = text(&found["RequestParameters"]["QueueUrl"]);
            if !url.is_empty() {
                let name = url.rsplit('/').next().unwrap_or("").to_owned();
                need(id, &url, self.has(&url) && self.may(&role, &format!(":{name}")));
            }
        }
        lacks
    }
}

/// What was lacking at any moment since the last look.
#[derive(Default)]
struct Watch {
    seen: Mutex<BTreeMap<(String, String), i64>>,
}

impl Watch {
    fn take(&self) -> BTreeMap<(String, String), i64> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn watched(seed: u64) -> (Rig, Arc<Watch>) {
    let mut rig = Rig::new(&json!({"latency": [1_000, 6_000]}), seed);
    let watch = Arc::new(Watch::default());
    let seen = Arc::clone(&watch);
    rig.watch(Arc::new(move |cloud| {
        let inventory = cloud.inventory();
        let lacks = World::of(&inventory).lacks();
        let mut seen = seen.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for lack in lacks {
            seen.entry(lack).or_insert(cloud.now().0);
        }
    }));
    (rig, watch)
}

/// ARNs and identifiers of what goes before it comes again.
fn goes_first(plan: &Plan) -> Vec<String> {
    let all = plan.changes.iter().filter(|change| change.action == Action::DeleteThenCreate);
    let name = |identifier: &String| identifier.rsplit(['/', ':', '|']).next().unwrap_or("").to_owned();
    all.filter_map(|change| change.identifier.as_ref()).map(name).collect()
}

/// One text; what was lacking and needn't have been.
fn step(rig: &Rig, watch: &Watch, text: &str, wanted: &Wanted) -> Result<(), String> {
    let (plan, outcome) = rig.attempt(text, wanted).map_err(|problems| format!("{problems:#?}"))?;
    if !outcome.is_complete() {
        return Err(format!("{:#?}", outcome.failures));
    }
    let gone = goes_first(&plan);
    let excused = |what: &str| {
        gone.iter().any(|name| what.ends_with(&format!(":{name}")) || what.ends_with(&format!("/{name}")))
    };
    let lacking: Vec<_> = watch.take().into_iter().filter(|((_, what), _)| !excused(what)).collect();
    if lacking.is_empty() { Ok(()) } else { Err(format!("spoke and wasn't heard: {lacking:#?}")) }
}

fn live(rig: &Rig, watch: &Watch, texts: &[String]) -> Result<(), String> {
    let wanted = Wanted { allow_data_loss: true, ..Wanted::default() };
    for (number, text) in texts.iter().enumerate() {
        step(rig, watch, text, &wanted).map_err(|why| format!("text {number}: {why}\n{text}"))?;
    }
    let wanted = Wanted { destroy: true, allow_data_loss: true, ..Wanted::default() };
    step(rig, watch, texts.last().expect("a text"), &wanted).map_err(|why| format!("destroy: {why}"))
}

#[test]
fn whoever_speaks_is_heard_in_every_stack_of_the_project() {
    for path in common::all_stacks() {
        let (mut rig, watch) = watched(1);
        for entry in std::fs::read_dir("stacks/reviews").expect("a folder").flatten() {
            if let Ok(text) = std::fs::read_to_string(entry.path()) {
                rig.files.insert(format!("reviews/{}", entry.file_name().to_string_lossy()), text);
            }
        }
        if path.ends_with("toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        if let Err(why) = live(&rig, &watch, &[text]) {
            panic!("{path}: {why}");
        }
    }
}

#[test]
fn whoever_speaks_is_heard_in_random_stacks() {
    let seeds = std::env::var("EVSTACK_FLOW_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let mut failed = Vec::new();
    for seed in 1..=seeds {
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
        let (rig, watch) = watched(seed);
        if let Err(why) = live(&rig, &watch, &texts) {
            failed.push(format!("seed {seed}: {why}"));
        }
    }
    assert!(failed.is_empty(), "{} of {seeds}:\n{}", failed.len(), failed.join("\n"));
}

/// One rule and two machines; it goes to one of them.
fn turning(to: &str) -> String {
    format!(
        "name: turn\nrules:\n  tell: {{on: {{source: [shop]}}, to: stateMachine.{to}}}\nstateMachines:\n  \
         a: {{definition: {{StartAt: Done, States: {{Done: {{Type: Succeed}}}}}}}}\n  \
         b: {{definition: {{StartAt: Done, States: {{Done: {{Type: Succeed}}}}}}}}\n"
    )
}

#[test]
fn a_run_that_stops_between_widening_and_narrowing_is_gone_on_with() {
    let mut wide = 0;
    for after in (0..12).map(Duration::from_secs) {
        let (mut rig, watch) = watched(1);
        rig.set_profile(&json!({"latency": 3_000}));
        let wanted = Wanted::default();
        step(&rig, &watch, &turning("a"), &wanted).expect("it is made");
        let role = "turn-local-tell-rule-role";
        let allowed = |rig: &Rig| {
            let shown = rig.get("AWS::IAM::Role", role).expect("it is there")["Policies"].to_string();
            [":turn-local-a", ":turn-local-b"].map(|machine| shown.contains(machine))
        };
        assert_eq!(allowed(&rig), [true, false]);
        rig.dial(Line { guarded: Some("http://127.0.0.1"), ..Line::default() });
        rig.goes_away(after, Duration::from_secs(60));
        let stopped = rig.attempt(&turning("b"), &wanted);
        rig.wait_for(Duration::from_secs(60));
        wide += usize::from(allowed(&rig) == [true, true]);
        rig.dial(Line::default());
        if stopped.is_ok_and(|(_, outcome)| outcome.is_complete()) {
            assert!(after >= Duration::from_secs(9), "it takes three changes of 3 s: {after:?}");
        }
        let rest = step(&rig, &watch, &turning("b"), &wanted);
        rest.unwrap_or_else(|why| panic!("gone after {after:?}: {why}"));
        assert_eq!(allowed(&rig), [false, true], "gone after {after:?}");
        assert!(rig.plan(&turning("b")).expect("a plan").is_empty());
    }
    assert!(wide >= 3, "stopped in between only {wide} times");
}
