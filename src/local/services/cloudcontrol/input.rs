//! Members of a call's input, each held against the constraints that the service model gives it.

use super::fault;
use crate::local::fault::Fault;
use serde_json::{Map, Value as Json};

/// A text member's constraints.
pub(super) struct Text {
    name: &'static str,
    shortest: usize,
    longest: usize,
    allowed: fn(&str) -> bool,
    /// The constraint as the service writes it.
    pattern: &'static str,
}

pub(super) const TYPE_NAME: Text = Text {
    name: "TypeName",
    shortest: 10,
    longest: 196,
    allowed: |text| {
        let parts: Vec<&str> = text.split("::").collect();
        let plain = |p: &&str| (2..=64).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric());
        parts.len() == 3 && parts.iter().all(plain)
    },
    pattern: "[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}",
};
pub(super) const IDENTIFIER: Text =
    Text { name: "Identifier", shortest: 1, longest: 1024, allowed: |_| true, pattern: ".+" };
pub(super) const DESIRED_STATE: Text = properties("DesiredState");
pub(super) const PATCH_DOCUMENT: Text = properties("PatchDocument");
pub(super) const RESOURCE_MODEL: Text = properties("ResourceModel");
pub(super) const CLIENT_TOKEN: Text = token("ClientToken");
pub(super) const REQUEST_TOKEN: Text = token("RequestToken");
pub(super) const NEXT_TOKEN: Text =
    Text { name: "NextToken", shortest: 1, longest: 4096, allowed: |_| true, pattern: ".+" };

const fn properties(name: &'static str) -> Text {
    Text { name, shortest: 1, longest: 262_144, allowed: |_| true, pattern: "[\\s\\S]*" }
}

const fn token(name: &'static str) -> Text {
    Text {
        name,
        shortest: 1,
        longest: 128,
        allowed: |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+/=".contains(&b)),
        pattern: "[-A-Za-z0-9+/=]+",
    }
}

/// A text that may be absent.
pub(super) fn optional<'a>(input: &'a Json, text: &Text) -> Result<Option<&'a str>, Fault> {
    match input.get(text.name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(value)) => text.check(value).map(|()| Some(value.as_str())),
        Some(_) => Err(Fault::client(
            "SerializationException",
            format!("{} can not be converted to a String", text.name),
        )),
    }
}

/// A text that must be there.
pub(super) fn required<'a>(input: &'a Json, text: &Text) -> Result<&'a str, Fault> {
    optional(input, text)?.ok_or_else(|| text.fault("null", "Member must not be null"))
}

/// A text that holds a JSON object.
pub(super) fn object(text: &str, member: &Text) -> Result<Map<String, Json>, Fault> {
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(fault::invalid_request(format!("{} must be a JSON object", member.name))),
        Err(error) => Err(fault::invalid_request(format!("{} is not valid JSON: {error}", member.name))),
    }
}

/// `MaxResults`: 1 to 100; 20 when absent.
pub(super) fn max_results(input: &Json) -> Result<usize, Fault> {
    match input.get("MaxResults") {
        None | Some(Json::Null) => Ok(20),
        Some(value) => {
            let number = value.as_i64().ok_or_else(|| {
                Fault::client("SerializationException", "MaxResults can not be converted to an Integer")
            })?;
            let constraint = match number {
                ..1 => "Member must have value greater than or equal to 1",
                101.. => "Member must have value less than or equal to 100",
                _ => return Ok(usize::try_from(number).unwrap_or(20)),
            };
            Err(constraint_fault("MaxResults", &format!("'{number}'"), constraint))
        }
    }
}

impl Text {
    fn check(&self, value: &str) -> Result<(), Fault> {
        let length = value.chars().count();
        if length < self.shortest {
            let constraint = format!("Member must have length greater than or equal to {}", self.shortest);
            return Err(self.fault(&format!("'{value}'"), &constraint));
        }
        if length > self.longest {
            let constraint = format!("Member must have length less than or equal to {}", self.longest);
            let start: String = value.chars().take(64).collect();
            return Err(self.fault(&format!("'{start}…'"), &constraint));
        }
        if !(self.allowed)(value) {
            let constraint = format!("Member must satisfy regular expression pattern: {}", self.pattern);
            return Err(self.fault(&format!("'{value}'"), &constraint));
        }
        Ok(())
    }

    fn fault(&self, value: &str, constraint: &str) -> Fault {
        constraint_fault(self.name, value, constraint)
    }
}

fn constraint_fault(name: &str, value: &str, constraint: &str) -> Fault {
    // The service writes members with a small first letter here.
    let member: String =
        name.chars().enumerate().map(|(i, c)| if i == 0 { c.to_ascii_lowercase() } else { c }).collect();
    fault::validation(format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}"
    ))
}
