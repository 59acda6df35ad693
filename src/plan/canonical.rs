//! A plan in plain JSON: for the plan file, for fingerprints, for comparing two plans. Secrets are
//! hashes in it, unknowns name their sources.

use super::{OutputAction, OutputChange, Plan, ResourceChange};
use crate::model::{Json, Secrets, Value};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};

/// A value in canonical form: keys sorted, secrets hashed, unknowns as `{"$unknown": ["a.B"]}`.
pub(super) fn value(value: &Value, secrets: &Secrets) -> Json {
    match value {
        Value::Unknown(causes) => {
            let sources: Vec<String> =
                causes.iter().map(|c| format!("{}.{}", c.address, c.property)).collect();
            json!({ "$unknown": sources })
        }
        Value::Sensitive(inner) => match inner.to_json() {
            Some(json) if json.get("$secret").is_some() => json,
            Some(json) => secrets.hash(&json),
            None => self::value(inner, secrets),
        },
        Value::Array(items) => Json::Array(items.iter().map(|v| self::value(v, secrets)).collect()),
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            let pairs = sorted.into_iter().map(|(k, v)| (k.clone(), self::value(v, secrets)));
            Json::Object(pairs.collect::<Map<_, _>>())
        }
        scalar => scalar.to_json().unwrap_or_default(),
    }
}

/// Recorded or live JSON as a value; a hash stands for a secret.
pub(super) fn shown(json: &Json) -> Value {
    match json {
        Json::Object(members) if members.len() == 1 && members.contains_key("$secret") => {
            Value::Sensitive(Box::new(Value::from(json.clone())))
        }
        Json::Array(items) => Value::Array(items.iter().map(shown).collect()),
        Json::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), shown(v))).collect()),
        scalar => Value::from(scalar.clone()),
    }
}

impl ResourceChange {
    /// What this change promises, in plain JSON.
    #[must_use]
    pub fn canonical(&self, secrets: &Secrets) -> Json {
        let optional = |v: &Option<Value>| v.as_ref().map_or(Json::Null, |v| value(v, secrets));
        let mut canonical = json!({
            "address": self.address,
            "type": self.type_name,
            "moved_from": self.moved_from,
            "identifier": self.identifier,
            "action": self.action,
            "reason": self.reason,
            "before": optional(&self.before),
            "after": optional(&self.after),
            "computed": self.computed.iter().map(|(k, v)| (k.clone(), value(v, secrets))).collect::<Map<_, _>>(),
            "replace_paths": self.replace_paths,
            "retained": self.retained,
        });
        if self.is_leftover() {
            // Something else may be done at its address.
            canonical["address"] =
                format!("{} ({})", self.address, self.identifier.as_deref().unwrap_or_default()).into();
        }
        if let Some(drain) = self.drain {
            canonical["drain"] = drain.into();
        }
        canonical
    }
}

impl OutputChange {
    fn canonical(&self, secrets: &Secrets) -> Json {
        let action = match self.action {
            OutputAction::NoOp => "no-op",
            OutputAction::Create => "create",
            OutputAction::Update => "update",
            OutputAction::Delete => "delete",
        };
        json!({
            "name": self.name,
            "action": action,
            "after": self.after.as_ref().map_or(Json::Null, |v| value(v, secrets)),
        })
    }
}

impl Plan {
    /// Every change that does something, in plain JSON, by address.
    #[must_use]
    pub fn canonical_changes(&self, secrets: &Secrets) -> Vec<Json> {
        self.all().filter(|c| !c.is_no_op()).map(|c| c.canonical(secrets)).collect()
    }

    /// Every output that changes, in plain JSON, by name.
    #[must_use]
    pub fn canonical_outputs(&self, secrets: &Secrets) -> Vec<Json> {
        let changed = self.outputs.iter().filter(|o| o.action != OutputAction::NoOp);
        changed.map(|o| o.canonical(secrets)).collect()
    }

    /// For each recorded resource, a hash of whether it is there and of what is at its owned paths:
    /// volatile values that nobody declared are not in it.
    #[must_use]
    pub fn fingerprint(&self, secrets: &Secrets) -> Map<String, Json> {
        let recorded = self.changes.iter().filter(|c| c.identifier.is_some() || c.drift.is_some());
        recorded.map(|c| (c.address.to_string(), Json::String(fingerprint(c, secrets)))).collect()
    }
}

fn fingerprint(change: &ResourceChange, secrets: &Secrets) -> String {
    let seen = json!({
        "identifier": change.identifier,
        "there": change.drift.is_none(),
        "owned": change.before.as_ref().map_or(Json::Null, |v| value(v, secrets)),
    });
    let digest = Sha256::digest(seen.to_string().as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
