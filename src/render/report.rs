//! A plan with what is said about it: what the documents for people are drawn from.

use super::plan::{Whereabouts, drained, followed, headline, history, kept, left};
use crate::diagnostics::{Diagnostics, Sources};
use crate::model::{Action, ActionReason, Address};
use crate::plan::{Cause, Plan, ResourceChange, Sections, Why};

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
        let mut changes: Vec<_> = self.plan.all().filter_map(|c| Some((Act::of(c)?, c))).collect();
        let order = |act: Act, change: &'a ResourceChange| (act, &change.address, change.is_leftover());
        changes.sort_by(|a, b| order(a.0, a.1).cmp(&order(b.0, b.1)));
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

/// Why, in a few words with names between backticks.
pub(super) fn why(change: &ResourceChange) -> String {
    let mut parts: Vec<String> = change.causes.iter().map(|cause| because(change, cause)).collect();
    let by_request = change.reason == Some(ActionReason::ReplaceByRequest);
    match change.action {
        action if action.is_replace() && (parts.is_empty() || by_request) => {
            parts.insert(0, headline(change))
        }
        Action::Update | Action::Import => parts.splice(0..0, changed(change)).for_each(drop),
        Action::Forget => parts.push(headline(change)),
        _ => {}
    }
    match change.reason {
        Some(ActionReason::DeleteBecauseNoResourceConfig) => parts.push("no longer declared".to_owned()),
        Some(ActionReason::DeleteBecauseWhen) => parts.push("left out by `options.when`".to_owned()),
        _ => {}
    }
    parts.extend(left(change));
    parts.extend(followed(change));
    parts.extend(kept(change));
    parts.extend(drained(change));
    parts.extend(history(change));
    parts.join("; ")
}

/// Which of the two comes first.
pub(super) fn order(change: &ResourceChange) -> &'static str {
    match change.action {
        _ if change.retained => "the new one comes, the present one stays",
        Action::CreateThenDelete => "the new one comes first",
        _ => "the present one goes first",
    }
}

/// The properties that change.
fn changed(change: &ResourceChange) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for name in change.diff.differences.iter().filter_map(|difference| difference.path.first()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let names: Vec<String> = names.into_iter().map(named).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn because(change: &ResourceChange, cause: &Cause) -> String {
    let what = named(&cause.path.join("."));
    let words = match &cause.why {
        Why::CreateOnly => format!("{what} can't be changed in place"),
        Why::Trigger => format!("{what} is in `replaceOnChanges`"),
        Why::Found(words) => format!("{what} can't be changed in place, as an apply found (\"{words}\")"),
        Why::NoUpdate => format!("{what} differs, and nothing of the type can be changed in place"),
        Why::OtherType => format!("its type is {} now", named(change.type_name.as_str())),
        Why::MayBeCreateOnly => format!("{what} may force replacement, with the next plan"),
    };
    if cause.place.is_empty() { words } else { format!("{words} ({})", named(&cause.place)) }
}

/// Between backticks.
fn named(name: &str) -> String {
    format!("`{}`", name.replace('`', "'"))
}
