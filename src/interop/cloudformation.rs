//! A stack as a CloudFormation template.
//!
//! References become `Fn::GetAtt`, text with holes `Fn::Join`. Where a reference orders nothing
//! because its value is predicted (a queue's policy that names a rule), the predicted value stands,
//! so that the template has no circle either. Secrets become parameters: none is ever in a template.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, Attributes, Desired, Json, Order, Protection, Reference, Template, Value};
use crate::resolve::{Predicted, Resolved};
use crate::spec::Stack;
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The template, as JSON.
pub fn template(stack: &Stack, resolved: &Resolved) -> (Json, Diagnostics) {
    let exporter = Exporter {
        resources: resolved.resources.iter().map(|r| (&r.address, r)).collect(),
        attributes: &resolved.attributes,
        predicted: Predicted::new(&resolved.resources, &resolved.attributes, &stack.place),
    };
    let mut diagnostics = Diagnostics::new();
    let mut resources = Map::new();
    let mut parameters = Map::new();
    for resource in &resolved.resources {
        let id = exporter.logical_id(&resource.address);
        let mut body = Map::new();
        body.insert("Type".to_owned(), resource.type_name.as_str().into());
        let depends_on: Vec<String> = resource.depends_on.iter().map(|a| exporter.logical_id(a)).collect();
        if !depends_on.is_empty() {
            body.insert("DependsOn".to_owned(), depends_on.into());
        }
        if resource.options.protection != Protection::None || resource.options.retain_on_delete {
            body.insert("DeletionPolicy".to_owned(), "Retain".into());
            body.insert("UpdateReplacePolicy".to_owned(), "Retain".into());
        }
        let mut scope = Scope { owner: Some(&resource.address), path: id.clone(), secrets: Vec::new() };
        let properties = exporter.convert(&resource.properties, &mut scope);
        for secret in scope.secrets {
            parameters.insert(secret, json!({"Type": "String", "NoEcho": true}));
        }
        if properties.pointer_of_hole().is_some() {
            let message = format!("`{}` has an expression that CloudFormation can't say", resource.address);
            diagnostics.push(Diagnostic::error(Code::UNSUPPORTED, message).at(resource.span));
        }
        body.insert("Properties".to_owned(), properties);
        resources.insert(id, Json::Object(body));
    }
    let outputs: Map<String, Json> = resolved
        .outputs
        .iter()
        .map(|o| {
            let mut scope = Scope { owner: None, path: alphanumeric(&o.name), secrets: Vec::new() };
            let value = exporter.convert(&o.value, &mut scope);
            for secret in scope.secrets {
                parameters.insert(secret, json!({"Type": "String", "NoEcho": true}));
            }
            (alphanumeric(&o.name), json!({"Value": value}))
        })
        .collect();
    let mut document = json!({"AWSTemplateFormatVersion": "2010-09-09"});
    if let Some(description) = &stack.description {
        document["Description"] = description.as_str().into();
    }
    if !parameters.is_empty() {
        document["Parameters"] = Json::Object(parameters);
    }
    document["Resources"] = Json::Object(resources);
    if !outputs.is_empty() {
        document["Outputs"] = Json::Object(outputs);
    }
    (document, diagnostics)
}

/// What stands where an expression can't be said; never part of a template that is given out.
const HOLE: &str = "$evstack:unsayable";

trait Holes {
    fn pointer_of_hole(&self) -> Option<&Json>;
}

impl Holes for Json {
    fn pointer_of_hole(&self) -> Option<&Json> {
        match self {
            Json::String(text) if text == HOLE => Some(self),
            Json::Array(items) => items.iter().find_map(Json::pointer_of_hole),
            Json::Object(members) => members.values().find_map(Json::pointer_of_hole),
            _ => None,
        }
    }
}

struct Exporter<'a> {
    resources: HashMap<&'a Address, &'a Desired>,
    attributes: &'a BTreeMap<(Address, String), Template>,
    predicted: Predicted<'a>,
}

/// Where in the template a value stands.
struct Scope<'a> {
    /// The resource whose property it is.
    owner: Option<&'a Address>,
    /// Logical id and property names, as one name: that of a parameter for a secret.
    path: String,
    /// The parameters that were needed.
    secrets: Vec<String>,
}

impl Scope<'_> {
    fn below<T>(&mut self, name: &str, convert: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(&alphanumeric(name));
        let converted = convert(self);
        self.path.truncate(length);
        converted
    }
}

impl Exporter<'_> {
    fn convert(&self, template: &Template, scope: &mut Scope<'_>) -> Json {
        match template {
            Template::Literal(value) => literal(value, scope),
            Template::Array(items) => items
                .iter()
                .enumerate()
                .map(|(i, t)| scope.below(&i.to_string(), |scope| self.convert(t, scope)))
                .collect(),
            Template::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(k, t)| (k.clone(), scope.below(k, |scope| self.convert(t, scope))))
                    .collect(),
            ),
            Template::Attribute(reference) => self.reference(reference, scope),
            Template::Concat(pieces) => join(pieces.iter().map(|t| self.convert(t, scope)).collect()),
            Template::Json(inner) => {
                let mut pieces = Vec::new();
                text_of(&self.convert(inner, scope), &mut pieces);
                join(pieces)
            }
            Template::Call(function) => match function.call(&self.predicted) {
                value if value.is_known() => literal(&value, scope),
                _ => HOLE.into(),
            },
        }
    }

    fn reference(&self, reference: &Reference, scope: &mut Scope<'_>) -> Json {
        let Reference { address, property, order, .. } = reference;
        if let Some(own) = self.attributes.get(&(address.clone(), property.clone())) {
            return self.convert(own, scope);
        }
        let of_itself = scope.owner == Some(address);
        if (*order == Order::IfUnknown || of_itself)
            && let value = self.predicted.attribute(address, property)
            && value.is_known()
        {
            return literal(&value, scope);
        }
        let declared = self.resources.get(address).and_then(|r| r.properties.get(property));
        match declared {
            Some(template) => self.convert(template, scope),
            None => json!({ "Fn::GetAtt": [self.logical_id(address), property] }),
        }
    }

    /// `queue.claims.deadLetter` → `QueueClaimsDeadLetter`. CloudFormation replaces only what its
    /// service can't update; what must be replaced besides (a REST deployment) carries a hash of
    /// the properties that are the reason.
    fn logical_id(&self, address: &Address) -> String {
        let id = logical_id(address);
        let Some(resource) = self.resources.get(address) else { return id };
        if resource.options.replace_on_changes.is_empty() {
            return id;
        }
        let mut hasher = Sha256::new();
        for path in &resource.options.replace_on_changes {
            let value = resource.properties.get(&path.to_string()).map(|t| t.evaluate(&self.predicted));
            let json = value.and_then(|v| v.to_json()).unwrap_or_default();
            hasher.update(json.to_string().as_bytes());
        }
        let hex: String = hasher.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("{id}{hex}")
    }
}

/// A known value; each secret in it as a reference to a parameter.
fn literal(value: &Value, scope: &mut Scope<'_>) -> Json {
    match value {
        Value::Sensitive(_) => {
            let name = scope.path.clone();
            if !scope.secrets.contains(&name) {
                scope.secrets.push(name.clone());
            }
            json!({ "Ref": name })
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, item)| scope.below(&i.to_string(), |scope| literal(item, scope)))
            .collect(),
        Value::Object(members) => Json::Object(
            members.iter().map(|(k, v)| (k.clone(), scope.below(k, |scope| literal(v, scope)))).collect(),
        ),
        other => other.to_json().unwrap_or_default(),
    }
}

/// `Fn::Join` of pieces, neighbouring texts as one; plain text where there is nothing else.
fn join(pieces: Vec<Json>) -> Json {
    let mut joined: Vec<Json> = Vec::new();
    for piece in pieces {
        let piece = match piece {
            Json::Bool(_) | Json::Number(_) => Json::String(piece.to_string()),
            Json::Object(ref members) if members.contains_key("Fn::Join") => {
                let inner = piece["Fn::Join"][1].as_array().cloned().unwrap_or_default();
                for part in inner {
                    push(&mut joined, part);
                }
                continue;
            }
            other => other,
        };
        push(&mut joined, piece);
    }
    match joined.as_slice() {
        [] => Json::String(String::new()),
        [Json::String(text)] => Json::String(text.clone()),
        _ => json!({ "Fn::Join": ["", joined] }),
    }
}

fn push(joined: &mut Vec<Json>, piece: Json) {
    if let (Some(Json::String(before)), Json::String(text)) = (joined.last_mut(), &piece) {
        before.push_str(text);
    } else {
        joined.push(piece);
    }
}

/// The compact JSON text of a value in which functions stand where text does.
fn text_of(json: &Json, pieces: &mut Vec<Json>) {
    let is_function = |members: &Map<String, Json>| {
        members.len() == 1 && ["Fn::GetAtt", "Fn::Join", "Ref"].iter().any(|name| members.contains_key(*name))
    };
    match json {
        Json::Object(members) if is_function(members) => {
            pieces.push("\"".into());
            match json.pointer("/Fn::Join/1").and_then(Json::as_array) {
                Some(parts) => pieces.extend(parts.iter().map(|part| match part {
                    Json::String(text) => escaped(text).into(),
                    other => other.clone(),
                })),
                None => pieces.push(json.clone()),
            }
            pieces.push("\"".into());
        }
        Json::Object(members) => {
            pieces.push("{".into());
            for (i, (key, value)) in members.iter().enumerate() {
                let comma = if i == 0 { "" } else { "," };
                pieces.push(format!("{comma}{}:", Json::String(key.clone())).into());
                text_of(value, pieces);
            }
            pieces.push("}".into());
        }
        Json::Array(items) => {
            pieces.push("[".into());
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    pieces.push(",".into());
                }
                text_of(item, pieces);
            }
            pieces.push("]".into());
        }
        scalar => pieces.push(scalar.to_string().into()),
    }
}

/// The inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Json::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// An address as a name of CloudFormation's.
fn logical_id(address: &Address) -> String {
    alphanumeric(address.as_str())
}

fn alphanumeric(text: &str) -> String {
    let mut id = String::new();
    let mut upper = true;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(if upper { c.to_ascii_uppercase() } else { c });
        }
        upper = !c.is_ascii_alphanumeric();
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_holes_is_joined() {
        let get = json!({"Fn::GetAtt": ["Queue", "Arn"]});
        let inner = json!({"Resource": get, "Times": 3, "Say": "a \"b\""});
        let mut pieces = Vec::new();
        text_of(&inner, &mut pieces);
        let expected = json!({"Fn::Join": ["", [
            "{\"Resource\":\"", {"Fn::GetAtt": ["Queue", "Arn"]}, "\",\"Times\":3,\"Say\":\"a \\\"b\\\"\"}",
        ]]});
        assert_eq!(join(pieces), expected);
    }

    #[test]
    fn addresses_become_logical_ids() {
        assert_eq!(logical_id(&Address::new("queue.claims.deadLetter")), "QueueClaimsDeadLetter");
    }
}
