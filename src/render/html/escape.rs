//! Words of a stack in HTML, so that they stay words: in text and between the quotes of an attribute.

use crate::render::text_lines::turns;

/// Every sign that means something is a reference; what can't be seen or turns text around is replaced.
pub(in crate::render) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push(c),
            '\n' => out.push(' '),
            c if c.is_control() || turns(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A sentence; what stands between two backticks is `code`.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut pieces = text.split('`').peekable();
    let mut inside = false;
    while let Some(piece) = pieces.next() {
        match (inside, pieces.peek().is_none()) {
            (true, false) => out.push_str(&format!("<code>{}</code>", html(piece))),
            (true, true) => out.push_str(&html(&format!("`{piece}"))),
            (false, _) => out.push_str(&html(piece)),
        }
        inside = !inside;
    }
    out
}
