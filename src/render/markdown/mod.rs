//! A plan as a comment on a pull request, in GitHub's Markdown.
//!
//! What is loud stands on top: refusals, data that would be lost, replacements. Each resource's diff is
//! folded. The whole is at most [`LIMIT`] bytes long; what had to be left out is said at the end, with
//! the command that shows it. Nothing of a stack can leave its place in the document (`escape`). The
//! first line is a comment that nobody sees, by which a bot finds what it is to write anew.

mod drift;
mod escape;
mod fit;

use super::marked::{self, Line};
use super::paint::Mark;
use super::plan::Whereabouts;
use super::report::{Act, Report, order, why};
use super::sections;
use super::text_lines::clean;
use crate::diagnostics::{Diagnostic, Severity};
use crate::diff::{IgnoredPath, ResourceDrift};
use crate::plan::{IamAction, ResourceChange};
use escape::{code, element, fence, prose};
use fit::{Block, Chapter, Kind, fit};

/// Bytes of a document at most. GitHub takes 65,536 characters as the body of a comment; what is left
/// is for those who put a line of their own around it.
pub const LIMIT: usize = 65_000;
/// What is kept free for the first line, and for the last ones if something is left out.
const AROUND: usize = 4_000;
/// Characters of the command at most.
const COMMAND: usize = 300;

/// The plans of one or several stacks. `command` shows all of it, as a person would type it.
#[must_use]
pub fn document(reports: &[Report<'_>], command: &str) -> String {
    document_within(reports, command, LIMIT)
}

/// The same in at most so many bytes.
fn document_within(reports: &[Report<'_>], command: &str, limit: usize) -> String {
    let places: Vec<&Whereabouts> = reports.iter().map(|report| report.at).collect();
    let chapters: Vec<Chapter> = reports.iter().map(chapter).collect();
    whole(&marker("plan", &places), &chapters, command, limit)
}

/// The drift of one or several stacks, and what of it they ask not to hear of. `command` shows all
/// of it.
#[must_use]
pub fn drifted(stacks: &[(Whereabouts, Vec<ResourceDrift>, Vec<IgnoredPath>)], command: &str) -> String {
    let places: Vec<&Whereabouts> = stacks.iter().map(|(at, ..)| at).collect();
    let chapters: Vec<Chapter> =
        stacks.iter().map(|(at, rows, ignored)| drift::chapter(at, rows, ignored)).collect();
    whole(&marker("drift", &places), &chapters, command, LIMIT)
}

fn whole(marker: &str, chapters: &[Chapter], command: &str, limit: usize) -> String {
    let (mut text, mut gone) = fit(chapters, limit.saturating_sub(marker.len()));
    if !gone.is_empty() {
        (text, gone) = fit(chapters, limit.saturating_sub(AROUND));
    }
    let mut out = format!("{marker}{text}");
    if !gone.is_empty() {
        out.push_str(&format!(
            "\n---\n\n**Left out**, so that this fits into a comment: {}. This shows all of it:\n\n",
            gone.join(", ")
        ));
        out.push_str(&fenced("", &[clean(command).chars().take(COMMAND).collect()]));
    }
    out
}

/// `<!-- evstack:plan stack=shop env=prod -->`. Of several stacks, whichever they are today, it is
/// `stack=*`.
fn marker(what: &str, places: &[&Whereabouts]) -> String {
    let word = |text: &str| -> String {
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        text.chars().take(200).map(|c| if is_plain(&c) { c } else { '_' }).collect()
    };
    let stack = match places {
        [one] => word(&one.stack),
        _ => "*".to_owned(),
    };
    let env = places.first().map(|at| word(&at.env)).unwrap_or_default();
    // A comment ends at `--` followed by `>`, which no name has left.
    format!("<!-- evstack:{what} stack={stack} env={env} -->\n")
}

/// A stack's heading: what this is, where it looks, how much there is of it.
fn heading(what: &str, at: &Whereabouts, counts: &str) -> String {
    format!(
        "## {what} {} in {}: {counts}\n\nAccount {}, region {}, {}.\n",
        code(&at.stack),
        code(&at.env),
        code(&at.account),
        code(&at.region),
        prose(&at.cloud)
    )
}

fn chapter(report: &Report<'_>) -> Chapter {
    let mut head = heading("Plan for", report.at, &report.counts());
    if report.plan.destroy {
        head.push_str("\n**This takes the whole stack away.**\n");
    }
    if report.plan.partial {
        head.push_str("\n`--target` or `--exclude` leaves something out, so this may not be all that the stack asks for.\n");
    }
    let changes = report.changes();
    let blocks = vec![
        refusals(report),
        losses(&changes),
        replacements(&changes),
        table(&changes),
        access(report),
        calls(report),
        diffs(&changes),
        outputs(report),
        unknowns(report),
        notes(report),
    ];
    Chapter { head, blocks }
}

/// One of GitHub's alerts.
fn alert(kind: &str, title: &str) -> String {
    format!("\n> [!{kind}]\n> **{title}**\n>\n")
}

fn refusals(report: &Report<'_>) -> Block {
    let items =
        report.refusals.iter().map(|d| (Kind::Refusal, format!("> - {}\n", said(d, report)))).collect();
    Block {
        head: alert("CAUTION", "This plan is refused: it can't be applied as it is."),
        items,
        tail: String::new(),
    }
}

/// Code, message, place, ways out; one line.
fn said(diagnostic: &Diagnostic, report: &Report<'_>) -> String {
    let mut out = format!("{} {}", code(diagnostic.code.id), prose(&diagnostic.message));
    if let Some(label) = &diagnostic.primary {
        let place = report.sources.place(label.span);
        if !place.is_empty() {
            out.push_str(&format!(" ({})", code(&place)));
        }
    }
    for hint in diagnostic.hints.iter().take(5) {
        out.push_str(&format!("; *hint:* {}", prose(hint)));
    }
    out
}

fn losses(changes: &[(Act, &ResourceChange)]) -> Block {
    let lost = changes.iter().filter_map(|(act, change)| Some((act, change, change.loses()?)));
    let items = lost
        .map(|(act, change, loss)| {
            let text = format!(
                "> - {} ({}), {}: {}\n",
                code(change.address.as_str()),
                code(change.type_name.as_str()),
                if *act == Act::Replace { "replaced" } else { "destroyed" },
                prose(&loss.loses)
            );
            (Kind::Danger, text)
        })
        .collect();
    Block { head: alert("CAUTION", "Data would be lost."), items, tail: String::new() }
}

fn replacements(changes: &[(Act, &ResourceChange)]) -> Block {
    let replaced = changes.iter().filter(|(act, _)| *act == Act::Replace);
    let items = replaced
        .map(|(_, change)| {
            let text = format!(
                "> - {}: {}; {}\n",
                code(change.address.as_str()),
                prose(&why(change)),
                order(change)
            );
            (Kind::Danger, text)
        })
        .collect();
    Block { head: alert("WARNING", "Resources would be replaced."), items, tail: String::new() }
}

fn table(changes: &[(Act, &ResourceChange)]) -> Block {
    let items = changes
        .iter()
        .map(|(act, change)| {
            let loud = matches!(act, Act::Replace | Act::Destroy);
            let word = if loud { format!("**{}**", act.word()) } else { act.word().to_owned() };
            let row = format!(
                "| {word} | {} | {} | {} |\n",
                code(change.address.as_str()),
                code(change.type_name.as_str()),
                prose(&why(change))
            );
            (Kind::Row, row)
        })
        .collect();
    let head = "\n| Action | Resource | Type | Why or what |\n| --- | --- | --- | --- |\n".to_owned();
    Block { head, items, tail: String::new() }
}

/// Names that a cell lists; the rest is counted.
const NAMES: usize = 20;

fn access(report: &Report<'_>) -> Block {
    let cell = |lines: &[String]| {
        let mut shown: Vec<String> = lines.iter().take(NAMES).map(|line| code(line)).collect();
        if lines.len() > NAMES {
            shown.push(format!("and {} more", lines.len() - NAMES));
        }
        shown.join("<br>")
    };
    let items = report
        .sections
        .iam
        .iter()
        .map(|change| {
            let [who, may, on, when, place] = sections::cells(change);
            let verb = match change.action {
                IamAction::Add => "**new**",
                IamAction::Remove => "gone",
                IamAction::Change => "**changed**",
            };
            let broad: Vec<String> = change.broad.iter().map(ToString::to_string).collect();
            let broad = match broad.as_slice() {
                [] => String::new(),
                broad => format!("<br>**Look twice**: {}", prose(&broad.join(", "))),
            };
            let row = format!(
                "| {verb} | {} | {}{broad} | {} | {} | {} |\n",
                cell(&who),
                cell(&may),
                cell(&on),
                cell(&when),
                cell(&place)
            );
            (Kind::Access, row)
        })
        .collect();
    let head =
        "\n### IAM changes\n\n| | Who | May | On | If | Where |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    Block { head, items, tail: String::new() }
}

fn calls(report: &Report<'_>) -> Block {
    let calls = report.sections.calls.iter().filter(|calls| !calls.is_empty());
    let items =
        calls.map(|calls| (Kind::Calls, format!("\n{}\n", prose(sections::calls(calls).trim())))).collect();
    Block { items, ..Block::default() }
}

fn diffs(changes: &[(Act, &ResourceChange)]) -> Block {
    let items = changes
        .iter()
        .map(|(act, change)| (*act, *change, marked::resource(change)))
        .filter(|(_, _, lines)| !lines.is_empty())
        .map(|(act, change, lines)| {
            let title = format!("<b>{}</b> {}", act.word(), element(change.address.as_str()));
            (Kind::Diff, folded(&title, &fenced("diff", &texts(&lines))))
        })
        .collect();
    Block { head: "\n### Changes\n".to_owned(), items, tail: String::new() }
}

fn outputs(report: &Report<'_>) -> Block {
    let lines = marked::outputs(report.plan);
    let mut items = Vec::new();
    if !lines.is_empty() {
        items.push((Kind::Outputs, folded("<b>Outputs</b>", &fenced("diff", &texts(&lines)))));
    }
    Block { items, ..Block::default() }
}

fn unknowns(report: &Report<'_>) -> Block {
    let items = report.plan.unknowns.iter().map(|unknown| {
        let name = format!("{}.{}", unknown.address, unknown.property);
        (Kind::Unknown, format!("- {}: {}\n", code(&name), prose(&unknown.reason)))
    });
    let count = report.plan.unknowns.len();
    let title = if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
    Block {
        head: format!("\n### Known after apply\n\n<details>\n<summary>{title}, and why</summary>\n\n"),
        items: items.collect(),
        tail: "\n</details>\n".to_owned(),
    }
}

fn notes(report: &Report<'_>) -> Block {
    let mut items: Vec<(Kind, String)> = report
        .warnings
        .iter()
        .map(|d| {
            let word = if d.severity == Severity::Note { "note" } else { "warning" };
            (Kind::Note, format!("- {word}: {}\n", said(d, report)))
        })
        .collect();
    items.extend(report.unfinished.iter().map(|address| {
        let text = format!(
            "- an earlier run ended while it worked on {}: what is planned there may be done already\n",
            code(address.as_str())
        );
        (Kind::Note, text)
    }));
    Block { head: "\n### Notes\n\n".to_owned(), items, tail: String::new() }
}

/// Folded under a title, which is HTML.
fn folded(title: &str, body: &str) -> String {
    format!("\n<details>\n<summary>{title}</summary>\n\n{body}\n</details>\n")
}

/// Lines between fences, with a line break at the end.
fn fenced(language: &str, lines: &[String]) -> String {
    let fence = fence(lines);
    let mut out = format!("{fence}{language}\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&fence);
    out.push('\n');
    out
}

/// As a `diff` is coloured: by the first character of the line.
fn texts(lines: &[Line]) -> Vec<String> {
    let text = |line: &Line| {
        let mark = match line.mark {
            Mark::None => ' ',
            Mark::Add => '+',
            Mark::Remove => '-',
            Mark::Change => '!',
        };
        format!("{mark}{}", line.text.strip_prefix(' ').unwrap_or(&line.text))
    };
    lines.iter().map(text).collect()
}

#[cfg(test)]
mod tests;
