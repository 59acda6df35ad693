//! Whether a workflow hangs together: every transition goes to a state of the
//! same workflow, every state can be reached, and some state ends it.

use super::definition::{Transition, Work, Workflow};
use crate::languages::{Kind, Problem, is_opaque, pointer};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Checks one workflow. `written` are its states as they stand in the
/// document: one that couldn't be read is still there to be gone to.
pub(super) fn check(workflow: &Workflow, written: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let start = pointer::child(&workflow.pointer, "StartAt");
    let mut edges = Vec::new();
    let mut ends = false;
    for state in workflow.states.values() {
        let at = &state.pointer;
        match &state.transition {
            Transition::Next(next) => {
                edges.push((state.name.as_str(), "Next", next, pointer::child(at, "Next")))
            }
            Transition::End => ends = true,
            Transition::None => {}
        }
        for catcher in &state.catch {
            edges.push((&state.name, "Next", &catcher.next, pointer::child(&catcher.pointer, "Next")));
        }
        match &state.work {
            Work::Choice { branches, default } => {
                for branch in branches {
                    edges.push((&state.name, "Next", &branch.next, pointer::child(&branch.pointer, "Next")));
                }
                if let Some(default) = default {
                    edges.push((&state.name, "Default", default, pointer::child(at, "Default")));
                }
            }
            Work::Succeed | Work::Fail { .. } => ends = true,
            _ => {}
        }
    }
    let mut missing = |field: &str, target: &str, at: String| {
        if !written.contains_key(target) && !is_opaque(target) {
            problems.push(Problem::new(
                at,
                Kind::MissingTransitionTarget,
                format!("missing `{field}` target: there is no state `{target}` here"),
            ));
        }
    };
    missing("StartAt", &workflow.start_at, start);
    for (_, field, target, at) in &edges {
        missing(field, target, at.clone());
    }
    // A state that couldn't be read may lead anywhere, and so may a target
    // that isn't filled in: what follows would be guessing.
    let complete = workflow.states.len() == written.len()
        && written.contains_key(&workflow.start_at)
        && !edges.iter().any(|(_, _, target, _)| is_opaque(target));
    if !complete {
        return;
    }
    let mut reached = HashSet::from([workflow.start_at.as_str()]);
    let mut ahead = vec![workflow.start_at.as_str()];
    let mut leads: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, _, target, _) in &edges {
        leads.entry(from).or_default().push(target);
    }
    while let Some(name) = ahead.pop() {
        for target in leads.get(name).into_iter().flatten() {
            if reached.insert(target) {
                ahead.push(target);
            }
        }
    }
    for state in workflow.states.values() {
        if !reached.contains(state.name.as_str()) {
            problems.push(Problem::new(
                &state.pointer,
                Kind::MissingTransitionTarget,
                format!("state `{}` is not reachable", state.name),
            ));
        }
    }
    if !ends {
        problems.push(Problem::new(
            pointer::child(&workflow.pointer, "States"),
            Kind::MissingEndState,
            "the workflow has no terminal state: none has `End: true`, and none is a Succeed or a Fail",
        ));
    }
}
