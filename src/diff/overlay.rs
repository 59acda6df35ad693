//! Facts that the schemas don't state: `overlay.yaml`, readable, each entry with its source.

use super::equal::Language;
use crate::model::Json;
use crate::schema::PropertyPath;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

/// One type's entry.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Facts {
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default)]
    unordered: Vec<String>,
    #[serde(default)]
    identity: BTreeMap<String, String>,
    #[serde(default)]
    reset: BTreeMap<String, Json>,
    #[serde(default)]
    follows: BTreeMap<String, String>,
    #[serde(default)]
    json: Vec<String>,
    #[serde(default)]
    texts: Vec<String>,
    #[serde(default)]
    patterns: Vec<String>,
    #[serde(default)]
    definitions: Vec<String>,
    #[serde(default)]
    forms: BTreeMap<String, Form>,
    #[serde(default)]
    volatile: Vec<String>,
    #[serde(default)]
    replaces: Vec<String>,
    #[serde(default)]
    one_at_a_time: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    off_first: BTreeMap<String, Json>,
    #[serde(default)]
    used_by: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    members: BTreeMap<String, Members>,
    #[serde(default)]
    once: Vec<String>,
    #[serde(default)]
    answers: bool,
    #[serde(default)]
    shared_name: bool,
    #[serde(rename = "source")]
    _source: String,
}

/// Forms of one value that a service takes, and of which it may give back another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Form {
    /// A name, or the ARN that ends in it.
    NameOrArn,
    /// A log group's ARN, with or without `:*`.
    LogGroupArn,
    /// Letters of either case.
    AnyCase,
}

impl Form {
    /// Whether two texts are forms of one value.
    pub(super) fn same(self, a: &Json, b: &Json) -> bool {
        let (Some(a), Some(b)) = (a.as_str(), b.as_str()) else { return false };
        match self {
            Self::NameOrArn => name_of(a) == name_of(b) && (is_arn(a) != is_arn(b) || a == b),
            Self::LogGroupArn => a.strip_suffix(":*").unwrap_or(a) == b.strip_suffix(":*").unwrap_or(b),
            Self::AnyCase => a.eq_ignore_ascii_case(b),
        }
    }
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// `arn:…:event-bus/orders` → `orders`.
fn name_of(text: &str) -> &str {
    if is_arn(text) { text.rsplit(['/', ':']).next().unwrap_or(text) } else { text }
}

/// A list that shows other resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    /// Their type.
    #[serde(rename = "type")]
    pub(super) type_name: String,
    /// Their property that names the resource which lists them, by its identifier.
    pub(super) of: String,
    /// Their properties that an item repeats.
    pub(super) by: Vec<String>,
}

impl Facts {
    /// The top properties that list other resources.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Members)> {
        self.members.iter().map(|(name, members)| (name.as_str(), members))
    }

    /// The properties that make it the same to the service, whatever its identifier; empty where the
    /// identifier tells.
    pub(super) fn once(&self) -> &[String] {
        &self.once
    }

    /// Whether a create of the same is answered with what is there, as if it had been made.
    pub(super) fn answers(&self) -> bool {
        self.answers
    }

    /// Whether several may have one name.
    pub(super) fn shared_name(&self) -> bool {
        self.shared_name
    }

    /// Lists of which one item may come or go with each update, and the members that an item may
    /// change in place.
    pub(super) fn one_at_a_time(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.one_at_a_time.iter().map(|(list, members)| (list.as_str(), members.as_slice()))
    }

    /// Properties that change only after what they belong to was off, and the members that switch it
    /// off; null takes it away.
    pub(super) fn off_first(&self) -> impl Iterator<Item = (PropertyPath, &Json)> {
        self.off_first.iter().map(|(path, members)| (PropertyPath::parse(path), members))
    }

    /// Lists that may have only what is used at these paths.
    pub(super) fn used_by(&self) -> impl Iterator<Item = (&str, Vec<PropertyPath>)> {
        self.used_by.iter().map(|(list, paths)| {
            (list.as_str(), paths.iter().map(|path| PropertyPath::parse(path)).collect())
        })
    }

    /// Whether the array at this place has no order.
    pub(super) fn unordered(&self, path: &[String]) -> bool {
        self.unordered.iter().any(|p| PropertyPath::parse(p).matches(path))
    }

    /// The key that tells the items of the array at this place apart.
    pub(super) fn identity(&self, path: &[String]) -> Option<&str> {
        self.identity.iter().find(|(p, _)| PropertyPath::parse(p).matches(path)).map(|(_, key)| key.as_str())
    }

    /// What a removed property must be set back to.
    pub(super) fn reset(&self, path: &[String]) -> Option<&Json> {
        self.reset.iter().find(|(p, _)| PropertyPath::parse(p).matches(path)).map(|(_, value)| value)
    }

    /// The top property that decides this one where it is declared.
    pub(super) fn follows(&self, property: &str) -> Option<&str> {
        self.follows.get(property).map(String::as_str)
    }

    /// Whether each update changes the computed property.
    pub(super) fn volatile(&self, property: &str) -> bool {
        self.volatile.iter().any(|p| p == property)
    }

    /// Whether a change of what is at this place needs a new resource, though the schema doesn't say
    /// so, or not always.
    pub(super) fn replaces(&self, path: &[String]) -> bool {
        self.replaces.iter().any(|p| PropertyPath::parse(p).covers(path))
    }

    /// The forms in which the value at this place may come back.
    pub(super) fn form(&self, path: &[String]) -> Option<Form> {
        self.forms.iter().find(|(p, _)| PropertyPath::parse(p).matches(path)).map(|(_, form)| *form)
    }

    /// What the document at this place is written in; `None` if nothing says that it is one.
    pub(super) fn language(&self, path: &[String]) -> Option<Language> {
        let lists = [
            (&self.json, Language::Json),
            (&self.texts, Language::Texts),
            (&self.patterns, Language::Pattern),
            (&self.definitions, Language::Definition),
        ];
        let is_in = |list: &[String]| list.iter().any(|p| PropertyPath::parse(p).matches(path));
        lists.into_iter().find(|(list, _)| is_in(list)).map(|(_, language)| language)
    }
}

/// The types that list others of this one among their properties: type, property, and how.
pub(super) fn listed_by(
    type_name: &str,
) -> impl Iterator<Item = (&'static str, &'static str, &'static Members)> {
    let of = all().values().flat_map(|facts| {
        facts.members().map(|(property, members)| (facts.type_name.as_str(), property, members))
    });
    of.filter(move |(_, _, members)| members.type_name == type_name)
}

/// The entry of a type, if there is one. The file is read when it is first asked for.
pub(super) fn facts(type_name: &str) -> Option<&'static Facts> {
    all().get(type_name)
}

fn all() -> &'static HashMap<String, Facts> {
    static ALL: OnceLock<HashMap<String, Facts>> = OnceLock::new();
    ALL.get_or_init(|| read().unwrap_or_default())
}

/// The file is part of the program; a test holds that it can be read.
fn read() -> Result<HashMap<String, Facts>, serde_yaml::Error> {
    let all: Vec<Facts> = serde_yaml::from_str(include_str!("overlay.yaml"))?;
    Ok(all.into_iter().map(|facts| (facts.type_name.clone(), facts)).collect())
}

#[cfg(test)]
mod tests {
    use super::Form;
    use serde_json::json;

    #[test]
    fn forms_of_one_value_are_told_from_other_values() {
        let arn = "arn:aws:events:us-east-1:000000000000:event-bus/orders";
        let yes = [
            (Form::NameOrArn, arn, "orders"),
            (Form::LogGroupArn, "arn:aws:logs:x:0:log-group:a:*", "arn:aws:logs:x:0:log-group:a"),
            (Form::AnyCase, "Content-Type", "content-type"),
        ];
        for (form, a, b) in yes {
            assert!(form.same(&json!(a), &json!(b)) && form.same(&json!(b), &json!(a)), "{a} {b}");
        }
        let no = [
            (Form::NameOrArn, arn, "arn:aws:events:us-east-1:111111111111:event-bus/orders"),
            (Form::NameOrArn, arn, "other"),
            (Form::LogGroupArn, "a:*", "b"),
            (Form::AnyCase, "a", "b"),
        ];
        for (form, a, b) in no {
            assert!(!form.same(&json!(a), &json!(b)), "{a} {b}");
        }
    }

    #[test]
    fn the_overlay_can_be_read() {
        assert!(super::read().expect("overlay.yaml is well-formed").len() > 10);
    }
}
