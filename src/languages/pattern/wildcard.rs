//! Strings in which `*` stands for any characters, and `\*` for itself.

/// A pattern with wildcards, cut at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    /// What stands between the wildcards: one more piece than there are
    /// wildcards; the first starts the string and the last ends it.
    pieces: Vec<String>,
}

/// So many wildcards before the same character, and `EventBridge` finds the
/// pattern too complex. Its documentation says "fewer repeating character
/// sequences after a wildcard" and shows five as too many; it gives no number.
const TOO_MANY: usize = 5;

impl Wildcard {
    /// Reads one.
    ///
    /// # Errors
    /// What `EventBridge` would say against it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = vec![String::new()];
        let mut before_was_wildcard = false;
        let mut characters = text.chars();
        while let Some(next) = characters.next() {
            let last = pieces.len() - 1;
            match next {
                '*' if before_was_wildcard => return Err("two wildcards stand next to each other".to_owned()),
                '*' => {
                    pieces.push(String::new());
                    before_was_wildcard = true;
                    continue;
                }
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '\\')) => pieces[last].push(escaped),
                    _ => return Err("`\\` has to be followed by `*` or `\\`".to_owned()),
                },
                other => pieces[last].push(other),
            }
            before_was_wildcard = false;
        }
        let after = |piece: &String| piece.chars().next();
        let complex = pieces.iter().skip(1).filter_map(after).any(|first| {
            pieces.iter().skip(1).filter(|piece| after(piece) == Some(first)).count() >= TOO_MANY
        });
        if complex {
            return Err(
                "it is too complex: use fewer wildcards, or fewer repetitions of what follows one".to_owned()
            );
        }
        Ok(Self { pieces })
    }

    /// Whether a string fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in middle {
            let Some(at) = rest.find(piece.as_str()) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Wildcard;

    #[test]
    fn strings_fit_or_not() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b", "ab", true),
            ("a*a", "a", false),
            ("*/init/*", "dir/init/file", true),
            ("*/dir/*", "dir/init/file", false),
            ("a*b*c", "abbcbc", true),
            ("a*b*c", "acb", false),
            ("*é*", "caféteria", true),
            (r"\*\\*", r"*\anything", true),
            (r"\*", "a", false),
        ] {
            let wildcard = Wildcard::parse(pattern).expect(pattern);
            assert_eq!(wildcard.matches(text), fits, "{pattern} on {text}");
        }
    }

    #[test]
    fn some_are_refused() {
        for pattern in ["a**", r"\n", r"end\", "*:*:*:*:*:event-bus/*"] {
            assert!(Wildcard::parse(pattern).is_err(), "{pattern}");
        }
        assert!(Wildcard::parse("arn:aws:events:us-east-1:*:event-bus/*").is_ok());
    }
}
