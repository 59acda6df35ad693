//! What attributes are worth before apply: declared, kept, predicted, or unknown with the reason.

use super::{Found, FoundBy};
use crate::diff::changes_with_updates;
use crate::model::{Address, Attributes, Desired, Json, Live, Place, Recorded, Template, Unknown, Value};
use crate::schema::{Declared, Prediction, PropertyPath, ResourceType, predict};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// One declared resource with what is known of it.
pub(super) struct Subject<'a> {
    pub(super) desired: &'a Desired,
    pub(super) resource_type: Arc<ResourceType>,
    pub(super) recorded: Option<&'a Recorded>,
    pub(super) live: &'a Live,
    /// What was found for it, and isn't recorded.
    pub(super) found: Option<&'a Found>,
    /// Whether this plan touches it at all.
    pub(super) selected: bool,
}

impl Subject<'_> {
    /// What it takes over, if it isn't recorded: what was found, or what its options name.
    pub(super) fn to_import(&self) -> Option<Found> {
        self.found.cloned().or_else(|| {
            let identifier = self.desired.options.import.clone()?;
            Some(Found { identifier, by: FoundBy::Request })
        })
    }

    /// Its properties as last seen, if it is there.
    pub(super) fn seen(&self) -> Option<&Json> {
        match (self.live, self.recorded) {
            (Live::Present(live), _) => Some(live),
            (Live::Unread, Some(recorded)) => Some(&recorded.seen),
            _ => None,
        }
    }
}

/// Evaluates templates of one plan. References may go against the order (a queue's policy names
/// the rule that comes after it), so an attribute is worked out when it is asked for.
pub(super) struct Evaluator<'a> {
    pub(super) subjects: HashMap<&'a Address, Subject<'a>>,
    pub(super) attributes: &'a BTreeMap<(Address, String), Template>,
    pub(super) place: &'a Place,
    /// Resources whose recorded one doesn't stay: their computed properties aren't kept.
    pub(super) renewed: RefCell<BTreeSet<Address>>,
    /// Resources that are updated: what changes with each update isn't kept.
    pub(super) updated: RefCell<BTreeSet<Address>>,
    /// Resources of which such a property was taken as kept.
    taken_as_still: RefCell<BTreeSet<Address>>,
    /// Resources that were taken as kept.
    taken_as_kept: RefCell<BTreeSet<Address>>,
    /// Whether something that was taken as kept turned out not to be.
    pub(super) mistaken: Cell<bool>,
    known: RefCell<HashMap<(Address, String), Value>>,
    asked: RefCell<Vec<(Address, String)>>,
    /// How often something turned out to be made from itself.
    circles: Cell<usize>,
    /// Attributes that were read of resources that this plan doesn't touch, and their worth.
    pub(super) outside: RefCell<BTreeMap<(Address, String), Value>>,
    /// Computed properties that were read, and their worth.
    reads: RefCell<BTreeMap<Address, BTreeMap<String, Value>>>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        subjects: HashMap<&'a Address, Subject<'a>>,
        attributes: &'a BTreeMap<(Address, String), Template>,
        place: &'a Place,
        (renewed, updated): (BTreeSet<Address>, BTreeSet<Address>),
    ) -> Self {
        Self {
            subjects,
            attributes,
            place,
            renewed: RefCell::new(renewed),
            updated: RefCell::new(updated),
            taken_as_still: RefCell::default(),
            taken_as_kept: RefCell::default(),
            mistaken: Cell::new(false),
            known: RefCell::default(),
            asked: RefCell::default(),
            circles: Cell::new(0),
            outside: RefCell::default(),
            reads: RefCell::default(),
        }
    }

    /// Says that the recorded resource doesn't stay.
    pub(super) fn renew(&self, address: &Address) {
        if self.renewed.borrow_mut().insert(address.clone()) && self.taken_as_kept.borrow().contains(address)
        {
            self.mistaken.set(true);
        }
    }

    /// Says that the recorded resource is updated.
    pub(super) fn update(&self, address: &Address) {
        if self.updated.borrow_mut().insert(address.clone()) && self.taken_as_still.borrow().contains(address)
        {
            self.mistaken.set(true);
        }
    }

    /// Computed properties of a resource that something has read.
    pub(super) fn read_of(&self, address: &Address) -> BTreeMap<String, Value> {
        self.reads.borrow().get(address).cloned().unwrap_or_default()
    }

    /// The identifier that a new resource would have, where it can be told before.
    pub(super) fn identifier(&self, address: &Address, resource_type: &ResourceType) -> Option<String> {
        let mut parts = Vec::new();
        for path in &resource_type.primary_identifier {
            parts.push(self.fresh(address, &path.to_string())?);
        }
        Some(parts.join("|"))
    }

    /// A property of the resource as if it were made anew.
    fn fresh(&self, address: &Address, property: &str) -> Option<String> {
        let subject = self.subjects.get(address)?;
        let value = match self.declared(subject, property) {
            Some(value) => value,
            None => self.predicted(subject, property),
        };
        match &value {
            Value::Number(_) | Value::Bool(_) => value.to_json().map(|json| json.to_string()),
            value => value.as_str().map(str::to_owned),
        }
    }

    fn work_out(&self, address: &Address, property: &str) -> Value {
        if let Some(template) = self.attributes.get(&(address.clone(), property.to_owned())) {
            return template.evaluate(self);
        }
        let Some(subject) = self.subjects.get(address) else {
            return Value::unknown(address.clone(), property, "it isn't declared in this stack");
        };
        if !subject.selected {
            let value = self.untouched(subject, property);
            self.outside.borrow_mut().insert((address.clone(), property.to_owned()), value.clone());
            return value;
        }
        if let Some(value) = self.declared(subject, property) {
            return value;
        }
        let value = self.computed(subject, property);
        self.reads
            .borrow_mut()
            .entry(address.clone())
            .or_default()
            .insert(property.to_owned(), value.clone());
        value
    }

    /// Of what `--target` or `--exclude` leaves out: as it is recorded. What isn't there yet is read
    /// by those alone that it needn't come before, so what can be told beforehand is good.
    fn untouched(&self, subject: &Subject<'_>, property: &str) -> Value {
        let value = match subject.recorded {
            Some(recorded) => lookup(&recorded.declared, property)
                .or_else(|| subject.seen().and_then(|json| lookup(json, property))),
            None => {
                let value = self.declared(subject, property);
                Some(value.unwrap_or_else(|| self.predicted(subject, property)))
            }
        };
        value.filter(Value::is_known).unwrap_or_else(|| left_out(&subject.desired.address, property))
    }

    /// What the stack file says it is.
    fn declared(&self, subject: &Subject<'_>, property: &str) -> Option<Value> {
        let mut template = &subject.desired.properties;
        let mut names = property.split('.');
        loop {
            match template {
                Template::Object(members) => match names.next() {
                    Some(name) => template = members.get(name)?,
                    None => return Some(template.evaluate(self)),
                },
                other => {
                    let value = other.evaluate(self);
                    return below(value, names);
                }
            }
        }
    }

    /// What the service decides: as it is if the resource stays, else predicted. A record has the
    /// hash of what repeats a secret, which is worth nothing to whoever reads it.
    fn computed(&self, subject: &Subject<'_>, property: &str) -> Value {
        let address = &subject.desired.address;
        if !self.renewed.borrow().contains(address)
            && let Some(value) = subject.seen().and_then(|json| lookup(json, property))
            && !value.has_secrets()
        {
            if changes_with_updates(&subject.resource_type, property) {
                if self.updated.borrow().contains(address) {
                    return Value::unknown(address.clone(), property, "each update gives it another value");
                }
                self.taken_as_still.borrow_mut().insert(address.clone());
            }
            self.taken_as_kept.borrow_mut().insert(address.clone());
            return value;
        }
        self.predicted(subject, property)
    }

    fn predicted(&self, subject: &Subject<'_>, property: &str) -> Value {
        let address = &subject.desired.address;
        let causes: RefCell<Vec<Unknown>> = RefCell::default();
        let get = |name: &str| match self.declared(subject, name) {
            None => Declared::Absent,
            Some(value) => match text(&value) {
                Some(text) => Declared::Known(text),
                None => {
                    causes.borrow_mut().extend(value.unknowns());
                    Declared::Unknown
                }
            },
        };
        let place = self.place.for_prediction();
        match predict(&subject.resource_type, &place, property, &get) {
            Prediction::Known(text) => Value::String(text),
            Prediction::Unknown(reason) => {
                let causes: BTreeSet<Unknown> = causes.into_inner().into_iter().collect();
                if causes.is_empty() {
                    Value::unknown(address.clone(), property, reason)
                } else {
                    Value::Unknown(causes.into_iter().collect())
                }
            }
        }
    }
}

/// An evaluator for outputs: what isn't there and isn't made now has nothing to be printed.
pub(super) struct Printed<'e, 'a>(pub(super) &'e Evaluator<'a>);

impl Attributes for Printed<'_, '_> {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        if let Some(template) = self.0.attributes.get(&(address.clone(), property.to_owned())) {
            return template.evaluate(self);
        }
        match self.0.subjects.get(address) {
            Some(subject) if !subject.selected && subject.recorded.is_none() => left_out(address, property),
            _ => self.0.attribute(address, property),
        }
    }
}

/// A scalar as text; `None` while it isn't known.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        other if other.is_known() => other.to_json().map(|json| match json {
            Json::String(text) => text,
            json => json.to_string(),
        }),
        _ => None,
    }
}

impl Attributes for Evaluator<'_> {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        let key = (address.clone(), property.to_owned());
        if let Some(value) = self.known.borrow().get(&key) {
            return value.clone();
        }
        if self.asked.borrow().contains(&key) {
            self.circles.set(self.circles.get() + 1);
            return Value::unknown(address.clone(), property, "it is made from itself");
        }
        let circles = self.circles.get();
        self.asked.borrow_mut().push(key.clone());
        let value = self.work_out(address, property);
        self.asked.borrow_mut().pop();
        // What was cut short by a circle is worth something else when it is asked for first.
        if self.asked.borrow().is_empty() || self.circles.get() == circles {
            self.known.borrow_mut().insert(key, value.clone());
        }
        value
    }
}

/// What a dotted name means in JSON.
pub(super) fn lookup(json: &Json, property: &str) -> Option<Value> {
    if let Some(value) = json.get(property) {
        return Some(super::canonical::shown(value));
    }
    let path = PropertyPath::parse(property);
    let found = path.names().iter().try_fold(json, |json, name| match json {
        Json::Array(items) => name.parse::<usize>().ok().and_then(|i| items.get(i)),
        other => other.get(name),
    });
    found.filter(|json| !json.is_null()).map(super::canonical::shown)
}

/// What dotted names mean below a value: nothing if they don't lead anywhere, unknown if the way
/// can't be known.
fn below<'n>(value: Value, mut names: impl Iterator<Item = &'n str>) -> Option<Value> {
    let Some(name) = names.next() else {
        return if value == Value::Null { None } else { Some(value) };
    };
    match value {
        Value::Unknown(_) => Some(value),
        Value::Object(mut members) => below(members.swap_remove(name)?, names),
        Value::Array(items) => below(items.into_iter().nth(name.parse().ok()?)?, names),
        Value::Sensitive(inner) => {
            let rest: Vec<&str> = std::iter::once(name).chain(names).collect();
            below(*inner, rest.into_iter()).map(|v| Value::Sensitive(Box::new(v)))
        }
        _ => None,
    }
}

fn left_out(address: &Address, property: &str) -> Value {
    Value::unknown(
        address.clone(),
        property,
        "it isn't recorded, and `--target` or `--exclude` leaves it out",
    )
}
