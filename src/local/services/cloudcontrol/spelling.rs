//! A read's own words for what was sent: the same value in another form, as services give it back.

use crate::local::services::resources::Properties;
use crate::local::world::Rng;
use crate::schema::ResourceType;
use serde_json::{Map, Value as Json};

/// A form that a service may answer with, whatever it was sent.
#[derive(Clone, Copy)]
enum Form {
    /// JSON as text, in whitespace and order of the service's own.
    Text,
    /// A log group's ARN without the `:*` at its end.
    LogGroup,
    /// Small letters.
    Small,
}

/// Where that was seen; `*` is any item.
const FORMS: &[(&str, &[&str], Form)] = &[
    // UpdateSchema and DescribeSchema: a schema's content is parsed and written anew.
    ("AWS::EventSchemas::Schema", &["Content"], Form::Text),
    // Both APIs' stages trim the ARN of the group that access logs go to (terraform-provider-aws,
    // resources api_gateway_stage and apigatewayv2_stage, access_log_settings).
    ("AWS::ApiGateway::Stage", &["AccessLogSetting", "DestinationArn"], Form::LogGroup),
    ("AWS::ApiGatewayV2::Stage", &["AccessLogSettings", "DestinationArn"], Form::LogGroup),
    // HTTP header names are told apart by no case, and come back small (terraform-provider-aws,
    // resource apigatewayv2_api, cors_configuration).
    ("AWS::ApiGatewayV2::Api", &["CorsConfiguration", "AllowHeaders", "*"], Form::Small),
    ("AWS::ApiGatewayV2::Api", &["CorsConfiguration", "ExposeHeaders", "*"], Form::Small),
];

/// Spells a model anew; whether anything looks different.
pub(super) fn respell(kind: &ResourceType, shown: &mut Properties, rng: &mut Rng) -> bool {
    let mut path = Vec::new();
    let mut any = false;
    let mut speller = Speller { kind, rng };
    for (name, value) in shown.iter_mut() {
        path.push(name.clone());
        any |= speller.value(value, &mut path);
        path.pop();
    }
    any
}

struct Speller<'a> {
    kind: &'a ResourceType,
    rng: &'a mut Rng,
}

impl Speller<'_> {
    /// The JSON reader bounds how deep a model goes.
    fn value(&mut self, value: &mut Json, path: &mut Vec<String>) -> bool {
        let types = self.kind.property(path).map(|schema| &schema["type"]);
        let takes =
            |name: &str| types.and_then(Json::as_array).is_some_and(|all| all.iter().any(|t| t == name));
        let other = if takes("string") && (takes("object") || takes("array")) {
            self.document(value)
        } else {
            self.form(path).and_then(|form| self.formed(value, form))
        };
        if let Some(other) = other {
            let differs = *value != other;
            *value = other;
            return differs;
        }
        let mut any = false;
        match value {
            Json::Object(members) => {
                for (name, below) in members {
                    path.push(name.clone());
                    any |= self.value(below, path);
                    path.pop();
                }
            }
            Json::Array(items) => {
                path.push("*".to_owned());
                for item in items {
                    any |= self.value(item, path);
                }
                path.pop();
            }
            _ => {}
        }
        any
    }

    fn form(&self, path: &[String]) -> Option<Form> {
        let here = |(name, at, _): &&(&str, &[&str], Form)| *name == self.kind.name.as_str() && path == *at;
        FORMS.iter().find(here).map(|(_, _, form)| *form)
    }

    fn formed(&mut self, value: &Json, form: Form) -> Option<Json> {
        let text = value.as_str()?;
        match form {
            Form::Text => Some(Json::String(self.text(&parsed(text)?))),
            Form::LogGroup => text.strip_suffix(":*").map(Json::from),
            Form::Small => Some(Json::String(text.to_ascii_lowercase())),
        }
    }

    /// Text or JSON, whichever it was. A text that isn't JSON stays.
    fn document(&mut self, value: &Json) -> Option<Json> {
        let said = match value {
            Json::String(text) => parsed(text)?,
            Json::Object(_) => value.clone(),
            _ => return None,
        };
        let said = self.policy(said);
        // Something is always different.
        let as_text = self.rng.below(2) == 0 || said == *value;
        Some(if as_text { Json::String(self.text(&said)) } else { said })
    }

    fn text(&mut self, value: &Json) -> String {
        let value = if self.rng.below(2) == 0 { turned(value) } else { value.clone() };
        if self.rng.below(2) == 0 { value.to_string() } else { format!("{value:#}") }
    }

    /// `"x"` and `["x"]` are one to IAM, which gives back the shorter form as a rule.
    fn policy(&mut self, mut document: Json) -> Json {
        let statements = match document.get_mut("Statement") {
            Some(Json::Array(statements)) => statements.as_mut_slice(),
            Some(statement @ Json::Object(_)) => std::slice::from_mut(statement),
            _ => return document,
        };
        for statement in statements {
            for name in ["Action", "Resource"] {
                let Some(value) = statement.get_mut(name) else { continue };
                match value {
                    Json::Array(items) if items.len() == 1 => *value = items.swap_remove(0),
                    Json::String(_) if self.rng.below(2) == 0 => *value = Json::Array(vec![value.take()]),
                    _ => {}
                }
            }
        }
        document
    }
}

fn parsed(text: &str) -> Option<Json> {
    serde_json::from_str::<Map<String, Json>>(text).ok().map(Json::Object)
}

/// With the members of every object the other way round.
fn turned(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            Json::Object(members.iter().rev().map(|(name, below)| (name.clone(), turned(below))).collect())
        }
        Json::Array(items) => items.iter().map(turned).collect(),
        scalar => scalar.clone(),
    }
}
