//! Words of a stack in GitHub's Markdown, so that they stay words.
//!
//! The rule: outside of a fence, only letters, digits, spaces and a few signs that never mean
//! anything are written as they are. Everything else is a numeric character reference, which
//! CommonMark (§2.5) never takes for structure: no tag, no table's pipe, no emphasis, no link. What
//! GitHub makes of the text afterwards (mentions, issues) it leaves alone inside of `code`; in prose a
//! zero-width space breaks it.

use crate::render::text_lines::turns;

/// Characters of a name at most; the rest is cut.
const NAME: usize = 200;
/// Characters of a sentence at most.
const PROSE: usize = 1000;

/// A name in `code`: an address, a type, an identifier.
pub(super) fn code(name: &str) -> String {
    let name = cut(name, NAME);
    if name.is_empty() {
        return "<code></code>".to_owned();
    }
    // Between backticks only these could mean something: a backtick, a table's pipe, a line break.
    let plain = |c: char| c.is_ascii_alphanumeric() || ".:-/_+= (),*{}[];'\"%?!".contains(c);
    let stands = name.chars().all(plain) && !name.starts_with(' ') && !name.ends_with(' ');
    if stands { format!("`{name}`") } else { element(&name) }
}

/// The same where HTML is expected, as in a `<summary>`.
pub(super) fn element(name: &str) -> String {
    format!("<code>{}</code>", references(&cut(name, NAME), false))
}

/// A sentence; what stands between two backticks is `code`.
pub(super) fn prose(text: &str) -> String {
    let text = cut(text, PROSE);
    let mut out = String::new();
    let mut pieces = text.split('`').peekable();
    let mut inside = false;
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        match (inside, last) {
            (true, false) => out.push_str(&code(piece)),
            // The backtick that nothing closes is one.
            (true, true) => out.push_str(&references(&format!("`{piece}"), false)),
            (false, _) => out.push_str(&references(piece, out.is_empty())),
        }
        inside = !inside;
    }
    out
}

/// `first`: whether it begins a line or an item, where a digit or a dash would mean something.
fn references(text: &str, first: bool) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // A colon makes links and emoji only with what follows it at once.
        let means_nothing = match c {
            ':' => chars.peek().is_none_or(|next| *next == ' '),
            c => c.is_alphanumeric() || " ,.;/-'%?()\"!=+".contains(c),
        };
        if means_nothing && (c.is_alphabetic() || !(first && out.is_empty())) {
            out.push(c);
            continue;
        }
        if c.is_control() || turns(c) {
            out.push(if c.is_whitespace() { ' ' } else { '\u{fffd}' });
            continue;
        }
        out.push_str(&format!("&#{};", u32::from(c)));
        if matches!(c, '@' | '#') {
            out.push_str("&#8203;");
        }
    }
    out
}

/// At most so many characters; `…` where something is missing.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A fence that no line of the text can close: longer than any row of backticks in it.
pub(super) fn fence(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        for (text, written) in [
            ("`queue.orders` is protected", "`queue.orders` is protected"),
            ("a `b|c` d", "a <code>b&#124;c</code> d"),
            ("ask @admins about #1", "ask &#64;&#8203;admins about &#35;&#8203;1"),
            ("</details><script>", "&#60;/details&#62;&#60;script&#62;"),
            ("one ` alone", "one &#96; alone"),
            ("- a\n- b", "&#45; a - b"),
            ("1. a", "&#49;. a"),
            ("über *alles* [x](y)", "über &#42;alles&#42; &#91;x&#93;(y)"),
            ("so: https://a.b :x:", "so: https&#58;//a.b &#58;x:"),
            ("\u{202e}x\u{1b}[0m", "\u{fffd}x\u{fffd}&#91;0m"),
        ] {
            assert_eq!(prose(text), written);
        }
        assert_eq!(fence(&["a".into(), "x ````` y".into()]), "``````");
        assert_eq!(fence(&[]), "```");
        assert_eq!(code(&"x".repeat(300)).len(), "<code></code>".len() + 200 + "&#8230;".len());
    }
}
