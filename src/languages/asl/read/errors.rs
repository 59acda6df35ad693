//! `Retry` and `Catch`: what happens when a state fails.

use super::values::{path_field, text};
use super::{Fields, Reader};
use crate::languages::asl::definition::{Catcher, QueryLanguage, Retrier};
use crate::languages::asl::fields::Shape;
use crate::languages::{is_opaque, pointer};
use serde_json::Value;

impl Reader {
    fn errors(&mut self, fields: &Fields, at: &str, last: bool) -> Vec<String> {
        let here = pointer::child(at, "ErrorEquals");
        let Some(list) = fields.get("ErrorEquals") else {
            self.schema(at, "field `ErrorEquals` is required");
            return Vec::new();
        };
        let errors: Vec<String> = list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error.as_str().map(str::to_owned))
            .collect();
        if errors.is_empty() || list.as_array().is_some_and(|list| list.len() != errors.len()) {
            self.schema(
                here,
                "the value of field `ErrorEquals` has to be an array of at least one error's name",
            );
        } else if errors.iter().any(|error| error == "States.ALL") && (errors.len() > 1 || !last) {
            self.schema(here, "`States.ALL` has to stand alone, in the last entry");
        }
        errors
    }

    /// The entries of `Retry` or `Catch` that are objects, with their places
    /// and whether each is the last.
    fn entries<'f>(&mut self, fields: &'f Fields, key: &str, at: &str) -> Vec<(&'f Fields, String, bool)> {
        let here = pointer::child(at, key);
        let entries = fields.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut read = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let place = pointer::element(&here, index);
            match entry.as_object() {
                Some(entry) => read.push((entry, place, index + 1 == entries.len())),
                None => self.schema(place, format!("an entry of `{key}` has to be an object")),
            }
        }
        read
    }

    pub(super) fn retry(&mut self, fields: &Fields, at: &str) -> Vec<Retrier> {
        let mut read = Vec::new();
        for (entry, here, last) in self.entries(fields, "Retry", at) {
            let known = [
                "ErrorEquals",
                "IntervalSeconds",
                "MaxAttempts",
                "BackoffRate",
                "MaxDelaySeconds",
                "JitterStrategy",
                "Comment",
            ];
            self.only(entry, &here, &known, "an entry of `Retry`");
            for (key, shape) in [
                ("IntervalSeconds", Shape::Whole(1.0, 99_999_999.0)),
                ("MaxAttempts", Shape::Whole(0.0, 99_999_999.0)),
                ("MaxDelaySeconds", Shape::Whole(1.0, 31_622_400.0)),
            ] {
                if let Some(value) = entry.get(key) {
                    // Expressions aren't allowed here, whatever the language.
                    shape.check(
                        key,
                        value,
                        QueryLanguage::JsonPath,
                        &pointer::child(&here, key),
                        &mut self.problems,
                    );
                }
            }
            let backoff = entry.get("BackoffRate");
            if backoff.is_some_and(|rate| {
                !rate.as_str().is_some_and(is_opaque) && rate.as_f64().is_none_or(|rate| rate < 1.0)
            }) {
                self.schema(
                    pointer::child(&here, "BackoffRate"),
                    "the value of field `BackoffRate` has to be a number of at least 1",
                );
            }
            let jitter = text(entry, "JitterStrategy");
            if let Some(strategy) = &jitter
                && !matches!(strategy.as_str(), "FULL" | "NONE")
                && !is_opaque(strategy)
            {
                self.schema(
                    pointer::child(&here, "JitterStrategy"),
                    "the value of field `JitterStrategy` has to be FULL or NONE",
                );
            }
            let number = |key: &str| entry.get(key).and_then(Value::as_f64);
            read.push(Retrier {
                errors: self.errors(entry, &here, last),
                interval: number("IntervalSeconds").unwrap_or(1.0),
                max_attempts: entry.get("MaxAttempts").and_then(Value::as_u64).unwrap_or(3),
                backoff_rate: backoff.and_then(Value::as_f64).unwrap_or(2.0),
                max_delay: number("MaxDelaySeconds"),
                jitter: jitter.as_deref() == Some("FULL"),
                pointer: here,
            });
        }
        read
    }

    pub(super) fn catch(&mut self, fields: &Fields, language: QueryLanguage, at: &str) -> Vec<Catcher> {
        let mut read = Vec::new();
        for (entry, here, last) in self.entries(fields, "Catch", at) {
            let (known, templates): (&[&str], &[&str]) = match language {
                QueryLanguage::JsonPath => {
                    (&["ErrorEquals", "Next", "ResultPath", "Assign", "Comment"], &["Assign"])
                }
                QueryLanguage::Jsonata => {
                    (&["ErrorEquals", "Next", "Output", "Assign", "Comment"], &["Assign", "Output"])
                }
            };
            self.only(entry, &here, known, "an entry of `Catch`");
            for key in templates {
                if let Some(value) = entry.get(*key) {
                    Shape::Template.check(
                        key,
                        value,
                        language,
                        &pointer::child(&here, key),
                        &mut self.problems,
                    );
                }
            }
            if let Some(place) = entry.get("ResultPath") {
                Shape::Place.check(
                    "ResultPath",
                    place,
                    language,
                    &pointer::child(&here, "ResultPath"),
                    &mut self.problems,
                );
            }
            let errors = self.errors(entry, &here, last);
            let Some(next) = text(entry, "Next") else {
                self.schema(here, "an entry of `Catch` needs the field `Next`, a state's name");
                continue;
            };
            read.push(Catcher {
                errors,
                next,
                result: path_field(entry, "ResultPath"),
                output: entry.get("Output").cloned(),
                assign: entry.get("Assign").cloned(),
                pointer: here,
            });
        }
        read
    }
}
