//! What an express state machine can't do.

use super::definition::{Definition, Work};
use super::resource::{Integration, Resource};
use crate::languages::{Kind, Problem, pointer};

/// The states that an express machine refuses: those that wait for a job or a
/// token, activities, and distributed maps (Step Functions Developer Guide,
/// "Choosing workflow type").
#[must_use]
pub fn refused_in_express(definition: &Definition) -> Vec<Problem> {
    let mut problems = Vec::new();
    for state in definition.states() {
        let why = match &state.work {
            Work::Task(task) => match &task.resource {
                Resource::Activity(_) => Some("calls an activity"),
                resource => match resource.waits() {
                    Integration::RequestResponse => None,
                    Integration::WaitForTaskToken => Some("waits for a task token"),
                    Integration::Sync | Integration::Sync2 => Some("waits for a job to end"),
                },
            }
            .map(|why| (why, "Resource")),
            Work::Map(map) if map.distributed => Some(("is a distributed map", "ItemProcessor")),
            _ => None,
        };
        if let Some((why, field)) = why {
            problems.push(Problem::new(
                pointer::child(&state.pointer, field),
                Kind::Schema,
                format!("state `{}` {why}, which an express state machine can't", state.name),
            ));
        }
    }
    problems
}
