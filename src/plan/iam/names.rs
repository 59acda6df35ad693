//! What is called what: ARNs, URLs and names of the stack's own resources → their addresses.

use super::IamContext;
use crate::model::{Address, Value};
use crate::plan::{Plan, ResourceChange};
use crate::schema::{Declared, Prediction, ResourceType, TypeName, predict};
use std::collections::{BTreeMap, HashMap};

/// The stack's own resources by all that a policy may call them.
#[derive(Debug, Default)]
pub(super) struct Names {
    arns: HashMap<String, Address>,
    /// A role's name, a queue's URL → whose it is; names of several types may be the same.
    identifiers: HashMap<String, BTreeMap<TypeName, Address>>,
}

impl Names {
    /// Of all resources of a plan, as they are and as they will be.
    pub(super) fn of(plan: &Plan, context: &IamContext<'_>) -> Self {
        let mut names = Self::default();
        // What will be has the last word: a resource may take over the ARN of another.
        for change in &plan.changes {
            names.identifier(change, change.identifier.as_deref(), context);
            names.computed(change, &change.computed_before);
            names.predicted(change, change.before.as_ref(), context);
        }
        for change in plan.changes.iter().filter(|change| change.after.is_some()) {
            let stays = change.identifier.as_deref().filter(|_| !change.action.is_replace());
            names.identifier(change, stays, context);
            names.identifier(change, change.new_identifier.as_deref(), context);
            names.computed(change, &change.computed);
            names.predicted(change, change.after.as_ref(), context);
        }
        names
    }

    fn identifier(&mut self, change: &ResourceChange, identifier: Option<&str>, context: &IamContext<'_>) {
        let Some(identifier) = identifier else { return };
        // A topic's policy is identified by the ARN of its topic.
        let kind = context.catalogue.of(&change.type_name);
        let is_declared = kind.is_some_and(|kind| {
            kind.primary_identifier.iter().any(|path| !kind.read_only.iter().any(|known| known == path))
        });
        if !is_declared {
            self.arn(identifier, &change.address);
        }
        let named = self.identifiers.entry(identifier.to_owned()).or_default();
        named.insert(change.type_name.clone(), change.address.clone());
    }

    fn computed(&mut self, change: &ResourceChange, computed: &BTreeMap<String, Value>) {
        for (property, value) in computed {
            // `Arn`, `TopicArn`; not the ARN of something else that a resource shows.
            let own = property == "Arn" || property.ends_with(&format!("{}Arn", change.type_name.resource()));
            if let (true, Some(text)) = (own, value.as_str()) {
                self.arn(text, &change.address);
            }
        }
    }

    fn predicted(&mut self, change: &ResourceChange, value: Option<&Value>, context: &IamContext<'_>) {
        let (Some(value), Some(resource_type)) = (value, context.catalogue.of(&change.type_name)) else {
            return;
        };
        if let Some(arn) = arn_of(&resource_type, value, context) {
            self.arn(&arn, &change.address);
        }
    }

    fn arn(&mut self, arn: &str, address: &Address) {
        if !arn.starts_with("arn:") {
            return;
        }
        // A log group's own ARN ends in `:*`.
        let arn = arn.strip_suffix(":*").unwrap_or(arn);
        self.arns.insert(arn.to_owned(), address.clone());
    }

    /// For people: a resource of that type by its identifier, or any by its ARN.
    pub(super) fn named(&self, type_name: &str, name: &str) -> String {
        let named = self.identifiers.get(name).and_then(|types| types.get(&TypeName::new(type_name)));
        named.map_or_else(|| self.shown(name), Address::to_string)
    }

    /// The address whose ARN this is.
    pub(super) fn exactly(&self, arn: &str) -> Option<&Address> {
        self.arns.get(arn)
    }

    /// For people: the address, with what follows its ARN; another text as it is.
    pub(super) fn shown(&self, text: &str) -> String {
        if !text.starts_with("arn:") {
            return text.to_owned();
        }
        if let Some(address) = self.arns.get(text) {
            return address.to_string();
        }
        for (at, _) in text.rmatch_indices(['/', ':']) {
            if let Some(address) = self.arns.get(&text[..at]) {
                return format!("{address}{}", &text[at..]);
            }
        }
        text.to_owned()
    }
}

fn arn_of(resource_type: &ResourceType, properties: &Value, context: &IamContext<'_>) -> Option<String> {
    let get = |property: &str| match properties.get(property).map(Value::reveal) {
        None | Some(Value::Null) => Declared::Absent,
        Some(Value::String(text)) => Declared::Known(text.clone()),
        Some(Value::Bool(flag)) => Declared::Known(flag.to_string()),
        Some(Value::Number(number)) => Declared::Known(number.to_string()),
        Some(_) => Declared::Unknown,
    };
    match predict::arn(resource_type, &context.place.for_prediction(), &get) {
        Prediction::Known(arn) => Some(arn),
        Prediction::Unknown(_) => None,
    }
}
