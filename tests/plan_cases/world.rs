//! A cloud that keeps its promises: plans are carried out in it by the resources' own templates.

use super::stack::{Stack, secrets};
use evstack::diff::{Context, create_model, declared, patch};
use evstack::model::{Action, Address, Desired, Json, Live, Recorded, Template, Value};
use evstack::plan::{Answers, Plan, ResourceChange, broken_promises};
use evstack::schema::Catalogue;
use serde_json::json;
use std::collections::BTreeMap;

/// What is recorded, and what is there.
pub(super) struct World {
    pub(super) recorded: BTreeMap<Address, Recorded>,
    pub(super) live: BTreeMap<Address, Live>,
}

impl World {
    pub(super) fn apply(&mut self, stack: &Stack, plan: &Plan) {
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

    pub(super) fn outputs(&self, stack: &Stack, plan: &Plan) -> BTreeMap<String, Json> {
        let value = |template| declared(&self.value(stack, plan, template), &secrets());
        stack.outputs.iter().filter_map(|(name, t)| Some((name.clone(), value(t)?))).collect()
    }
}
