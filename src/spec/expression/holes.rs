//! Finds `${…}` in text. `$${` writes a literal `${`.

/// A piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Literal text.
    Text(&'t str),
    /// What stands between `${` and `}`.
    Expression(&'t str),
    /// A `${` that nothing closes, and what follows it.
    Open(&'t str),
}

/// The pieces of a text, in order; text that was escaped comes as `${` of its own.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, escaped) = match rest[..at].strip_suffix('$') {
            Some(before) => (before, true),
            None => (&rest[..at], false),
        };
        if !before.is_empty() {
            found.push(Piece::Text(before));
        }
        let inner = &rest[at + 2..];
        if escaped {
            found.push(Piece::Text("${"));
            rest = inner;
            continue;
        }
        match length(inner) {
            Some(end) => {
                found.push(Piece::Expression(&inner[..end]));
                rest = &inner[end + 1..];
            }
            None => {
                found.push(Piece::Open(inner));
                return found;
            }
        }
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    found
}

/// Bytes up to the `}` that closes: braces nest, and text in quotes doesn't count.
fn length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (0, 0usize);
    while at < bytes.len() {
        match bytes[at] {
            b'{' => open += 1,
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Piece::{Expression, Open, Text};
    use super::*;

    #[test]
    fn holes_are_found() {
        assert_eq!(pieces("plain } {"), [Text("plain } {")]);
        assert_eq!(pieces("${a.b}"), [Expression("a.b")]);
        assert_eq!(pieces("x-${a}-${b}"), [Text("x-"), Expression("a"), Text("-"), Expression("b")]);
        assert_eq!(pieces("$${a} $$${b}"), [Text("${"), Text("a} $"), Text("${"), Text("b}")]);
        assert_eq!(pieces("${ {'a}': 1}['a}'] }!"), [Expression(" {'a}': 1}['a}'] "), Text("!")]);
        assert_eq!(pieces(r#"${"\"}"}"#), [Expression(r#""\"}""#)]);
        assert_eq!(pieces("é${ä"), [Text("é"), Open("ä")]);
        assert_eq!(pieces(r"${'\"), [Open(r"'\")]);
        assert_eq!(pieces(""), []);
    }
}
