//! An expression's text as tokens.

use super::fault::{Fault, Outcome};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// Punctuation, or one of the words `and`, `or`, `in`.
    Symbol(&'static str),
    Number(f64),
    Text(String),
    Name(String),
    /// `$name`; empty for `$`, `$` for `$$`.
    Variable(String),
    /// `true`, `false`, `null`.
    Constant(Option<bool>),
    /// `/pattern/flags`.
    Regex(String, String),
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
}

/// Longest first.
const SYMBOLS: &[&str] = &[
    "..", ":=", "!=", "<=", ">=", "**", "~>", "?:", "??", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#",
    ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^", "&",
];

pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The next token. Where a value may begin, a `/` begins a regular expression.
    pub(super) fn next(&mut self, value_expected: bool) -> Outcome<Placed> {
        self.skip_blank()?;
        let at = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Placed { token: Token::End, at }) };
        let token = match first {
            '/' if value_expected => self.regex()?,
            '"' | '\'' => self.quoted(first)?,
            '0'..='9' => self.number()?,
            '`' => {
                let Some(length) = rest[1..].find('`') else {
                    return Err(Fault::at("S0105", at, "a quoted name has no closing backtick"));
                };
                self.at += length + 2;
                Token::Name(rest[1..=length].to_owned())
            }
            _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => {
                    self.at += symbol.len();
                    Token::Symbol(symbol)
                }
                None if matches!(first, '!' | '~') => {
                    return Err(Fault::at("S0204", at, format!("`{first}` is no operator")));
                }
                None => self.word(),
            },
        };
        Ok(Placed { token, at })
    }

    fn skip_blank(&mut self) -> Outcome<()> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{a0}', '\u{feff}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("/*") {
                return Ok(());
            }
            let Some(length) = trimmed[2..].find("*/") else {
                return Err(Fault::at("S0106", self.at, "a comment has no end"));
            };
            self.at += length + 4;
        }
    }

    /// Up to a blank or a symbol.
    fn word(&mut self) -> Token {
        let rest = self.rest();
        let ends = |c: char| {
            matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}')
                || (c.is_ascii() && SYMBOLS.iter().any(|symbol| symbol.starts_with(c)))
        };
        let length = rest.find(ends).unwrap_or(rest.len());
        // A quote or another sign that begins nothing is a name of its own, so that there is progress.
        let length = if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
        let word = &rest[..length];
        self.at += length;
        if let Some(name) = word.strip_prefix('$') {
            return Token::Variable(name.to_owned());
        }
        match word {
            "or" => Token::Symbol("or"),
            "in" => Token::Symbol("in"),
            "and" => Token::Symbol("and"),
            "true" => Token::Constant(Some(true)),
            "false" => Token::Constant(Some(false)),
            "null" => Token::Constant(None),
            other => Token::Name(other.to_owned()),
        }
    }

    fn number(&mut self) -> Outcome<Token> {
        let rest = self.rest().as_bytes();
        let digits = |mut from: usize| {
            while rest.get(from).is_some_and(u8::is_ascii_digit) {
                from += 1;
            }
            from
        };
        let mut end = if rest.first() == Some(&b'0') { 1 } else { digits(0) };
        if rest.get(end) == Some(&b'.') && rest.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1);
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            if rest.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                end = digits(end + 1 + sign);
            }
        }
        let written = self.rest().get(..end).unwrap_or("");
        match written.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += end;
                Ok(Token::Number(number))
            }
            _ => Err(Fault::at("S0102", self.at, format!("the number {written} is too large"))),
        }
    }

    fn quoted(&mut self, quote: char) -> Outcome<Token> {
        let start = self.at;
        let mut text = String::new();
        let mut rest = self.rest()[1..].char_indices();
        while let Some((index, next)) = rest.next() {
            match next {
                end if end == quote => {
                    self.at = start + 1 + index + 1;
                    return Ok(Token::Text(text));
                }
                '\\' => {
                    let at = start + 1 + index;
                    let Some((_, escaped)) = rest.next() else { break };
                    match escaped {
                        '"' | '\\' | '/' => text.push(escaped),
                        'b' => text.push('\u{8}'),
                        'f' => text.push('\u{c}'),
                        'n' => text.push('\n'),
                        'r' => text.push('\r'),
                        't' => text.push('\t'),
                        'u' => {
                            let mut unit = || {
                                let digits: String = rest.by_ref().take(4).map(|(_, c)| c).collect();
                                (digits.len() == 4).then(|| u16::from_str_radix(&digits, 16).ok()).flatten()
                            };
                            let bad = "`\\u` has to be followed by 4 hexadecimal digits";
                            let Some(first) = unit() else { return Err(Fault::at("S0104", at, bad)) };
                            let mut units = vec![first];
                            // The second half of a pair follows as an escape of its own.
                            if (0xD800..0xDC00).contains(&first) {
                                let ahead = rest.as_str();
                                let low = ahead.strip_prefix("\\u").and_then(|low| low.get(..4));
                                if let Some(low) = low.and_then(|d| u16::from_str_radix(d, 16).ok())
                                    && (0xDC00..0xE000).contains(&low)
                                {
                                    units.push(low);
                                    rest.nth(5);
                                }
                            }
                            text.push_str(&String::from_utf16_lossy(&units));
                        }
                        other => {
                            return Err(Fault::at("S0103", at, format!("`\\{other}` isn't an escape")));
                        }
                    }
                }
                other => text.push(other),
            }
        }
        Err(Fault::at("S0101", start, "a string has no closing quote"))
    }

    fn regex(&mut self) -> Outcome<Token> {
        let start = self.at;
        let (mut escaped, mut depth) = (false, 0usize);
        for (index, next) in self.rest().char_indices().skip(1) {
            match next {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                '/' if depth == 0 => {
                    let pattern = self.rest()[1..index].to_owned();
                    if pattern.is_empty() {
                        return Err(Fault::at("S0301", start, "a regular expression is empty"));
                    }
                    self.at = start + index + 1;
                    let rest = self.rest();
                    let length = rest.find(|c| c != 'i' && c != 'm').unwrap_or(rest.len());
                    self.at += length;
                    return Ok(Token::Regex(pattern, rest[..length].to_owned()));
                }
                _ => {}
            }
        }
        Err(Fault::at("S0302", start, "a regular expression has no closing `/`"))
    }
}

impl Tokens<'_> {
    /// Goes on from a place further on.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }
}
