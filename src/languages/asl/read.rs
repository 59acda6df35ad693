//! JSON → [`Definition`], with every mistake on the way.
//!
//! Reading never stops at the first mistake: a state that can't be read is
//! left out of the result and the rest is read on.

use super::choice;
use super::definition::{
    Amount, Catcher, DataFlow, Definition, MapState, PathField, QueryLanguage, Retrier, S3Access, State,
    Task, Transition, WaitUntil, Words, Work, Workflow,
};
use super::fields::{self, Shape};
use super::resource::Resource;
use super::transitions;
use crate::languages::{Kind, Problem, is_opaque, pointer};
use indexmap::IndexMap;
use serde_json::{Map, Value};

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
            retry: self.retry(fields, language, at),
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

    fn work(
        &mut self,
        name: &str,
        kind: &str,
        fields: &Fields,
        language: QueryLanguage,
        at: &str,
        depth: usize,
    ) -> Option<Work> {
        Some(match kind {
            "Pass" => Work::Pass { result: fields.get("Result").cloned() },
            "Task" => Work::Task(Box::new(self.task(name, fields, at)?)),
            "Choice" => self.choice(name, fields, language, at)?,
            "Wait" => Work::Wait(self.wait(name, fields, at)?),
            "Succeed" => Work::Succeed,
            "Fail" => Work::Fail {
                error: words(fields, "Error", "ErrorPath"),
                cause: words(fields, "Cause", "CausePath"),
            },
            "Parallel" => self.parallel(name, fields, at, depth)?,
            _ => Work::Map(Box::new(self.map(name, fields, language, at, depth)?)),
        })
    }

    fn task(&mut self, name: &str, fields: &Fields, at: &str) -> Option<Task> {
        let resource = match fields.get("Resource") {
            Some(Value::String(resource)) => match Resource::parse(resource) {
                Ok(resource) => Some(resource),
                Err(message) => {
                    let here = pointer::child(at, "Resource");
                    self.problems.push(Problem::new(here, Kind::InvalidResource, message));
                    None
                }
            },
            Some(_) => None,
            None => {
                self.schema(at, format!("task `{name}` needs the field `Resource`"));
                None
            }
        };
        let (timeout, heartbeat) = (amount(fields, "TimeoutSeconds"), amount(fields, "HeartbeatSeconds"));
        if let (Some(Amount::Number(timeout)), Some(Amount::Number(heartbeat))) = (&timeout, &heartbeat)
            && heartbeat >= timeout
        {
            self.schema(
                pointer::child(at, "HeartbeatSeconds"),
                format!("`HeartbeatSeconds` of task `{name}` has to be smaller than its `TimeoutSeconds`"),
            );
        }
        Some(Task {
            resource: resource?,
            timeout,
            heartbeat,
            credentials: fields.get("Credentials").cloned(),
        })
    }

    fn choice(&mut self, name: &str, fields: &Fields, language: QueryLanguage, at: &str) -> Option<Work> {
        let here = pointer::child(at, "Choices");
        let Some(choices) = fields.get("Choices") else {
            self.schema(at, format!("choice `{name}` needs the field `Choices`"));
            return None;
        };
        let choices = choices.as_array()?;
        if choices.is_empty() {
            self.schema(here.clone(), format!("choice `{name}` needs at least one entry in `Choices`"));
        }
        let branches = choices
            .iter()
            .enumerate()
            .filter_map(|(index, value)| {
                choice::branch(value, language, &pointer::element(&here, index), &mut self.problems)
            })
            .collect();
        Some(Work::Choice { branches, default: text(fields, "Default") })
    }

    fn wait(&mut self, name: &str, fields: &Fields, at: &str) -> Option<WaitUntil> {
        let given: Vec<&str> = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]
            .into_iter()
            .filter(|key| fields.contains_key(*key))
            .collect();
        if given.len() != 1 {
            self.schema(at, format!("wait `{name}` needs one of `Seconds` and `Timestamp`"));
            return None;
        }
        let until = if given[0].starts_with("Seconds") {
            amount(fields, "Seconds").map(WaitUntil::Seconds)
        } else {
            words(fields, "Timestamp", "TimestampPath").map(WaitUntil::Timestamp)
        };
        if let Some(WaitUntil::Timestamp(Words::Text(moment))) = &until
            && !is_opaque(moment)
            && !fields::is_jsonata(moment)
            && !choice::looks_like_time(moment)
        {
            self.schema(
                pointer::child(at, "Timestamp"),
                "the value of field `Timestamp` has to be a timestamp (RFC 3339): 2016-03-14T01:59:00Z",
            );
        }
        until
    }

    fn parallel(&mut self, name: &str, fields: &Fields, at: &str, depth: usize) -> Option<Work> {
        let here = pointer::child(at, "Branches");
        let Some(branches) = fields.get("Branches") else {
            self.schema(at, format!("parallel `{name}` needs the field `Branches`"));
            return None;
        };
        let branches = branches.as_array()?;
        if branches.is_empty() {
            self.schema(here.clone(), format!("parallel `{name}` needs at least one branch"));
        }
        let mut read = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let place = pointer::element(&here, index);
            let Some(fields) = branch.as_object() else {
                self.schema(place, "a branch has to be an object");
                continue;
            };
            self.only(fields, &place, &["Comment", "StartAt", "States"], "a branch");
            read.extend(self.workflow(fields, &place, depth + 1));
        }
        Some(Work::Parallel { branches: read })
    }

    fn map(
        &mut self,
        name: &str,
        fields: &Fields,
        language: QueryLanguage,
        at: &str,
        depth: usize,
    ) -> Option<MapState> {
        let key = if fields.contains_key("ItemProcessor") { "ItemProcessor" } else { "Iterator" };
        let here = pointer::child(at, key);
        let Some(processor) = fields.get(key) else {
            self.schema(at, format!("map `{name}` needs the field `ItemProcessor`"));
            return None;
        };
        let processor = processor.as_object()?;
        self.only(
            processor,
            &here,
            &["Comment", "StartAt", "States", "ProcessorConfig"],
            "a map's processor",
        );
        let config = processor.get("ProcessorConfig");
        let (distributed, execution_type) = self.processor_config(config, &here);
        if !distributed {
            for key in ["ItemReader", "ResultWriter", "ItemBatcher", "Label"] {
                if fields.contains_key(key) {
                    self.schema(
                        pointer::child(at, key),
                        format!(
                            "field `{key}` of map `{name}` needs a processor whose `Mode` is DISTRIBUTED"
                        ),
                    );
                }
            }
        }
        let processor = self.workflow(processor, &here, depth + 1);
        Some(MapState {
            processor: processor?,
            distributed,
            execution_type,
            items: fields.get("Items").cloned(),
            items_path: path_field(fields, "ItemsPath"),
            selector: fields.get("ItemSelector").or_else(|| fields.get("Parameters")).cloned(),
            reader: self.s3_access(fields, "ItemReader", language, at),
            writer: self.s3_access(fields, "ResultWriter", language, at),
            batcher: fields.get("ItemBatcher").cloned(),
            max_concurrency: amount(fields, "MaxConcurrency"),
            tolerated_failures: amount(fields, "ToleratedFailureCount"),
            tolerated_percentage: amount(fields, "ToleratedFailurePercentage"),
            label: text(fields, "Label"),
        })
    }

    fn processor_config(&mut self, config: Option<&Value>, processor: &str) -> (bool, Option<String>) {
        let here = pointer::child(processor, "ProcessorConfig");
        let Some(config) = config else {
            return (false, None);
        };
        let Some(config) = config.as_object() else {
            self.schema(here, "the value of field `ProcessorConfig` has to be an object");
            return (false, None);
        };
        self.only(config, &here, &["Mode", "ExecutionType"], "`ProcessorConfig`");
        let mode = text(config, "Mode");
        if let Some(mode) = &mode
            && !matches!(mode.as_str(), "INLINE" | "DISTRIBUTED")
            && !is_opaque(mode)
        {
            self.schema(
                pointer::child(&here, "Mode"),
                "the value of field `Mode` has to be INLINE or DISTRIBUTED",
            );
        }
        let distributed = mode.as_deref() == Some("DISTRIBUTED");
        let execution_type = text(config, "ExecutionType");
        match execution_type.as_deref() {
            Some("STANDARD" | "EXPRESS") => {}
            Some(other) if is_opaque(other) => {}
            Some(_) => self.schema(
                pointer::child(&here, "ExecutionType"),
                "the value of field `ExecutionType` has to be STANDARD or EXPRESS",
            ),
            None if distributed => {
                self.schema(
                    here,
                    "a distributed processor needs the field `ExecutionType`: STANDARD or EXPRESS",
                );
            }
            None => {}
        }
        (distributed, execution_type)
    }

    fn s3_access(
        &mut self,
        fields: &Fields,
        key: &str,
        language: QueryLanguage,
        at: &str,
    ) -> Option<S3Access> {
        let here = pointer::child(at, key);
        let access = fields.get(key)?.as_object()?;
        let (field, config) = match language {
            QueryLanguage::JsonPath => {
                ("Parameters", if key == "ItemReader" { "ReaderConfig" } else { "WriterConfig" })
            }
            QueryLanguage::Jsonata => {
                ("Arguments", if key == "ItemReader" { "ReaderConfig" } else { "WriterConfig" })
            }
        };
        self.only(access, &here, &["Resource", field, config], &format!("`{key}`"));
        if let Some(arguments) = access.get(field) {
            Shape::Template.check(
                field,
                arguments,
                language,
                &pointer::child(&here, field),
                &mut self.problems,
            );
        }
        let resource = match access.get("Resource").and_then(Value::as_str).map(Resource::parse) {
            Some(Ok(resource)) => Some(resource),
            Some(Err(message)) => {
                self.problems.push(Problem::new(
                    pointer::child(&here, "Resource"),
                    Kind::InvalidResource,
                    message,
                ));
                None
            }
            None if key == "ItemReader" => {
                self.schema(here.clone(), "field `Resource` is required");
                None
            }
            None => None,
        };
        Some(S3Access {
            pointer: here,
            resource,
            arguments: (field, access.get(field).cloned()),
            config: access.get(config).cloned(),
        })
    }

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

    fn retry(&mut self, fields: &Fields, language: QueryLanguage, at: &str) -> Vec<Retrier> {
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
                    let _ = language;
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

    fn catch(&mut self, fields: &Fields, language: QueryLanguage, at: &str) -> Vec<Catcher> {
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

fn type_names() -> String {
    fields::TYPES.map(|(name, _)| name).join(", ")
}

fn text(fields: &Fields, key: &str) -> Option<String> {
    fields.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// `Key`, or `KeyPath`.
fn amount(fields: &Fields, key: &str) -> Option<Amount> {
    match fields.get(key) {
        Some(Value::String(expression)) => Some(Amount::Expression(expression.clone())),
        Some(value) => value.as_f64().map(Amount::Number),
        None => text(fields, &format!("{key}Path")).map(Amount::Path),
    }
}

fn words(fields: &Fields, key: &str, path: &str) -> Option<Words> {
    text(fields, key).map(Words::Text).or_else(|| text(fields, path).map(Words::Path))
}

fn path_field(fields: &Fields, key: &str) -> PathField {
    match fields.get(key) {
        Some(Value::Null) => PathField::Nothing,
        Some(Value::String(path)) if path != "$" => PathField::At(path.clone()),
        _ => PathField::Whole,
    }
}

fn data_flow(fields: &Fields, language: QueryLanguage, map: bool) -> DataFlow {
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
