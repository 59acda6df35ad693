//! A plan as one page of HTML: the summary, the picture of what needs what, the diffs.
//!
//! The page is one file that asks for nothing: no script, no font, no picture from elsewhere, and its
//! own policy forbids them, so that whatever a stack says can do nothing in it either. Light or dark
//! follows the reader's system. Boxes of the picture and rows of the table lead to the diffs by plain
//! links.

pub(super) mod escape;
mod parts;

use super::picture::{picture, svg};
use super::report::{Act, Report};
use crate::plan::ResourceChange;
use escape::html;
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded, run or sent; only the page's own style counts.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The plans of one or several stacks; ends with a line break.
#[must_use]
pub fn page(reports: &[Report<'_>]) -> String {
    let title = match reports {
        [one] => format!("Plan for {} in {}: {}", one.at.stack, one.at.env, one.counts()),
        several => format!("Plans for {} stacks", several.len()),
    };
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
        html(POLICY),
        html(&title),
        html(&title)
    );
    if reports.len() > 1 {
        out.push_str("<nav>\n<ul>\n");
        for (number, report) in reports.iter().enumerate() {
            let _ = writeln!(
                out,
                "<li><a href=\"#s{number}\">{}</a>: {}</li>",
                html(&report.at.stack),
                html(&report.counts())
            );
        }
        out.push_str("</ul>\n</nav>\n");
    }
    out.push_str("<main>\n");
    for (number, report) in reports.iter().enumerate() {
        article(&mut out, report, number, reports.len() > 1);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn article(out: &mut String, report: &Report<'_>, number: usize, is_one_of_several: bool) {
    let at = report.at;
    let _ = writeln!(out, "<article id=\"s{number}\">");
    if is_one_of_several {
        let _ =
            writeln!(out, "<h2>{} in {}: {}</h2>", html(&at.stack), html(&at.env), html(&report.counts()));
    }
    let _ = writeln!(
        out,
        "<p class=\"where\">Account <code>{}</code>, region <code>{}</code>, {}</p>",
        html(&at.account),
        html(&at.region),
        html(&at.cloud)
    );
    let changes = report.changes();
    counts(out, &changes);
    if report.plan.destroy {
        out.push_str("<p><strong>This takes the whole stack away.</strong></p>\n");
    }
    if report.plan.partial {
        out.push_str(
            "<p>Something is left out on request, so this may not be all that the stack asks for.</p>\n",
        );
    }
    parts::refusals(out, report);
    parts::dangers(out, &changes);
    drawing(out, report, number);
    parts::table(out, &changes, number);
    parts::access(out, report);
    parts::calls(out, report);
    parts::diffs(out, &changes, number);
    parts::outputs(out, report);
    parts::unknowns(out, report);
    parts::notes(out, report);
    out.push_str("</article>\n");
}

/// Where in the page a change is told.
fn anchor(stack: usize, change: usize) -> String {
    format!("s{stack}-c{change}")
}

fn counts(out: &mut String, changes: &[(Act, &ResourceChange)]) {
    if changes.is_empty() {
        return;
    }
    out.push_str("<ul class=\"counts\">\n");
    for run in changes.chunk_by(|a, b| a.0 == b.0) {
        let act = run[0].0;
        let _ =
            writeln!(out, "<li class=\"{}\">{} {} {}</li>", act.word(), act.sign(), run.len(), act.word());
    }
    out.push_str("</ul>\n");
}

fn drawing(out: &mut String, report: &Report<'_>, number: usize) {
    let picture = picture(report);
    if picture.nodes.is_empty() {
        return;
    }
    let drawn = svg(&picture, &|change| anchor(number, change));
    let _ = writeln!(
        out,
        "<figure>\n<figcaption>What stands to the right needs what stands to the left of it. {}</figcaption>\n<div class=\"scroll\">\n{drawn}</div>\n</figure>",
        html(&picture.caption)
    );
}

#[cfg(test)]
mod tests;
