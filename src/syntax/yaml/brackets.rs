//! Finds the bracket that was never closed: the parser complains only where the text stops making
//! sense, lines later.

/// Byte offset of the innermost `[` or `{` that is open before `end`. Only a bracket that begins a
/// value opens one; what stands in quotes and comments doesn't count.
pub(super) fn unclosed(text: &str, end: usize) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    let mut quote = None;
    let mut comment = false;
    // The last character that isn't a blank, and whether a blank follows it.
    let (mut last, mut blank) = ('\n', true);
    let mut characters = text.get(..end)?.char_indices();
    while let Some((at, c)) = characters.next() {
        if c == '\n' {
            comment = false;
            if open.is_empty() {
                quote = None;
                last = '\n';
            }
            blank = true;
            continue;
        }
        if comment {
            continue;
        }
        if let Some(mark) = quote {
            match c {
                '\\' if mark == '"' => drop(characters.next()),
                c if c == mark => quote = None,
                _ => {}
            }
            continue;
        }
        let begins = matches!(last, '\n' | '[' | '{' | ',') || (blank && matches!(last, ':' | '-' | '?'));
        match c {
            '#' if blank => comment = true,
            '"' | '\'' if begins => quote = Some(c),
            '[' | '{' if begins => open.push(at),
            ']' | '}' => drop(open.pop()),
            _ => {}
        }
        blank = c.is_whitespace();
        if !blank {
            last = c;
        }
    }
    open.pop()
}

#[cfg(test)]
mod tests {
    use super::unclosed;

    #[test]
    fn the_innermost_open_bracket_is_found() {
        for (text, expected) in [
            ("a: [1, 2\nb: {}\n", Some(3)),
            ("a: {b: [1, 2\nc: 1", Some(7)),
            ("a: {b: [1, 2]\nc: 1", Some(3)),
            ("a: [1, 2] # [\nb: c", None),
            ("a: x[1\nb: 'it''s ['\nc: \"[\\\"[\"\n", None),
            ("- [\n", Some(2)),
            ("ü: {", Some(4)),
        ] {
            assert_eq!(unclosed(text, text.len()), expected, "{text}");
        }
        assert_eq!(unclosed("ü", 1), None);
    }
}
