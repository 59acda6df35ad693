//! Reads an expression: operator precedence, one token ahead.
//!
//! Source: docs.jsonata.org, "Path operators", "Expressions", "Operators"; where they are silent, what
//! the reference implementation accepts.

mod join;
mod terms;

use super::fault::{Fault, Outcome};
use super::syntax::{Kind, Node, Operator};
use super::token::{Placed, Token, Tokens};

/// Brackets, operators and calls may lie this deep in one another.
pub(super) const DEEPEST: usize = 120;

/// What a `%` waits for: how many steps up, and under whose name the ancestor is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    level: usize,
    label: usize,
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Tokens<'t>,
    current: Placed,
    depth: usize,
    slots: Vec<Slot>,
}

/// The tree, and for each `%` the label under which its ancestor is kept.
pub(super) fn parse(text: &str) -> Outcome<(Node, Vec<usize>)> {
    let mut tokens = Tokens::new(text);
    let current = tokens.next(true)?;
    let mut parser = Parser { text, tokens, current, depth: 0, slots: Vec::new() };
    if parser.current.token == Token::End {
        return Err(Fault::at("S0207", 0, "the expression is empty"));
    }
    let node = parser.expression(0)?;
    if parser.current.token != Token::End {
        let message = format!("unexpected {}", parser.current.token);
        return Err(Fault::at("S0201", parser.current.at, message));
    }
    if matches!(node.kind, Kind::Parent(_)) || !node.seeking.is_empty() {
        return Err(Fault::at("S0217", node.at, "`%` has no parent here"));
    }
    Ok((node, parser.slots.iter().map(|slot| slot.label).collect()))
}

fn binding_power(token: &Token) -> u32 {
    let Token::Symbol(symbol) = token else { return 0 };
    match *symbol {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "^" | "!=" | "<=" | ">=" | "~>" | "in" | "??" | "?:" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

impl Parser<'_> {
    fn advance(&mut self, value_expected: bool) -> Outcome<()> {
        self.current = self.tokens.next(value_expected)?;
        Ok(())
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(&self.current.token, Token::Symbol(found) if *found == symbol)
    }

    fn expect(&mut self, symbol: &'static str, value_expected: bool) -> Outcome<()> {
        if self.is(symbol) {
            return self.advance(value_expected);
        }
        Err(match &self.current.token {
            Token::End => Fault::at("S0203", self.current.at, format!("expected `{symbol}` before the end")),
            other => Fault::at("S0202", self.current.at, format!("expected `{symbol}`, found {other}")),
        })
    }

    /// One expression, up to an operator that binds no stronger than `power`.
    pub(super) fn expression(&mut self, power: u32) -> Outcome<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_deep(self.current.at));
        }
        let mut left = self.prefix()?;
        while power < binding_power(&self.current.token) {
            left = self.infix(left)?;
            if left.depth > DEEPEST {
                return Err(too_deep(left.at));
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn infix(&mut self, left: Node) -> Outcome<Node> {
        let at = self.current.at;
        let Token::Symbol(symbol) = self.current.token else {
            return Err(Fault::at("S0201", at, format!("unexpected {}", self.current.token)));
        };
        match symbol {
            "(" => self.call(left),
            "[" => self.predicate(left),
            "{" => self.group(left),
            "^" => self.order(left),
            "@" | "#" => self.name_items(left, symbol),
            "?" => self.condition(left),
            _ => {
                self.advance(true)?;
                let power = binding_power(&Token::Symbol(symbol));
                // An assignment takes what is right of it whole.
                let right = self.expression(if symbol == ":=" { power - 1 } else { power })?;
                self.binary(symbol, at, left, right)
            }
        }
    }

    fn binary(&mut self, symbol: &'static str, at: usize, left: Node, right: Node) -> Outcome<Node> {
        let (first, second) = (self.asks(&left), self.asks(&right));
        let both = || first.iter().chain(&second).copied().collect::<Vec<_>>();
        let (kind, seeking) = match symbol {
            "." => return self.join(left, right, at),
            ":=" => {
                let Kind::Variable(name) = &left.kind else {
                    return Err(Fault::at("S0212", at, "left of `:=` there has to be a variable"));
                };
                (Kind::Bind { name: name.clone(), value: Box::new(right) }, second.clone())
            }
            "~>" => {
                let keep_array = left.keep_array || right.keep_array;
                let mut node = Node::new(Kind::Apply { left: Box::new(left), right: Box::new(right) }, at);
                node.keep_array = keep_array;
                node.seeking = both();
                return Ok(node);
            }
            "?:" => (Kind::Default { value: Box::new(left), otherwise: Box::new(right) }, both()),
            "??" => (Kind::Coalesce { value: Box::new(left), otherwise: Box::new(right) }, both()),
            _ => {
                let Some(operator) = Operator::of(symbol) else {
                    return Err(Fault::at("S0204", at, format!("`{symbol}` is no operator here")));
                };
                (Kind::Binary { operator, left: Box::new(left), right: Box::new(right) }, both())
            }
        };
        let mut node = Node::new(kind, at);
        node.seeking = seeking;
        Ok(node)
    }

    fn condition(&mut self, when: Node) -> Outcome<Node> {
        let at = self.current.at;
        self.advance(true)?;
        let then = self.expression(0)?;
        let mut seeking = [self.asks(&when), self.asks(&then)].concat();
        let otherwise = if self.is(":") {
            self.advance(true)?;
            let otherwise = self.expression(0)?;
            seeking.extend(self.asks(&otherwise));
            Some(Box::new(otherwise))
        } else {
            None
        };
        let mut node =
            Node::new(Kind::Condition { when: Box::new(when), then: Box::new(then), otherwise }, at);
        node.seeking = seeking;
        Ok(node)
    }

    /// The slots for which a node needs an ancestor from outside.
    fn asks(&self, node: &Node) -> Vec<usize> {
        let mut slots = node.seeking.clone();
        if let Kind::Parent(slot) = node.kind {
            slots.push(slot);
        }
        slots
    }
}

fn too_deep(at: usize) -> Box<Fault> {
    Fault::at(super::fault::BUDGET, at, format!("the expression is nested more than {DEEPEST} deep"))
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Symbol(symbol) => write!(f, "`{symbol}`"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Text(_) => f.write_str("a string"),
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Variable(name) => write!(f, "`${name}`"),
            Self::Constant(Some(truth)) => write!(f, "`{truth}`"),
            Self::Constant(None) => f.write_str("`null`"),
            Self::Regex(..) => f.write_str("a regular expression"),
            Self::End => f.write_str("the end"),
        }
    }
}
