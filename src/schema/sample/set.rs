//! A set of characters, as a class of a regular expression has it.

use super::Choose;

/// Ranges of characters, both ends included, or everything but them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Set {
    ranges: Vec<(char, char)>,
    negated: bool,
    /// Only what is in these too (`[a&&b]`).
    within: Vec<Set>,
}

pub(super) const DIGIT: &[(char, char)] = &[('0', '9')];
pub(super) const WORD: &[(char, char)] = &[('a', 'z'), ('0', '9'), ('A', 'Z'), ('_', '_')];
pub(super) const SPACE: &[(char, char)] =
    &[(' ', ' '), ('\t', '\t'), ('\n', '\n'), ('\u{b}', '\u{b}'), ('\u{c}', '\u{c}'), ('\r', '\r')];
const PUNCTUATION: &[(char, char)] = &[
    ('-', '/'),
    ('!', '#'),
    ('%', '*'),
    (':', ';'),
    ('?', '@'),
    ('[', ']'),
    ('_', '_'),
    ('{', '{'),
    ('}', '}'),
];
const SYMBOL: &[(char, char)] = &[('+', '+'), ('<', '>'), ('=', '='), ('$', '$'), ('^', '^'), ('|', '|')];

impl Set {
    pub(super) fn of(ranges: &[(char, char)]) -> Self {
        Self { ranges: ranges.to_vec(), ..Self::default() }
    }

    /// Everything but the end of a line.
    pub(super) fn dot() -> Self {
        Self { ranges: vec![('\n', '\n'), ('\r', '\r')], negated: true, within: Vec::new() }
    }

    /// A class of Unicode or of POSIX by its name, as far as ASCII goes: more than that nobody needs
    /// to find one character of it.
    pub(super) fn named(name: &str) -> Self {
        let ranges: &[(char, char)] = match name {
            "L" | "IsLetter" | "Alpha" | "IsAlphabetic" => &[('a', 'z'), ('A', 'Z')],
            "Ll" | "Lower" => &[('a', 'z')],
            "Lu" | "Upper" => &[('A', 'Z')],
            "N" | "Nd" | "Digit" | "IsDigit" => DIGIT,
            "Alnum" => &[('a', 'z'), ('0', '9'), ('A', 'Z')],
            "Z" | "Zs" => &[(' ', ' ')],
            "Space" => SPACE,
            "M" => &[('\u{300}', '\u{36f}')],
            "P" | "Punct" => PUNCTUATION,
            "S" => SYMBOL,
            "C" | "Cc" | "Cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{9f}')],
            "Cf" => &[('\u{ad}', '\u{ad}')],
            "Print" => &[(' ', '~')],
            "Graph" => &[('!', '~')],
            "ASCII" => &[('\0', '\u{7f}')],
            _ => &[('a', 'z')],
        };
        Self::of(ranges)
    }

    pub(super) fn not(mut self) -> Self {
        self.negated = !self.negated;
        self
    }

    pub(super) fn add(&mut self, first: char, last: char) {
        self.ranges.push((first, last));
    }

    /// A class within a class. What is left out of it (`\S` in `[\S ]`) is taken as far as ASCII
    /// goes.
    pub(super) fn join(&mut self, other: &Self) {
        if other.negated || !other.within.is_empty() {
            self.ranges.extend((' '..='~').filter(|c| other.has(*c)).map(|c| (c, c)));
        } else {
            self.ranges.extend(&other.ranges);
        }
    }

    pub(super) fn intersect(&mut self, other: Self) {
        self.within.push(other);
    }

    /// The character that it is, if it is one.
    pub(super) fn only(&self) -> Option<char> {
        match self.ranges.as_slice() {
            [(first, last)] if first == last && !self.negated => Some(*first),
            _ => None,
        }
    }

    fn has(&self, c: char) -> bool {
        let listed = self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&c));
        listed != self.negated && self.within.iter().all(|set| set.has(c))
    }

    /// One of its characters: mostly a letter or a digit where it has some, else one that prints,
    /// else its first.
    pub(super) fn choose(&self, choose: Choose<'_>) -> Option<char> {
        let plain = choose(16) != 0;
        let of = |allowed: fn(&char) -> bool| -> Vec<char> {
            (' '..='~').filter(|c| allowed(c) && self.has(*c)).collect()
        };
        let small: Vec<char> = of(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let candidates = if plain && !small.is_empty() && choose(4) != 0 {
            small
        } else {
            let words = of(char::is_ascii_alphanumeric);
            if plain && !words.is_empty() { words } else { of(|_| true) }
        };
        if candidates.is_empty() {
            // The first, or the first after what is left out.
            let after = |last: char| char::from_u32(u32::from(last) + 1);
            let ends = self.ranges.iter().flat_map(|(first, last)| [Some(*first), after(*last)]);
            return ends.flatten().find(|c| self.has(*c));
        }
        candidates.get(choose(candidates.len())).copied()
    }
}
