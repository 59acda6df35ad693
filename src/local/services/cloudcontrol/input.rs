//! Members of a call's input, each held against the constraints that the service model gives it.
//!
//! A member of another JSON type ends the call at once, as nothing can be read then. What breaks a
//! constraint is gathered and told in one message, as AWS's services do.

use super::fault;
use crate::local::fault::Fault;
use serde_json::{Map, Value as Json};

/// A text member's constraints (service model cloudcontrol 2021-09-30).
pub(super) struct Text {
    name: &'static str,
    shortest: usize,
    longest: usize,
    allowed: fn(&str) -> bool,
    /// The constraint as the service writes it.
    pattern: &'static str,
    /// Whether its value is never repeated in a message.
    sensitive: bool,
}

pub(super) const TYPE_NAME: Text = Text {
    allowed: |text| {
        let parts: Vec<&str> = text.split("::").collect();
        let plain = |p: &&str| (2..=64).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric());
        parts.len() == 3 && parts.iter().all(plain)
    },
    pattern: "[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}",
    ..text("TypeName", 10, 196)
};
pub(super) const IDENTIFIER: Text = text("Identifier", 1, 1024);
pub(super) const DESIRED_STATE: Text = properties("DesiredState");
pub(super) const PATCH_DOCUMENT: Text = properties("PatchDocument");
pub(super) const RESOURCE_MODEL: Text = properties("ResourceModel");
pub(super) const CLIENT_TOKEN: Text = token("ClientToken", 128);
pub(super) const REQUEST_TOKEN: Text = token("RequestToken", 128);
/// Of requests.
pub(super) const NEXT_TOKEN: Text = token("NextToken", 2048);
/// Of resources.
pub(super) const HANDLER_NEXT_TOKEN: Text = text("NextToken", 1, 4096);
pub(super) const TYPE_VERSION_ID: Text = Text {
    allowed: |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
    pattern: "[A-Za-z0-9-]+",
    ..text("TypeVersionId", 1, 128)
};
pub(super) const ROLE_ARN: Text = Text {
    allowed: |text| {
        let of_role = |(partition, rest): (&str, &str)| {
            let account = rest.split_once(":role/");
            !partition.is_empty()
                && account.is_some_and(|(account, name)| {
                    account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty()
                })
        };
        text.strip_prefix("arn:").and_then(|rest| rest.split_once(":iam::")).is_some_and(of_role)
    },
    pattern: "arn:.+:iam::[0-9]{12}:role/.+",
    ..text("RoleArn", 20, 2048)
};

/// Any text; `.` matches no end of line.
const fn text(name: &'static str, shortest: usize, longest: usize) -> Text {
    let allowed: fn(&str) -> bool = |text| !text.contains(['\n', '\r']);
    Text { name, shortest, longest, allowed, pattern: ".+", sensitive: false }
}

const fn properties(name: &'static str) -> Text {
    Text { allowed: |_| true, pattern: "[\\s\\S]*", sensitive: true, ..text(name, 1, 262_144) }
}

const fn token(name: &'static str, longest: usize) -> Text {
    Text {
        allowed: |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+/=".contains(&b)),
        pattern: "[-A-Za-z0-9+/=]+",
        ..text(name, 1, longest)
    }
}

/// Reads a call's members in the model's order, and keeps what is wrong with them.
pub(super) struct Members<'a> {
    input: &'a Json,
    broken: Vec<String>,
}

impl<'a> Members<'a> {
    pub(super) fn of(input: &'a Json) -> Self {
        Self { input, broken: Vec::new() }
    }

    /// A text that may be absent.
    pub(super) fn optional(&mut self, text: &Text) -> Result<Option<&'a str>, Fault> {
        match self.input.get(text.name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(value)) => {
                text.check(value, &mut self.broken);
                Ok(Some(value))
            }
            Some(other) => Err(fault::unreadable(other, "String")),
        }
    }

    /// A text that must be there; empty when it isn't, which [`Members::end`] tells.
    pub(super) fn required(&mut self, text: &Text) -> Result<&'a str, Fault> {
        Ok(self.optional(text)?.unwrap_or_else(|| {
            let constraint = "Member must not be null";
            self.broken.push(violation(Some("null"), &member(text.name), constraint));
            ""
        }))
    }

    /// `MaxResults`: 1 to 100; 20 when absent.
    pub(super) fn max_results(&mut self) -> Result<usize, Fault> {
        let value = match self.input.get("MaxResults") {
            None | Some(Json::Null) => return Ok(20),
            Some(value) => value,
        };
        let number = value.as_i64().ok_or_else(|| fault::unreadable(value, "Integer"))?;
        let constraint = match number {
            ..1 => "Member must have value greater than or equal to 1",
            101.. => "Member must have value less than or equal to 100",
            _ => return Ok(usize::try_from(number).unwrap_or(20)),
        };
        self.broken.push(violation(Some(&format!("'{number}'")), "maxResults", constraint));
        Ok(20)
    }

    /// A list of names of a closed set, in a structure that may be absent.
    pub(super) fn names(
        &mut self,
        structure: &str,
        key: &str,
        allowed: &[&str],
    ) -> Result<Vec<&'a str>, Fault> {
        let structure_value = match self.input.get(structure) {
            None | Some(Json::Null) => return Ok(Vec::new()),
            Some(value @ Json::Object(_)) => value,
            Some(_) => return Err(fault::unexpected_field_type()),
        };
        let items = match structure_value.get(key) {
            None | Some(Json::Null) => return Ok(Vec::new()),
            Some(Json::Array(items)) => items,
            Some(_) => return Err(fault::unexpected_field_type()),
        };
        let mut names = Vec::new();
        for item in items {
            names.push(item.as_str().ok_or_else(|| fault::unreadable(item, "String"))?);
        }
        if names.iter().any(|name| !allowed.contains(name)) {
            let found = format!("'[{}]'", names.join(", "));
            let at = format!("{}.{}", member(structure), member(key));
            let constraint = format!(
                "Member must satisfy constraint: [Member must satisfy enum value set: [{}]]",
                allowed.join(", ")
            );
            self.broken.push(violation(Some(&found), &at, &constraint));
        }
        Ok(names)
    }

    /// All members were read: what is wrong with any of them ends the call.
    pub(super) fn end(self) -> Result<(), Fault> {
        let count = self.broken.len();
        let errors = if count == 1 { "error" } else { "errors" };
        match count {
            0 => Ok(()),
            _ => Err(fault::validation(format!(
                "{count} validation {errors} detected: {}",
                self.broken.join("; ")
            ))),
        }
    }
}

/// A text that holds a JSON object.
pub(super) fn object(text: &str, member: &Text) -> Result<Map<String, Json>, Fault> {
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(fault::invalid_request(format!("{} must be a JSON object", member.name))),
        Err(error) => Err(fault::invalid_request(format!("{} is not valid JSON: {error}", member.name))),
    }
}

impl Text {
    fn check(&self, value: &str, broken: &mut Vec<String>) {
        /// As much of a wrong value as a message repeats.
        const SHOWN: usize = 256;
        let length = value.chars().count();
        let start: String = value.chars().take(SHOWN).collect();
        let more = if length > SHOWN { "…" } else { "" };
        let found = (!self.sensitive).then(|| format!("'{start}{more}'"));
        let mut tell =
            |constraint: &str| broken.push(violation(found.as_deref(), &member(self.name), constraint));
        if !(self.allowed)(value) || (value.is_empty() && self.pattern.ends_with('+')) {
            tell(&format!("Member must satisfy regular expression pattern: {}", self.pattern));
        }
        if length < self.shortest {
            tell(&format!("Member must have length greater than or equal to {}", self.shortest));
        }
        if length > self.longest {
            tell(&format!("Member must have length less than or equal to {}", self.longest));
        }
    }
}

/// `Value 'x' at 'typeName' failed to satisfy constraint: …`; a sensitive value is left out.
fn violation(found: Option<&str>, at: &str, constraint: &str) -> String {
    let found = found.map(|found| format!("{found} ")).unwrap_or_default();
    format!("Value {found}at '{at}' failed to satisfy constraint: {constraint}")
}

/// The service writes members with a small first letter here.
fn member(name: &str) -> String {
    name.chars().enumerate().map(|(i, c)| if i == 0 { c.to_ascii_lowercase() } else { c }).collect()
}
