//! A stack as a CloudFormation template.
//!
//! References become `Fn::GetAtt`, text with holes `Fn::Join`. Where a reference orders nothing
//! because its value is predicted (a queue's policy that names a rule), the predicted value stands,
//! so that the template has no circle either.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, Attributes, Desired, Json, Order, Protection, Reference, Template};
use crate::resolve::{Predicted, Resolved};
use crate::spec::Stack;
use serde_json::{Map, json};
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
    for resource in &resolved.resources {
        let mut body = Map::new();
        body.insert("Type".to_owned(), resource.type_name.as_str().into());
        let depends_on: Vec<String> = resource.depends_on.iter().map(logical_id).collect();
        if !depends_on.is_empty() {
            body.insert("DependsOn".to_owned(), depends_on.into());
        }
        if resource.options.protection != Protection::None || resource.options.retain_on_delete {
            body.insert("DeletionPolicy".to_owned(), "Retain".into());
            body.insert("UpdateReplacePolicy".to_owned(), "Retain".into());
        }
        let properties = exporter.convert(&resource.properties);
        if properties.pointer_of_hole().is_some() {
            let message = format!("`{}` has an expression that CloudFormation can't say", resource.address);
            diagnostics.push(Diagnostic::error(Code::UNSUPPORTED, message).at(resource.span));
        }
        body.insert("Properties".to_owned(), properties);
        resources.insert(logical_id(&resource.address), Json::Object(body));
    }
    let outputs: Map<String, Json> = resolved
        .outputs
        .iter()
        .map(|o| (alphanumeric(&o.name), json!({"Value": exporter.convert(&o.value)})))
        .collect();
    let mut document = json!({"AWSTemplateFormatVersion": "2010-09-09"});
    if let Some(description) = &stack.description {
        document["Description"] = description.as_str().into();
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

impl Exporter<'_> {
    fn convert(&self, template: &Template) -> Json {
        match template {
            Template::Literal(value) => value.to_json().unwrap_or_default(),
            Template::Array(items) => items.iter().map(|t| self.convert(t)).collect(),
            Template::Object(members) => {
                Json::Object(members.iter().map(|(k, t)| (k.clone(), self.convert(t))).collect())
            }
            Template::Attribute(reference) => self.reference(reference),
            Template::Concat(pieces) => join(pieces.iter().map(|t| self.convert(t)).collect()),
            Template::Json(inner) => {
                let mut pieces = Vec::new();
                text_of(&self.convert(inner), &mut pieces);
                join(pieces)
            }
            Template::Call(function) => match function.call(&self.predicted) {
                value if value.is_known() => value.to_json().unwrap_or_default(),
                _ => HOLE.into(),
            },
        }
    }

    fn reference(&self, reference: &Reference) -> Json {
        let Reference { address, property, order, .. } = reference;
        if let Some(own) = self.attributes.get(&(address.clone(), property.clone())) {
            return self.convert(own);
        }
        if *order == Order::IfUnknown
            && let Some(known) = self.predicted.attribute(address, property).to_json()
        {
            return known;
        }
        let declared = self.resources.get(address).and_then(|r| r.properties.get(property));
        match declared {
            Some(template) => self.convert(template),
            None => json!({ "Fn::GetAtt": [logical_id(address), property] }),
        }
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
        members.len() == 1 && (members.contains_key("Fn::GetAtt") || members.contains_key("Fn::Join"))
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

/// `queue.claims.deadLetter` → `QueueClaimsDeadLetter`.
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
