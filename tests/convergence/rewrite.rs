//! The same resource in other words: what must make no difference to a plan.

use super::generate::Random;
use super::live::{matches_any, pointer};
use super::menu::Entry;
use super::random::{shuffle, text, turned};
use evstack::schema::ResourceType;
use serde_json::{Map, Value as Json, json};

/// Rewrites properties that are live.
pub fn rewrite(
    kind: &ResourceType,
    entry: &Entry,
    properties: &Map<String, Json>,
    live: &Json,
    random: &mut Random,
) -> Map<String, Json> {
    let mut words = Rewriter { kind, entry, random };
    let whole = words.walk(&Json::Object(properties.clone()), &mut Vec::new());
    let Json::Object(mut whole) = whole else { return properties.clone() };
    words.write_out(&mut whole, live);
    whole
}

struct Rewriter<'a> {
    kind: &'a ResourceType,
    entry: &'a Entry,
    random: &'a mut Random,
}

impl Rewriter<'_> {
    fn walk(&mut self, value: &Json, path: &mut Vec<String>) -> Json {
        if let Some(language) = matches_any(self.entry.documents.iter(), path) {
            return self.document(language, value, path);
        }
        match value {
            Json::Object(members) => {
                let mut below: Vec<(String, Json)> = Vec::new();
                for (key, value) in members {
                    path.push(key.clone());
                    below.push((key.clone(), self.walk(value, path)));
                    path.pop();
                }
                shuffle(&mut below, self.random);
                Json::Object(below.into_iter().collect())
            }
            Json::Array(items) => {
                path.push("*".to_owned());
                let mut items: Vec<Json> = items.iter().map(|item| self.walk(item, path)).collect();
                path.pop();
                if super::live::unordered(self.kind, self.entry, path) {
                    shuffle(&mut items, self.random);
                }
                Json::Array(items)
            }
            Json::Number(number) if self.takes("string", path) && self.random.below(2) == 0 => {
                json!(number.to_string())
            }
            Json::Number(number) if self.random.below(3) == 0 => json!(number.as_f64()),
            // A text that a number or a truth value spells may be written as one.
            Json::String(text) if self.takes("string", path) && self.random.below(2) == 0 => {
                let spelled = serde_json::from_str::<Json>(text).ok();
                let scalar = spelled.filter(|said| said.is_i64() || said.is_boolean());
                let plain = |said: &Json| {
                    let spelling = said.to_string();
                    spelling == *text
                };
                scalar.filter(plain).unwrap_or_else(|| value.clone())
            }
            scalar => scalar.clone(),
        }
    }

    /// Whether a value of this type may stand there.
    fn takes(&self, wanted: &str, path: &[String]) -> bool {
        match self.kind.property(path).map(|schema| &schema["type"]) {
            Some(Json::Array(types)) => types.iter().any(|name| name == wanted),
            Some(name) => name == wanted,
            None => false,
        }
    }

    fn document(&mut self, language: &str, value: &Json, path: &[String]) -> Json {
        let parsed: Option<Json> = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        let said = parsed.unwrap_or_else(|| value.clone());
        let said = match language {
            "policy" => self.policy(&said),
            "pattern" => self.pattern(&said),
            "definition" => self.definition(&said),
            _ => said,
        };
        let said = if self.random.below(2) == 0 { turned(&said) } else { said };
        let types = self.kind.property(path).map(|p| p["type"].clone()).unwrap_or_default();
        let only_text = types == "string";
        if only_text || self.random.below(2) == 0 { text(&said, self.random) } else { said }
    }

    fn policy(&mut self, policy: &Json) -> Json {
        let mut policy = policy.clone();
        let one = policy["Statement"].is_object();
        let mut statements = if one {
            vec![policy["Statement"].clone()]
        } else {
            policy["Statement"].as_array().cloned().unwrap_or_default()
        };
        for statement in &mut statements {
            for key in ["Action", "Resource"] {
                if statement.get(key).is_some() {
                    statement[key] = self.several(&statement[key]);
                }
            }
            if self.random.below(3) == 0
                && let Some(action) = statement["Action"].as_str()
            {
                statement["Action"] = json!(action.to_lowercase());
            }
            if let Some(principals) = statement.get_mut("Principal").and_then(Json::as_object_mut) {
                for who in principals.values_mut() {
                    *who = self.several(who);
                }
            }
            if let Some(limit) = statement.pointer_mut("/Condition/Bool/aws:SecureTransport")
                && self.random.below(2) == 0
            {
                *limit = json!(*limit == "true" || *limit == true);
            }
        }
        shuffle(&mut statements, self.random);
        let alone = statements.len() == 1 && self.random.below(2) == 0;
        policy["Statement"] = if alone { statements.remove(0) } else { Json::Array(statements) };
        policy
    }

    /// `x` and `[x]`; a list in another order.
    fn several(&mut self, value: &Json) -> Json {
        let mut values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        shuffle(&mut values, self.random);
        if values.len() == 1 && self.random.below(2) == 0 { values.remove(0) } else { Json::Array(values) }
    }

    fn pattern(&mut self, pattern: &Json) -> Json {
        match pattern {
            Json::Object(members) => {
                Json::Object(members.iter().map(|(k, v)| (k.clone(), self.pattern(v))).collect())
            }
            Json::Array(items) => {
                let mut items = items.clone();
                if self.random.below(3) == 0 && !items.is_empty() && items.iter().all(|i| !i.is_object()) {
                    items.push(items[0].clone());
                }
                shuffle(&mut items, self.random);
                Json::Array(items)
            }
            other => other.clone(),
        }
    }

    fn definition(&mut self, definition: &Json) -> Json {
        let mut definition = definition.clone();
        if self.random.below(2) == 0 {
            definition["QueryLanguage"] = json!("JSONPath");
        }
        for state in definition["States"].as_object_mut().into_iter().flat_map(|states| states.values_mut()) {
            if self.random.below(3) == 0 && state["Type"] != "Fail" {
                state["InputPath"] = json!("$");
            }
            if let Some(seconds) =
                state.get("Seconds").and_then(Json::as_f64).filter(|_| self.random.below(2) == 0)
            {
                state["Seconds"] = json!(seconds);
            }
            if let Some(retriers) = state.get_mut("Retry").and_then(Json::as_array_mut) {
                retriers.iter_mut().for_each(|retrier| retrier["BackoffRate"] = json!(2.0));
            }
        }
        definition
    }

    /// Writes out defaults that nobody declared.
    fn write_out(&mut self, properties: &mut Map<String, Json>, live: &Json) {
        let shown =
            self.entry.defaults.iter().filter(|(path, value)| live.pointer(&pointer(path)) == Some(*value));
        let unshown = self.entry.unshown.iter().filter(|(path, _)| live.pointer(&pointer(path)).is_none());
        let defaults: Vec<_> = shown.chain(unshown).collect();
        for (path, value) in defaults {
            let names: Vec<&str> = path.split('.').collect();
            let written = match names.as_slice() {
                [top] => properties.get(*top).is_none().then_some(properties.entry(*top)),
                [top, below] => match properties.get_mut(*top) {
                    Some(Json::Object(members)) if !members.contains_key(*below) => {
                        Some(members.entry(*below))
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some(entry) = written
                && self.random.below(2) == 0
            {
                entry.or_insert(value.clone());
            }
        }
    }
}
