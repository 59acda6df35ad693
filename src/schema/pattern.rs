//! The regular expressions of the registry.
//!
//! The registry evaluates them with Java. Here each is tried with `regex`, which takes time linear
//! in the text whatever the expression: a stack file must not be able to hang the program. Only
//! those with look-around go to `regress`, which backtracks, and only with short texts. What
//! neither compiles checks nothing.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

/// The longest text, in bytes, that a backtracking expression is tried on.
const LONGEST: usize = 1024;
/// Memory that one expression may take. Counted repetitions (`.{1,8192}`) would take more: such
/// an expression has no nested repetition in practice, and goes to the other engine.
const MEMORY: usize = 1 << 20;

enum Engine {
    Linear(regex::Regex),
    Backtracking(regress::Regex),
}

type Compiled = Option<Arc<Engine>>;
static CACHE: LazyLock<RwLock<HashMap<String, Compiled>>> = LazyLock::new(RwLock::default);

/// Whether the pattern is found in the text. `None` if it can't be said: the pattern doesn't
/// compile, or the text is too long for it.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    match &*compiled(pattern)? {
        Engine::Linear(regex) => Some(regex.is_match(text)),
        Engine::Backtracking(regex) => (text.len() <= LONGEST).then(|| regex.find(text).is_some()),
    }
}

fn compiled(pattern: &str) -> Compiled {
    if let Some(known) = CACHE.read().ok().and_then(|cache| cache.get(pattern).cloned()) {
        return known;
    }
    let engine = compile(pattern).map(Arc::new);
    if let Ok(mut cache) = CACHE.write() {
        cache.insert(pattern.to_owned(), engine.clone());
    }
    engine
}

fn compile(pattern: &str) -> Option<Engine> {
    let pattern = translate(pattern);
    if let Ok(regex) = regex::RegexBuilder::new(&pattern).size_limit(MEMORY).build() {
        return Some(Engine::Linear(regex));
    }
    // Strictly first, so that `\p{L}` is a class; then as the web has always taken it, so that a
    // needless `\_` is allowed.
    let strict = regress::Flags { unicode: true, ..regress::Flags::default() };
    let backtracking = regress::Regex::with_flags(&pattern, strict);
    backtracking.or_else(|_| regress::Regex::new(&pattern)).ok().map(Engine::Backtracking)
}

/// Java's `\A`, `\Z` and `\z` are `^` and `$` elsewhere; its `\d`, `\w`, `\s` and `\p{Alpha}`… are
/// ASCII classes.
fn translate(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(next) = rest.chars().next() {
        let replaced = JAVA.iter().find_map(|(java, ours)| Some((ours, rest.strip_prefix(java)?)));
        if let Some((ours, after)) = replaced {
            // Inside a class the class's own brackets must go, and a hyphen after it is no range.
            written.push_str(if in_class { ours.trim_matches(['[', ']']) } else { ours });
            if in_class && after.starts_with('-') {
                written.push('\\');
            }
            rest = after;
            continue;
        }
        let mut length = next.len_utf8();
        match next {
            '\\' => length += rest[length..].chars().next().map_or(0, char::len_utf8),
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        written.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    written
}

const JAVA: &[(&str, &str)] = &[
    ("\\A", "^"),
    ("\\Z", "$"),
    ("\\z", "$"),
    ("\\d", "[0-9]"),
    ("\\w", "[a-zA-Z0-9_]"),
    ("\\s", "[ \\t\\n\\x0B\\f\\r]"),
    ("\\p{Alpha}", "[a-zA-Z]"),
    ("\\p{Alnum}", "[a-zA-Z0-9]"),
    ("\\p{Digit}", "[0-9]"),
    ("\\p{Lower}", "[a-z]"),
    ("\\p{Upper}", "[A-Z]"),
    ("\\p{Print}", "[\\x20-\\x7E]"),
    ("\\p{Graph}", "[\\x21-\\x7E]"),
    ("\\p{ASCII}", "[\\x00-\\x7F]"),
    ("\\p{Space}", "[ \\t\\n\\x0B\\f\\r]"),
    ("\\p{IsLetter}", "\\p{L}"),
    ("\\p{IsDigit}", "\\p{Nd}"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;
    use serde_json::Value as Json;

    #[test]
    fn cases() {
        let cases = [
            ("^[.\\-_/#A-Za-z0-9]{1,512}\\Z", "/aws/states", Some(true)),
            ("^[.\\-_/#A-Za-z0-9]{1,512}\\Z", "a b", Some(false)),
            ("[a-z]+", "ABCd", Some(true)),
            ("^[\\p{Alnum}_]+$", "a_1", Some(true)),
            ("^\\p{L}+$", "é", Some(true)),
            ("^[\\w-.~]+$", "a-b~", Some(true)),
            ("^[\\w-.~]+$", "a|b", Some(false)),
            ("^[\\[\\]\\s]{1,8192}$", "[ ]", Some(true)),
            ("^[\\[\\]\\s]{1,8192}$", "a", Some(false)),
            ("^a\\_b$", "a_b", Some(true)),
            ("(", "a", None),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_text_too_long_to_match_is_left_alone() {
        assert_eq!(matches("^(?!b)(a+)+$", &"a".repeat(LONGEST + 1)), None);
        let hostile = format!("{}!", "a".repeat(100_000));
        assert_eq!(matches("^(a+)+$", &hostile), Some(false));
    }

    #[test]
    fn the_patterns_of_the_registry_compile() {
        fn collect(node: &Json, found: &mut std::collections::BTreeSet<String>) {
            match node {
                Json::Object(members) => {
                    if let Some(pattern) = members.get("pattern").and_then(Json::as_str) {
                        found.insert(pattern.to_owned());
                    }
                    members.values().for_each(|v| collect(v, found));
                }
                Json::Array(items) => items.iter().for_each(|v| collect(v, found)),
                _ => {}
            }
        }
        let mut patterns = std::collections::BTreeSet::new();
        for name in Catalogue::bundled().type_names() {
            collect(&Catalogue::bundled().get(name).expect("it exists").schema, &mut patterns);
        }
        assert!(patterns.len() > 2900, "{}", patterns.len());
        let (mut backtracking, mut refused) = (0, Vec::new());
        for pattern in &patterns {
            match compile(pattern) {
                Some(Engine::Linear(_)) => {}
                Some(Engine::Backtracking(_)) => backtracking += 1,
                None => refused.push(&**pattern),
            }
        }
        assert!(backtracking < 220, "{backtracking}");
        // Neither engine has both look-around and flags in the middle.
        let known = [
            "^(?! )[\\p{L}\\p{N}\\p{Z}-_]*(?<! )$",
            "^(?!(?i)(stop|help)$)[ \\S]+",
            "^(?!(?i)aws)[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}$",
            "^(?![^:\\\\]*/action/|(?i).*<script>.*</script>.*)[^:\\\\]+$",
        ];
        assert_eq!(refused, known);
    }
}
