//! A text for a regular expression of the registry.
//!
//! What an expression asserts without taking characters (anchors, look-around, `\b`) is left out:
//! whoever wants a text tries it against the expression, and asks again if it doesn't fit.

use super::Choose;
use super::set::{DIGIT, SPACE, Set, WORD};
use std::iter::Peekable;
use std::str::Chars;

/// Groups within groups: no expression of the registry has more than a dozen.
const DEEPEST: usize = 64;
/// No text is made longer than this.
const LONGEST: usize = 4096;

#[derive(Debug, Clone)]
enum Node {
    Set(Set),
    Sequence(Vec<Node>),
    /// One of several.
    Either(Vec<Node>),
    /// So many times; the second is `None` for "any number".
    Repeat(Box<Node>, usize, Option<usize>),
}

/// A parsed expression.
#[derive(Debug, Clone)]
pub(super) struct Expression(Node);

impl Expression {
    /// `None` for what isn't understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text.chars().peekable(), depth: 0 };
        let node = parser.alternatives()?;
        parser.rest.next().is_none().then_some(Self(node))
    }

    /// A text that probably fits. `more` is how many characters there may be beyond those that must
    /// be, over all repetitions together.
    pub(super) fn write(&self, more: usize, choose: Choose<'_>) -> String {
        let mut writer = Writer { text: String::new(), length: 0, more };
        writer.write(&self.0, choose);
        writer.text
    }
}

struct Writer {
    text: String,
    length: usize,
    more: usize,
}

impl Writer {
    fn write(&mut self, node: &Node, choose: Choose<'_>) {
        if self.length >= LONGEST {
            return;
        }
        match node {
            Node::Set(set) => {
                if let Some(c) = set.choose(choose) {
                    self.text.push(c);
                    self.length += 1;
                }
            }
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.write(node, choose)),
            Node::Either(nodes) => {
                if let Some(node) = nodes.get(choose(nodes.len())) {
                    self.write(node, choose);
                }
            }
            Node::Repeat(node, least, most) => {
                let most = most.unwrap_or(usize::MAX).min(LONGEST).max(*least);
                let extra = self.more.min(most - least);
                // All or any part of what may come: long texts are wanted as often as short ones.
                let extra = if choose(2) == 0 { extra } else { choose(extra + 1) };
                let before = self.length;
                for _ in 0..least + extra {
                    self.write(node, choose);
                }
                let written = (self.length - before).saturating_sub(*least);
                self.more = self.more.saturating_sub(written.max(extra));
            }
        }
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut all = vec![self.sequence()?];
        while self.rest.next_if_eq(&'|').is_some() {
            all.push(self.sequence()?);
        }
        self.depth -= 1;
        if all.len() == 1 { all.pop() } else { Some(Node::Either(all)) }
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(c) = self.rest.next_if(|c| !matches!(c, '|' | ')')) {
            let node = match c {
                '^' | '$' => continue,
                '.' => Node::Set(Set::dot()),
                '[' => Node::Set(self.class()?),
                '(' => match self.group()? {
                    Some(node) => node,
                    None => continue,
                },
                '\\' => match self.escape()? {
                    Some(set) => Node::Set(set),
                    None => continue,
                },
                c => Node::Set(Set::of(&[(c, c)])),
            };
            nodes.push(self.repeated(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    /// After `(`; nothing for what takes no characters.
    fn group(&mut self) -> Option<Option<Node>> {
        let mut asserts = false;
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next()? {
                ':' => {}
                '=' | '!' => asserts = true,
                '<' => match self.rest.next()? {
                    '=' | '!' => asserts = true,
                    _ => while self.rest.next()? != '>' {},
                },
                // Flags: alone, or of a group.
                _ => loop {
                    match *self.rest.peek()? {
                        ')' => break,
                        ':' => {
                            self.rest.next();
                            break;
                        }
                        _ => {
                            self.rest.next();
                        }
                    }
                },
            }
        }
        let node = self.alternatives()?;
        self.rest.next_if_eq(&')')?;
        Some((!asserts).then_some(node))
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts() {
                Some(counts) => {
                    self.quantified();
                    return self.repeated(Node::Repeat(Box::new(node), counts.0, counts.1));
                }
                None => return Some(node),
            },
            _ => return Some(node),
        };
        self.rest.next();
        self.quantified();
        Some(Node::Repeat(Box::new(node), least, most))
    }

    /// `{2}`, `{2,}`, `{2,5}`; other braces are themselves.
    fn counts(&mut self) -> Option<(usize, Option<usize>)> {
        let mut ahead = self.rest.clone();
        ahead.next_if_eq(&'{')?;
        let mut inside = String::new();
        loop {
            match ahead.next()? {
                '}' => break,
                c => inside.push(c),
            }
        }
        let (least, most): (usize, Option<usize>) = match inside.split_once(',') {
            None => (inside.parse().ok()?, Some(inside.parse().ok()?)),
            Some((least, "")) => (least.parse().ok()?, None),
            Some((least, most)) => (least.trim().parse().ok()?, Some(most.trim().parse().ok()?)),
        };
        self.rest = ahead;
        Some((least.min(LONGEST), most))
    }

    /// `*?` and `*+` take the same characters as `*`.
    fn quantified(&mut self) {
        let _ = self.rest.next_if(|c| matches!(c, '?' | '+'));
    }

    /// After a backslash; nothing for what takes no characters.
    fn escape(&mut self) -> Option<Option<Set>> {
        let one = |c| Some(Some(Set::of(&[(c, c)])));
        match self.rest.next()? {
            'd' => Some(Some(Set::of(DIGIT))),
            'D' => Some(Some(Set::of(DIGIT).not())),
            'w' => Some(Some(Set::of(WORD))),
            'W' => Some(Some(Set::of(WORD).not())),
            's' => Some(Some(Set::of(SPACE))),
            'S' => Some(Some(Set::of(SPACE).not())),
            'p' => Some(Some(Set::named(&self.name()?))),
            'P' => Some(Some(Set::named(&self.name()?).not())),
            'n' => one('\n'),
            't' => one('\t'),
            'r' => one('\r'),
            'f' => one('\u{c}'),
            'v' => one('\u{b}'),
            'a' => one('\u{7}'),
            'x' => one(self.code(2)?),
            'u' => one(self.code(4)?),
            'A' | 'Z' | 'z' | 'b' | 'B' | '1'..='9' => Some(None),
            c => one(c),
        }
    }

    fn name(&mut self) -> Option<String> {
        if self.rest.next_if_eq(&'{').is_none() {
            return self.rest.next().map(String::from);
        }
        let mut name = String::new();
        loop {
            match self.rest.next()? {
                '}' => return Some(name),
                c => name.push(c),
            }
        }
    }

    /// `\x7E`, `\u007E` and their form with braces. Half a pair of surrogates is no character: then
    /// the last one is taken.
    fn code(&mut self, digits: usize) -> Option<char> {
        let text = if self.rest.peek() == Some(&'{') {
            self.name()?
        } else {
            (0..digits).map(|_| self.rest.next()).collect::<Option<String>>()?
        };
        Some(char::from_u32(u32::from_str_radix(&text, 16).ok()?).unwrap_or('\u{ffff}'))
    }

    /// After `[`.
    fn class(&mut self) -> Option<Set> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut set = Set::default();
        let mut first = true;
        loop {
            let c = self.rest.next()?;
            match c {
                ']' if !first => break,
                '[' if self.rest.peek() == Some(&':') => {
                    self.rest.next();
                    let mut name = String::new();
                    while let Some(c) = self.rest.next_if(|c| *c != ':') {
                        name.push(c);
                    }
                    self.rest.next_if_eq(&':')?;
                    self.rest.next_if_eq(&']')?;
                    set.join(&Set::named(&capital(&name)));
                }
                '&' if self.rest.peek() == Some(&'&') => {
                    self.rest.next();
                    let within =
                        if self.rest.next_if_eq(&'[').is_some() { self.class()? } else { return None };
                    set.intersect(within);
                }
                _ => {
                    let from = match c {
                        '\\' => match self.member()? {
                            Ok(c) => c,
                            Err(class) => {
                                set.join(&class);
                                first = false;
                                continue;
                            }
                        },
                        c => c,
                    };
                    let to = self.range_end(from)?;
                    set.add(from.min(to), to.max(from));
                }
            }
            first = false;
        }
        self.depth -= 1;
        Some(if negated { set.not() } else { set })
    }

    /// An escape within a class: a character, or a class.
    fn member(&mut self) -> Option<Result<char, Set>> {
        if self.rest.next_if_eq(&'b').is_some() {
            return Some(Ok('\u{8}'));
        }
        let plain =
            self.rest.peek().is_some_and(|c| matches!(c, 'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P'));
        let next = *self.rest.peek()?;
        match self.escape()? {
            Some(set) if plain => Some(Err(set)),
            Some(set) => Some(Ok(set.only()?)),
            None => Some(Ok(next)),
        }
    }

    /// The end of the range that begins with `from`; itself where there is none.
    fn range_end(&mut self, from: char) -> Option<char> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.peek(), None | Some(']')) {
            return Some(from);
        }
        if ahead.peek() == Some(&'\\') {
            let mut inner = Parser { rest: ahead, depth: self.depth };
            inner.rest.next();
            return match inner.member()? {
                Ok(c) => {
                    self.rest = inner.rest;
                    Some(c)
                }
                // `[a-\d]`: the hyphen is one.
                Err(_) => Some(from),
            };
        }
        let to = ahead.next()?;
        self.rest = ahead;
        Some(to)
    }
}

/// `alpha` → `Alpha`.
fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
