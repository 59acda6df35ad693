//! Regular expressions of ECMAScript, in bounded time.
//!
//! An expression is tried with `regex`, which takes time linear in the text whatever is written.
//! What that engine hasn't (look-around, back references) goes to `regress`, which backtracks, and
//! only with texts so short that even its worst case ends soon.

/// One compiled expression.
pub(super) struct Regex {
    engine: Engine,
    written: String,
}

enum Engine {
    Linear(regex::Regex),
    Backtracking {
        regex: regress::Regex,
        /// Repetitions without a bound, one after another.
        repetitions: u32,
        /// A repetition within a repetition.
        nested: bool,
    },
}

/// What a backtracking search may take in its worst case, in tries.
const TRIES: f64 = 1e8;
/// Memory that one expression may take, in bytes.
const MEMORY: usize = 1 << 20;

/// One match: where it is, and its groups.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) groups: Vec<Option<String>>,
}

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/", self.written)
    }
}

impl Regex {
    /// Compiles one; flags are `i` and `m`.
    ///
    /// # Errors
    /// A sentence, where it isn't one.
    pub(super) fn new(pattern: &str, flags: &str) -> Result<Self, String> {
        Self::compile(pattern, flags, is_plain(pattern))
    }

    /// Compiles one in which a bracket right after a class's own is one of its characters, as most
    /// other languages have it: `[]]`.
    ///
    /// # Errors
    /// A sentence, where it isn't one.
    pub(super) fn lenient(pattern: &str) -> Result<Self, String> {
        Self::compile(pattern, "", true)
    }

    fn compile(pattern: &str, flags: &str, plain: bool) -> Result<Self, String> {
        let written = pattern.to_owned();
        let mut linear = regex::RegexBuilder::new(&translate(pattern));
        linear.case_insensitive(flags.contains('i')).multi_line(flags.contains('m')).size_limit(MEMORY);
        if plain && let Ok(regex) = linear.build() {
            return Ok(Self { engine: Engine::Linear(regex), written });
        }
        let regex = regress::Regex::with_flags(pattern, flags)
            .map_err(|why| format!("the regular expression can't be read: {why}"))?;
        let (repetitions, nested) = repetitions(pattern);
        Ok(Self { engine: Engine::Backtracking { regex, repetitions, nested }, written })
    }

    /// The first match at or after a place.
    ///
    /// # Errors
    /// The text is too long for an expression that has to be tried in every way.
    pub(super) fn find(&self, text: &str, from: usize) -> Result<Option<Found>, String> {
        if from > text.len() {
            return Ok(None);
        }
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.captures_at(text, from).and_then(|captures| {
                let all = captures.get(0)?;
                let groups = captures.iter().skip(1).map(|group| group.map(|m| m.as_str().to_owned()));
                Some(Found { start: all.start(), end: all.end(), groups: groups.collect() })
            })),
            Engine::Backtracking { regex, repetitions, nested } => {
                if worst(text.len(), *repetitions, *nested) > TRIES {
                    return Err("the text is too long for a regular expression with look-around or back \
                                references"
                        .to_owned());
                }
                Ok(regex.find_from(text, from).next().map(|found| Found {
                    start: found.start(),
                    end: found.end(),
                    groups: found
                        .groups()
                        .skip(1)
                        .map(|range| range.and_then(|range| text.get(range)).map(str::to_owned))
                        .collect(),
                }))
            }
        }
    }
}

/// How many ways there are at worst to try a text.
fn worst(length: usize, repetitions: u32, nested: bool) -> f64 {
    let length = length as f64 + 1.0;
    if nested {
        return length.exp2().max(length);
    }
    (1..=repetitions + 1).fold(1.0, |ways, n| ways * (length + f64::from(n)) / f64::from(n))
}

/// The repetitions without a bound, and whether one holds another (or a choice, or is repeated
/// itself).
fn repetitions(pattern: &str) -> (u32, bool) {
    let (mut count, mut nested) = (0, false);
    // Of each open group: whether there is a repetition or a choice in it.
    let mut open = vec![false];
    let mut closed = false;
    let mut in_class = false;
    let mut escaped = false;
    for (index, next) in pattern.char_indices() {
        let after_group = std::mem::replace(&mut closed, false);
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            _ if in_class => {}
            '[' => in_class = true,
            '(' => open.push(false),
            ')' if open.len() > 1 => {
                closed = open.pop().unwrap_or(false);
                if closed && let Some(outer) = open.last_mut() {
                    *outer = true;
                }
            }
            '|' => {
                if let Some(inner) = open.last_mut() {
                    *inner = true;
                }
            }
            '*' | '+' | '{' => {
                // Counted, with an end: `{2}`, `{2,3}`.
                let bounds = pattern[index..].split('}').next().unwrap_or("");
                let bounded = next == '{' && !bounds.ends_with(',');
                let few = bounded
                    && bounds
                        .rsplit([',', '{'])
                        .next()
                        .is_some_and(|most| most.parse::<u32>().is_ok_and(|n| n <= 1));
                if !few {
                    nested |= after_group;
                    if !bounded || bounds.contains(',') {
                        count += 1;
                    }
                    if let Some(inner) = open.last_mut() {
                        *inner = true;
                    }
                }
            }
            _ => {}
        }
    }
    (count, nested)
}

/// Whether the linear engine reads it as ECMAScript does, once translated.
fn is_plain(pattern: &str) -> bool {
    !(pattern.contains("[]") || pattern.contains("[^]") || pattern.contains("(?P") || pattern.contains("(?i"))
}

/// In the other engine's writing: classes of ASCII, and brackets in classes as themselves.
fn translate(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(next) = rest.next() {
        match next {
            '\\' => {
                let Some(escaped) = rest.next() else {
                    written.push('\\');
                    break;
                };
                let class = match escaped {
                    'd' => "0-9",
                    'w' => "a-zA-Z0-9_",
                    's' => "\\t\\n\\x0B\\f\\r \\u{A0}\\u{FEFF}\\u{2028}\\u{2029}\\p{Zs}",
                    'D' => "^0-9",
                    'W' => "^a-zA-Z0-9_",
                    'S' => "^\\t\\n\\x0B\\f\\r \\u{A0}\\u{FEFF}\\u{2028}\\u{2029}\\p{Zs}",
                    _ => "",
                };
                match escaped {
                    _ if !class.is_empty() && in_class && !class.starts_with('^') => {
                        written.push_str(class);
                        // A hyphen after a class is itself.
                        if rest.peek() == Some(&'-') {
                            rest.next();
                            written.push_str("\\-");
                        }
                    }
                    _ if !class.is_empty() => {
                        written.push('[');
                        written.push_str(class);
                        written.push(']');
                    }
                    'b' if !in_class => written.push_str("(?-u:\\b)"),
                    '/' | '"' | '\'' | ':' | '_' | ' ' | '@' | '%' | '=' | '!' | ',' | ';' | '<' | '>' => {
                        written.push(escaped);
                    }
                    _ => {
                        written.push('\\');
                        written.push(escaped);
                    }
                }
            }
            '[' if in_class => written.push_str("\\["),
            '[' => {
                in_class = true;
                written.push('[');
                if rest.peek() == Some(&'^') {
                    rest.next();
                    written.push('^');
                }
                if rest.peek() == Some(&']') {
                    rest.next();
                    written.push_str("\\]");
                }
            }
            ']' => {
                in_class = false;
                written.push(']');
            }
            // Doubled, they would be operations between classes.
            '&' | '~' if in_class => {
                written.push('\\');
                written.push(next);
            }
            '.' if !in_class => written.push_str("[^\\n\\r\\u{2028}\\u{2029}]"),
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::Regex;

    fn find(pattern: &str, text: &str) -> Option<String> {
        let regex = Regex::new(pattern, "").expect("it is one");
        let found = regex.find(text, 0).expect("it is short")?;
        Some(text[found.start..found.end].to_owned())
    }

    #[test]
    fn what_ecmascript_writes_is_understood() {
        for (pattern, text, expected) in [
            (r"a\/b", "a/b", Some("a/b")),
            (r"[a-zA-Z0-9-_]+", "a-b_c", Some("a-b_c")),
            (r"[[]CFN[]] x", "[CFN] x", None),
            (r"\d+", "٣12", Some("12")),
            (r"(?!a)b", "ab", Some("b")),
            (r"(a)\1", "baa", Some("aa")),
            (r"[\w-.]+", "a-b.c", Some("a-b.c")),
            (r"\bx", "éx x", Some("x")),
            (".", "\n", None),
        ] {
            assert_eq!(find(pattern, text).as_deref(), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_bracket_may_be_of_its_class() {
        let regex = Regex::lenient("[[]CFN[]] x").expect("it is one");
        assert!(regex.find("[CFN] x", 0).expect("it is short").is_some());
    }

    #[test]
    fn a_hostile_expression_ends() {
        let long = format!("{}!", "a".repeat(100_000));
        assert_eq!(find("^(a+)+$", &long), None);
        let hostile = Regex::new("^(?!b)(a+)+$", "").expect("it is one");
        assert!(hostile.find(&long, 0).is_err());
        let choices = Regex::new("^(?!b)(a|a)*$", "").expect("it is one");
        assert!(choices.find(&"a".repeat(64), 0).is_err());
    }
}
