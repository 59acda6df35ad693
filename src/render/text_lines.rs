//! Text of several lines, compared line by line.

use super::paint::Mark;
use super::tree::Tree;
use similar::{ChangeTag, TextDiff};
use std::borrow::Cow;

/// Unchanged lines that are shown before and after a change.
const CONTEXT: usize = 3;

/// A line in which nothing steers the terminal, or turns the text around so that it reads as what
/// it isn't.
pub(super) fn clean(line: &str) -> Cow<'_, str> {
    let steers = |c: char| (c.is_control() && c != '\t') || turns(c);
    if line.contains(steers) { line.replace(steers, "\u{fffd}").into() } else { line.into() }
}

/// Whether the character changes the direction of those after it (Unicode Bidirectional Algorithm).
pub(super) fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes the lines of both, with what is far from any change hidden.
pub(super) fn write(tree: &mut Tree<'_>, was: &str, will: &str, column: usize) {
    let diff = TextDiff::from_lines(was, will);
    let changes: Vec<_> = diff.iter_all_changes().collect();
    let is_changed = |at: usize| changes[at].tag() != ChangeTag::Equal;
    let is_near = |at: usize| {
        let (from, to) = (at.saturating_sub(CONTEXT), (at + CONTEXT).min(changes.len() - 1));
        (from..=to).any(is_changed)
    };
    let mut hidden = 0;
    for (at, change) in changes.iter().enumerate() {
        if !is_near(at) {
            hidden += 1;
            continue;
        }
        tree.hidden(std::mem::take(&mut hidden), "line", column);
        let mark = match change.tag() {
            ChangeTag::Equal => Mark::None,
            ChangeTag::Delete => Mark::Remove,
            ChangeTag::Insert => Mark::Add,
        };
        tree.begin(column, mark);
        tree.out.push_str(&clean(change.value().trim_end_matches(['\n', '\r'])));
        tree.out.push('\n');
    }
    tree.hidden(hidden, "line", column);
}
