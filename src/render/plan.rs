//! A plan for people, in Terraform's words and bytes where scripts look for them.

use super::paint::Paint;
use super::tree::Tree;
use crate::model::{Action, ActionReason, Value};
use crate::plan::{Cause, Drift, FoundBy, OutputAction, OutputChange, Plan, ResourceChange, Sections, Why};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Where a plan looks: its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// The stack's name.
    pub stack: String,
    /// The environment.
    pub env: String,
    /// Twelve digits.
    pub account: String,
    /// `us-east-1`.
    pub region: String,
    /// `local cloud (.evstack/local)`, `AWS`, or an endpoint.
    pub cloud: String,
    /// `s3://bucket/prefix`, where the state is in a bucket.
    pub state: Option<String>,
}

/// `Stack reviews, env local: account 000000000000, us-east-1, local cloud (.evstack/local)`.
#[must_use]
pub fn whereabouts(at: &Whereabouts) -> String {
    let state = at.state.as_ref().map(|place| format!(", state in {place}")).unwrap_or_default();
    format!("Stack {}, env {}: account {}, {}, {}{state}", at.stack, at.env, at.account, at.region, at.cloud)
}

/// The whole plan, from its first line to its last; ends with a line break.
#[must_use]
pub fn plan(plan: &Plan, sections: &Sections, at: &Whereabouts, paint: Paint) -> String {
    let mut out = format!("{}\n\n", whereabouts(at));
    if plan.is_empty() {
        out.push_str(&nothing(plan, paint));
        return out;
    }
    let changing: Vec<&ResourceChange> = plan.all().filter(|c| !c.is_no_op()).collect();
    if changing.is_empty() {
        out.push_str(&outputs(&plan.outputs, paint));
        out.push_str(
            "\nYou can apply this plan to save these new output values to the state, without changing any\n\
             real infrastructure.\n",
        );
        return out;
    }
    out.push_str("evstack compared the stack with what is there and made the following execution\nplan.");
    match legend(&changing, paint) {
        // What is only taken over has no symbol.
        none if none.is_empty() => out.push('\n'),
        legend => {
            out.push_str(" Resource actions are indicated with the following symbols:\n");
            out.push_str(&legend);
        }
    }
    out.push_str("\nevstack will perform the following actions:\n\n");
    for change in changing {
        out.push_str(&resource(change, paint));
        out.push('\n');
    }
    out.push_str(&super::sections::sections(sections, paint));
    out.push_str(&brief(plan, paint));
    out.push_str(&unknowns(plan));
    // What is set back is told by what drifted: nobody left anything out.
    if plan.partial && !plan.reverts {
        out.push_str(
            "\nNote: `--target` or `--exclude` leaves something out, so this plan may not be all that the\n\
             stack asks for.\n",
        );
    }
    out
}

/// What is left of it where little is to be said: whether and how much changes, and the outputs.
#[must_use]
pub fn brief(plan: &Plan, paint: Paint) -> String {
    if plan.is_empty() {
        return format!("{}\n", paint.bold(&paint.green("No changes.")));
    }
    let mut out = summary(plan, paint);
    let outputs = outputs(&plan.outputs, paint);
    if !outputs.is_empty() {
        out.push('\n');
        out.push_str(&outputs);
    }
    out.push_str(&losses(plan, paint));
    out
}

/// What is gone for ever once the plan is carried out.
fn losses(plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    for (change, loss) in plan.all().filter_map(|change| Some((change, change.loses()?))) {
        if out.is_empty() {
            let _ = writeln!(out, "\n{}", paint.bold(&paint.red("Data will be lost:")));
        }
        let _ = writeln!(out, "  {}: {}", change.address, loss.loses);
    }
    out
}

fn nothing(plan: &Plan, paint: Paint) -> String {
    if plan.destroy {
        let line = paint.bold(&paint.green("No changes."));
        return format!(
            "{line} No objects need to be destroyed.\n\nNothing of this stack is recorded, or all of it is gone already.\n"
        );
    }
    let line = paint.bold(&paint.green("No changes."));
    format!(
        "{line} Your infrastructure matches the configuration.\n\n\
         evstack has compared your real infrastructure against your configuration\n\
         and found no differences, so no changes are needed.\n"
    )
}

fn legend(changes: &[&ResourceChange], paint: Paint) -> String {
    let has = |action: Action| changes.iter().any(|c| c.action == action);
    let imports_with_changes = changes.iter().any(|c| c.action == Action::Import && !c.diff.is_empty());
    let mut out = String::new();
    for (there, line) in [
        (has(Action::Create), format!("  {} create\n", paint.green("+"))),
        (has(Action::Update) || imports_with_changes, format!("  {} update in-place\n", paint.yellow("~"))),
        (has(Action::Delete), format!("  {} destroy\n", paint.red("-"))),
        (
            has(Action::DeleteThenCreate),
            format!("{}/{} destroy and then create replacement\n", paint.red("-"), paint.green("+")),
        ),
        (
            changes.iter().any(|c| c.action == Action::CreateThenDelete && !c.retained),
            format!("{}/{} create replacement and then destroy\n", paint.green("+"), paint.red("-")),
        ),
        (
            changes.iter().any(|c| c.action == Action::CreateThenDelete && c.retained),
            format!("{}/. create replacement and then forget\n", paint.green("+")),
        ),
        (has(Action::Forget), "  . forget\n".to_owned()),
    ] {
        if there {
            out.push_str(&line);
        }
    }
    out
}

/// One resource's block: comments, properties, a closing brace.
#[must_use]
pub fn resource(change: &ResourceChange, paint: Paint) -> String {
    let mut tree = Tree::new(paint, &change.replace_paths);
    let subject = format!("{} ({})", change.address, change.type_name);
    let _ = writeln!(tree.out, "  # {} {}", paint.bold(&subject), headline(change));
    for comment in comments(change) {
        let _ = writeln!(tree.out, "  # ({comment})");
    }
    let mark = match change.action {
        Action::Create => format!("  {} ", paint.green("+")),
        Action::Update => format!("  {} ", paint.yellow("~")),
        Action::Delete => format!("  {} ", paint.red("-")),
        Action::DeleteThenCreate => format!("{}/{} ", paint.red("-"), paint.green("+")),
        Action::CreateThenDelete if change.retained => format!("{}/. ", paint.green("+")),
        Action::CreateThenDelete => format!("{}/{} ", paint.green("+"), paint.red("-")),
        Action::Forget => "  . ".to_owned(),
        Action::NoOp => "    ".to_owned(),
        Action::Import if change.diff.is_empty() => "    ".to_owned(),
        Action::Import => format!("  {} ", paint.yellow("~")),
    };
    let _ = writeln!(tree.out, "{mark}resource \"{}\" \"{}\" {{", change.type_name, change.address);
    let (before, after) = both(change);
    tree.members(&before, &after, 8, " -> null");
    tree.out.push_str("    }\n");
    tree.out
}

/// The properties that are shown, as they are and as they will be.
pub(super) fn both(change: &ResourceChange) -> (IndexMap<String, Value>, IndexMap<String, Value>) {
    let mut before = members(change.before.as_ref());
    let mut after = members(change.after.as_ref());
    match change.action {
        Action::Create => before.clear(),
        Action::Forget => after = before.clone(),
        _ => {}
    }
    for (name, value) in &change.computed {
        let was = change.computed_before.get(name);
        if was != Some(value) {
            before.extend(was.map(|was| (name.clone(), was.clone())));
            after.insert(name.clone(), value.clone());
        }
    }
    (before, after)
}

/// What becomes of a resource, after its name.
pub(super) fn headline(change: &ResourceChange) -> String {
    match (change.action, change.reason, &change.moved_from) {
        (Action::Create, ..) => "will be created".to_owned(),
        (Action::Update, ..) => "will be updated in-place".to_owned(),
        (Action::Delete, ..) => "will be destroyed".to_owned(),
        (Action::Forget, ..) if change.drift == Some(Drift::Gone) => {
            "is gone, and leaves the state".to_owned()
        }
        (Action::Forget, ..) => "will no longer be managed by evstack, but will not be destroyed".to_owned(),
        (Action::Import, ..) => "will be imported".to_owned(),
        (Action::NoOp, _, Some(from)) => format!("has moved from {from}"),
        (Action::NoOp, ..) => "stays as it is".to_owned(),
        (_, Some(ActionReason::ReplaceByRequest), _) => "will be replaced, as requested".to_owned(),
        (_, Some(ActionReason::ReplaceByTriggers), _) => {
            "will be replaced due to changes in replaceOnChanges".to_owned()
        }
        (Action::DeleteThenCreate | Action::CreateThenDelete, ..) => "must be replaced".to_owned(),
    }
}

/// What else is to be said of it.
fn comments(change: &ResourceChange) -> Vec<String> {
    let mut comments = Vec::new();
    match change.reason {
        Some(ActionReason::DeleteBecauseNoResourceConfig) => {
            comments.push(format!("because {} is not in configuration", change.address));
        }
        Some(ActionReason::DeleteBecauseWhen) => {
            comments.push(format!("because `options.when` leaves {} out", change.address));
        }
        _ => {}
    }
    comments.extend(left(change));
    comments.extend(change.causes.iter().map(|cause| because(change, cause)));
    comments.extend(followed(change));
    comments.extend(kept(change));
    comments.extend(drained(change));
    if let Some(loss) = change.loses() {
        comments.push(format!("lost with it: {}", loss.loses));
    }
    comments.extend(history(change));
    comments
}

/// Why an earlier run left it.
pub(super) fn left(change: &ResourceChange) -> Option<String> {
    let id = change.identifier.as_deref().unwrap_or_default();
    match change.reason? {
        ActionReason::DeleteBecauseReplaced => {
            Some(format!("\"{id}\" was replaced by an earlier run, and is still to be deleted"))
        }
        ActionReason::DeleteBecauseCreateFailed => {
            Some(format!("\"{id}\" is what a failed create of an earlier run left"))
        }
        ActionReason::ForgetBecauseAnothers => {
            Some(format!("\"{id}\" was still to be deleted, and belongs to something else by now"))
        }
        _ => None,
    }
}

/// What stays of a resource that is replaced.
pub(super) fn kept(change: &ResourceChange) -> Option<String> {
    let id = change.identifier.as_deref().unwrap_or_default();
    change
        .retained
        .then(|| format!("retainOnDelete keeps the recorded one, \"{id}\", which leaves the state"))
}

/// That it is drained before it goes.
pub(super) fn drained(change: &ResourceChange) -> Option<String> {
    let longest = in_units(change.drain?);
    Some(match change.action {
        Action::DeleteThenCreate => format!(
            "drained first, for at most {longest}; those who send to it go on meanwhile, since the new one isn't \
             there yet"
        ),
        _ => format!("drained first, for at most {longest}"),
    })
}

/// `1h30m`, as people write it.
fn in_units(seconds: u64) -> String {
    let units = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    units.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
}

/// What was found of it, and where it comes from.
pub(super) fn history(change: &ResourceChange) -> Vec<String> {
    let mut comments = Vec::new();
    if change.updates > 1 {
        comments.push(format!(
            "in {} updates, one after the other: the service takes no more at once",
            change.updates
        ));
    }
    if change.half_way {
        comments.push("an update of it ended half-way: what a read never shows is sent again".to_owned());
    }
    if change.drift == Some(Drift::Gone) && change.action == Action::Create {
        comments.push("it was deleted outside of evstack".to_owned());
    }
    if let Some(from) = change.moved_from.as_ref().filter(|_| change.action != Action::NoOp) {
        comments.push(format!("moved from {from}"));
    }
    if let Some(identifier) = change.identifier.as_ref().filter(|_| change.action == Action::Import) {
        comments.push(format!("imported from \"{identifier}\""));
    }
    if let Some(adoption) = &change.adoption {
        if adoption.by != FoundBy::Request {
            comments.push(format!("found {}", adoption.by.words()));
        }
        for path in &adoption.unverified {
            comments.push(format!("{} can't be read: taken as declared, and not verified", path.join(".")));
        }
    }
    if change.diff.differences.iter().any(|d| d.write_only) {
        comments.push("compared with what was sent last, since a read never shows it".to_owned());
    }
    comments
}

/// `because QueueName can't be changed in place: stacks/reviews.yaml:12:5`
fn because(change: &ResourceChange, cause: &Cause) -> String {
    let what = cause.path.join(".");
    let words = match &cause.why {
        Why::CreateOnly => format!("because {what} can't be changed in place"),
        Why::Trigger => format!("because {what} is in replaceOnChanges"),
        Why::Found(words) => {
            format!("because {what} can't be changed in place, as an apply found (\"{words}\")")
        }
        Why::NoUpdate => format!("because {what} differs, and nothing of the type can be changed in place"),
        Why::OtherType => format!("because its type is {} now", change.type_name),
        Why::MayBeCreateOnly => format!(
            "{what} may force replacement: if it is refused in place, nothing is lost, and the next plan replaces it"
        ),
    };
    if cause.place.is_empty() { words } else { format!("{words}: {}", cause.place) }
}

/// `another Arn reaches rule.a (updated in-place), pipe.b (replaced)`
pub(super) fn followed(change: &ResourceChange) -> Option<String> {
    let reads: BTreeSet<&str> = change.follows.iter().flat_map(|f| &f.reads).map(String::as_str).collect();
    let reads: Vec<&str> = reads.into_iter().collect();
    let users = change.follows.iter().map(|follow| {
        let how = match follow.action {
            Action::Update => "updated in-place",
            action if action.is_replace() => "replaced",
            _ => "changed",
        };
        format!("{} ({how})", follow.address)
    });
    let users: Vec<String> = users.collect();
    let verb = if reads.len() == 1 { "reaches" } else { "reach" };
    (!users.is_empty()).then(|| format!("another {} {verb} {}", reads.join(" and "), users.join(", ")))
}

fn members(value: Option<&Value>) -> IndexMap<String, Value> {
    match value.map(Value::reveal) {
        Some(Value::Object(members)) => members.clone(),
        _ => IndexMap::new(),
    }
}

/// `Plan: 41 to add, 0 to change, 0 to destroy.`
#[must_use]
pub fn summary(plan: &Plan, paint: Paint) -> String {
    let counts = plan.counts();
    let import = if counts.import > 0 { format!("{} to import, ", counts.import) } else { String::new() };
    format!(
        "{} {import}{} to add, {} to change, {} to destroy.\n",
        paint.bold("Plan:"),
        counts.add,
        counts.change,
        counts.destroy
    )
}

fn outputs(outputs: &[OutputChange], paint: Paint) -> String {
    let changed: Vec<&OutputChange> = outputs.iter().filter(|o| o.action != OutputAction::NoOp).collect();
    if changed.is_empty() {
        return String::new();
    }
    let mut tree = Tree::new(paint, &[]);
    tree.out.push_str("Changes to Outputs:\n");
    output_pairs(&mut tree, &changed, 4);
    tree.out
}

/// Outputs as they are and as they will be.
pub(super) fn output_pairs(tree: &mut Tree<'_>, outputs: &[&OutputChange], column: usize) {
    let mut before = IndexMap::new();
    let mut after = IndexMap::new();
    for output in outputs {
        let put = |map: &mut IndexMap<String, Value>, value: &Option<Value>| {
            if let Some(value) = value {
                map.insert(output.name.clone(), value.clone());
            }
        };
        put(&mut before, &output.before);
        put(&mut after, &output.after);
    }
    tree.pairs(outputs.iter().map(|o| &o.name), &before, &after, column, " -> null");
}

/// Why something is known after apply only.
fn unknowns(plan: &Plan) -> String {
    let mut out = String::new();
    if plan.unknowns.is_empty() {
        return out;
    }
    out.push_str("\nKnown after apply, because:\n");
    for unknown in &plan.unknowns {
        let name = format!("{}.{}", unknown.address, unknown.property);
        let _ = writeln!(out, "  {name}: {}", unknown.reason);
    }
    out
}
