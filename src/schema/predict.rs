//! What computed properties will be, before the resource is there.
//!
//! Most are decided by account, region and name. What is decided by nothing that is known says
//! why. Better unknown than false: a plan is a promise. So the ARN templates of the service
//! authorization reference are believed only where every variable is a property that can't change,
//! and where the schema's own pattern agrees; where the reference is imprecise or silent,
//! [`SHAPES`] and [`REASONS`] have the last word.

use super::known_shapes::{CASE_FOLDING, REASONS, SHAPES};
use super::{ResourceType, pattern};
use std::borrow::Cow;

/// Where a resource will be.
#[derive(Debug, Clone, Copy)]
pub struct PlaceRef<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// `us-east-1`.
    pub region: &'a str,
    /// Twelve digits.
    pub account: &'a str,
    /// `amazonaws.com`.
    pub dns_suffix: &'a str,
    /// Base URL that all services' URLs carry (the local cloud); none on AWS.
    pub base_url: Option<&'a str>,
}

/// What the declaration says of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declared {
    /// It is this text (numbers and booleans as text).
    Known(String),
    /// It is declared, but what it will be isn't known yet.
    Unknown,
    /// It isn't declared.
    Absent,
}

impl From<Option<String>> for Declared {
    /// For callers whose properties are all known.
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }
}

/// What a property will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prediction {
    /// Exactly this.
    Known(String),
    /// Not known before the resource is there, and why, for people: lowercase unless a name begins
    /// it, no full stop.
    Unknown(Cow<'static, str>),
}

impl Prediction {
    /// The value, if it is known.
    #[must_use]
    pub fn known(self) -> Option<String> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

/// What the property (`Arn`, `QueueUrl`, `TableName`) will be. `get` tells what the declaration
/// says of a top property.
#[must_use]
pub fn predict(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    property: &str,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    let path: Vec<&str> = property.split('.').collect();
    if !resource.is_read_only(&path) {
        return match get(property) {
            Declared::Known(value) => Prediction::Known(value),
            Declared::Unknown => unknown("what it is set to is not known yet"),
            Declared::Absent => unknown("it is not set, and the service decides it"),
        };
    }
    let type_name = resource.name.as_str();
    if let Some((_, _, shape)) = SHAPES.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return fill(resource, place, shape, get);
    }
    if let Some((_, _, reason)) = REASONS.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return unknown(reason);
    }
    if resource.arn_property() == Some(property) {
        return arn(resource, place, get);
    }
    unknown("the service decides it")
}

/// What the resource's ARN will be, also where no property shows it.
#[must_use]
pub fn arn(resource: &ResourceType, place: &PlaceRef<'_>, get: &dyn Fn(&str) -> Declared) -> Prediction {
    let type_name = resource.name.as_str();
    let property = resource.arn_property().unwrap_or("");
    // A type without such a property has its shape under the empty name.
    if let Some((_, _, shape)) = SHAPES.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return fill(resource, place, shape, get);
    }
    if let Some((_, _, reason)) = REASONS.iter().find(|(t, p, _)| *t == type_name && *p == property) {
        return unknown(reason);
    }
    let Some(template) = &resource.arn_template else {
        return unknown("the service decides it");
    };
    let filled = fill_template(resource, place, template, get);
    if let Prediction::Known(arn) = &filled {
        let expected = resource.property(&[property]).and_then(|p| p["pattern"].as_str());
        if expected.is_some_and(|expected| pattern::matches(expected, arn) == Some(false)) {
            return unknown("the service puts something of its own into it");
        }
        let folds = CASE_FOLDING.contains(&resource.name.service());
        if folds && arn.bytes().any(|b| b.is_ascii_uppercase()) {
            return unknown("the service may write the name in small letters");
        }
    }
    filled
}

/// What Cloud Control's identifier will be: the primary identifier's values joined with `|`.
#[must_use]
pub fn identifier(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    let mut values = Vec::new();
    for path in &resource.primary_identifier {
        match predict(resource, place, &path.to_string(), get) {
            Prediction::Known(value) => values.push(value),
            unknown @ Prediction::Unknown(_) => return unknown,
        }
    }
    Prediction::Known(values.join("|"))
}

/// The shape of the resource's ARN, `${…}` for what it is made of; `None` if nothing known decides
/// it.
#[must_use]
pub fn arn_shape(resource: &ResourceType) -> Option<&str> {
    let type_name = resource.name.as_str();
    let property = resource.arn_property().unwrap_or("");
    let here = |(t, p): (&str, &str)| t == type_name && p == property;
    if let Some((_, _, shape)) = SHAPES.iter().find(|(t, p, _)| here((t, p))) {
        return Some(shape);
    }
    if REASONS.iter().any(|(t, p, _)| here((t, p))) {
        return None;
    }
    resource.arn_template.as_deref()
}

/// Fills one of our own shapes: `${Name}` is a property, `${Path:-/}` has a default where it isn't
/// declared; `${Bus/}`, `${ServiceUrl:sqs}` and the like are said in `known_shapes`.
fn fill(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    shape: &'static str,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    substitute(shape, &mut |variable| {
        if let Some(value) = of_place(place, variable) {
            return Ok(value);
        }
        if let Some(service) = variable.strip_prefix("ServiceUrl:") {
            return Ok(match place.base_url {
                Some(base) => base.trim_end_matches('/').to_owned(),
                None => format!("https://{service}.{}.{}", place.region, place.dns_suffix),
            });
        }
        match variable {
            "RuleOnBus" => return rule_on_bus(get),
            "WithoutSlash:Name" => {
                return declared(get, "Name", None).map(|name| name.trim_start_matches('/').to_owned());
            }
            _ => {}
        }
        let (property, default) = variable.split_once(":-").map_or((variable, None), |(p, d)| (p, Some(d)));
        debug_assert!(resource.has_property(property), "{} has no {property}", resource.name);
        declared(get, property, default)
    })
}

/// `<bus>/<name>`, or `<name>` on the default bus. The bus may be given by its ARN.
fn rule_on_bus(get: &dyn Fn(&str) -> Declared) -> Result<String, Cow<'static, str>> {
    let name = declared(get, "Name", None)?;
    let bus = declared(get, "EventBusName", Some("default"))?;
    let bus = bus.split_once(":event-bus/").map_or(&*bus, |(_, name)| name);
    Ok(if bus == "default" { name } else { format!("{bus}/{name}") })
}

/// Fills a template of the reference. Its variables are the reference's own names; a property is
/// meant if it has that name, or is the resource's `Name`, and forces replacement when it changes.
fn fill_template(
    resource: &ResourceType,
    place: &PlaceRef<'_>,
    template: &str,
    get: &dyn Fn(&str) -> Declared,
) -> Prediction {
    substitute(template, &mut |variable| {
        if let Some(value) = of_place(place, variable) {
            return Ok(value);
        }
        let fixed = |property: &str| {
            resource.has_property(property)
                && !resource.is_read_only(&[property])
                && (resource.is_create_only(&[property])
                    || resource.primary_identifier.iter().any(|p| p.matches(&[property])))
        };
        let own = resource.name.resource();
        let stem = variable.strip_suffix("Name");
        let property = if fixed(variable) {
            variable.to_owned()
        } else if stem.is_some_and(|stem| own.ends_with(stem)) && fixed("Name") {
            "Name".to_owned()
        } else if variable == "Name" && fixed(&format!("{own}Name")) {
            format!("{own}Name")
        } else {
            return Err("the service decides it".into());
        };
        declared(get, &property, None)
    })
}

fn of_place(place: &PlaceRef<'_>, variable: &str) -> Option<String> {
    Some(match variable {
        "Partition" => place.partition.to_owned(),
        "Region" => place.region.to_owned(),
        "Account" => place.account.to_owned(),
        "DnsSuffix" => place.dns_suffix.to_owned(),
        _ => return None,
    })
}

fn declared(
    get: &dyn Fn(&str) -> Declared,
    property: &str,
    default: Option<&str>,
) -> Result<String, Cow<'static, str>> {
    match (get(property), default) {
        (Declared::Known(value), _) => Ok(value),
        (Declared::Absent, Some(default)) => Ok(default.to_owned()),
        (Declared::Absent, None) => Err(format!("it contains {property}, which the service makes up").into()),
        (Declared::Unknown, _) => Err(format!("it contains {property}, which is not known yet").into()),
    }
}

fn substitute(
    template: &str,
    value: &mut dyn FnMut(&str) -> Result<String, Cow<'static, str>>,
) -> Prediction {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        match value(variable) {
            Ok(value) => filled.push_str(&value),
            Err(reason) => return Prediction::Unknown(reason),
        }
        rest = after;
    }
    filled.push_str(rest);
    Prediction::Known(filled)
}

fn unknown(reason: &'static str) -> Prediction {
    Prediction::Unknown(reason.into())
}

#[cfg(test)]
mod tests;
