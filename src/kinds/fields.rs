//! Reads friendly keys: each mistake at its place, nothing stops at the first.

use super::expander::Expander;
use super::kind::Kind;
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::model::{Json, Template, Value};
use crate::spec::Declaration;
use crate::syntax::{Entry, Node, NodeValue};
use std::time::Duration;

impl Expander<'_> {
    /// Reports a mistake.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports unknown and missing keys of a declaration. False if it isn't a mapping at all.
    pub(super) fn check_declaration(&mut self, kind: &Kind, declaration: &Declaration) -> bool {
        let what = format!("{} `{}`", words(kind.singular), declaration.name);
        let allowed: Vec<&str> = kind.understood().map(|f| f.name).collect();
        if !self.check_keys(&declaration.body, &what, &allowed, &format!("evstack explain {}", kind.singular))
        {
            return false;
        }
        for field in kind.all_fields().filter(|f| f.required) {
            if declaration.body.get(field.name).is_none() {
                self.report(
                    Diagnostic::error(Code::MISSING_KEY, format!("{what} has no `{}`", field.name))
                        .at(declaration.span)
                        .hint(format!("add `{}: …` ({})", field.name, field.form)),
                );
            }
        }
        true
    }

    /// Reports keys of a nested mapping that aren't `allowed`. Null counts as an empty mapping.
    pub(super) fn check_keys(&mut self, node: &Node, what: &str, allowed: &[&str], help: &str) -> bool {
        let entries: &[Entry] = match &node.value {
            NodeValue::Object(entries) => entries,
            NodeValue::Null => &[],
            _ => {
                self.wrong_type(node, what, "a mapping");
                return false;
            }
        };
        for entry in entries {
            if allowed.contains(&entry.key.as_str()) {
                continue;
            }
            let hint = match nearest(&entry.key, allowed.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None if allowed.len() <= 8 => format!("known here: {}", one_of(allowed.iter().copied())),
                None => format!("`{help}` lists what is known here"),
            };
            self.report(
                Diagnostic::error(Code::UNKNOWN_KEY, format!("{what} has an unknown key `{}`", entry.key))
                    .at(entry.key_span)
                    .hint(hint),
            );
        }
        true
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        self.wrong_type_with(node, what, wanted, None);
    }

    fn wrong_type_with(&mut self, node: &Node, what: &str, wanted: &str, hint: Option<String>) {
        self.report(
            Diagnostic::error(
                Code::WRONG_TYPE,
                format!("{what} is {}, not {wanted}", with_article(node.type_name())),
            )
            .at(node.span)
            .hint_if(hint),
        );
    }

    /// Reports a value that isn't allowed.
    pub(super) fn bad_value(&mut self, node: &Node, message: String, hint: Option<String>) {
        self.report(Diagnostic::error(Code::BAD_VALUE, message).at(node.span).hint_if(hint));
    }

    /// Reports a thing that isn't supported, by name.
    pub(super) fn unsupported(&mut self, node: &Node, what: &str, hint: &str) {
        self.report(
            Diagnostic::error(Code::UNSUPPORTED, format!("{what} isn't supported")).at(node.span).hint(hint),
        );
    }

    /// The same of a key of a mapping, whatever its value.
    pub(super) fn unsupported_key(&mut self, body: &Node, key: &str, what: &str, hint: &str) {
        if let Some(entry) = body.entries().unwrap_or_default().iter().find(|entry| entry.key == key) {
            let message = format!("{what} isn't supported");
            self.report(Diagnostic::error(Code::UNSUPPORTED, message).at(entry.key_span).hint(hint));
        }
    }

    /// A value with holes, as written.
    pub(super) fn template(&mut self, node: &Node) -> Template {
        self.stack.template(node, &mut self.diagnostics)
    }

    /// A value that must be known at load.
    pub(super) fn constant(&mut self, node: &Node) -> Option<Value> {
        self.stack.constant(node, &mut self.diagnostics)
    }

    /// A text that must be known at load.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        if let Some(raw) = &node.raw {
            return Some(raw.to_string());
        }
        match self.constant(node)? {
            Value::String(text) => Some(text),
            _ => {
                self.wrong_type(node, what, "a string");
                None
            }
        }
    }

    /// A boolean that must be known at load.
    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match self.constant(node)? {
            Value::Bool(b) => Some(b),
            _ => {
                let meant = match node.text().map(str::to_lowercase).as_deref() {
                    Some("yes" | "on" | "y") => Some("true"),
                    Some("no" | "off" | "n") => Some("false"),
                    _ => None,
                };
                let hint = meant.map(|word| format!("files are read as YAML 1.2: write `{word}`"));
                self.wrong_type_with(node, what, "true or false", hint);
                None
            }
        }
    }

    /// A whole number that must be known at load and lie in a range.
    pub(super) fn integer(
        &mut self,
        node: &Node,
        what: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let number = match self.constant(node)? {
            Value::Number(n) => n.as_u64(),
            _ => None,
        };
        let Some(number) = number else {
            self.wrong_type(node, what, "a whole number");
            return None;
        };
        if !range.contains(&number) {
            let message = format!("{what} is {number}, outside {} to {}", range.start(), range.end());
            self.bad_value(node, message, None);
            return None;
        }
        Some(number)
    }

    /// One of a few words, known at load, in any case.
    pub(super) fn word(&mut self, node: &Node, what: &str, allowed: &[&'static str]) -> Option<&'static str> {
        let text = self.text(node, what)?;
        if let Some(word) = allowed.iter().find(|w| w.eq_ignore_ascii_case(&text)) {
            return Some(word);
        }
        let hint = nearest(&text, allowed.iter().copied()).map(|w| format!("did you mean `{w}`?"));
        let message = format!("{what} is `{text}`, not {}", one_of(allowed.iter().copied()));
        self.bad_value(node, message, hint);
        None
    }

    /// A duration such as `30s`, known at load, in whole seconds within a range.
    pub(super) fn seconds(
        &mut self,
        node: &Node,
        what: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        if matches!(node.value, NodeValue::Array(_) | NodeValue::Object(_) | NodeValue::Number(_)) {
            let hint = match &node.value {
                NodeValue::Number(number) => number.as_u64().map(|n| match in_words(n) {
                    // 300 may be meant as seconds; in what else, only its writer knows.
                    longer if n > 0 && longer != format!("{n}s") => format!("write `{n}s` or `{longer}`"),
                    _ => format!("write `{n}s`"),
                }),
                _ => None,
            };
            self.wrong_type_with(node, what, "a duration such as `30s`", hint);
            return None;
        }
        let text = self.text(node, what)?;
        let Some(duration) = duration(&text) else {
            let message = format!("{what} is `{text}`, not a duration");
            self.bad_value(node, message, Some("durations are written `30s`, `5m`, `1h`, `30d`".to_owned()));
            return None;
        };
        let seconds = duration.as_secs();
        if duration.subsec_nanos() != 0 || !range.contains(&seconds) {
            let (from, to) = (in_words(*range.start()), in_words(*range.end()));
            let message = format!("{what} is {text}, outside {from} to {to} in whole seconds");
            self.bad_value(node, message, None);
            return None;
        }
        Some(seconds)
    }

    /// A duration in whole days.
    pub(super) fn days(&mut self, node: &Node, what: &str) -> Option<u64> {
        let seconds = self.seconds(node, what, 86_400..=86_400 * 3653)?;
        if seconds % 86_400 != 0 {
            self.bad_value(node, format!("{what} must be in whole days"), Some("write `30d`".to_owned()));
            return None;
        }
        Some(seconds / 86_400)
    }

    /// What the `defaults` of the declaration's file say for a key.
    pub(super) fn default_of(&self, declaration: &Declaration, key: &str) -> Option<Node> {
        declaration.defaults.as_ref().and_then(|d| d.get(key)).cloned()
    }

    /// The items of a list, or the one item that stands for a list of one.
    pub(super) fn one_or_many<'n>(&self, node: &'n Node) -> Vec<&'n Node> {
        match node.items() {
            Some(items) => items.iter().collect(),
            None => vec![node],
        }
    }
}

/// `ms`, `s`, `m`, `h`, `d`; several units add up (`1h30m`).
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let milliseconds = match &rest[..unit_end] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        rest = &rest[unit_end..];
        total = total.checked_add(number.checked_mul(milliseconds)?)?;
    }
    Some(Duration::from_millis(total))
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0 => "0s".to_owned(),
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// `stateMachine` → `state machine`.
pub(super) fn words(singular: &str) -> String {
    super::names::kebab(singular).replace('-', " ")
}

fn with_article(noun: &str) -> String {
    let article = if noun == "null" { "" } else { "a " };
    format!("{article}{noun}")
}

/// A whole number as a literal.
pub(super) fn number(n: u64) -> Template {
    Template::Literal(Value::from(n))
}

/// Plain JSON as a literal.
pub(super) fn literal(json: Json) -> Template {
    Template::Literal(Value::from(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_up_and_need_a_unit() {
        assert_eq!(duration("30s"), Some(Duration::from_secs(30)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for bad in ["", "30", "s", "-1s", "1.5h", "99999999999999999999d", "1w"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
