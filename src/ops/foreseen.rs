//! What the next plan will do about a change of the record alone, as far as the record tells: nobody
//! is asked.

use super::plan::{Seen, Wanted, make};
use super::{Failure, Loaded};
use crate::model::{Action, Address, Recorded};
use crate::plan::Plan;
use crate::plan::adoption::import_command;
use crate::state::State;

/// The next plan on a state, with what was seen last in the place of what is there; none where the
/// stack has mistakes.
#[must_use]
pub fn next_plan(loaded: Result<Loaded, Failure>, state: &State) -> Option<Plan> {
    let (plan, _) = make(&loaded.ok()?, state, &Seen::default(), &Wanted::default()).ok()?;
    Some(plan)
}

/// Of a resource that is recorded under another address now.
#[must_use]
pub fn after_move(plan: Option<&Plan>, from: &Address, to: &Address) -> String {
    let Some(plan) = plan else { return unknown() };
    let here = fate(plan, to);
    match plan.change(from).map(|change| change.action) {
        Some(Action::Create) => format!("{here}; `{from}` is still declared, and will be created anew"),
        _ => here,
    }
}

/// Of a resource about which the record alone has changed.
#[must_use]
pub fn of_record(plan: Option<&Plan>, address: &Address) -> String {
    match plan {
        None => unknown(),
        Some(plan) if plan.change(address).is_none() => "no plan will know of it".to_owned(),
        Some(plan) => fate(plan, address),
    }
}

/// `the next plan will replace it (QueueName)`
fn fate(plan: &Plan, address: &Address) -> String {
    let renamed = || plan.changes.iter().find(|change| change.moved_from.as_ref() == Some(address));
    let Some(change) = plan.change(address) else {
        return match renamed() {
            Some(change) => format!(
                "`{address}` isn't declared: the next plan takes it for `{}`, which is the same resource",
                change.address
            ),
            None => format!("`{address}` isn't declared"),
        };
    };
    let paths = |paths: Vec<String>| {
        let mut names: Vec<String> =
            paths.iter().filter_map(|path| path.split('.').next().map(str::to_owned)).collect();
        names.dedup();
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    };
    match change.action {
        Action::NoOp => "the next plan leaves it as it is".to_owned(),
        Action::Update | Action::Import => {
            let changed = change.diff.differences.iter().map(|d| d.path.join(".")).collect();
            format!("the next plan will update it{}", paths(changed))
        }
        Action::DeleteThenCreate | Action::CreateThenDelete => {
            let forcing = change.replace_paths.iter().map(|path| path.join(".")).collect();
            format!("the next plan will replace it{}", paths(forcing))
        }
        Action::Create => "the next plan will create it".to_owned(),
        Action::Delete => format!("`{address}` isn't declared: the next plan will delete it"),
        Action::Forget => format!("`{address}` isn't declared: the next plan will let go of it"),
    }
}

/// Of a resource that the record lets go of.
#[must_use]
pub fn after_removal(plan: Option<&Plan>, recorded: &Recorded) -> String {
    let address = &recorded.address;
    match plan {
        None => format!("it stays in the cloud; {}", unknown()),
        Some(plan) if plan.change(address).is_some() => format!(
            "it stays in the cloud; it is still declared, and the next plan will create another: a name that \
             is taken will be refused (`{}` records it again)",
            import_command(address, &recorded.identifier)
        ),
        Some(_) => "it stays in the cloud, and no plan will know of it".to_owned(),
    }
}

fn unknown() -> String {
    "the stack has mistakes, so what the next plan will do can't be told (`evstack check` shows them)"
        .to_owned()
}
