//! YAML 1.2 with the core schema, anchors, aliases and merge keys, from `saphyr-parser`'s events.

mod brackets;
mod build;
mod offsets;
mod words;

use super::{Node, Origin, limits};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use build::Builder;
use offsets::Offsets;
use saphyr_parser::{Event, Parser};

pub(super) fn parse(at: Origin, text: &str) -> (Option<Node>, Diagnostics) {
    if let Some(diagnostic) = unprintable(at, text) {
        return (None, diagnostic.into());
    }
    let offsets = Offsets::new(text);
    let mut builder = Builder::new(at, text);
    let mut parser = Parser::new_from_str(text);
    let mut documents = 0;
    while let Some(event) = parser.next_event() {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let place = offsets.byte(error.marker().index());
                builder.fail(syntax_error(at, text, place, error.info()));
                break;
            }
        };
        let (start, end) = (offsets.byte(span.start.index()), offsets.byte(span.end.index()));
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                let message = "the file has several documents; one is read";
                builder.fail(
                    Diagnostic::error(Code::SYNTAX, message)
                        .at(at.span(start, end))
                        .hint("put the other document into a file of its own and `include` it"),
                );
            }
        }
        builder.event(event, start, end);
        if builder.failed() {
            break;
        }
    }
    builder.finish()
}

/// The parser takes a NUL for the end of the file, so what YAML forbids is looked for before.
fn unprintable(at: Origin, text: &str) -> Option<Diagnostic> {
    let bad = |b: &u8| (*b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || *b == 0x7f;
    let place = text.as_bytes().iter().position(bad)?;
    let message = format!("the file has a control character (U+{:04X})", text.as_bytes()[place]);
    Some(Diagnostic::error(Code::SYNTAX, message).at(at.span(place, place + 1)))
}

fn syntax_error(at: Origin, text: &str, place: usize, info: &str) -> Diagnostic {
    let length = text[place..].chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    let span = at.span(place, place + length);
    let line_start = text[..place].rfind('\n').map_or(0, |n| n + 1);
    let line = text[line_start..].lines().next().unwrap_or("");
    if info.contains("recursion limit") {
        return limits::too_deep(span);
    }
    if info.contains("unknown anchor") {
        let end = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
        // The place is the alias, or what follows its star.
        let name = text[place..].trim_start_matches('*').split(end).next().unwrap_or("");
        let message = format!("the alias `*{name}` has no anchor `&{name}` above it");
        return Diagnostic::error(Code::SYNTAX, message)
            .at(at.span(place, place + length))
            .hint("text that begins with `*` stands in quotes");
    }
    // A bracket on an earlier line explains more than the place where it was missed.
    let earlier = brackets::unclosed(text, place).filter(|open| *open < line_start);
    if let Some(open) = earlier.filter(|_| words::may_miss_a_bracket(info)) {
        let bracket = &text[open..=open];
        let message = format!("this isn't valid YAML: the `{bracket}` is never closed");
        return Diagnostic::error(Code::SYNTAX, message)
            .at_saying(at.span(open, open + 1), "opened here")
            .label(span, "this can't stand within it");
    }
    Diagnostic::error(Code::SYNTAX, format!("this isn't valid YAML: {}", words::plainly(info)))
        .at(span)
        .hint_if(words::hint(info, line).map(str::to_owned))
}
