//! The sections of a plan that follow its resources, for people: IAM changes, and what the apply
//! costs.

use super::paint::{Mark, Paint};
use crate::plan::{Calls, IamAction, IamChange, IamEffect, Scope, Sections, Time};
use std::fmt::Write as _;

/// A wider cell pushes the rest of its own line, not of the whole table.
const WIDEST: usize = 56;
/// How many steps of the longest way are named.
const NAMED: usize = 6;

/// All sections, each followed by an empty line; empty if there is nothing to say.
#[must_use]
pub fn sections(sections: &Sections, paint: Paint) -> String {
    let mut out = iam(&sections.iam, paint);
    if let Some(calls) = sections.calls.as_ref().filter(|calls| !calls.is_empty()) {
        out.push_str(&self::calls(calls));
        out.push('\n');
    }
    out
}

/// The table of IAM changes, with an empty line after it.
#[must_use]
pub fn iam(changes: &[IamChange], paint: Paint) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let heads = ["Who", "May", "On", "If", "Where"].map(|head| vec![head.to_owned()]);
    let rows: Vec<(&IamChange, [Vec<String>; 5])> =
        changes.iter().map(|change| (change, cells(change))).collect();
    let mut widths = [0; 5];
    for cells in rows.iter().map(|(_, cells)| cells).chain([&heads]) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            let longest =
                cell.iter().map(|line| line.chars().count()).filter(|length| *length <= WIDEST).max();
            *width = (*width).max(longest.unwrap_or(0));
        }
    }
    // A column that says nothing isn't there.
    for (column, width) in widths.iter_mut().enumerate() {
        if rows.iter().all(|(_, cells)| cells[column].is_empty()) {
            *width = 0;
        }
    }
    let mut out = format!("{}\n\n", paint.bold("IAM changes:"));
    lines(&mut out, " ", &heads, &widths);
    for (change, cells) in &rows {
        let mark = match change.action {
            IamAction::Add => Mark::Add,
            IamAction::Remove => Mark::Remove,
            IamAction::Change => Mark::Change,
        };
        lines(&mut out, &paint.mark(mark), cells, &widths);
        if !change.broad.is_empty() {
            let broad: Vec<String> = change.broad.iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "      {}", paint.yellow(&format!("! {}", broad.join(", "))));
        }
    }
    out.push('\n');
    out
}

fn lines(out: &mut String, mark: &str, cells: &[Vec<String>; 5], widths: &[usize; 5]) {
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    for index in 0..height {
        let mut line = format!("  {} ", if index == 0 { mark } else { " " });
        for (cell, width) in cells.iter().zip(widths).filter(|(_, width)| **width > 0) {
            let _ = write!(line, "{:width$}  ", cell.get(index).map_or("", String::as_str));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// Who, may, on, if, where: each in lines.
pub(super) fn cells(change: &IamChange) -> [Vec<String>; 5] {
    let mut actions = filled(scope(&change.actions));
    if change.effect == IamEffect::Deny {
        actions.insert(0, "must not:".to_owned());
    }
    let conditions = match change.action {
        IamAction::Change => {
            let none =
                |list: &[String]| if list.is_empty() { vec!["always".to_owned()] } else { list.to_vec() };
            let was = none(&change.conditions_before).into_iter().map(|condition| format!("- {condition}"));
            was.chain(none(&change.conditions).into_iter().map(|condition| format!("+ {condition}")))
                .collect()
        }
        _ => change.conditions.clone(),
    };
    let place = change.place.iter().map(|place| line_of(place).to_owned()).collect();
    [scope(&change.who), actions, scope(&change.resources), conditions, place]
}

/// Several short names on a line, where there are many.
fn filled(names: Vec<String>) -> Vec<String> {
    if names.len() <= 3 {
        return names;
    }
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.chars().count() + name.chars().count() + 2 <= WIDEST => {
                line.push_str(", ");
                line.push_str(&name);
            }
            _ => lines.push(name),
        }
    }
    lines
}

/// `stacks/reviews.yaml:12` of `stacks/reviews.yaml:12:3`.
fn line_of(place: &str) -> &str {
    match place.rsplit_once(':') {
        Some((line, column)) if line.contains(':') && column.bytes().all(|b| b.is_ascii_digit()) => line,
        _ => place,
    }
}

fn scope(scope: &Scope) -> Vec<String> {
    let mut lines = scope.names.clone();
    if scope.except {
        lines.insert(0, "all but:".to_owned());
    }
    lines
}

/// What the apply costs, in one or two lines.
#[must_use]
pub fn calls(calls: &Calls) -> String {
    let parts: Vec<String> = [
        (calls.create, "create"),
        (calls.update, "update"),
        (calls.delete, "delete"),
        (calls.poll, "poll"),
        (calls.read, "read"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
    .collect();
    let s = if calls.total == 1 { "" } else { "s" };
    let mut out = format!("Cost in calls: about {} API call{s} ({})", calls.total, parts.join(", "));
    if let Some(time) = &calls.time {
        let _ = write!(out, ", {} at {} calls/s", duration(time.seconds), rate(time.rate));
        out.push_str(".\n");
        out.push_str(&way(time));
    } else {
        out.push_str(".\n");
    }
    out
}

fn rate(rate: f64) -> String {
    let text = format!("{rate:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn way(time: &Time) -> String {
    if time.paced || time.longest.len() < 2 {
        return String::new();
    }
    let mut names: Vec<&str> = time.longest.iter().map(crate::model::Address::as_str).collect();
    if names.len() > NAMED {
        let last = names.split_off(names.len() - 2);
        names.truncate(NAMED - 3);
        names.push("…");
        names.extend(last);
    }
    format!("  It takes as long as {}.\n", names.join(" → "))
}

/// `about 40 s`, `about 3 minutes`.
fn duration(seconds: u64) -> String {
    match seconds {
        0..=90 => format!("about {seconds} s"),
        91..=5_400 => format!("about {} minutes", seconds.div_ceil(60)),
        _ => format!("about {} hours", seconds.div_ceil(3_600)),
    }
}
