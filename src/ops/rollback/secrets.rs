//! Secrets of the record: only their hashes are there, and what the stack file still has can be sent
//! again.

use crate::diff::{is_hash, revealed};
use crate::model::{Json, Secrets, Value};
use crate::plan::Plan;
use std::collections::HashMap;

/// The secrets that the applied stack has, in its resources or as config, by their hash.
pub(super) struct Known {
    secrets: Secrets,
    by_hash: HashMap<String, Json>,
}

impl Known {
    pub(super) fn of<'v>(plan: &'v Plan, config: impl Iterator<Item = &'v Value>, secrets: Secrets) -> Self {
        let mut by_hash = HashMap::new();
        for value in plan.changes.iter().filter_map(|change| change.after.as_ref()).chain(config) {
            value.visit(&mut |value| {
                if let Value::Sensitive(inner) = value
                    && let Some(secret) = inner.to_json().filter(|secret| !is_hash(secret))
                {
                    by_hash.insert(secrets.hash(&secret).to_string(), secret);
                }
            });
        }
        Self { secrets, by_hash }
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What was recorded, as a value that can be sent. A secret that isn't known any more stays what
    /// it is `now`, if that can be told, and its path goes to `stays`; else it is a hash, which
    /// [`crate::diff::is_hidden`] finds.
    pub(super) fn reveal(&self, was: &Json, now: Option<&Json>, stays: &mut Vec<String>) -> Value {
        self.at(was, now, &mut Vec::new(), stays)
    }

    fn at(&self, was: &Json, now: Option<&Json>, path: &mut Vec<String>, stays: &mut Vec<String>) -> Value {
        match was {
            hash if is_hash(hash) => self.secret(hash, now, path, stays),
            Json::Array(items) => {
                let now = match now {
                    Some(Json::Array(now)) if alike(was, &Json::Array(now.clone())) => now.as_slice(),
                    _ => &[],
                };
                let items = items.iter().enumerate().map(|(index, item)| {
                    path.push(index.to_string());
                    let item = self.at(item, now.get(index), path, stays);
                    path.pop();
                    item
                });
                Value::Array(items.collect())
            }
            Json::Object(members) => {
                let members = members.iter().map(|(key, member)| {
                    path.push(key.clone());
                    let member_now = now.and_then(|now| now.get(key));
                    let value = self.at(member, member_now, path, stays);
                    path.pop();
                    (key.clone(), value)
                });
                Value::Object(members.collect())
            }
            scalar => Value::from(scalar.clone()),
        }
    }

    fn secret(&self, hash: &Json, now: Option<&Json>, path: &[String], stays: &mut Vec<String>) -> Value {
        let known = |hash: &Json| self.by_hash.get(&hash.to_string()).cloned();
        if let Some(secret) = known(hash) {
            return Value::Sensitive(Box::new(Value::from(secret)));
        }
        let there = now.filter(|now| *now != hash).and_then(|now| match is_hash(now) {
            true => known(now).map(|secret| Value::Sensitive(Box::new(Value::from(secret)))),
            false => Some(revealed(now, None, &self.secrets)),
        });
        match there {
            Some(value) => {
                stays.push(path.join("."));
                value
            }
            None => Value::Sensitive(Box::new(Value::from(hash.clone()))),
        }
    }
}

/// Whether two values are the same but for their secrets: then their items mean the same things.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        _ if is_hash(a) || is_hash(b) => true,
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b)))
        }
        _ => a == b,
    }
}
