//! Texts of a policy: with wildcards, and with variables that the request fills in.
//!
//! `*` is any characters, `?` is one. From version 2012-10-17 on `${key}` is the request's value of
//! a key, `${key, 'default'}` has a value for requests without it, and `${*}`, `${?}`, `${$}` are
//! the characters themselves. What a variable brings in is never a wildcard. Source: IAM User Guide,
//! "IAM policy elements: Variables and tags" and "IAM JSON policy elements: Resource".

use super::keys::Keys;

/// A text, cut at its wildcards and variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `*`
    Any,
    /// `?`
    One,
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// What one place of a pattern takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    One,
    Any,
}

impl Template {
    /// Reads one. Without `wildcards`, `*` and `?` are themselves; without `variables` (before
    /// 2012) so is `${…}`.
    pub(super) fn parse(text: &str, wildcards: bool, variables: bool) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let variable = variables.then(|| rest.strip_prefix("${")?.split_once('}')).flatten();
            if let Some((inside, after)) = variable {
                rest = after;
                match inside {
                    "*" | "?" | "$" => literal.push_str(inside),
                    _ => {
                        flush(&mut literal, &mut parts);
                        parts.push(named(inside));
                    }
                }
                continue;
            }
            rest = &rest[first.len_utf8()..];
            match first {
                '*' | '?' if wildcards => {
                    flush(&mut literal, &mut parts);
                    parts.push(if first == '*' { Part::Any } else { Part::One });
                }
                other => literal.push(other),
            }
        }
        flush(&mut literal, &mut parts);
        Self(parts)
    }

    /// Whether it is `*` alone.
    pub(super) fn is_star(&self) -> bool {
        self.0 == [Part::Any]
    }

    /// The pattern for one request; `None` when a variable has no value in it (or several).
    pub(super) fn tokens(&self, keys: &Keys) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => tokens.extend(text.chars().map(Token::Char)),
                Part::Any => tokens.push(Token::Any),
                Part::One => tokens.push(Token::One),
                Part::Variable { key, default } => {
                    let value = keys.single(key).or(default.as_deref())?;
                    tokens.extend(value.chars().map(Token::Char));
                }
            }
        }
        Some(tokens)
    }

    /// The text for one request, of a template without wildcards.
    pub(super) fn text(&self, keys: &Keys) -> Option<String> {
        let tokens = self.tokens(keys)?;
        let character = |token: Token| match token {
            Token::Char(character) => character,
            Token::One => '?',
            Token::Any => '*',
        };
        Some(tokens.into_iter().map(character).collect())
    }

    /// Whether a text fits; `None` as of [`Template::tokens`].
    pub(super) fn fits(&self, text: &str, keys: &Keys) -> Option<bool> {
        match self.0.as_slice() {
            [] => Some(text.is_empty()),
            [Part::Any] => Some(true),
            [Part::Literal(only)] => Some(only == text),
            [Part::Literal(start), Part::Any] => Some(text.starts_with(start.as_str())),
            _ => Some(fits(&self.tokens(keys)?, text)),
        }
    }
}

fn flush(literal: &mut String, parts: &mut Vec<Part>) {
    if !literal.is_empty() {
        parts.push(Part::Literal(std::mem::take(literal)));
    }
}

fn named(inside: &str) -> Part {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => {
            let default = default.trim();
            let quoted = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            (key, Some(quoted.unwrap_or(default).to_owned()))
        }
        None => (inside, None),
    };
    Part::Variable { key: key.trim().to_ascii_lowercase(), default }
}

/// Whether a text fits a pattern. All ways to read the wildcards are followed at once, so the work
/// is at most the product of both lengths, whatever the pattern.
pub(super) fn fits(pattern: &[Token], text: &str) -> bool {
    // `reached[i]`: the text so far fits the pattern's first `i` tokens.
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    skip_stars(pattern, &mut reached);
    for character in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        let mut alive = false;
        for (at, token) in pattern.iter().enumerate() {
            if !reached[at] {
                continue;
            }
            match token {
                Token::Any => next[at] = true,
                Token::One => next[at + 1] = true,
                Token::Char(expected) if *expected == character => next[at + 1] = true,
                Token::Char(_) => continue,
            }
            alive = true;
        }
        if !alive {
            return false;
        }
        skip_stars(pattern, &mut next);
        reached = next;
    }
    reached[pattern.len()]
}

fn skip_stars(pattern: &[Token], reached: &mut [bool]) {
    for (at, token) in pattern.iter().enumerate() {
        if reached[at] && *token == Token::Any {
            reached[at + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, Template};
    use proptest::prelude::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Template::parse(pattern, true, true).fits(text, &Keys::new()) == Some(true)
    }

    #[test]
    fn variables_bring_in_plain_text() {
        let mut keys = Keys::new();
        keys.add("aws:username", "a*b");
        keys.add("many", "1");
        keys.add("many", "2");
        let fits = |pattern: &str, text: &str| Template::parse(pattern, true, true).fits(text, &keys);
        assert_eq!(fits("home/${AWS:UserName}/*", "home/a*b/x"), Some(true));
        assert_eq!(fits("home/${aws:username}/*", "home/axb/x"), Some(false));
        assert_eq!(fits("${*}-${?}-${$}{x}", "*-?-${x}"), Some(true));
        assert_eq!(fits("${*}", "x"), Some(false));
        assert_eq!(fits("${nobody}", "x"), None);
        assert_eq!(fits("${many}", "1"), None);
        assert_eq!(fits("${nobody, 'team'}/x", "team/x"), Some(true));
        assert_eq!(fits("${aws:username, 'team'}", "a*b"), Some(true));
        assert_eq!(fits("${unclosed", "${unclosed"), Some(true));
        let old = Template::parse("${aws:username}", true, false);
        assert_eq!(old.fits("${aws:username}", &keys), Some(true));
    }

    #[test]
    fn a_pattern_of_many_wildcards_takes_no_time() {
        let pattern = "*a".repeat(500) + "b";
        assert!(!fits(&pattern, &"a".repeat(2000)));
    }

    /// By its definition, with all the time in the world.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
            Some(('?', rest)) => text.split_first().is_some_and(|(_, text)| naive(rest, text)),
            Some((c, rest)) => text.split_first().is_some_and(|(t, text)| t == c && naive(rest, text)),
        }
    }

    proptest! {
        #[test]
        fn wildcards_are_what_they_are_defined_as(pattern in "[ab:*?]{0,8}", text in "[ab:]{0,8}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
        }
    }
}
