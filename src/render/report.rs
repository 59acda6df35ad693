//! A plan with what is said about it: what the documents for people are drawn from.

use super::plan::{Whereabouts, comments, headline};
use crate::diagnostics::{Diagnostics, Sources};
use crate::model::{Action, Address, Protection};
use crate::plan::{Plan, ResourceChange, Sections};

/// One stack's plan, and all that belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Where it looks.
    pub at: &'a Whereabouts,
    /// What would be done.
    pub plan: &'a Plan,
    /// Why it must not be carried out.
    pub refusals: &'a Diagnostics,
    /// What isn't an error.
    pub warnings: &'a Diagnostics,
    /// The files that both are in.
    pub sources: &'a Sources,
    /// What an earlier run ended on.
    pub unfinished: &'a [Address],
    /// What it means beyond its resources.
    pub sections: &'a Sections,
}

/// What becomes of a resource, the loudest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Replace,
    Destroy,
    Update,
    Create,
    Import,
    Forget,
    Move,
}

impl Act {
    /// None where nothing happens.
    pub(super) fn of(change: &ResourceChange) -> Option<Self> {
        Some(match change.action {
            Action::DeleteThenCreate | Action::CreateThenDelete => Self::Replace,
            Action::Delete => Self::Destroy,
            Action::Update => Self::Update,
            Action::Create => Self::Create,
            Action::Import => Self::Import,
            Action::Forget => Self::Forget,
            Action::NoOp if change.is_no_op() => return None,
            Action::NoOp => Self::Move,
        })
    }

    /// For those who see no colours.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Replace => "±",
            Self::Destroy => "−",
            Self::Update => "~",
            Self::Create => "+",
            Self::Import => "=",
            Self::Forget => "·",
            Self::Move => "→",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Destroy => "destroy",
            Self::Update => "update",
            Self::Create => "create",
            Self::Import => "import",
            Self::Forget => "forget",
            Self::Move => "move",
        }
    }
}

impl<'a> Report<'a> {
    /// What changes, the loudest first, then by address.
    pub(super) fn changes(&self) -> Vec<(Act, &'a ResourceChange)> {
        let mut changes: Vec<_> = self.plan.changes.iter().filter_map(|c| Some((Act::of(c)?, c))).collect();
        changes.sort_by(|a, b| (a.0, &a.1.address).cmp(&(b.0, &b.1.address)));
        changes
    }

    /// `3 to add, 1 to change, 2 to destroy`, or `no changes`.
    pub(super) fn counts(&self) -> String {
        if self.plan.is_empty() {
            return "no changes".to_owned();
        }
        let counts = self.plan.counts();
        let mut parts = Vec::new();
        for (count, what, always) in [
            (counts.import, "to import", false),
            (counts.add, "to add", true),
            (counts.change, "to change", true),
            (counts.destroy, "to destroy", true),
            (counts.forget, "to forget", false),
        ] {
            if count > 0 || always {
                parts.push(format!("{count} {what}"));
            }
        }
        parts.join(", ")
    }
}

/// Whether what is in it goes with it.
pub(super) fn loses_data(change: &ResourceChange) -> bool {
    change.action.deletes() && change.drift.is_none() && change.protection == Protection::ByDefault
}

/// Why, in a few words with names between backticks.
pub(super) fn why(change: &ResourceChange) -> String {
    let top = |paths: &mut dyn Iterator<Item = &Vec<String>>| {
        let mut names: Vec<&str> = Vec::new();
        for name in paths.filter_map(|path| path.first()) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names.iter().map(|name| format!("`{}`", name.replace('`', "'"))).collect::<Vec<_>>().join(", ")
    };
    let forced = top(&mut change.replace_paths.iter());
    let mut parts = Vec::new();
    if change.action.is_replace() {
        parts.push(match forced.as_str() {
            "" => headline(change),
            names => format!("{names} can't change in place"),
        });
    } else if matches!(change.action, Action::Update | Action::Import) {
        let changed = top(&mut change.diff.differences.iter().map(|d| &d.path));
        parts.extend(Some(changed).filter(|names| !names.is_empty()));
    } else if change.action == Action::Forget {
        parts.push(headline(change));
    }
    parts.extend(comments(change));
    parts.join("; ")
}
