//! Fields that may be a value, an expression or a path to one. Their shapes
//! have been checked before; what doesn't fit is absent here.

use super::Fields;
use crate::languages::asl::definition::{Amount, DataFlow, PathField, QueryLanguage, Words};
use serde_json::Value;

pub(super) fn text(fields: &Fields, key: &str) -> Option<String> {
    fields.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// `Key`, or `KeyPath`.
pub(super) fn amount(fields: &Fields, key: &str) -> Option<Amount> {
    match fields.get(key) {
        Some(Value::String(expression)) => Some(Amount::Expression(expression.clone())),
        Some(value) => value.as_f64().map(Amount::Number),
        None => text(fields, &format!("{key}Path")).map(Amount::Path),
    }
}

pub(super) fn words(fields: &Fields, key: &str, path: &str) -> Option<Words> {
    text(fields, key).map(Words::Text).or_else(|| text(fields, path).map(Words::Path))
}

pub(super) fn path_field(fields: &Fields, key: &str) -> PathField {
    match fields.get(key) {
        Some(Value::Null) => PathField::Nothing,
        Some(Value::String(path)) if path != "$" => PathField::At(path.clone()),
        _ => PathField::Whole,
    }
}

pub(super) fn data_flow(fields: &Fields, language: QueryLanguage, map: bool) -> DataFlow {
    match language {
        QueryLanguage::JsonPath => DataFlow::JsonPath {
            input: path_field(fields, "InputPath"),
            // A map's `Parameters` is its item selector of old.
            parameters: fields.get("Parameters").filter(|_| !map).cloned(),
            result_selector: fields.get("ResultSelector").cloned(),
            result: path_field(fields, "ResultPath"),
            output: path_field(fields, "OutputPath"),
        },
        QueryLanguage::Jsonata => DataFlow::Jsonata {
            arguments: fields.get("Arguments").cloned(),
            output: fields.get("Output").cloned(),
        },
    }
}
