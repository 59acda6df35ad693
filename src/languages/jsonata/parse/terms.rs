//! What begins an expression, and what is written in brackets.

use super::super::fault::{Fault, Outcome};
use super::super::regex::Regex;
use super::super::signature::Signature;
use super::super::syntax::{Kind, Lambda, Node, Operator, Term, Transform};
use super::super::token::Token;
use super::{Parser, Slot};
use std::sync::Arc;

impl Parser<'_> {
    /// A value, or a sign before one.
    pub(super) fn prefix(&mut self) -> Outcome<Node> {
        let at = self.current.at;
        let token = std::mem::replace(&mut self.current.token, Token::End);
        let kind = match token {
            Token::Symbol(symbol) => return self.prefix_symbol(symbol, at),
            Token::Name(name) => return self.name(&name, at),
            Token::Number(number) => Kind::Number(number),
            Token::Text(text) => Kind::Text(text.into()),
            Token::Variable(name) => Kind::Variable(name.into()),
            Token::Constant(constant) => Kind::Constant(constant),
            Token::Regex(pattern, flags) => {
                let regex = Regex::new(&pattern, &flags);
                Kind::Regex(Arc::new(regex.map_err(|why| Fault::at("S0303", at, why))?))
            }
            Token::End => return Err(Fault::at("S0207", at, "the expression ends too early")),
        };
        self.advance(false)?;
        Ok(Node::new(kind, at))
    }

    fn name(&mut self, name: &str, at: usize) -> Outcome<Node> {
        self.advance(false)?;
        Ok(path_of(Node::new(Kind::Name(name.into()), at)))
    }

    fn prefix_symbol(&mut self, symbol: &'static str, at: usize) -> Outcome<Node> {
        match symbol {
            // Operators that are words may be names.
            "and" | "or" | "in" => self.name(symbol, at),
            "*" | "**" => {
                self.advance(false)?;
                Ok(Node::new(if symbol == "*" { Kind::Wildcard } else { Kind::Descendants }, at))
            }
            "%" => {
                self.advance(false)?;
                let slot = self.slots.len();
                self.slots.push(Slot { level: 1, label: slot });
                Ok(Node::new(Kind::Parent(slot), at))
            }
            "-" => {
                self.advance(true)?;
                let operand = self.expression(70)?;
                if let (Kind::Number(number), true) = (&operand.kind, operand.stages.is_empty()) {
                    return Ok(Node::new(Kind::Number(-number), at));
                }
                let seeking = self.asks(&operand);
                let mut node = Node::new(Kind::Negate(Box::new(operand)), at);
                node.seeking = seeking;
                Ok(node)
            }
            "(" => self.block(at),
            "[" => self.array(at),
            "{" => {
                let pairs = self.pairs()?;
                let seeking = self.asked_by_pairs(&pairs);
                let mut node = Node::new(Kind::Object(pairs), at);
                node.seeking = seeking;
                Ok(node)
            }
            "|" => self.transform(at),
            _ => Err(Fault::at("S0211", at, format!("`{symbol}` can't begin a value"))),
        }
    }

    fn block(&mut self, at: usize) -> Outcome<Node> {
        self.advance(true)?;
        let mut expressions = Vec::new();
        let mut seeking = Vec::new();
        while !self.is(")") {
            let expression = self.expression(0)?;
            seeking.extend(self.asks(&expression));
            expressions.push(expression);
            if !self.is(";") {
                break;
            }
            self.advance(true)?;
        }
        self.expect(")", false)?;
        let constructed = expressions.iter().any(starts_with_brackets);
        let mut node = Node::new(Kind::Block(expressions), at);
        node.seeking = seeking;
        node.constructed = constructed;
        Ok(node)
    }

    fn array(&mut self, at: usize) -> Outcome<Node> {
        self.advance(true)?;
        let mut items = Vec::new();
        let mut seeking = Vec::new();
        while !self.is("]") {
            let mut item = self.expression(0)?;
            let mut asked = self.asks(&item);
            let at = self.current.at;
            if self.is("..") {
                self.advance(true)?;
                let last = self.expression(0)?;
                asked.extend(self.asks(&last));
                let (left, right) = (Box::new(item), Box::new(last));
                item = Node::new(Kind::Binary { operator: Operator::Range, left, right }, at);
            }
            seeking.extend(asked);
            items.push(item);
            if !self.is(",") {
                break;
            }
            self.advance(true)?;
        }
        self.expect("]", false)?;
        let mut node = Node::new(Kind::Array(items), at);
        node.seeking = seeking;
        Ok(node)
    }

    /// `{key: value, …}`, from the brace on.
    pub(super) fn pairs(&mut self) -> Outcome<Vec<(Node, Node)>> {
        self.advance(true)?;
        let mut pairs = Vec::new();
        while !self.is("}") {
            let key = self.expression(0)?;
            self.expect(":", true)?;
            pairs.push((key, self.expression(0)?));
            if !self.is(",") {
                break;
            }
            self.advance(true)?;
        }
        self.expect("}", false)?;
        Ok(pairs)
    }

    fn asked_by_pairs(&self, pairs: &[(Node, Node)]) -> Vec<usize> {
        pairs.iter().flat_map(|(key, value)| [self.asks(key), self.asks(value)].concat()).collect()
    }

    fn transform(&mut self, at: usize) -> Outcome<Node> {
        self.advance(true)?;
        let pattern = self.expression(0)?;
        self.expect("|", true)?;
        let update = self.expression(0)?;
        let delete = if self.is(",") {
            self.advance(true)?;
            Some(self.expression(0)?)
        } else {
            None
        };
        self.expect("|", false)?;
        Ok(Node::new(Kind::Transform(Arc::new(Transform { pattern, update, delete })), at))
    }

    pub(super) fn call(&mut self, function: Node) -> Outcome<Node> {
        let at = self.current.at;
        self.advance(true)?;
        let mut arguments = Vec::new();
        while !self.is(")") {
            if self.is("?") {
                arguments.push(Node::new(Kind::Placeholder, self.current.at));
                self.advance(false)?;
            } else {
                arguments.push(self.expression(0)?);
            }
            if !self.is(",") {
                break;
            }
            self.advance(true)?;
        }
        self.expect(")", false)?;
        if is_lambda(&function) {
            return self.lambda(&arguments, function.at);
        }
        let mut seeking: Vec<usize> = arguments.iter().flat_map(|argument| self.asks(argument)).collect();
        seeking.extend(self.asks(&function));
        let placeholder = |node: &Node| matches!(node.kind, Kind::Placeholder);
        let function = Box::new(function);
        let kind = if arguments.iter().any(placeholder) {
            let arguments = arguments.into_iter().map(|node| (!placeholder(&node)).then_some(node));
            Kind::Partial { function, arguments: arguments.collect() }
        } else {
            Kind::Call { function, arguments }
        };
        let mut node = Node::new(kind, at);
        node.seeking = seeking;
        Ok(node)
    }

    fn lambda(&mut self, arguments: &[Node], at: usize) -> Outcome<Node> {
        let mut parameters = Vec::new();
        for argument in arguments {
            match &argument.kind {
                Kind::Variable(name) => parameters.push(name.clone()),
                _ => {
                    return Err(Fault::at(
                        "S0208",
                        argument.at,
                        "a function's parameters have to be variables",
                    ));
                }
            }
        }
        let mut signature = None;
        if self.is("<") {
            let start = self.current.at;
            let text = self.text.get(start..).unwrap_or("");
            let mut open = 0usize;
            let end = text.find(|c| {
                open = if c == '<' { open + 1 } else { open - usize::from(c == '>') };
                open == 0
            });
            let Some(end) = end else {
                return Err(Fault::at("S0203", self.text.len(), "expected `>` before the end"));
            };
            let parsed = Signature::parse(&text[..=end]);
            signature = Some(parsed.map_err(|why| Fault::at(why.0, start, why.1))?);
            self.tokens.skip_to(start + end + 1);
            self.advance(false)?;
        }
        self.expect("{", true)?;
        let body = self.expression(0)?;
        self.expect("}", false)?;
        Ok(Node::new(Kind::Lambda(Arc::new(Lambda { parameters, signature, body })), at))
    }

    /// `^(a, >b)`: by which terms.
    pub(super) fn order_terms(&mut self) -> Outcome<Vec<Term>> {
        self.advance(true)?;
        self.expect("(", true)?;
        let mut terms = Vec::new();
        loop {
            let descending = self.is(">");
            if descending || self.is("<") {
                self.advance(true)?;
            }
            terms.push(Term { descending, expression: self.expression(0)? });
            if !self.is(",") {
                break;
            }
            self.advance(true)?;
        }
        self.expect(")", false)?;
        Ok(terms)
    }
}

/// A step as a path of its own.
pub(super) fn path_of(mut step: Node) -> Node {
    step.whole = false;
    let at = step.at;
    Node::new(Kind::Path { steps: vec![step], keep_singleton: false }, at)
}

fn is_lambda(function: &Node) -> bool {
    let Kind::Path { steps, .. } = &function.kind else { return false };
    matches!(&steps[..], [step] if step.stages.is_empty()
        && matches!(&step.kind, Kind::Name(name) if matches!(&**name, "function" | "λ")))
}

/// A path whose first step is brackets, or brackets: the block that gives them is one, too.
fn starts_with_brackets(node: &Node) -> bool {
    node.constructed
        || matches!(&node.kind, Kind::Path { steps, .. } if steps.first().is_some_and(|s| s.constructed))
}
