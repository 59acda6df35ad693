//! Drift for people and for machines.

use super::json::plain;
use super::paint::{Mark, Paint};
use super::plan::{Whereabouts, whereabouts};
use super::tree::Tree;
use crate::diff::{Drifted, DriftedPath, Foreign, IgnoredPath, ResourceDrift};
use crate::model::{Json, Value};
use indexmap::IndexMap;
use serde_json::json;
use std::fmt::Write as _;

/// Of the shape of the document.
pub const FORMAT_VERSION: &str = "1.0";

/// How many resources drifted, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    changed: usize,
    undeclared: usize,
    deleted: usize,
    /// Properties that no read shows.
    unverifiable: usize,
}

impl Counts {
    fn of(rows: &[ResourceDrift]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            match &row.drifted {
                None => counts.deleted += 1,
                Some(drifted) => {
                    counts.unverifiable += drifted.unverifiable.len();
                    counts.changed += usize::from(!drifted.changed.is_empty());
                    counts.undeclared += usize::from(!drifted.undeclared.is_empty());
                }
            }
        }
        counts
    }
}

/// All of it; ends with a line break. `brief` leaves out where and what.
#[must_use]
pub fn text(
    rows: &[ResourceDrift],
    ignored: &[IgnoredPath],
    at: &Whereabouts,
    brief: bool,
    paint: Paint,
) -> String {
    let mut out = String::new();
    if !brief {
        let _ = writeln!(out, "{}\n", whereabouts(at));
        for row in rows {
            out.push_str(&resource(row, paint));
        }
    }
    let _ = match counts(rows) {
        None => writeln!(out, "{}", paint.bold(&paint.green("No drift."))),
        Some(counts) => writeln!(out, "{} {counts}.", paint.bold("Drift:")),
    };
    if !brief {
        out.push_str(&passed_over(ignored));
        out.push_str(&unverifiable(rows));
    }
    out
}

/// One line about what the stack file asks not to hear of.
fn passed_over(ignored: &[IgnoredPath]) -> String {
    if ignored.is_empty() {
        return String::new();
    }
    let names: Vec<String> =
        ignored.iter().map(|path| format!("{} {}", path.address, dotted(&path.path.path))).collect();
    format!("Ignored, as `drift.ignore` asks: {}.\n", names.join(", "))
}

/// `1 changed, 0 changed where nothing is declared, 0 deleted`; none where nothing drifted.
pub(super) fn counts(rows: &[ResourceDrift]) -> Option<String> {
    let Counts { changed, undeclared, deleted, .. } = Counts::of(rows);
    (changed + undeclared + deleted > 0).then(|| {
        format!("{changed} changed, {undeclared} changed where nothing is declared, {deleted} deleted")
    })
}

fn resource(row: &ResourceDrift, paint: Paint) -> String {
    let subject = paint.bold(&format!("{} ({})", row.address, row.type_name));
    let Some(drifted) = &row.drifted else {
        let mark = paint.mark(Mark::Remove);
        return format!("  {mark} {subject} was deleted outside of evstack\n\n");
    };
    let mut out = String::new();
    for (what, paths) in [
        ("was changed outside of evstack", &drifted.changed),
        ("was changed where nothing is declared; no plan will act on it", &drifted.undeclared),
    ] {
        if !paths.is_empty() {
            let mark = paint.mark(Mark::Change);
            let _ = writeln!(out, "  {mark} {subject} {what}");
            out.push_str(&lines(paths, paint));
            out.push('\n');
        }
    }
    out
}

/// `~ VisibilityTimeout = 30 -> 45`, one for each path.
fn lines(paths: &[DriftedPath], paint: Paint) -> String {
    let mut tree = Tree::new(paint, &[]);
    pairs(&mut tree, paths, 8);
    tree.out
}

/// The same into a tree.
pub(super) fn pairs(tree: &mut Tree<'_>, paths: &[DriftedPath], column: usize) {
    let (mut before, mut after) = (IndexMap::new(), IndexMap::new());
    let mut order = Vec::new();
    for path in paths {
        let name = dotted(&path.path);
        let put = |map: &mut IndexMap<String, Value>, value: &Option<Value>| {
            map.extend(value.clone().map(|value| (name.clone(), value)));
        };
        put(&mut before, &path.before);
        put(&mut after, &path.after);
        order.push(name);
    }
    tree.pairs(order.iter(), &before, &after, column, "");
}

/// What can't be told, so that nobody takes silence for an answer.
fn unverifiable(rows: &[ResourceDrift]) -> String {
    let mut out = String::new();
    for row in rows {
        let paths = row.drifted.as_ref().map_or(&[][..], |d| d.unverifiable.as_slice());
        if !paths.is_empty() {
            let names: Vec<String> = paths.iter().map(|path| dotted(path)).collect();
            let _ = writeln!(out, "  {}: {}", row.address, names.join(", "));
        }
    }
    if out.is_empty() {
        out
    } else {
        format!("\nCannot be verified, since no read shows them (write-only):\n{out}")
    }
}

/// What others added to what is ours, and what nobody could look at; empty if there is nothing to say.
#[must_use]
pub fn foreign(found: &[Foreign], not_looked_at: &[String], stack: &str, paint: Paint) -> String {
    let mut out = String::new();
    if !found.is_empty() {
        out.push_str("\nAdded by others, and recorded by no apply of this stack:\n");
    }
    for Foreign { address, type_name, identifier, stack: of } in found {
        let mark = paint.mark(Mark::Add);
        let whose = match of.as_deref() {
            Some(own) if own == stack => ", tagged as this stack's: it was lost from the state",
            Some(other) => &format!(", of the stack {other}: no drift"),
            None => "",
        };
        let _ = writeln!(out, "  {mark} {address}: {type_name} {identifier}{whose}");
    }
    if !not_looked_at.is_empty() {
        out.push_str("\nNot looked at:\n");
        for what in not_looked_at {
            let _ = writeln!(out, "  {what}");
        }
    }
    out
}

/// The same, for the document.
pub fn add_foreign(document: &mut Json, found: &[Foreign], not_looked_at: &[String], stack: &str) {
    let entry = |found: &Foreign| {
        json!({
            "address": found.address,
            "type": found.type_name,
            "identifier": found.identifier,
            "stack": found.stack,
            "drift": !found.is_of_another_stack(stack),
        })
    };
    if found.iter().any(|found| !found.is_of_another_stack(stack)) {
        document["drifted"] = true.into();
    }
    document["foreign"] = found.iter().map(entry).collect();
    document["not_looked_at"] = json!(not_looked_at);
}

/// `Targets[0].Arn`.
#[must_use]
pub fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for name in path {
        if name.parse::<usize>().is_ok() {
            let _ = write!(text, "[{name}]");
        } else {
            let dot = if text.is_empty() { "" } else { "." };
            let _ = write!(text, "{dot}{name}");
        }
    }
    text
}

/// One stack's drift as a document. No secret is in it.
#[must_use]
pub fn document(rows: &[ResourceDrift], ignored: &[IgnoredPath], at: &Whereabouts) -> Json {
    let counts = Counts::of(rows);
    json!({
        "format_version": FORMAT_VERSION,
        "stack": at.stack,
        "env": at.env,
        "account": at.account,
        "region": at.region,
        "cloud": at.cloud,
        "drifted": rows.iter().any(|row| !row.is_as_it_was()),
        "resources": rows.iter().filter(|row| worth_saying(row)).map(entry).collect::<Vec<_>>(),
        "ignored": ignored.iter().map(passed_over_entry).collect::<Vec<_>>(),
        "summary": {
            "looked_at": rows.len(),
            "changed": counts.changed,
            "undeclared": counts.undeclared,
            "deleted": counts.deleted,
            "unverifiable": counts.unverifiable,
            "ignored": ignored.len(),
        },
    })
}

fn passed_over_entry(ignored: &IgnoredPath) -> Json {
    let mut entry = path_entry(&ignored.path);
    entry["address"] = json!(ignored.address);
    entry["declared"] = ignored.declared.into();
    entry["reason"] = json!(ignored.reason);
    entry["until"] = json!(ignored.until);
    entry
}

fn path_entry(path: &DriftedPath) -> Json {
    let shown = |value: &Option<Value>| value.as_ref().map_or(Json::Null, plain);
    json!({ "path": dotted(&path.path), "before": shown(&path.before), "after": shown(&path.after) })
}

fn worth_saying(row: &ResourceDrift) -> bool {
    !row.is_as_it_was() || row.drifted.as_ref().is_some_and(|d| !d.unverifiable.is_empty())
}

fn entry(row: &ResourceDrift) -> Json {
    let nothing = Drifted::default();
    let drifted = row.drifted.as_ref().unwrap_or(&nothing);
    json!({
        "address": row.address,
        "type": row.type_name,
        "identifier": row.identifier,
        "deleted": row.drifted.is_none(),
        "changed": drifted.changed.iter().map(path_entry).collect::<Vec<_>>(),
        "undeclared": drifted.undeclared.iter().map(path_entry).collect::<Vec<_>>(),
        "unverifiable": drifted.unverifiable.iter().map(|path| dotted(path)).collect::<Vec<_>>(),
    })
}
