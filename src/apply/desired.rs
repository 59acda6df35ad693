//! What is sent in the end: the stack's templates, filled with what the cloud really answered.

use super::{Job, nothing};
use crate::diff::{
    Context, Irrevocable, create_model, declared, diff, drift, holding, patch, restored, stages,
};
use crate::model::{Action, Address, Desired, Json, Live, Recorded, Secrets, Undeclared, Value};
use crate::plan::{Answers, BrokenPromise, ResourceChange, broken_promises};
use crate::schema::ResourceType;
use crate::state::Declared;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What is known of each resource while a plan is carried out.
pub(super) struct Knowledge<'a> {
    job: &'a Job<'a>,
    desired: HashMap<&'a Address, &'a Desired>,
    /// What was sent and what was then seen, for what this run is done with.
    done: HashMap<Address, (Value, Json)>,
    /// The same for what this run doesn't touch, worked out when it is asked for.
    kept: RefCell<HashMap<Address, Option<(Value, Json)>>>,
    recorded: HashMap<Address, (Json, Json)>,
}

/// Why a resource can't be sent as planned.
#[derive(Debug)]
pub(super) enum NotSent {
    /// It isn't declared; a plan that was made from this stack has no such change.
    Undeclared,
    /// Something it needs to know was never answered: `queue.x` and the attribute.
    Unknown(Vec<crate::model::Unknown>),
    /// Something was known in the plan and is otherwise now.
    Broken(Vec<BrokenPromise>),
}

/// What is sent for one resource, and what is written down about it.
pub(super) struct Wanted {
    /// With secrets, for verification and for others' references.
    pub value: Value,
    /// With secrets, plain.
    pub json: Json,
    pub declared: Box<Declared>,
    pub resource_type: Arc<ResourceType>,
    pub predicted_identifier: Option<String>,
    /// What nobody declared, and is set back all the same.
    pub restored: Vec<Undeclared>,
    /// An update of it may have been done in part: what a read never shows is sent again.
    pub half_way: bool,
    /// A read after the last update of it showed something otherwise.
    pub lingers: bool,
}

impl<'a> Knowledge<'a> {
    pub fn new(job: &'a Job<'a>, state: &crate::state::State) -> Self {
        let recorded = job.plan.changes.iter().filter(|c| c.action == Action::NoOp).filter_map(|change| {
            let address = change.moved_from.as_ref().unwrap_or(&change.address);
            let recorded = state.resources.get(address)?;
            let live = match job.live.get(address) {
                Some(Live::Present(live)) => live.clone(),
                _ => recorded.seen.clone(),
            };
            Some((change.address.clone(), (recorded.declared.clone(), live)))
        });
        Self {
            job,
            desired: job.desired.iter().map(|desired| (&desired.address, desired)).collect(),
            done: HashMap::new(),
            kept: RefCell::default(),
            recorded: recorded.collect(),
        }
    }

    pub fn of(&self, address: &Address) -> Option<&'a Desired> {
        self.desired.get(address).copied()
    }

    /// A resource is there as it should be: this was sent, and that was seen.
    pub fn learn(&mut self, address: &Address, sent: Value, seen: Json) {
        self.done.insert(address.clone(), (sent, seen));
    }

    fn known(&self, address: &Address) -> Option<(Value, Json)> {
        if let Some(done) = self.done.get(address) {
            return Some(done.clone());
        }
        if let Some(kept) = self.kept.borrow().get(address) {
            return kept.clone();
        }
        let kept = self.job.plan.change(address).filter(|change| change.action == Action::NoOp);
        let kept = kept.and_then(|change| {
            let (_, seen) = self.recorded.get(address)?;
            Some((change.after.clone().unwrap_or(Value::Null), seen.clone()))
        });
        self.kept.borrow_mut().insert(address.clone(), kept.clone());
        kept
    }

    /// Fills a template with what is known by now.
    pub fn evaluate(&self, template: &crate::model::Template) -> Value {
        let known = |address: &Address| self.known(address);
        let predicted = |address: &Address, property: &str| self.job.plan.promised(address, property);
        let answers = Answers { attributes: self.job.attributes, known: &known, predicted: &predicted };
        template.evaluate(&answers)
    }

    /// What to send for a change, if the plan's promise about it holds.
    pub fn wanted(&self, change: &ResourceChange, secrets: &Secrets) -> Result<Wanted, NotSent> {
        let desired = self.of(&change.address).ok_or(NotSent::Undeclared)?;
        let resource_type = self.job.catalogue.of(&change.type_name).ok_or(NotSent::Undeclared)?;
        let plain = self.evaluate(&desired.properties).without_nulls();
        let value = self.with_restored(change, plain.clone());
        if let Some(planned) = &change.after {
            let broken = broken_promises(planned, &value);
            if !broken.is_empty() {
                return Err(NotSent::Broken(broken));
            }
        }
        let (Some(sent), Some(properties)) = (plain.to_json(), declared(&plain, secrets)) else {
            return Err(NotSent::Unknown(plain.unknowns()));
        };
        let declared = Box::new(Declared {
            hash: hash(&sent, secrets),
            properties,
            dependencies: change.depends_on.clone(),
            predicted: change.predicted(),
            // The change's own is that of what ends.
            protection: desired.options.protection,
            retain_on_delete: desired.options.retain_on_delete,
            drain: desired.options.drain,
            place: (self.job.place_of)(desired.span),
            undeclared: Vec::new(),
        });
        let restored = self.restored(change).to_vec();
        let json = if restored.is_empty() { sent } else { value.to_json().unwrap_or(sent) };
        let predicted_identifier = resource_type.identifier_from(&json);
        Ok(Wanted {
            value,
            json,
            declared,
            resource_type,
            predicted_identifier,
            restored,
            half_way: false,
            lingers: false,
        })
    }

    /// What was read for the plan.
    pub fn live_of(&self, change: &ResourceChange) -> Option<&'a Json> {
        match self.job.live.get(change.moved_from.as_ref().unwrap_or(&change.address)) {
            Some(Live::Present(live)) => Some(live),
            _ => None,
        }
    }

    /// With what nobody declared and the plan sets back all the same.
    fn with_restored(&self, change: &ResourceChange, value: Value) -> Value {
        match (self.restored(change), self.live_of(change)) {
            ([], _) | (_, None) => value,
            (told, Some(live)) => restored(value, nothing(), live, told).0,
        }
    }

    fn restored(&self, change: &ResourceChange) -> &'a [Undeclared] {
        self.job.plan.restored.get(&change.address).map_or(&[], Vec::as_slice)
    }
}

/// A read for the record, without what others had changed before.
pub(super) fn kept_apart(declared: &Declared, seen: Json, secrets: &Secrets) -> Json {
    crate::diff::kept_apart(seen, &declared.undeclared, &declared.properties, secrets)
}

/// Salted hash of plain properties.
pub(super) fn hash(json: &Json, secrets: &Secrets) -> String {
    match secrets.hash(json) {
        Json::Object(mut members) => match members.shift_remove("$secret") {
            Some(Json::String(hash)) => hash,
            _ => String::new(),
        },
        _ => String::new(),
    }
}

impl Wanted {
    /// The model for a create.
    pub fn model(&self) -> Json {
        create_model(&self.json, &self.resource_type)
    }

    /// The patch from what is there; none when nothing differs any more.
    pub fn patch(
        &self,
        desired: &Desired,
        recorded: Option<&Json>,
        live: &Json,
        secrets: &Secrets,
    ) -> Option<Json> {
        let context = self.context(desired, secrets);
        let besides = recorded.filter(|_| !self.restored.is_empty()).map(|recorded| {
            restored(Value::Object(Default::default()), recorded.clone(), live, &self.restored).1
        });
        let recorded = besides.as_ref().or(recorded);
        if diff(&self.value, recorded, live, &context).is_empty() {
            return None;
        }
        let patch = patch(&self.json, recorded, live, &context);
        patch.as_array().is_some_and(|operations| !operations.is_empty()).then_some(patch)
    }

    fn context<'c>(&'c self, desired: &'c Desired, secrets: &'c Secrets) -> Context<'c> {
        let half_way = self.half_way;
        Context { half_way, ..Context::new(&self.resource_type, &desired.options, secrets) }
    }

    /// What to ask for before it, where the service takes an update in several steps only.
    pub fn stages(
        &self,
        desired: &Desired,
        recorded: Option<&Json>,
        live: &Json,
        secrets: &Secrets,
    ) -> Vec<Wanted> {
        let context = self.context(desired, secrets);
        let found = diff(&self.value, recorded, live, &context);
        let stages = stages(&self.value, live, &found, &context).into_iter();
        stages.filter_map(|value| self.with(value, secrets)).collect()
    }

    /// The same resource with other properties.
    pub(super) fn with(&self, value: Value, secrets: &Secrets) -> Option<Wanted> {
        let (json, properties) = (value.to_json()?, declared(&value, secrets)?);
        let mut declared = self.declared.clone();
        declared.hash = hash(&json, secrets);
        declared.properties = properties;
        Some(Wanted {
            value,
            json,
            declared,
            resource_type: Arc::clone(&self.resource_type),
            predicted_identifier: self.predicted_identifier.clone(),
            restored: self.restored.clone(),
            half_way: self.half_way,
            lingers: self.lingers,
        })
    }

    /// What of it holds for a resource that is taken over.
    pub fn holding(&self, desired: &Desired, live: &Json, secrets: &Secrets) -> Json {
        holding(&self.value, live, &Context::new(&self.resource_type, &desired.options, secrets)).declared
    }

    /// What others had changed and nobody accepted, as far as this run doesn't set it back: the record
    /// mustn't take it for what was seen.
    pub fn undeclared(
        &self,
        desired: &Desired,
        recorded: &Recorded,
        live: &Json,
        secrets: &Secrets,
        all: &BTreeMap<Address, Recorded>,
    ) -> Vec<Undeclared> {
        let context = Context::new(&self.resource_type, &desired.options, secrets);
        let drifted = drift(recorded, &self.veiled(live, secrets), &context, all.values());
        let told = drifted.undeclared.iter().filter(|path| path.irrevocable != Some(Irrevocable::Computed));
        told.map(|path| path.undeclared(&context)).collect()
    }

    /// Whether reads show all that was wanted, as far as they show it.
    pub fn is_shown(
        &self,
        desired: &Desired,
        recorded: Option<&Json>,
        seen: &Json,
        secrets: &Secrets,
    ) -> bool {
        let context = Context::new(&self.resource_type, &desired.options, secrets);
        diff(&self.value, recorded, seen, &context).differences.iter().all(|d| d.write_only)
    }

    /// The places of what an update of the model `before` was to do, and a read doesn't show.
    pub fn left(
        &self,
        desired: &Desired,
        recorded: Option<&Json>,
        (before, seen): (&Json, &Json),
        secrets: &Secrets,
    ) -> Vec<Vec<String>> {
        let context = Context::new(&self.resource_type, &desired.options, secrets);
        let differences = diff(&self.value, recorded, seen, &context).differences.into_iter();
        differences.filter(|found| found.is_left(before, seen)).map(|found| found.path).collect()
    }

    /// What was seen, with each of the resource's own secrets as its hash, wherever it came back.
    pub fn veiled(&self, seen: &Json, secrets: &Secrets) -> Json {
        veiled(&self.value, seen, secrets)
    }

    /// The texts and numbers that are secret in it.
    pub fn hidden(&self) -> Vec<String> {
        hidden(&self.value)
    }
}

/// What was seen of a resource, with each secret of its declaration as its hash: whatever stands where
/// the secret is declared, and wherever else it came back, if it is long enough to be told.
#[must_use]
pub fn veiled(declared: &Value, seen: &Json, secrets: &Secrets) -> Json {
    let mut seen = seen.clone();
    let mut is_secret = false;
    declared.visit(&mut |value| is_secret |= matches!(value, Value::Sensitive(_)));
    if !is_secret {
        return seen;
    }
    veil_in_place(declared, &mut seen, false, secrets);
    veil(&seen, &hidden(declared), secrets)
}

/// Hides what is seen at the places of secrets. In a list another item may stand there (`among`): then
/// only what equals the secret goes.
fn veil_in_place(declared: &Value, seen: &mut Json, among: bool, secrets: &Secrets) {
    match (declared, seen) {
        (Value::Sensitive(inner), seen) => {
            let inner = inner.to_json().filter(|_| among);
            veil_scalars(seen, &|there| inner.as_ref().is_none_or(|secret| has(secret, there)), secrets);
        }
        (Value::Object(members), Json::Object(seen)) => {
            for (key, member) in members {
                if let Some(there) = seen.get_mut(key) {
                    veil_in_place(member, there, among, secrets);
                }
            }
        }
        (Value::Array(items), Json::Array(seen)) => {
            let is_secret = |item: &&Value| {
                let mut found = false;
                item.visit(&mut |value| found |= matches!(value, Value::Sensitive(_)));
                found
            };
            for item in items.iter().filter(is_secret) {
                seen.iter_mut().for_each(|there| veil_in_place(item, there, true, secrets));
            }
        }
        _ => {}
    }
}

/// Each scalar that is one of the secret's, as its hash.
fn veil_scalars(seen: &mut Json, is_secret: &dyn Fn(&Json) -> bool, secrets: &Secrets) {
    match seen {
        Json::Null => {}
        Json::Array(items) => items.iter_mut().for_each(|item| veil_scalars(item, is_secret, secrets)),
        Json::Object(members) if members.len() == 1 && members.contains_key("$secret") => {}
        Json::Object(members) => {
            members.values_mut().for_each(|member| veil_scalars(member, is_secret, secrets));
        }
        scalar if is_secret(scalar) => *scalar = secrets.hash(scalar),
        _ => {}
    }
}

/// Whether a scalar is in a secret, in its own spelling or as text.
fn has(secret: &Json, there: &Json) -> bool {
    let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    match secret {
        Json::Array(items) => items.iter().any(|item| has(item, there)),
        Json::Object(members) => members.values().any(|member| has(member, there)),
        scalar => !scalar.is_null() && text(scalar) == text(there),
    }
}

fn hidden(value: &Value) -> Vec<String> {
    let mut hidden = Vec::new();
    value.visit(&mut |value| {
        if let Value::Sensitive(inner) = value
            && let Some(json) = inner.to_json()
        {
            leaves(&json, &mut hidden);
        }
    });
    hidden
}

/// A shorter text is in any other by chance.
const SHORTEST: usize = 4;

/// The scalars of a secret that are long enough to be one; a text also as it stands within JSON.
pub(super) fn leaves(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Json::Object(members) => members.values().for_each(|member| leaves(member, found)),
        Json::String(text) if text.len() >= SHORTEST => {
            let escaped = json.to_string();
            let escaped = &escaped[1..escaped.len() - 1];
            if escaped != text {
                found.push(escaped.to_owned());
            }
            found.push(text.clone());
        }
        Json::Number(number) => found.push(number.to_string()),
        _ => {}
    }
}

fn veil(json: &Json, hidden: &[String], secrets: &Secrets) -> Json {
    match json {
        Json::Array(items) => items.iter().map(|item| veil(item, hidden, secrets)).collect(),
        Json::Object(members) => {
            members.iter().map(|(key, member)| (key.clone(), veil(member, hidden, secrets))).collect()
        }
        Json::String(text) if hidden.iter().any(|secret| within(text, secret)) => secrets.hash(json),
        Json::Number(number) if hidden.contains(&number.to_string()) => secrets.hash(json),
        other => other.clone(),
    }
}

fn within(text: &str, secret: &str) -> bool {
    text == secret || (secret.len() >= SHORTEST && text.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_hidden_also_within_json_and_small_numbers_only_whole() {
        let secrets = Secrets::new("salt");
        let mut hidden = Vec::new();
        leaves(&json!({"token": "a\"b\\c", "count": 5}), &mut hidden);
        let text = json!({"token": "a\"b\\c"}).to_string();
        let seen =
            json!({"Text": text, "Plain": "x a\"b\\c", "Count": 5, "Said": "5", "Arn": "arn:aws:sqs:5"});
        let veiled = veil(&seen, &hidden, &secrets);
        for name in ["Text", "Plain", "Count", "Said"] {
            assert_eq!(veiled[name], secrets.hash(&seen[name]), "{name}");
        }
        assert_eq!(veiled["Arn"], "arn:aws:sqs:5");
    }

    #[test]
    fn what_stands_where_a_secret_is_declared_is_hidden_however_short() {
        let secrets = Secrets::new("salt");
        let secret = |json: Json| Value::Sensitive(Box::new(Value::from(json)));
        let mut declared =
            Value::from(json!({"Name": "n", "Pin": "", "On": "", "Of": {}, "List": [{"Name": "a"}]}));
        if let Value::Object(members) = &mut declared {
            members.insert("Pin".into(), secret(json!("42")));
            members.insert("On".into(), secret(json!(true)));
            members.insert("Of".into(), secret(json!({"a": 1, "b": ["x"]})));
            let mut item = Value::from(json!({"Name": "a", "Value": ""}));
            if let Value::Object(members) = &mut item {
                members.insert("Value".into(), secret(json!("no")));
            }
            members.insert("List".into(), Value::Array(vec![item]));
        }
        let seen = json!({"Name": "n", "Pin": "42", "On": true, "Of": {"a": 1, "b": ["x"], "c": null}, "Other": true,
            "List": [{"Name": "b", "Value": "yes"}, {"Name": "a", "Value": "no"}]});
        let hash = |json: Json| secrets.hash(&json);
        let wanted = json!({"Name": "n", "Pin": hash(json!("42")), "On": hash(json!(true)),
            "Of": {"a": hash(json!(1)), "b": [hash(json!("x"))], "c": null}, "Other": true,
            "List": [{"Name": "b", "Value": "yes"}, {"Name": "a", "Value": hash(json!("no"))}]});
        assert_eq!(veiled(&declared, &seen, &secrets), wanted);
    }
}
