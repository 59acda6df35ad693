//! The lines of a diff with their marks apart from their text, for whatever draws marks its own way.

use super::paint::{Mark, Paint};
use super::text_lines::clean;
use super::tree::Tree;
use super::{drift, plan};
use crate::diff::DriftedPath;
use crate::plan::{OutputAction, OutputChange, Plan, ResourceChange};

/// One line. Where a mark stood in it, there is a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) mark: Mark,
    pub(super) text: String,
}

/// The properties of a resource that change.
pub(super) fn resource(change: &ResourceChange) -> Vec<Line> {
    let mut tree = Tree::new(Paint::default(), &change.replace_paths);
    let (before, after) = plan::both(change);
    tree.members(&before, &after, 2, " -> null");
    lines(&tree)
}

/// The outputs that change.
pub(super) fn outputs(plan: &Plan) -> Vec<Line> {
    let changed: Vec<&OutputChange> =
        plan.outputs.iter().filter(|o| o.action != OutputAction::NoOp).collect();
    let mut tree = Tree::new(Paint::default(), &[]);
    plan::output_pairs(&mut tree, &changed, 2);
    lines(&tree)
}

/// Paths that drifted, each with its name.
pub(super) fn drifted(paths: &[DriftedPath]) -> Vec<Line> {
    let mut tree = Tree::new(Paint::default(), &[]);
    drift::pairs(&mut tree, paths, 2);
    lines(&tree)
}

fn lines(tree: &Tree<'_>) -> Vec<Line> {
    let mut marks = tree.marks.iter().peekable();
    let mut at = 0;
    let mut lines = Vec::new();
    for text in tree.out.split_inclusive('\n') {
        let mark = marks.next_if(|(start, _)| *start == at).map_or(Mark::None, |(_, mark)| *mark);
        at += text.len();
        let text = clean(text.trim_end_matches('\n'));
        let text = match mark {
            Mark::None => text.into_owned(),
            mark => text.replacen(mark.text(), " ", 1),
        };
        lines.push(Line { mark, text });
    }
    lines
}
