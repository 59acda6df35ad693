//! The parameters of STS's operations, in the words of its validation.
//!
//! Source: STS API Reference, AssumeRole and GetSessionToken.

use crate::local::fault::Fault;

/// A form's pairs.
pub(super) type Form = [(String, String)];

/// A text parameter's bounds.
pub(super) struct Text {
    pub(super) name: &'static str,
    pub(super) length: (usize, usize),
    pub(super) of: Option<Characters>,
}

/// Which characters a text may have, with the pattern that says so.
pub(super) struct Characters(fn(char) -> bool, &'static str);

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

fn external(c: char) -> bool {
    word(c) || matches!(c, ':' | '/')
}

fn printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FF}')
}

pub(super) const ROLE_ARN: Text = Text { name: "RoleArn", length: (20, 2048), of: None };
pub(super) const SESSION_NAME: Text =
    Text { name: "RoleSessionName", length: (2, 64), of: Some(Characters(word, "[\\w+=,.@-]*")) };
pub(super) const EXTERNAL_ID: Text =
    Text { name: "ExternalId", length: (2, 1224), of: Some(Characters(external, "[\\w+=,.@:\\/-]*")) };
pub(super) const POLICY: Text = Text {
    name: "Policy",
    length: (1, 2048),
    of: Some(Characters(printable, "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+")),
};

/// STS's word for a parameter that can't be.
pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("ValidationError", message)
}

fn unsatisfied(value: &str, name: &str, constraint: &str) -> Fault {
    let mut place = name.to_owned();
    if let Some(first) = place.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    invalid(format!(
        "1 validation error detected: Value {value} at '{place}' failed to satisfy constraint: {constraint}"
    ))
}

/// A parameter's value, as it came.
pub(super) fn find<'f>(form: &'f Form, name: &str) -> Option<&'f str> {
    form.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// A text within its bounds, if it is there.
pub(super) fn optional<'f>(form: &'f Form, text: &Text) -> Result<Option<&'f str>, Fault> {
    let Some(value) = find(form, text.name) else { return Ok(None) };
    let quoted = format!("'{value}'");
    let length = value.chars().count();
    let (least, most) = text.length;
    if length < least {
        let words = format!("Member must have length greater than or equal to {least}");
        return Err(unsatisfied(&quoted, text.name, &words));
    }
    if length > most {
        let words = format!("Member must have length less than or equal to {most}");
        return Err(unsatisfied(&quoted, text.name, &words));
    }
    if let Some(Characters(allowed, pattern)) = text.of
        && !value.chars().all(allowed)
    {
        let words = format!("Member must satisfy regular expression pattern: {pattern}");
        return Err(unsatisfied(&quoted, text.name, &words));
    }
    Ok(Some(value))
}

/// A text within its bounds.
pub(super) fn required<'f>(form: &'f Form, text: &Text) -> Result<&'f str, Fault> {
    optional(form, text)?.ok_or_else(|| unsatisfied("null", text.name, "Member must not be null"))
}

/// `DurationSeconds` within its bounds, if it is there.
pub(super) fn duration(form: &Form, least: u32, most: u32) -> Result<Option<u32>, Fault> {
    let Some(text) = find(form, "DurationSeconds") else { return Ok(None) };
    let bound = |words: &str, bound: u32| {
        let words = format!("Member must have value {words} than or equal to {bound}");
        Err(unsatisfied(&format!("'{text}'"), "DurationSeconds", &words))
    };
    match text.parse::<i64>() {
        Ok(seconds) if seconds < i64::from(least) => bound("greater", least),
        Ok(seconds) if seconds > i64::from(most) => bound("less", most),
        Ok(seconds) => Ok(u32::try_from(seconds).ok()),
        Err(_) => Err(Fault::client("MalformedInput", "DurationSeconds has to be a whole number")),
    }
}

/// Refuses, by name, a parameter that this cloud doesn't have.
pub(super) fn refuse(form: &Form, operation: &str, names: &[&str]) -> Result<(), Fault> {
    for name in names {
        let there = form.iter().any(|(found, _)| {
            found.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if there {
            return Err(Fault::unsupported("STS", &format!("{operation} with {name}")));
        }
    }
    Ok(())
}
