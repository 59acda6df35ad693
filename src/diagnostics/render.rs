//! Diagnostics as text (with the excerpt and a caret, as rustc draws them) and as JSON (the
//! contract of the command line).

use super::{Diagnostic, Diagnostics, Label, Severity, Source, SourceId, Sources, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// A line longer than this is not excerpted whole.
const LONG_LINE: usize = 400;
/// What of a long line is shown around the place, in bytes to each side.
const AROUND: usize = 55;
/// So many diagnostics are drawn; the rest is counted.
const MANY: usize = 100;

/// All of them as text, each followed by an empty line; of very many only the first.
#[must_use]
pub fn text(diagnostics: &Diagnostics, sources: &Sources, colour: bool) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(MANY) {
        out.push_str(&one(diagnostic, sources, colour));
        out.push('\n');
    }
    let more = diagnostics.len().saturating_sub(MANY) + diagnostics.dropped();
    if more > 0 {
        out.push_str(&format!("… and {more} more\n"));
    }
    out
}

/// One as text: title, excerpt, hints; ends with a line break.
#[must_use]
pub fn one(diagnostic: &Diagnostic, sources: &Sources, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = clean(&diagnostic.message);
    let title = level.primary_title(message).id(diagnostic.code.id);
    let mut group = Group::with_title(title);
    for excerpt in excerpts(diagnostic, sources) {
        group = excerpt.add_to(group);
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = renderer.render(&[group]);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    // A piece of a long line comes below its own place; the renderer has none to say again.
    if out.contains(":::") {
        let lines = out.split_inclusive('\n').filter(|line| !is_empty_place(line));
        out = lines.collect();
    }
    for hint in &diagnostic.hints {
        let word = if colour { "\u{1b}[1m\u{1b}[96mhint\u{1b}[0m" } else { "hint" };
        out.push_str(&format!("{word}: {}\n", clean(hint)));
    }
    out
}

/// The documented JSON of one diagnostic. Places are null where it has none; lines and columns
/// count from 1, columns in characters, the end is exclusive.
#[must_use]
pub fn json(diagnostic: &Diagnostic, sources: &Sources) -> serde_json::Value {
    let place = |span: Option<Span>| -> serde_json::Map<String, serde_json::Value> {
        let found = span.and_then(|span| Some((span, sources.get(span.source)?)));
        let (name, start, end) = match found {
            Some((span, source)) => {
                let (start, end) = (source.position(span.start), source.position(span.end.max(span.start)));
                (Some(source.name.as_str()), Some(start), Some(end))
            }
            None => (None, None, None),
        };
        let mut members = serde_json::Map::new();
        members.insert("file".into(), name.into());
        members.insert("line".into(), start.map(|p| p.line).into());
        members.insert("column".into(), start.map(|p| p.column).into());
        members.insert("end_line".into(), end.map(|p| p.line).into());
        members.insert("end_column".into(), end.map(|p| p.column).into());
        members
    };
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut out = serde_json::Map::new();
    out.insert("code".into(), diagnostic.code.id.into());
    out.insert("severity".into(), severity.into());
    out.insert("message".into(), diagnostic.message.as_str().into());
    out.extend(place(diagnostic.primary.as_ref().map(|l| l.span)));
    let primary = diagnostic.primary.iter().filter(|l| !l.text.is_empty());
    let labels: Vec<serde_json::Value> = primary
        .chain(&diagnostic.labels)
        .map(|label| {
            let mut members = place(Some(label.span));
            members.insert("text".into(), label.text.as_str().into());
            members.into()
        })
        .collect();
    out.insert("labels".into(), labels.into());
    out.insert("hints".into(), diagnostic.hints.clone().into());
    out.into()
}

/// Whether a drawn line is the sign of another place, and nothing more.
fn is_empty_place(line: &str) -> bool {
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        shown.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    shown.push_str(rest);
    shown.trim() == ":::"
}

/// Nothing of a stack file may steer the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// The labels that lie in one file, and what of the file is shown.
struct Excerpt<'a> {
    source: &'a Source,
    labels: Vec<(&'a Label, bool)>,
}

/// One for each file, the primary's first, then in the order of the labels.
fn excerpts<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Vec<Excerpt<'a>> {
    let mut found: Vec<(SourceId, Excerpt<'a>)> = Vec::new();
    let primary = diagnostic.primary.iter().map(|l| (l, true));
    for (label, is_primary) in primary.chain(diagnostic.labels.iter().map(|l| (l, false))) {
        let Some(source) = sources.get(label.span.source) else { continue };
        match found.iter_mut().find(|(id, _)| *id == label.span.source) {
            Some((_, excerpt)) => excerpt.labels.push((label, is_primary)),
            None => {
                let labels = vec![(label, is_primary)];
                found.push((label.span.source, Excerpt { source, labels }));
            }
        }
    }
    found.into_iter().map(|(_, excerpt)| excerpt).collect()
}

impl<'a> Excerpt<'a> {
    fn add_to(&self, group: Group<'a>) -> Group<'a> {
        let ranges: Vec<Range<usize>> =
            self.labels.iter().map(|(label, _)| first_line(&self.source.text, label.span)).collect();
        let text = self.source.text.as_str();
        let start = ranges.iter().map(|r| line_start(text, r.start)).min().unwrap_or(0);
        let end = ranges.iter().map(|r| line_end(text, r.end)).max().unwrap_or(0);
        let window = &text[start..end];
        if window.split('\n').any(|line| line.len() > LONG_LINE) {
            return self.add_long_to(group, &ranges);
        }
        let line = self.source.position(u32::try_from(start).unwrap_or(u32::MAX)).line;
        let mut snippet = Snippet::source(window).path(self.source.name.as_str()).line_start(line).fold(true);
        for ((label, primary), range) in self.labels.iter().zip(&ranges) {
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(range.start - start..range.end - start);
            snippet = snippet.annotation(match label.text.as_str() {
                "" => annotation,
                text => annotation.label(clean(text)),
            });
        }
        group.element(snippet)
    }

    /// Long lines are cut around each place.
    fn add_long_to(&self, mut group: Group<'a>, ranges: &[Range<usize>]) -> Group<'a> {
        let text = self.source.text.as_str();
        for ((label, primary), range) in self.labels.iter().zip(ranges) {
            let at = self.source.position(u32::try_from(range.start).unwrap_or(u32::MAX));
            let origin = Origin::path(self.source.name.as_str()).line(at.line).char_column(at.column);
            let floor = range.start.saturating_sub(AROUND).max(line_start(text, range.start));
            let start = (floor..=range.start).find(|n| text.is_char_boundary(*n)).unwrap_or(range.start);
            let limit = (range.start + AROUND).min(line_end(text, range.start));
            let end = (range.start..=limit).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(range.start);
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let cut = |is_cut: bool| if is_cut { "…" } else { "" };
            let before = cut(start > line_start(text, range.start));
            let after = cut(end < line_end(text, range.start));
            let window = format!("{before}{}{after}", &text[start..end]);
            let shift = |at: usize| at - start + before.len();
            let annotation = kind.span(shift(range.start)..shift(range.end.min(end)));
            let annotation = match label.text.as_str() {
                "" => annotation,
                text => annotation.label(clean(text)),
            };
            let snippet = Snippet::source(window).line_start(at.line).annotation(annotation);
            group = group.element(origin).element(snippet);
        }
        group
    }
}

/// The span cut to the text, to character boundaries, and to its first line that says something.
fn first_line(text: &str, span: Span) -> Range<usize> {
    let floor = |n: usize| (0..=n.min(text.len())).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
    let start = floor(span.start as usize);
    let end = floor(span.end as usize).max(start);
    let line = text[start..end].find(['\n', '\r']).map_or(end, |n| start + n);
    start..line
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |n| n + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let line = text[at..].split('\n').next().unwrap_or("");
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    fn drawn(text: &str, start: usize, end: usize) -> String {
        let mut sources = Sources::new();
        let id = sources.add("stack.yaml", text);
        let diagnostic = Diagnostic::error(Code::UNKNOWN_KEY, "the key `quues` is not known here")
            .at_saying(Span::new(id, start, end), "not a key")
            .hint("did you mean `queues`?");
        one(&diagnostic, &sources, false)
    }

    #[test]
    fn as_rustc_draws_it() {
        assert_eq!(
            drawn("name: x\nquues:\n  a: {}\n", 8, 13),
            "error[E0201]: the key `quues` is not known here\n --> stack.yaml:2:1\n  |\n2 | quues:\n  | ^^^^^ not a key\nhint: did you mean `queues`?\n"
        );
    }

    #[test]
    fn odd_places_are_drawn_all_the_same() {
        for text in ["", "a", "ä: ö\r\n\tx: €\r\n", "a\n\n\n", &"x".repeat(9000), &"ü".repeat(9000)] {
            for (start, end) in
                [(0, 0), (0, 1), (1, 2), (3, 3), (2, 100_000), (8_999, 9_001), (50_000, 60_000)]
            {
                let drawn = drawn(text, start, end);
                assert!(drawn.contains("stack.yaml:"), "{drawn}");
                assert!(drawn.len() < 3_000, "{}", drawn.len());
            }
        }
    }

    #[test]
    fn a_second_file_has_its_own_excerpt() {
        let mut sources = Sources::new();
        let (a, b) = (sources.add("a.yaml", "x: 1\n"), sources.add("b.yaml", "\nx: 2\n"));
        let diagnostic = Diagnostic::error(Code::DUPLICATE, "`x` is declared twice")
            .at_saying(Span::new(b, 1, 2), "again here")
            .label(Span::new(a, 0, 1), "first here");
        let drawn = one(&diagnostic, &sources, false);
        assert!(drawn.contains("--> b.yaml:2:1") && drawn.contains("::: a.yaml:1:1"), "{drawn}");
        let json = json(&diagnostic, &sources);
        assert_eq!(json["line"], 2);
        assert_eq!(json["labels"][1]["file"], "a.yaml");
    }
}
