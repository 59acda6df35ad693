//! Patterns: regular expressions that have to match the whole of a text.

use super::regex::Regex;
use std::fmt;

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles one.
    ///
    /// # Errors
    /// A sentence, where it isn't one.
    pub fn new(pattern: &str) -> Result<Self, impl fmt::Display + use<>> {
        Regex::lenient(&format!("^(?:{pattern})$")).map(Self)
    }

    /// Whether it matches the whole text; not where it would take too long to say.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        matches!(self.0.find(text, 0), Ok(Some(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn the_whole_text_has_to_match() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).is_ok_and(|p| p.matches(text));
        assert!(matches("a|bc", "bc") && !matches("a|bc", "abc") && !matches("a", "a\n"));
        assert!(matches("^a$", "a") && matches("[0-9]+", "12") && !matches("(", "("));
        assert!(matches("arn:.+?:kms:.+?:.+?:key\\/x", "arn:aws:kms:eu-west-1:1:key/x"));
    }
}
