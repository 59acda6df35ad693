//! `config`: typed inputs, and where their values come from.

use super::expression::Scope;
use super::fragment::Named;
use super::library::Library;
use super::template::wrong_type;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceId, Span, nearest, one_of};
use crate::model::{Template, Value};
use crate::syntax::{self, Format, Node, NodeValue};
use std::collections::HashMap;

const KEYS: [&str; 6] = ["type", "default", "allowed", "pattern", "description", "secret"];

/// What a config value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Number,
    Boolean,
    List,
    Map,
}

const TYPES: [(&str, Type); 5] = [
    ("string", Type::String),
    ("number", Type::Number),
    ("boolean", Type::Boolean),
    ("list", Type::List),
    ("map", Type::Map),
];

impl Type {
    fn name(self) -> &'static str {
        TYPES.iter().find(|(_, t)| *t == self).map_or("", |(name, _)| name)
    }

    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::String(_) => Self::String,
            Value::Number(_) => Self::Number,
            Value::Bool(_) => Self::Boolean,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Map,
            Value::Null | Value::Unknown(_) | Value::Sensitive(_) => return None,
        })
    }
}

/// One declared input.
struct Input {
    kind: Type,
    default: Option<(Value, Span)>,
    allowed: Vec<Value>,
    pattern: Option<(String, regex::Regex)>,
    secret: bool,
}

/// Values from outside the files, weakest first.
pub(super) struct Given<'a> {
    /// `EVSTACK_CONFIG_*`.
    pub environment: &'a [(String, String)],
    /// `--config`.
    pub flags: &'a [(String, String)],
}

impl Given<'_> {
    fn of(&self, name: &str) -> Option<&str> {
        let mut all = self.flags.iter().rev().chain(self.environment.iter().rev());
        all.find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// The values of all declared inputs: the default, then the overlay's, then what was given by
/// text (`EVSTACK_CONFIG_*`, `--config`), the last wins.
pub(super) fn values(
    declared: &[Named],
    overlay: &[Named],
    given: &Given<'_>,
    scope: &mut Scope,
    library: &Library,
    diagnostics: &mut Diagnostics,
) {
    let mut inputs: HashMap<&str, Option<Input>> = HashMap::new();
    for named in declared {
        inputs.insert(&named.name, input(named, scope, library, diagnostics));
    }
    let names = || declared.iter().map(|named| named.name.as_str());
    for named in overlay.iter().filter(|named| !inputs.contains_key(named.name.as_str())) {
        diagnostics.push(undeclared(&named.name, names()).at(named.span));
    }
    for (name, _) in given.flags.iter().filter(|(name, _)| !inputs.contains_key(name.as_str())) {
        diagnostics.push(undeclared(name, names()));
    }
    for named in declared {
        let name = named.name.as_str();
        let Some(Some(input)) = inputs.get(name) else {
            scope.config.insert(name.to_owned(), None);
            continue;
        };
        let given = given.of(name);
        let written = overlay.iter().find(|value| value.name == name);
        let value = match (given, written, &input.default) {
            (Some(text), _, _) => input.read_text(name, text, named.span, diagnostics),
            (None, Some(written), _) => written_value(&written.body, scope, library, diagnostics)
                .and_then(|value| input.check(name, value, written.body.span, Some(named.span), diagnostics)),
            (None, None, Some((value, span))) => input.check(name, value.clone(), *span, None, diagnostics),
            (None, None, None) => {
                let env = match scope.stack.get("env") {
                    Some(Some(env)) => env.as_literal_str().unwrap_or("").to_owned(),
                    _ => String::new(),
                };
                diagnostics.push(
                    Diagnostic::error(Code::BAD_CONFIG, format!("config `{name}` has no value"))
                        .at(named.span)
                        .hint(format!(
                            "give it with `--config {name}=VALUE`, with `EVSTACK_CONFIG_{name}=VALUE`, under \
                             `config` of the environment's file (`<stack>.{env}.yaml`), or write a `default`"
                        )),
                );
                None
            }
        };
        if input.secret && given.is_none() && written.is_none() {
            scope.written_secrets.push(name.to_owned());
        }
        let value = value.map(|value| match input.secret {
            true => Value::Sensitive(Box::new(value)),
            false => value,
        });
        scope.config.insert(name.to_owned(), value.map(Template::Literal));
    }
}

fn undeclared<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::BAD_CONFIG, format!("the stack declares no config `{name}`"));
    match nearest(name, names.clone()) {
        Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
        None if names.clone().next().is_none() => diagnostic.hint("the stack has no `config` at all"),
        None => diagnostic.hint(format!("it has {}", one_of(names))),
    }
}

/// A value in a file; a number that was written where it lost something keeps its text.
fn written_value(
    node: &Node,
    scope: &Scope,
    library: &Library,
    diagnostics: &mut Diagnostics,
) -> Option<(Value, Option<String>)> {
    let value = scope.constant(node, library, diagnostics)?;
    let text = match &node.value {
        NodeValue::Number(n) => Some(node.raw.as_deref().map_or_else(|| n.to_string(), str::to_owned)),
        _ => None,
    };
    Some((value, text))
}

fn input(named: &Named, scope: &Scope, library: &Library, diagnostics: &mut Diagnostics) -> Option<Input> {
    let body = &named.body;
    let Some(entries) = body.entries() else {
        diagnostics.push(
            wrong_type(body, &format!("config `{}`", named.name), "a mapping")
                .hint("write `{type: string, default: …}`"),
        );
        return None;
    };
    let before = diagnostics.len();
    let (mut kind, mut default, mut allowed, mut pattern, mut secret) = (None, None, Vec::new(), None, false);
    for entry in entries {
        let node = &entry.value;
        match entry.key.as_str() {
            "type" => {
                kind = node.text().and_then(|t| TYPES.iter().find(|(name, _)| *name == t)).map(|(_, t)| *t);
                if kind.is_none() {
                    let message = format!("the type must be {}", one_of(TYPES.map(|(name, _)| name)));
                    let near = node.text().and_then(|text| nearest(text, TYPES.map(|(name, _)| name)));
                    diagnostics.push(
                        Diagnostic::error(Code::BAD_VALUE, message)
                            .at(node.span)
                            .hint_if(near.map(|near| format!("did you mean `{near}`?"))),
                    );
                }
            }
            "default" => {
                default = written_value(node, scope, library, diagnostics).map(|value| (value, node.span));
            }
            "allowed" => match node.items() {
                Some(items) => {
                    allowed = items
                        .iter()
                        .filter_map(|item| written_value(item, scope, library, diagnostics))
                        .collect();
                }
                None => diagnostics.push(wrong_type(node, "`allowed`", "a list")),
            },
            "pattern" => match node.text() {
                Some(text) => match regex::Regex::new(&format!("^(?:{text})$")) {
                    Ok(regex) => pattern = Some((text.to_owned(), regex)),
                    Err(_) => {
                        let message = "`pattern` isn't a regular expression";
                        diagnostics.push(Diagnostic::error(Code::BAD_VALUE, message).at(node.span));
                    }
                },
                None => diagnostics.push(wrong_type(node, "`pattern`", "text")),
            },
            "description" if node.text().is_some() => {}
            "description" => diagnostics.push(wrong_type(node, "`description`", "text")),
            "secret" => match node.value {
                NodeValue::Bool(b) => secret = b,
                _ => diagnostics.push(wrong_type(node, "`secret`", "a boolean")),
            },
            key => {
                let message = format!("the key `{key}` is not known in a config declaration");
                let hint = match nearest(key, KEYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is {}", one_of(KEYS)),
                };
                diagnostics.push(Diagnostic::error(Code::UNKNOWN_KEY, message).at(entry.key_span).hint(hint));
            }
        }
    }
    if diagnostics.len() > before {
        return None;
    }
    let kind = kind.or_else(|| default.as_ref().and_then(|((v, _), _)| Type::of(v))).unwrap_or(Type::String);
    let default = default.filter(|((value, _), _)| *value != Value::Null);
    let default = default.map(|(value, span)| (as_type(kind, value), span));
    let allowed = allowed.into_iter().map(|value| as_type(kind, value)).collect();
    Some(Input { kind, default, allowed, pattern, secret })
}

/// Where text is wanted, a plain number is its text.
fn as_type(kind: Type, (value, text): (Value, Option<String>)) -> Value {
    match (kind, text) {
        (Type::String, Some(text)) => Value::String(text),
        _ => value,
    }
}

impl Input {
    fn check(
        &self,
        name: &str,
        value: impl Into<Checked>,
        span: Span,
        declared: Option<Span>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Value> {
        let Checked(value, text) = value.into();
        let value = as_type(self.kind, (value, text));
        let told = match self.complaint(&value) {
            None => return Some(value),
            Some(complaint) => complaint,
        };
        if let Some(declared) = declared.filter(|_| self.secret) {
            // An excerpt would show the value.
            let message = format!("config `{name}`, given by the environment's file, {told}");
            diagnostics
                .push(Diagnostic::error(Code::BAD_CONFIG, message).at_saying(declared, "declared here"));
            return None;
        }
        let message = format!("config `{name}` {told}");
        let mut diagnostic = Diagnostic::error(Code::BAD_CONFIG, message).at(span);
        if let Some(declared) = declared {
            diagnostic = diagnostic.label(declared, "declared here");
        }
        diagnostics.push(diagnostic);
        None
    }

    /// Why the value doesn't fit. A secret's value is never repeated.
    fn complaint(&self, value: &Value) -> Option<String> {
        if Type::of(value) != Some(self.kind) {
            return Some(format!("must be a {}", self.kind.name()));
        }
        if !self.allowed.is_empty() && !self.allowed.contains(value) {
            let allowed: Vec<String> = self
                .allowed
                .iter()
                .map(|v| match v {
                    Value::String(text) => text.clone(),
                    other => other.to_json().map(|json| json.to_string()).unwrap_or_default(),
                })
                .collect();
            return Some(format!("must be {}", one_of(allowed.iter().map(String::as_str))));
        }
        match (&self.pattern, value) {
            (Some((pattern, regex)), Value::String(text)) if !regex.is_match(text) => {
                Some(format!("must match `{pattern}`"))
            }
            _ => None,
        }
    }

    /// A value given by `--config` or the environment: read as the declared type.
    fn read_text(
        &self,
        name: &str,
        text: &str,
        declared: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Value> {
        let value = match self.kind {
            Type::String => Some(Value::from(text)),
            Type::Boolean => text.trim().parse().ok().map(Value::Bool),
            Type::Number => serde_json::from_str(text.trim()).ok().map(Value::Number),
            Type::List | Type::Map => {
                let (node, mistakes) = syntax::parse(SourceId(u32::MAX), text, Format::Yaml);
                node.filter(|_| !mistakes.has_errors()).map(|node| Value::from(node.to_json()))
            }
        };
        let complaint = match value {
            Some(value) => match self.complaint(&value) {
                None => return Some(value),
                Some(complaint) => complaint,
            },
            None => format!("must be a {}", self.kind.name()),
        };
        let message = format!("config `{name}`, given by `--config` or `EVSTACK_CONFIG_{name}`, {complaint}");
        let hint = match self.kind {
            Type::List => Some("write a list as `[a, b]`"),
            Type::Map => Some("write a map as `{a: 1, b: 2}`"),
            Type::Boolean => Some("write `true` or `false`"),
            Type::String | Type::Number => None,
        };
        diagnostics.push(
            Diagnostic::error(Code::BAD_CONFIG, message)
                .at_saying(declared, "declared here")
                .hint_if(hint.map(str::to_owned)),
        );
        None
    }
}

/// A value, and its text where it was written as a number.
struct Checked(Value, Option<String>);

impl From<Value> for Checked {
    fn from(value: Value) -> Self {
        Self(value, None)
    }
}

impl From<(Value, Option<String>)> for Checked {
    fn from((value, text): (Value, Option<String>)) -> Self {
        Self(value, text)
    }
}
