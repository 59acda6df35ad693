//! One case: a resource's life by a seed, and what must hold at each step of it.

use super::generate::Random;
use super::live::{Judge, empty};
use super::menu::{Declared, Entry, Maker, Neighbours};
use super::rewrite::rewrite;
use super::rig::Rig;
use evstack::apply::Failure;
use evstack::model::{Action, Address};
use evstack::ops::plan::Wanted;
use evstack::plan::Plan;
use evstack::provider::FaultKind;
use evstack::schema::{Catalogue, ResourceType};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What happens after the create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Another value, one more property, one less, an item moved.
    Edit,
    /// The same in other words.
    Rewrite,
    /// Somebody else changes what the stack doesn't declare.
    Foreign,
}

/// All that a case follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub seed: u64,
    /// With a seed of its own each, so that one can be dropped without changing the others.
    pub steps: Vec<(Step, u64)>,
    pub without: BTreeSet<String>,
}

impl Case {
    pub fn new(seed: u64, salt: &str) -> Self {
        let mut random = Random::new(seed, &format!("steps {salt}"));
        let count = 2 + random.below(4);
        let steps = (0..count).map(|number| {
            let step = match random.below(6) {
                0 => Step::Foreign,
                1 | 2 => Step::Rewrite,
                _ => Step::Edit,
            };
            (step, seed.wrapping_mul(31).wrapping_add(number as u64))
        });
        Self { seed, steps: steps.collect(), without: BTreeSet::new() }
    }
}

/// How often an apply is tried on a bad day.
const TRIES: usize = 12;

/// How reads misbehave, in every case.
pub fn reads() -> Json {
    json!({
        "reordered": 0.6, "system_tags": 0.3, "invented": 0.1, "invented_after_update": 0.1,
        "unacceptable": 0.1, "respelled": 0.6,
    })
}

/// How the cloud behaves in this case: calm, slow, or as on a bad day.
fn behaviour(seed: u64) -> Json {
    let mut knobs = reads();
    if seed % 3 == 1 {
        for (knob, range) in [
            ("latency", [20, 200]),
            ("create_lag", [20, 200]),
            ("update_lag", [20, 200]),
            ("delete_lag", [20, 200]),
            ("list_lag", [20, 200]),
            ("answer_delay", [1, 30]),
        ] {
            knobs[knob] = json!(range);
        }
    }
    if seed % 10 == 7 {
        knobs["preset"] = json!("adversary");
        knobs["queue_rest"] = json!(0);
    }
    knobs
}

/// The text of a stack with this resource.
pub type Stack<'a> = &'a dyn Fn(&str, &Map<String, Json>) -> String;

/// Where a case is played.
pub struct Stage<'a> {
    pub rig: &'a Rig,
    pub kind: &'a Arc<ResourceType>,
    pub address: Address,
    pub entry: &'a Entry,
    pub neighbours: &'a Neighbours,
    pub stack: Stack<'a>,
    /// Whether the entry's keys are the properties.
    pub verbatim: bool,
}

/// What was tried, for the report of a failure.
#[derive(Default)]
pub struct Told(pub Vec<String>);

impl Stage<'_> {
    fn judge(&self) -> Judge<'_> {
        Judge { kind: self.kind, entry: self.entry }
    }

    /// Plays it; why it failed.
    pub fn play(&self, case: &Case, told: &mut Told) -> Result<(), String> {
        let name = format!("c{}", case.seed);
        let text = |properties: &Map<String, Json>| (self.stack)(&name, properties);
        let maker = Maker { entry: self.entry, neighbours: self.neighbours, without: &case.without };
        let mut random = Random::new(case.seed, &self.address.to_string());
        let mut declared = maker.make(&mut random);
        self.rig.set_profile(&behaviour(case.seed));
        let result = self.live_through(case, &maker, &mut declared, &text, told);
        // Whatever happened, the next case finds the stage empty.
        self.rig.set_profile(&json!({}));
        self.rig.wait_for(Duration::from_secs(2));
        let destroyed = self.rig.destroy(&text(&declared.properties));
        result?;
        let _gone = destroyed.map_err(|why| format!("destroy: {why}"))?;
        let left: Vec<_> = self
            .rig
            .inventory()
            .into_iter()
            .filter(|(_, id)| id.contains(&format!("{name}-local-")))
            .collect();
        if left.is_empty() { Ok(()) } else { Err(format!("left over: {left:?}")) }
    }

    fn live_through(
        &self,
        case: &Case,
        maker: &Maker<'_>,
        declared: &mut Declared,
        text: &dyn Fn(&Map<String, Json>) -> String,
        told: &mut Told,
    ) -> Result<(), String> {
        told.0.push(format!("create\n{}", text(&declared.properties)));
        let _made = self.apply(&text(&declared.properties)).map_err(|why| format!("create: {why}"))?;
        self.converged(&text(&declared.properties)).map_err(|why| format!("after the create: {why}"))?;
        self.is_live(&declared.properties, case).map_err(|why| format!("after the create: {why}"))?;
        for (number, (step, seed)) in case.steps.iter().enumerate() {
            let mut random = Random::new(*seed, &format!("step {}", self.address));
            let at = |why: String| format!("step {} ({step:?}): {why}", number + 1);
            match step {
                Step::Rewrite => {
                    self.calm(case);
                    let live = self.live(&text(&declared.properties)).map_err(at)?.1;
                    let rewritten = self.reworded(&declared.properties, &live, &mut random);
                    told.0.push(format!("in other words\n{}", text(&rewritten)));
                    self.rig.set_profile(&behaviour(case.seed));
                    self.converged(&text(&rewritten)).map_err(at)?;
                    // It is recorded in the other words, and nothing is sent for them.
                    self.rig.take_calls();
                    let _nothing = self.apply(&text(&rewritten)).map_err(at)?;
                    let written = |call: &super::rig::Call| call.input.get("ClientToken").is_some();
                    if let Some(call) = self.rig.take_calls().into_iter().find(written) {
                        return Err(at(format!("{} was called: {}", call.operation, call.input)));
                    }
                    // Defaults that were written out go again.
                    let _back = self.apply(&text(&declared.properties)).map_err(at)?;
                    self.converged(&text(&declared.properties)).map_err(at)?;
                }
                Step::Foreign => {
                    self.calm(case);
                    if let Some(patch) =
                        self.foreign(maker, declared, &text(&declared.properties), &mut random)?
                    {
                        told.0.push(format!("by hand\n{patch}"));
                    }
                    self.converged(&text(&declared.properties)).map_err(at)?;
                }
                Step::Edit => {
                    let Some((next, what)) = maker.edit(declared, &mut random) else { continue };
                    told.0.push(format!("{what}\n{}", text(&next.properties)));
                    self.edit(case, declared, &next, text).map_err(at)?;
                    *declared = next;
                }
            }
        }
        Ok(())
    }

    fn edit(
        &self,
        case: &Case,
        declared: &Declared,
        next: &Declared,
        text: &dyn Fn(&Map<String, Json>) -> String,
    ) -> Result<(), String> {
        self.calm(case);
        let (identifier, before) = self.live(&text(&declared.properties))?;
        self.rig.set_profile(&behaviour(case.seed));
        self.rig.take_calls();
        let plan = self.apply(&text(&next.properties))?;
        let calls = self.rig.take_calls();
        self.converged(&text(&next.properties))?;
        let after = self.is_live(&next.properties, case)?;
        if !self.verbatim {
            return Ok(());
        }
        let change = plan.changes.iter().find(|change| change.address == self.address);
        if change.is_some_and(|change| change.action.is_replace()) {
            return Ok(());
        }
        let (was, is) = (Json::Object(declared.properties.clone()), Json::Object(next.properties.clone()));
        let judge = self.judge();
        if let Some(what) = judge.touched(&before, (Some(&was), Some(&is)), Some(&after), &mut Vec::new()) {
            return Err(what);
        }
        let whole = self.whole(&identifier)?;
        if let Some(what) = judge.stayed(&was, Some(&is), Some(&whole), &mut Vec::new()) {
            return Err(what);
        }
        for call in calls.iter().filter(|call| call.operation == "UpdateResource") {
            if call.input["Identifier"] == identifier.as_str() {
                let patch = call.input["PatchDocument"].as_str().unwrap_or("");
                self.is_minimal(patch, &was, &is, &before)?;
            }
        }
        Ok(())
    }

    /// Each operation stands where something was edited; tags go whole, what no read shows again.
    fn is_minimal(&self, patch: &str, was: &Json, is: &Json, before: &Json) -> Result<(), String> {
        let operations: Vec<Json> = serde_json::from_str(patch).map_err(|error| error.to_string())?;
        let edited: Vec<String> = {
            let mut found = Vec::new();
            edited(was, is, "", &mut found);
            found
        };
        let tags = self.kind.tagging.property.as_deref().unwrap_or("Tags");
        for operation in operations.iter().filter(|operation| operation["op"] != "test") {
            let at = operation["path"].as_str().unwrap_or("");
            let names: Vec<String> = at.split('/').skip(1).map(str::to_owned).collect();
            let top = &names[0];
            let hidden =
                self.kind.is_write_only(&names) || self.kind.write_only.iter().any(|path| path.top() == top);
            let related = edited.iter().any(|path| {
                at.starts_with(&format!("{path}/")) || at == path || path.starts_with(&format!("{at}/"))
            });
            let artefact = operation["op"] == "remove" && before.pointer(at).is_some_and(empty);
            let all_hidden = edited.iter().all(|path| {
                self.kind.is_write_only(&path.split('/').skip(1).map(str::to_owned).collect::<Vec<_>>())
            });
            if !(related
                || top == tags && edited.iter().any(|e| e.starts_with(&format!("/{tags}")))
                || hidden
                || artefact
                || all_hidden)
            {
                return Err(format!("{operation} wasn't asked for; edited is {edited:?}: {patch}"));
            }
            if names.len() > 1 && top == tags && operation["op"] != "replace" {
                return Err(format!("tags go whole: {patch}"));
            }
        }
        Ok(())
    }

    fn reworded(
        &self,
        properties: &Map<String, Json>,
        live: &Json,
        random: &mut Random,
    ) -> Map<String, Json> {
        if self.verbatim {
            return rewrite(self.kind, self.entry, properties, live, random);
        }
        let mut members: Vec<(String, Json)> = properties.clone().into_iter().collect();
        super::random::shuffle(&mut members, random);
        for (_, value) in &mut members {
            for [one, other] in &self.entry.same {
                if value == one {
                    *value = other.clone();
                } else if value == other {
                    *value = one.clone();
                }
            }
        }
        members.into_iter().collect()
    }

    /// Reads are still what they are, but answers come at once.
    fn calm(&self, _case: &Case) {
        self.rig.set_profile(&reads());
        self.rig.wait_for(Duration::from_secs(2));
    }

    /// Applies until it is done: on a bad day not at the first try.
    fn apply(&self, text: &str) -> Result<Plan, String> {
        let wanted = Wanted { allow_data_loss: true, ..Wanted::default() };
        let mut first = None;
        for _ in 0..TRIES {
            let (plan, outcome) = self.rig.try_apply(text, &wanted)?;
            if outcome.is_complete() {
                return Ok(first.unwrap_or(plan));
            }
            self.resubscribe(text, &plan, &outcome.failures)?;
            let _first = first.get_or_insert(plan);
            // What a handler won't change in place after all is replaced by the next plan.
            let is_fixed = |failure: &Failure| {
                failure.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::NotUpdatable)
            };
            let is_expected = |failure: &Failure| is_fixed(failure) || is_subscribed(failure);
            if !self.is_bad_day() && !outcome.failures.iter().all(is_expected) {
                return Err(format!("{:#?}", outcome.failures));
            }
        }
        Err("it doesn't get done".to_owned())
    }

    /// Nobody can delete a subscription that waits for its confirmation, and SNS refuses to make it
    /// again with other attributes: what the refusal advises is done, it is imported.
    fn resubscribe(&self, text: &str, plan: &Plan, failures: &[Failure]) -> Result<(), String> {
        for failure in failures.iter().filter(|failure| is_subscribed(failure)) {
            let hints = failure.diagnostic.hints.join(" ");
            if !hints.contains(&format!("evstack import {}", failure.address)) {
                return Err(format!("nobody says how to go on: {:#?}", failure.diagnostic));
            }
            let change = plan.change(&failure.address).ok_or("it failed without a plan")?;
            let wanted = change.after.as_ref().and_then(|after| after.reveal().to_json());
            let wanted = wanted.ok_or("something is unknown")?;
            let inventory = self.rig.cloud.inventory();
            let mut all = inventory["resources"].as_array().into_iter().flatten();
            let there = all.find(|one| {
                one["type"] == "AWS::SNS::Subscription"
                    && ["TopicArn", "Protocol", "Endpoint"]
                        .iter()
                        .all(|name| one["properties"][name] == wanted[name])
            });
            let there = there.ok_or("what exists isn't there")?;
            if !matches!(there["properties"]["Protocol"].as_str(), Some("https" | "http" | "email")) {
                return Err(format!("only what is pending can be in the way: {there}"));
            }
            let identifier = there["identifier"].as_str().unwrap_or("");
            self.rig.import(text, &failure.address, identifier)?;
        }
        Ok(())
    }

    fn is_bad_day(&self) -> bool {
        self.rig.profile()["faults_before"] != json!(0.0)
    }

    /// A plan finds nothing to do.
    fn converged(&self, text: &str) -> Result<(), String> {
        let wanted = Wanted { allow_data_loss: true, ..Wanted::default() };
        let made = self.rig.plan_as(text, &wanted)?;
        let open: Vec<String> = made
            .plan
            .changes
            .iter()
            .filter(|change| change.action != Action::NoOp)
            .map(|change| format!("{:?} {} {:#?}", change.action, change.address, change.diff.differences))
            .collect();
        if open.is_empty() { Ok(()) } else { Err(format!("the plan isn't empty: {}", open.join("\n"))) }
    }

    /// The identifier and what a read shows.
    fn live(&self, text: &str) -> Result<(String, Json), String> {
        let loaded = self.rig.load(text)?;
        let state = self.rig.state(&loaded);
        let recorded = state.resources.get(&self.address).ok_or("it isn't recorded")?;
        Ok((recorded.identifier.clone(), self.rig.get(recorded.type_name.as_str(), &recorded.identifier)?))
    }

    /// All of it, also what no read shows.
    fn whole(&self, identifier: &str) -> Result<Json, String> {
        let inventory = self.rig.cloud.inventory();
        let all = inventory["resources"].as_array().ok_or("no inventory")?;
        let found =
            all.iter().find(|one| one["type"] == self.kind.name.as_str() && one["identifier"] == identifier);
        found.map(|one| one["properties"].clone()).ok_or_else(|| format!("{identifier} isn't there"))
    }

    /// Everything that is declared is there, in reads and, where no read shows it, all the same.
    fn is_live(&self, properties: &Map<String, Json>, case: &Case) -> Result<Json, String> {
        self.calm(case);
        let text = (self.stack)(&format!("c{}", case.seed), properties);
        if !self.verbatim {
            return self.all_live(&text);
        }
        let (identifier, live) = self.live(&text)?;
        let whole = self.whole(&identifier)?;
        let declared = Json::Object(properties.clone());
        let shown = super::generate::visible(self.kind, properties);
        let judge = self.judge();
        let lacks = judge.lacks(&Json::Object(shown), Some(&live), &mut Vec::new());
        let lacks = lacks.or_else(|| judge.lacks(&declared, Some(&whole), &mut Vec::new()));
        lacks.map_or(Ok(live), |what| Err(format!("not live: {what}")))
    }

    /// Of a kind: every resource of the stack is as the plan says that it is wanted.
    fn all_live(&self, text: &str) -> Result<Json, String> {
        let plan = self.rig.plan(text)?;
        for change in &plan.changes {
            let (Some(after), Some(identifier)) = (&change.after, &change.identifier) else { continue };
            let name = change.type_name.as_str();
            let kind = Catalogue::bundled().get(name).ok_or("an unknown type")?;
            let none = Entry::default();
            let entry = super::menu::TYPES.get(name).unwrap_or(&none);
            let wanted = after.reveal().to_json().ok_or("something is unknown")?;
            let Json::Object(wanted) = wanted else { continue };
            let live = self.rig.get(name, identifier).map_err(|why| format!("{}: {why}", change.address))?;
            let judge = Judge { kind: &kind, entry };
            let shown = Json::Object(super::generate::visible(&kind, &wanted));
            if let Some(what) = judge.lacks(&shown, Some(&live), &mut Vec::new()) {
                return Err(format!("{} isn't live: {what}", change.address));
            }
        }
        Ok(Json::Null)
    }

    /// Somebody adds what isn't declared: a tag, a property, an item of a set. `None` where nothing can be.
    fn foreign(
        &self,
        maker: &Maker<'_>,
        declared: &Declared,
        text: &str,
        random: &mut Random,
    ) -> Result<Option<Json>, String> {
        // Tags of AWS's own are nobody's to send.
        self.rig.set_profile(&json!({}));
        let found = self.live(text);
        self.rig.set_profile(&reads());
        let (identifier, live) = found?;
        let hidden = self
            .kind
            .write_only
            .iter()
            .any(|path| declared.properties.contains_key(path.top()) || !self.verbatim);
        if hidden || self.kind.handlers.update.is_none() || !self.verbatim && self.entry.main.is_empty() {
            return Ok(None);
        }
        let mut operations = Vec::new();
        if let Some(tags) = self.kind.tagging.property.as_deref()
            && self.kind.tagging.updatable
            && random.below(2) == 0
        {
            let mut shown = live[tags].clone();
            let key = format!("foreign{}", random.below(1_000_000));
            let map = self.kind.property(&[tags]).is_some_and(|p| p["type"] == "object");
            match &mut shown {
                Json::Array(tags) => tags.push(json!({"Key": key, "Value": "1"})),
                Json::Object(tags) => drop(tags.insert(key, json!("1"))),
                none if map => *none = json!({ key: "1" }),
                none => *none = json!([{"Key": key, "Value": "1"}]),
            }
            operations.push(json!({"op": "add", "path": format!("/{tags}"), "value": shown}));
        } else if self.verbatim {
            let is_set = |path: &[String]| super::live::unordered(self.kind, self.entry, path);
            let mut free = maker.additions(declared, &live, &is_set, random);
            let tags = self.kind.tagging.property.as_deref();
            free.retain(|(path, _)| {
                let fixed = self.kind.is_create_only(path) || self.kind.is_conditional_create_only(path);
                let tied = self.entry.tied.iter().any(|list| path.join(".").starts_with(list.as_str()));
                !fixed && !tied && !self.entry.moves.contains(&path[0]) && tags != Some(path[0].as_str())
            });
            if let Some((path, value)) = free.get(random.below(free.len())) {
                let names =
                    path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
                operations.push(json!({"op": "add", "path": names.collect::<String>(), "value": value}));
            }
        }
        if operations.is_empty() {
            return Ok(None);
        }
        let patch = json!(operations);
        let input = json!({"TypeName": self.kind.name.as_str(), "Identifier": identifier, "PatchDocument": patch.to_string()});
        self.rig.set_profile(&json!({}));
        self.rig.change("UpdateResource", &input).map_err(|why| format!("by hand: {why} ({patch})"))?;
        self.rig.set_profile(&reads());
        Ok(Some(patch))
    }
}

/// Whether it is refused because its endpoint is subscribed already, otherwise.
fn is_subscribed(failure: &Failure) -> bool {
    failure.fault.as_ref().is_some_and(|fault| {
        fault.kind == FaultKind::AlreadyExists && fault.message.contains("different attributes")
    })
}

/// Where two models differ, as pointers: an array is one place.
fn edited(was: &Json, is: &Json, at: &str, found: &mut Vec<String>) {
    match (was, is) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (a.get(key), b.get(key)) {
                    (Some(x), Some(y)) => edited(x, y, &at, found),
                    _ => found.push(at),
                }
            }
        }
        (a, b) if a == b => {}
        _ => found.push(at.to_owned()),
    }
}
