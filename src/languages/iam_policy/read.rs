//! JSON → [`Policy`], with every mistake on the way.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language".

use super::condition::{Condition, Operator};
use super::document::{Effect, Policy, Scope, Statement};
use super::principal::Named;
use super::text::Template;
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::{Map, Value};

/// What a policy is for: it decides what it has to say and what it can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Of a user, a group or a role, or a managed one; boundaries and session policies too.
    Identity,
    /// Of a resource.
    Resource,
    /// Who may take a role.
    Trust,
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Reads a policy (JSON, or its text) for a purpose. With problems there is no policy.
#[must_use]
pub fn parse(document: &Value, purpose: Purpose) -> (Option<Policy>, Vec<Problem>) {
    let mut reader = Reader { problems: Vec::new(), variables: false };
    let policy = reader.policy(document, Some(purpose));
    let Reader { problems, .. } = reader;
    (problems.is_empty().then_some(policy), problems)
}

impl Policy {
    /// Reads what can be read: a statement with a mistake that leaves its meaning open isn't in it.
    /// For documents that a service has accepted before.
    #[must_use]
    pub fn read(document: &Value) -> Self {
        Reader { problems: Vec::new(), variables: false }.policy(document, None)
    }
}

struct Reader {
    problems: Vec<Problem>,
    /// Whether the version has variables.
    variables: bool,
}

impl Reader {
    fn refuse(&mut self, at: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(at, Kind::InvalidPolicy, message));
    }

    fn policy(&mut self, document: &Value, purpose: Option<Purpose>) -> Policy {
        let parsed;
        let document = match document.as_str().map(serde_json::from_str) {
            Some(Ok(value)) => {
                parsed = value;
                &parsed
            }
            Some(Err(_)) => {
                self.refuse("", "the policy isn't valid JSON");
                return Policy::default();
            }
            None => document,
        };
        let Value::Object(members) = document else {
            self.refuse("", "a policy has to be an object");
            return Policy::default();
        };
        for name in members.keys().filter(|name| !matches!(name.as_str(), "Version" | "Id" | "Statement")) {
            self.refuse(&pointer::child("", name), format!("a policy has no element `{name}`"));
        }
        self.variables = match members.get("Version").map(Value::as_str) {
            Some(Some("2012-10-17")) => true,
            None | Some(Some("2008-10-17")) => false,
            Some(Some(text)) if is_opaque(text) => true,
            Some(_) => {
                self.refuse("/Version", "the version has to be 2012-10-17 or 2008-10-17");
                false
            }
        };
        if members.get("Id").is_some_and(|id| !id.is_string()) {
            self.refuse("/Id", "`Id` has to be a string");
        }
        let mut statements = Vec::new();
        match members.get("Statement") {
            None => self.refuse("", "the policy has no `Statement`"),
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let at = pointer::element("/Statement", index);
                    statements.extend(self.statement(item, &at, index, purpose));
                }
            }
            Some(one) => statements.extend(self.statement(one, "/Statement", 0, purpose)),
        }
        self.unique(&statements, members);
        Policy { statements }
    }

    fn unique(&mut self, statements: &[Statement], members: &Map<String, Value>) {
        let mut seen = std::collections::BTreeSet::new();
        for statement in statements {
            if let Some(sid) = &statement.sid
                && !seen.insert(sid.as_str())
            {
                let at = match members.get("Statement") {
                    Some(Value::Array(_)) => pointer::element("/Statement", statement.index),
                    _ => "/Statement".to_owned(),
                };
                self.refuse(&pointer::child(&at, "Sid"), format!("the statement id `{sid}` is there twice"));
            }
        }
    }

    fn statement(
        &mut self,
        value: &Value,
        at: &str,
        index: usize,
        purpose: Option<Purpose>,
    ) -> Option<Statement> {
        let Value::Object(members) = value else {
            self.refuse(at, "a statement has to be an object");
            return None;
        };
        for name in members.keys().filter(|name| !ELEMENTS.contains(&name.as_str())) {
            self.refuse(&pointer::child(at, name), format!("a statement has no element `{name}`"));
        }
        let effect = match members.get("Effect").map(Value::as_str) {
            Some(Some("Allow")) => Some(Effect::Allow),
            Some(Some("Deny")) => Some(Effect::Deny),
            None => {
                self.refuse(at, "the statement has no `Effect`");
                None
            }
            Some(_) => {
                self.refuse(&pointer::child(at, "Effect"), "`Effect` has to be Allow or Deny");
                None
            }
        };
        let sid = match members.get("Sid") {
            Some(Value::String(sid)) => Some(sid.clone()).filter(|sid| !sid.is_empty()),
            Some(_) => {
                self.refuse(&pointer::child(at, "Sid"), "`Sid` has to be a string");
                None
            }
            None => None,
        };
        let principals = self.one_of(members, at, "Principal", "NotPrincipal", Self::principals);
        let actions = self.one_of(members, at, "Action", "NotAction", |reader, value, at| {
            reader.actions(value, at, purpose)
        });
        let resources = self.one_of(members, at, "Resource", "NotResource", |reader, value, at| {
            reader.resources(value, at, purpose)
        });
        self.belongs(members, at, purpose);
        let conditions = match members.get("Condition") {
            Some(value) => self.conditions(value, &pointer::child(at, "Condition"))?,
            None => Vec::new(),
        };
        Some(Statement {
            index,
            sid,
            effect: effect?,
            principals: principals?,
            actions: actions??,
            resources: resources?,
            conditions,
        })
    }

    /// An element or its opposite. The outer `None` is a mistake; the inner one is absence.
    fn one_of<T>(
        &mut self,
        members: &Map<String, Value>,
        at: &str,
        name: &str,
        opposite: &str,
        read: impl Fn(&mut Self, &Value, &str) -> Option<Vec<T>>,
    ) -> Option<Option<Scope<T>>> {
        match (members.get(name), members.get(opposite)) {
            (Some(_), Some(_)) => {
                self.refuse(&pointer::child(at, opposite), format!("there is `{name}` already"));
                None
            }
            (Some(value), None) => {
                read(self, value, &pointer::child(at, name)).map(|list| Some(Scope::Only(list)))
            }
            (None, Some(value)) => {
                read(self, value, &pointer::child(at, opposite)).map(|list| Some(Scope::AllBut(list)))
            }
            (None, None) => Some(None),
        }
    }

    /// What a policy of this purpose has to have and can't have.
    fn belongs(&mut self, members: &Map<String, Value>, at: &str, purpose: Option<Purpose>) {
        let has = |names: [&'static str; 2]| names.into_iter().find(|name| members.contains_key(*name));
        let principal = has(["Principal", "NotPrincipal"]);
        let resource = has(["Resource", "NotResource"]);
        if has(["Action", "NotAction"]).is_none() {
            self.refuse(at, "the statement has no `Action`");
        }
        match (purpose, principal) {
            (Some(Purpose::Identity), Some(name)) => {
                self.refuse(&pointer::child(at, name), "a policy of an identity names no principal");
            }
            (Some(Purpose::Resource | Purpose::Trust), None) => {
                self.refuse(at, "the statement has no `Principal`");
            }
            _ => {}
        }
        match (purpose, resource) {
            (Some(Purpose::Identity | Purpose::Resource), None) => {
                self.refuse(at, "the statement has no `Resource`");
            }
            (Some(Purpose::Trust), Some(name)) => {
                self.refuse(&pointer::child(at, name), "a trust policy names no resource: it is its role's");
            }
            _ => {}
        }
    }

    /// One string or a list of them, each with its place.
    fn strings<'v>(&mut self, value: &'v Value, at: &str) -> Option<Vec<(String, &'v str)>> {
        let mut found = Vec::new();
        let mut sound = true;
        let items: Vec<(String, &Value)> = match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, item)| (pointer::element(at, index), item)).collect()
            }
            one => vec![(at.to_owned(), one)],
        };
        if items.is_empty() {
            self.refuse(at, "the list is empty");
            return None;
        }
        for (at, item) in items {
            match item.as_str() {
                Some(text) => found.push((at, text)),
                None => {
                    self.refuse(&at, "this has to be a string");
                    sound = false;
                }
            }
        }
        sound.then_some(found)
    }

    fn principals(&mut self, value: &Value, at: &str) -> Option<Vec<Named>> {
        if value == "*" {
            return Some(vec![Named::Anyone]);
        }
        let Value::Object(kinds) = value else {
            self.refuse(
                at,
                "a principal is \"*\" or an object of `AWS`, `Service`, `Federated` or `CanonicalUser`",
            );
            return None;
        };
        let mut all = Some(Vec::new());
        for (kind, who) in kinds {
            let at = pointer::child(at, kind);
            let Some(list) = self.strings(who, &at) else {
                all = None;
                continue;
            };
            for (at, who) in list {
                match Named::of(kind, who) {
                    Some(named) => {
                        if let Some(all) = &mut all {
                            all.push(named);
                        }
                    }
                    None => {
                        self.refuse(&at, format!("there are no principals of the kind `{kind}`"));
                        all = None;
                    }
                }
                let partial = who.contains('*') && who != "*" && kind == "AWS" && !is_opaque(who);
                if partial {
                    self.refuse(&at, format!("`{who}` isn't a principal: a wildcard stands alone"));
                }
            }
        }
        all
    }

    fn actions(&mut self, value: &Value, at: &str, purpose: Option<Purpose>) -> Option<Vec<Template>> {
        let list = self.strings(value, at)?;
        let mut all = Vec::with_capacity(list.len());
        for (at, action) in list {
            if !is_opaque(action) && action != "*" {
                let vendor =
                    action.split_once(':').filter(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
                match vendor {
                    None => self
                        .refuse(&at, format!("the action `{action}` has to begin with its service: `sqs:…`")),
                    Some((_, name)) if name.contains(':') => {
                        self.refuse(&at, format!("the action `{action}` has more than one colon"));
                    }
                    Some((vendor, _))
                        if purpose == Some(Purpose::Trust) && !vendor.eq_ignore_ascii_case("sts") =>
                    {
                        self.refuse(&at, "a trust policy is about actions of STS alone");
                    }
                    Some(_) => {}
                }
            }
            all.push(Template::parse(&action.to_ascii_lowercase(), true, false));
        }
        Some(all)
    }

    fn resources(&mut self, value: &Value, at: &str, purpose: Option<Purpose>) -> Option<Vec<Template>> {
        let list = self.strings(value, at)?;
        let mut all = Vec::with_capacity(list.len());
        for (at, resource) in list {
            // A resource's own policy may be shorter: `execute-api:/*`.
            let sound = resource == "*" || resource.starts_with("arn:") || purpose != Some(Purpose::Identity);
            if !sound && !is_opaque(resource) {
                self.refuse(&at, format!("the resource `{resource}` has to be an ARN or \"*\""));
            }
            all.push(Template::parse(resource, true, self.variables));
        }
        Some(all)
    }

    fn conditions(&mut self, value: &Value, at: &str) -> Option<Vec<Condition>> {
        let Value::Object(operators) = value else {
            self.refuse(at, "`Condition` has to be an object");
            return None;
        };
        let mut all = Some(Vec::new());
        for (name, keys) in operators {
            let at = pointer::child(at, name);
            let Some(operator) = Operator::parse(name) else {
                self.refuse(&at, format!("there is no condition operator `{name}`"));
                all = None;
                continue;
            };
            let Value::Object(keys) = keys else {
                self.refuse(&at, "an operator has an object of keys and values");
                all = None;
                continue;
            };
            for (key, values) in keys {
                let at = pointer::child(&at, key);
                if !key.contains(':') && !is_opaque(key) {
                    self.refuse(&at, format!("the key `{key}` has to begin with its service: `aws:…`"));
                }
                let Some(texts) = self.values(values, &at) else {
                    all = None;
                    continue;
                };
                let (condition, wrong) = Condition::read(operator, key, &texts, self.variables);
                for (index, what) in wrong.into_iter().filter(|(index, _)| !is_opaque(&texts[*index])) {
                    let at = if values.is_array() { pointer::element(&at, index) } else { at.clone() };
                    self.refuse(&at, format!("`{}` isn't {what}, which `{name}` compares", texts[index]));
                }
                if let Some(all) = &mut all {
                    all.push(condition);
                }
            }
        }
        all
    }

    /// Strings; numbers and flags count as their text.
    fn values(&mut self, value: &Value, at: &str) -> Option<Vec<String>> {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Value::String(text) => texts.push(text.clone()),
                Value::Bool(_) | Value::Number(_) => texts.push(item.to_string()),
                _ => {
                    self.refuse(at, "a condition's values are strings");
                    return None;
                }
            }
        }
        Some(texts)
    }
}
