//! One stack's drift: what was deleted and changed on top, each resource's diff folded.

use super::escape::{code, element, prose};
use super::fit::{Block, Chapter, Kind};
use super::{fenced, folded, heading, texts};
use crate::diff::{IgnoredPath, ResourceDrift};
use crate::render::plan::Whereabouts;
use crate::render::{drift, marked};

pub(super) fn chapter(at: &Whereabouts, rows: &[ResourceDrift], ignored: &[IgnoredPath]) -> Chapter {
    let counts = drift::counts(rows).unwrap_or_else(|| "none".to_owned());
    Chapter {
        head: heading("Drift of", at, &counts),
        blocks: vec![table(rows), diffs(rows), passed_over(ignored), blind(rows)],
    }
}

fn table(rows: &[ResourceDrift]) -> Block {
    let drifted = rows.iter().filter(|row| !row.is_as_it_was());
    let items = drifted
        .map(|row| {
            let what = match &row.drifted {
                None => "**deleted**",
                Some(drifted) if drifted.changed.is_empty() => "changed where nothing is declared",
                Some(_) => "**changed**",
            };
            let (address, name) = (code(row.address.as_str()), code(row.type_name.as_str()));
            (Kind::Row, format!("| {what} | {address} | {name} | {} |\n", code(&row.identifier)))
        })
        .collect();
    let head = "\n| Drift | Resource | Type | Identifier |\n| --- | --- | --- | --- |\n".to_owned();
    Block { head, items, tail: String::new() }
}

fn diffs(rows: &[ResourceDrift]) -> Block {
    let mut items = Vec::new();
    for row in rows {
        let Some(drifted) = &row.drifted else { continue };
        for (what, paths) in [
            ("changed", &drifted.changed),
            ("changed where nothing is declared; no plan will act on it:", &drifted.undeclared),
        ] {
            if !paths.is_empty() {
                let title = format!("<b>{what}</b> {}", element(row.address.as_str()));
                items.push((Kind::Diff, folded(&title, &fenced("diff", &texts(&marked::drifted(paths))))));
            }
        }
    }
    Block { head: "\n### Changes\n".to_owned(), items, tail: String::new() }
}

/// What can't be told, so that nobody takes silence for an answer.
fn blind(rows: &[ResourceDrift]) -> Block {
    let items = rows.iter().filter_map(|row| {
        let paths = &row.drifted.as_ref()?.unverifiable;
        let names: Vec<String> = paths.iter().take(20).map(|path| code(&drift::dotted(path))).collect();
        let text = format!("- {}: {}\n", code(row.address.as_str()), names.join(", "));
        (!paths.is_empty()).then_some((Kind::Blind, text))
    });
    Block {
        head: "\n<details>\n<summary>Cannot be verified, since no read shows them (write-only)</summary>\n\n"
            .to_owned(),
        items: items.collect(),
        tail: "\n</details>\n".to_owned(),
    }
}

fn passed_over(ignored: &[IgnoredPath]) -> Block {
    let line = |path: &IgnoredPath| {
        let name = format!("{} {}", path.address, drift::dotted(&path.path.path));
        (Kind::Ignored, format!("- {}: {}\n", code(&name), prose(&path.reason)))
    };
    Block {
        head: "\n<details>\n<summary>Ignored, as <code>drift.ignore</code> asks</summary>\n\n".to_owned(),
        items: ignored.iter().map(line).collect(),
        tail: "\n</details>\n".to_owned(),
    }
}
