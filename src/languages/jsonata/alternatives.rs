//! Alternatives: `a $OR b`, as CloudFormation's `propertyTransform` has them.
//!
//! Not JSONata itself: each alternative is an expression of its own. Source: CloudFormation CLI User
//! Guide, "Preventing false drift detection results for resource types".

/// The expressions between the `$OR`s that stand outside of strings, brackets, regular expressions
/// and comments.
#[must_use]
pub fn alternatives(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    // What ends the text that is passed over.
    let mut until: Option<&str> = None;
    // Whether a `/` would begin a regular expression.
    let mut value_expected = true;
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let mut length = next.len_utf8();
        if let Some(end) = until {
            if next == '\\' && end != "*/" && end != "`" {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            } else if rest.starts_with(end) {
                length = end.len();
                until = None;
                value_expected = end == "*/" && value_expected;
            }
            at += length;
            continue;
        }
        match next {
            '"' => until = Some("\""),
            '\'' => until = Some("'"),
            '`' => until = Some("`"),
            '/' if rest.starts_with("/*") => {
                until = Some("*/");
                length = 2;
            }
            '/' if value_expected => until = Some("/"),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '$' if depth == 0 && is_or(text, at) => {
                found.push(text[start..at].trim());
                length = 3;
                start = at + length;
            }
            _ => {}
        }
        if !next.is_whitespace() && until != Some("*/") {
            let ends_value = next.is_alphanumeric() || matches!(next, ')' | ']' | '}' | '_' | '$');
            value_expected = !ends_value || start == at + length;
        }
        at += length;
    }
    found.push(text[start..].trim());
    found
}

/// Whether the operator stands here, and not a longer name.
fn is_or(text: &str, at: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text[at..].strip_prefix("$OR").is_some_and(|after| !after.starts_with(word))
        && !text[..at].ends_with(word)
}

#[cfg(test)]
mod tests {
    use super::alternatives;

    #[test]
    fn the_operator_stands_outside_of_everything_else() {
        for (text, expected) in [
            ("a", vec!["a"]),
            ("a $OR b", vec!["a", "b"]),
            ("$f(a, \"x $OR y\") $OR b$OR c", vec!["$f(a, \"x $OR y\")", "b$OR c"]),
            ("(a $OR b) $OR 'it\\' $OR'", vec!["(a $OR b)", "'it\\' $OR'"]),
            ("$replace(a, /\\/ \" $OR/, '') $OR a", vec!["$replace(a, /\\/ \" $OR/, '')", "a"]),
            ("a / b $OR /x \"/ $OR c", vec!["a / b", "/x \"/", "c"]),
            ("a /* $OR */ $OR $ORDER", vec!["a /* $OR */", "$ORDER"]),
        ] {
            assert_eq!(alternatives(text), expected, "{text}");
        }
    }
}
