//! JSON → [`Definition`], with every mistake on the way.
//!
//! Reading never stops at the first mistake: a state that can't be read is
//! left out of the result and the rest is read on.

mod errors;
mod maps;
mod values;
mod work;

use super::definition::{Definition, QueryLanguage, State, Transition, Workflow};
use super::fields::{self, Shape};
use super::transitions;
use crate::languages::{Kind, Problem, is_opaque, pointer};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use values::{amount, data_flow, text};

/// Workflows within workflows are read this deep.
const DEEPEST: usize = 20;

/// A state's name has at most this many characters.
const LONGEST_NAME: usize = 80;

/// Reads a definition. The definition is there whenever enough of it could be
/// read to be worth asking; with problems it may lack states.
#[must_use]
pub fn parse(document: &Value) -> (Option<Definition>, Vec<Problem>) {
    let mut reader =
        Reader { problems: Vec::new(), names: IndexMap::new(), language: QueryLanguage::JsonPath };
    let definition = reader.definition(document);
    (definition, reader.problems)
}

struct Reader {
    problems: Vec<Problem>,
    /// Every state's name so far, with its place.
    names: IndexMap<String, String>,
    /// The machine's query language.
    language: QueryLanguage,
}

type Fields = Map<String, Value>;

impl Reader {
    fn schema(&mut self, at: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(at, Kind::Schema, message));
    }

    fn definition(&mut self, document: &Value) -> Option<Definition> {
        let Some(fields) = document.as_object() else {
            self.schema("", "a definition has to be an object");
            return None;
        };
        self.language = self.query_language(fields, "").unwrap_or_default();
        let known = ["Comment", "QueryLanguage", "Version", "TimeoutSeconds", "StartAt", "States"];
        self.only(fields, "", &known, "a definition");
        if let Some(version) = fields.get("Version")
            && !version.as_str().is_some_and(|version| version == "1.0" || is_opaque(version))
        {
            self.schema("/Version", "the value of field `Version` has to be \"1.0\"");
        }
        if let Some(timeout) = fields.get("TimeoutSeconds") {
            // Not an expression, whatever the language: nothing runs yet.
            Shape::Whole(1.0, 99_999_999.0).check(
                "TimeoutSeconds",
                timeout,
                QueryLanguage::JsonPath,
                "/TimeoutSeconds",
                &mut self.problems,
            );
        }
        let workflow = self.workflow(fields, "", 0)?;
        Some(Definition {
            comment: text(fields, "Comment"),
            query_language: self.language,
            timeout: amount(fields, "TimeoutSeconds"),
            workflow,
        })
    }

    /// The language that an object names, if it does. Anything but `JSONPath`
    /// counts as JSONata, as it does in AWS's validation.
    fn query_language(&mut self, fields: &Fields, at: &str) -> Option<QueryLanguage> {
        match fields.get("QueryLanguage")? {
            Value::String(name) if name == "JSONPath" => Some(QueryLanguage::JsonPath),
            Value::String(name) if name == "JSONata" => Some(QueryLanguage::Jsonata),
            _ => {
                self.schema(
                    pointer::child(at, "QueryLanguage"),
                    "the value of field `QueryLanguage` has to be \"JSONPath\" or \"JSONata\"",
                );
                Some(QueryLanguage::Jsonata)
            }
        }
    }

    fn only(&mut self, fields: &Fields, at: &str, known: &[&str], of: &str) {
        for key in fields.keys() {
            if !known.contains(&key.as_str()) {
                self.schema(pointer::child(at, key), format!("field `{key}` isn't supported in {of}"));
            }
        }
    }

    fn workflow(&mut self, fields: &Fields, at: &str, depth: usize) -> Option<Workflow> {
        if depth > DEEPEST {
            self.problems.push(Problem::new(
                at,
                Kind::TooDeeplyNested,
                "these states are too deep within states",
            ));
            return None;
        }
        let start_at = match fields.get("StartAt") {
            Some(Value::String(name)) => Some(name.clone()),
            Some(_) => {
                self.schema(pointer::child(at, "StartAt"), "the value of field `StartAt` has to be a string");
                None
            }
            None => {
                self.schema(at, "field `StartAt` is required");
                None
            }
        };
        let here = pointer::child(at, "States");
        let states = match fields.get("States") {
            Some(Value::Object(states)) if !states.is_empty() => Some(states),
            Some(Value::Object(_)) => {
                self.schema(here.clone(), "a workflow needs at least one state");
                None
            }
            Some(_) => {
                self.schema(here.clone(), "the value of field `States` has to be an object");
                None
            }
            None => {
                self.schema(at, "field `States` is required");
                None
            }
        };
        let (raw, mut read) = (states?, IndexMap::new());
        for (name, value) in raw {
            let place = pointer::child(&here, name);
            self.name(name, &place);
            if let Some(state) = self.state(name, value, &place, depth) {
                read.insert(name.clone(), state);
            }
        }
        let workflow = Workflow { pointer: at.to_owned(), start_at: start_at?, states: read };
        transitions::check(&workflow, raw, &mut self.problems);
        Some(workflow)
    }

    fn name(&mut self, name: &str, place: &str) {
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            self.problems.push(Problem::new(
                place,
                Kind::InvalidStateName,
                format!("a state's name has 1 to {LONGEST_NAME} characters"),
            ));
        }
        if let Some(other) = self.names.get(name) {
            self.problems.push(Problem::new(
                place,
                Kind::DuplicateStateName,
                format!("there is another state `{name}` in this machine, at {other}"),
            ));
        } else {
            self.names.insert(name.to_owned(), place.to_owned());
        }
    }

    fn state(&mut self, name: &str, value: &Value, at: &str, depth: usize) -> Option<State> {
        let Some(fields) = value.as_object() else {
            self.schema(at, format!("state `{name}` has to be an object"));
            return None;
        };
        let stated = self.query_language(fields, at);
        if stated == Some(QueryLanguage::JsonPath) && self.language == QueryLanguage::Jsonata {
            self.schema(
                pointer::child(at, "QueryLanguage"),
                format!("state `{name}` can't be written in JSONPath when the whole machine is in JSONata"),
            );
        }
        let language = stated.unwrap_or(self.language);
        let kind = match fields.get("Type") {
            Some(Value::String(kind)) => {
                let known = fields::TYPES.iter().find(|(known, _)| known == kind).copied();
                if known.is_none() {
                    self.schema(
                        pointer::child(at, "Type"),
                        format!(
                            "state `{name}` has a type that doesn't exist: `{kind}`; there are {}",
                            type_names()
                        ),
                    );
                }
                known?
            }
            Some(_) => {
                self.schema(pointer::child(at, "Type"), "the value of field `Type` has to be a string");
                return None;
            }
            None => {
                self.schema(at, format!("state `{name}` needs the field `Type`: one of {}", type_names()));
                return None;
            }
        };
        fields::check(name, kind, language, fields, at, &mut self.problems);
        let work = self.work(name, kind.0, fields, language, at, depth)?;
        Some(State {
            name: name.to_owned(),
            pointer: at.to_owned(),
            query_language: language,
            comment: text(fields, "Comment"),
            data: data_flow(fields, language, kind.0 == "Map"),
            assign: fields.get("Assign").cloned(),
            transition: self.transition(name, kind.0, fields, at),
            retry: self.retry(fields, at),
            catch: self.catch(fields, language, at),
            work,
        })
    }

    fn transition(&mut self, name: &str, kind: &str, fields: &Fields, at: &str) -> Transition {
        if matches!(kind, "Choice" | "Succeed" | "Fail") {
            return Transition::None;
        }
        let next = fields.get("Next").and_then(Value::as_str);
        match (next, fields.contains_key("End")) {
            (Some(_), true) => {
                self.schema(at, format!("state `{name}` has both `Next` and `End`: one of them is enough"));
                Transition::End
            }
            (Some(next), false) => Transition::Next(next.to_owned()),
            (None, true) => Transition::End,
            (None, false) => {
                if !fields.contains_key("Next") {
                    self.schema(at, format!("state `{name}` needs `Next: …` or `End: true`"));
                }
                Transition::None
            }
        }
    }
}

fn type_names() -> String {
    fields::TYPES.map(|(name, _)| name).join(", ")
}
