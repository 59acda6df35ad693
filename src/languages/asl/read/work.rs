//! What a state does: the fields that belong to its type.

use super::values::{amount, text, words};
use super::{Fields, Reader};
use crate::languages::asl::choice;
use crate::languages::asl::definition::{Amount, QueryLanguage, Task, WaitUntil, Words, Work};
use crate::languages::asl::fields;
use crate::languages::asl::resource::Resource;
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::Value;

impl Reader {
    pub(super) fn work(
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

    pub(super) fn task(&mut self, name: &str, fields: &Fields, at: &str) -> Option<Task> {
        let resource = match fields.get("Resource") {
            Some(Value::String(resource)) => match Resource::parse(resource).and_then(Resource::called) {
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

    pub(super) fn choice(
        &mut self,
        name: &str,
        fields: &Fields,
        language: QueryLanguage,
        at: &str,
    ) -> Option<Work> {
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

    pub(super) fn wait(&mut self, name: &str, fields: &Fields, at: &str) -> Option<WaitUntil> {
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

    pub(super) fn parallel(&mut self, name: &str, fields: &Fields, at: &str, depth: usize) -> Option<Work> {
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
}
