//! The parts of a page that say one thing each. A part with nothing to say writes nothing.

use super::anchor;
use super::escape::{html, prose};
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::plan::{IamAction, ResourceChange};
use crate::render::marked::{self, Line};
use crate::render::paint::Mark;
use crate::render::report::{Act, Report, order, why};
use crate::render::sections;
use std::fmt::Write as _;

/// Bytes of one diff at most; the rest is counted.
const LONGEST: usize = 200_000;
/// With more changes than this, only what changes or goes is unfolded.
const FEW: usize = 20;

type Changes<'a> = [(Act, &'a ResourceChange)];

pub(super) fn refusals(out: &mut String, report: &Report<'_>) {
    if report.refusals.is_empty() {
        return;
    }
    out.push_str(
        "<div class=\"alert danger\">\n<h3>This plan is refused: it can't be applied as it is.</h3>\n",
    );
    list(out, report.refusals, report);
    out.push_str("</div>\n");
}

fn list(out: &mut String, diagnostics: &Diagnostics, report: &Report<'_>) {
    out.push_str("<ul>\n");
    for diagnostic in diagnostics {
        let _ = writeln!(out, "<li>{}</li>", said(diagnostic, report));
    }
    out.push_str("</ul>\n");
}

/// Code, message, place, ways out.
fn said(diagnostic: &Diagnostic, report: &Report<'_>) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut out = format!("{word} <code>{}</code>: {}", diagnostic.code.id, prose(&diagnostic.message));
    let place = diagnostic.primary.as_ref().map(|label| report.sources.place(label.span)).unwrap_or_default();
    if !place.is_empty() {
        let _ = write!(out, " (<code>{}</code>)", html(&place));
    }
    for hint in &diagnostic.hints {
        let _ = write!(out, "<br><em>hint:</em> {}", prose(hint));
    }
    out
}

pub(super) fn dangers(out: &mut String, changes: &Changes<'_>) {
    let lost: Vec<_> =
        changes.iter().filter_map(|(act, change)| Some((*act, change, change.loses()?))).collect();
    if !lost.is_empty() {
        out.push_str("<div class=\"alert danger\">\n<h3>Data would be lost.</h3>\n<ul>\n");
        for (act, change, loss) in lost {
            let verb = if act == Act::Replace { "replaced" } else { "destroyed" };
            let (address, name) = (html(change.address.as_str()), html(change.type_name.as_str()));
            let _ = writeln!(out, "<li><code>{address}</code> ({name}), {verb}: {}</li>", prose(&loss.loses));
        }
        out.push_str("</ul>\n</div>\n");
    }
    let replaced: Vec<_> = changes.iter().filter(|(act, _)| *act == Act::Replace).collect();
    if !replaced.is_empty() {
        out.push_str("<div class=\"alert\">\n<h3>Resources would be replaced.</h3>\n<ul>\n");
        for (_, change) in replaced {
            let address = html(change.address.as_str());
            let _ =
                writeln!(out, "<li><code>{address}</code>: {}; {}</li>", prose(&why(change)), order(change));
        }
        out.push_str("</ul>\n</div>\n");
    }
}

pub(super) fn table(out: &mut String, changes: &Changes<'_>, stack: usize) {
    if changes.is_empty() {
        return;
    }
    out.push_str(
        "<div class=\"wide\">\n<table>\n<thead><tr><th>Action</th><th>Resource</th><th>Type</th><th>Why or what</th></tr></thead>\n<tbody>\n",
    );
    for (number, (act, change)) in changes.iter().enumerate() {
        let _ = writeln!(
            out,
            "<tr><td class=\"act {word}\">{} {word}</td><td><a href=\"#{}\"><code>{}</code></a></td><td>{}</td><td>{}</td></tr>",
            act.sign(),
            anchor(stack, number),
            html(change.address.as_str()),
            html(change.type_name.as_str()),
            prose(&why(change)),
            word = act.word()
        );
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

pub(super) fn access(out: &mut String, report: &Report<'_>) {
    if report.sections.iam.is_empty() {
        return;
    }
    out.push_str(
        "<h3>IAM changes</h3>\n<div class=\"wide\">\n<table>\n<thead><tr><th></th><th>Who</th><th>May</th><th>On</th><th>If</th><th>Where</th></tr></thead>\n<tbody>\n",
    );
    for change in &report.sections.iam {
        let (class, verb) = match change.action {
            IamAction::Add => ("create", "new"),
            IamAction::Remove => ("destroy", "gone"),
            IamAction::Change => ("update", "changed"),
        };
        let _ = write!(out, "<tr><td class=\"act {class}\">{verb}</td>");
        for (column, lines) in sections::cells(change).iter().enumerate() {
            let lines: Vec<String> =
                lines.iter().map(|line| format!("<code>{}</code>", html(line))).collect();
            let _ = write!(out, "<td>{}", lines.join("<br>"));
            if column == 1 && !change.broad.is_empty() {
                let broad: Vec<String> = change.broad.iter().map(ToString::to_string).collect();
                let _ = write!(out, "<br><strong>Look twice</strong>: {}", html(&broad.join(", ")));
            }
            out.push_str("</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

pub(super) fn calls(out: &mut String, report: &Report<'_>) {
    if let Some(calls) = report.sections.calls.as_ref().filter(|calls| !calls.is_empty()) {
        let _ = writeln!(out, "<p>{}</p>", html(sections::calls(calls).trim()));
    }
}

pub(super) fn diffs(out: &mut String, changes: &Changes<'_>, stack: usize) {
    if changes.is_empty() {
        return;
    }
    out.push_str("<h3>Changes</h3>\n");
    for (number, (act, change)) in changes.iter().enumerate() {
        let unfolded = changes.len() <= FEW || matches!(act, Act::Replace | Act::Destroy | Act::Update);
        let _ = writeln!(
            out,
            "<section class=\"change\" id=\"{}\"><details{}>\n<summary><span class=\"{word}\">{} {word}</span> <code>{}</code> <span class=\"note\">{}</span></summary>",
            anchor(stack, number),
            if unfolded { " open" } else { "" },
            act.sign(),
            html(change.address.as_str()),
            html(change.type_name.as_str()),
            word = act.word()
        );
        diff(out, &marked::resource(change));
        out.push_str("</details></section>\n");
    }
}

fn diff(out: &mut String, lines: &[Line]) {
    if lines.is_empty() {
        return;
    }
    out.push_str("<pre>\n");
    let start = out.len();
    for (number, line) in lines.iter().enumerate() {
        if out.len() - start + line.text.len() > LONGEST {
            let _ = writeln!(out, "… {} more lines", lines.len() - number);
            break;
        }
        let (class, mark) = match line.mark {
            Mark::None => ("", " "),
            Mark::Add => ("a", "+"),
            Mark::Remove => ("r", "-"),
            Mark::Change => ("c", "~"),
        };
        let text = html(line.text.strip_prefix(' ').unwrap_or(&line.text));
        let _ = match class {
            "" => writeln!(out, "{mark}{text}"),
            class => writeln!(out, "<span class=\"{class}\">{mark}{text}</span>"),
        };
    }
    out.push_str("</pre>\n");
}

pub(super) fn outputs(out: &mut String, report: &Report<'_>) {
    let lines = marked::outputs(report.plan);
    if !lines.is_empty() {
        out.push_str("<h3>Outputs</h3>\n");
        diff(out, &lines);
    }
}

pub(super) fn unknowns(out: &mut String, report: &Report<'_>) {
    if report.plan.unknowns.is_empty() {
        return;
    }
    out.push_str("<h3>Known after apply</h3>\n<ul>\n");
    for unknown in &report.plan.unknowns {
        let name = html(&format!("{}.{}", unknown.address, unknown.property));
        let _ = writeln!(out, "<li><code>{name}</code>: {}</li>", prose(&unknown.reason));
    }
    out.push_str("</ul>\n");
}

pub(super) fn notes(out: &mut String, report: &Report<'_>) {
    if !report.warnings.is_empty() {
        out.push_str("<h3>Notes</h3>\n");
        list(out, report.warnings, report);
    }
    if !report.unfinished.is_empty() {
        out.push_str("<p>An earlier run ended while it worked on these; what is planned there may be done already:</p>\n<ul>\n");
        for address in report.unfinished {
            let _ = writeln!(out, "<li><code>{}</code></li>", html(address.as_str()));
        }
        out.push_str("</ul>\n");
    }
}
