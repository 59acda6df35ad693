//! A policy document → its grants, each with one principal, one action and one resource.

use super::names::Names;
use super::{Effect, PolicySort, Scope};
use crate::languages::iam_policy::normalised;
use crate::model::{Address, Json, Value};
use std::collections::{BTreeMap, HashMap};

/// A statement that would come apart into more than this stays whole.
const MOST: usize = 1_000;
/// What stands for a policy whose text says nothing.
const UNREADABLE: &str = "(a policy that can't be read)";

/// One thing that somebody may or must not do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub sort: PolicySort,
    pub effect: Effect,
    pub who: Scope,
    /// In the case of [`Grant::shown`] only where it isn't an action's name.
    pub actions: Scope,
    pub resources: Scope,
    pub conditions: Vec<String>,
}

/// Where a grant is written, and how its actions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub address: Address,
    pub pointer: String,
}

/// All grants of one side of a plan.
#[derive(Debug, Default)]
pub(super) struct Grants {
    pub all: BTreeMap<Grant, Origin>,
    /// Names of actions and condition keys, in lower case → as written. IAM doesn't tell them apart.
    pub spelling: HashMap<String, String>,
}

/// A policy among a resource's properties.
pub(super) struct Stated<'a> {
    pub sort: PolicySort,
    /// Who has it; a policy with principals of its own has none.
    pub who: Vec<String>,
    /// What it is about, where a statement doesn't say it.
    pub on: Vec<String>,
    pub document: Json,
    pub address: &'a Address,
    pub pointer: String,
}

impl Grants {
    pub(super) fn add(&mut self, grant: Grant, address: &Address, pointer: &str) {
        let origin = || Origin { address: address.clone(), pointer: pointer.to_owned() };
        self.all.entry(grant).or_insert_with(origin);
    }

    /// Takes a policy apart.
    pub(super) fn policy(&mut self, stated: &Stated<'_>, names: &Names) {
        let parsed = stated.document.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok());
        let document = parsed.as_ref().unwrap_or(&stated.document);
        self.spell(document);
        let form = normalised(document);
        let Some(statements) = form.get("Statement").and_then(Json::as_array) else {
            // Not known yet, secret, or nothing that IAM would take.
            let words = document.as_str().unwrap_or(UNREADABLE);
            let who = if stated.who.is_empty() {
                vec!["(whoever it names)".to_owned()]
            } else {
                stated.who.clone()
            };
            let grant = Grant {
                sort: stated.sort,
                effect: Effect::Allow,
                who: only(who),
                actions: only(vec![format!("({})", words.trim_matches(['(', ')']))]),
                resources: only(stated.on.clone()),
                conditions: Vec::new(),
            };
            return self.add(grant, stated.address, &stated.pointer);
        };
        for statement in statements {
            self.statement(stated, statement, names);
        }
    }

    fn statement(&mut self, stated: &Stated<'_>, statement: &Json, names: &Names) {
        let who = match principals(statement, names) {
            Some(scope) => scope,
            None => only(stated.who.clone()),
        };
        let actions =
            scope(statement, "Action", "NotAction", &str::to_owned).unwrap_or_else(|| only(Vec::new()));
        let shown = |text: &str| names.shown(text);
        let mut resources =
            scope(statement, "Resource", "NotResource", &shown).unwrap_or_else(|| only(stated.on.clone()));
        // In a resource's own policy `*` is that resource.
        if stated.sort == PolicySort::Resource
            && !resources.except
            && resources.names == ["*"]
            && !stated.on.is_empty()
        {
            resources = only(stated.on.clone());
        }
        let effect =
            if statement.get("Effect").is_some_and(|e| e == "Deny") { Effect::Deny } else { Effect::Allow };
        let whole = Grant {
            sort: stated.sort,
            effect,
            who,
            actions,
            resources,
            conditions: conditions(statement, names, &self.spelling),
        };
        for grant in apart(whole) {
            self.add(grant, stated.address, &stated.pointer);
        }
    }

    /// Remembers how names are written whose case doesn't matter.
    fn spell(&mut self, document: &Json) {
        let statements = match document.get("Statement") {
            Some(Json::Array(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        for statement in statements {
            let actions = ["Action", "NotAction"].into_iter().filter_map(|name| statement.get(name));
            for action in actions.flat_map(several).filter_map(Json::as_str) {
                self.spelling.entry(action.to_ascii_lowercase()).or_insert_with(|| action.to_owned());
            }
            let operators = statement.get("Condition").and_then(Json::as_object).into_iter().flatten();
            for (key, _) in operators.filter_map(|(_, keys)| keys.as_object()).flatten() {
                self.spelling.entry(key.to_ascii_lowercase()).or_insert_with(|| key.clone());
            }
        }
    }
}

/// Of these names.
pub(super) fn only(mut names: Vec<String>) -> Scope {
    names.sort();
    names.dedup();
    Scope { except: false, names }
}

fn several(value: &Json) -> &[Json] {
    match value {
        Json::Array(all) => all,
        one => std::slice::from_ref(one),
    }
}

fn scope(statement: &Json, name: &str, opposite: &str, shown: &dyn Fn(&str) -> String) -> Option<Scope> {
    let (value, except) = match (statement.get(name), statement.get(opposite)) {
        (Some(value), _) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return None,
    };
    let names = several(value).iter().filter_map(Json::as_str).map(shown).collect();
    Some(Scope { except, ..only(names) })
}

fn principals(statement: &Json, names: &Names) -> Option<Scope> {
    let (value, except) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), _) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return None,
    };
    let mut who = Vec::new();
    match value {
        Json::Object(kinds) => {
            for (kind, named) in kinds {
                let named = several(named).iter().filter_map(Json::as_str);
                who.extend(named.map(|name| principal(kind, name, names)));
            }
        }
        other => who.extend(other.as_str().map(str::to_owned)),
    }
    Some(Scope { except, ..only(who) })
}

fn principal(kind: &str, name: &str, names: &Names) -> String {
    let is_account = name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
    match kind {
        "AWS" if name == "*" => "anyone".to_owned(),
        "AWS" if is_account => format!("account {name}"),
        "AWS" => names.shown(name),
        "CanonicalUser" => format!("canonical user {name}"),
        _ => name.to_owned(),
    }
}

fn conditions(statement: &Json, names: &Names, spelling: &HashMap<String, String>) -> Vec<String> {
    let mut all = Vec::new();
    let operators = statement.get("Condition").and_then(Json::as_object).into_iter().flatten();
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let key = spelling.get(key).unwrap_or(key);
            let values: Vec<String> =
                several(values).iter().filter_map(Json::as_str).map(|value| names.shown(value)).collect();
            all.push(format!("{key} {operator} {}", values.join(", ")));
        }
    }
    all.sort();
    all
}

/// One grant for each principal, action and resource.
fn apart(whole: Grant) -> Vec<Grant> {
    let pieces = |scope: &Scope| -> Vec<Scope> {
        if scope.except || scope.names.len() < 2 {
            return vec![scope.clone()];
        }
        scope.names.iter().map(|name| only(vec![name.clone()])).collect()
    };
    let (who, actions, resources) = (pieces(&whole.who), pieces(&whole.actions), pieces(&whole.resources));
    let size = who.len().saturating_mul(actions.len()).saturating_mul(resources.len());
    if size > MOST {
        return vec![whole];
    }
    let mut all = Vec::with_capacity(size);
    for who in &who {
        for actions in &actions {
            for resources in &resources {
                all.push(Grant {
                    who: who.clone(),
                    actions: actions.clone(),
                    resources: resources.clone(),
                    ..whole.clone()
                });
            }
        }
    }
    all
}

/// Plain JSON, with words where something isn't known yet, or must not be shown.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Unknown(causes) => {
            let sources: Vec<String> =
                causes.iter().map(|cause| format!("{}.{}", cause.address, cause.property)).collect();
            Json::String(format!("{} (known after apply)", sources.join(", ")))
        }
        Value::Sensitive(_) => Json::from("(sensitive value)"),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), plain(member))).collect()
        }
        scalar => scalar.to_json().unwrap_or_default(),
    }
}
