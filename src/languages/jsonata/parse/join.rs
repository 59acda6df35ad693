//! Steps joined into paths, what stands behind a step, and the ancestors that a `%` asks for.

use super::super::fault::{Fault, Outcome};
use super::super::syntax::{Kind, Node, Stage};
use super::super::token::Token;
use super::Parser;
use super::terms::path_of;

impl Parser<'_> {
    /// `left.right`.
    pub(super) fn join(&mut self, left: Node, right: Node, at: usize) -> Outcome<Node> {
        let mut path = match left.kind {
            Kind::Path { .. } if left.group.is_none() => left,
            _ => {
                let at = left.at;
                // Its predicates stay its own.
                Node::new(Kind::Path { steps: vec![left], keep_singleton: false }, at)
            }
        };
        let Kind::Path { steps, keep_singleton } = &mut path.kind else {
            return Err(Fault::at("S0206", at, "this can't be a step"));
        };
        match right.kind {
            Kind::Path { steps: more, keep_singleton: keep } if right.group.is_none() => {
                steps.extend(more);
                *keep_singleton |= keep;
            }
            _ => {
                let mut step = right;
                step.whole = false;
                steps.push(step);
            }
        }
        for step in steps.iter_mut() {
            match &step.kind {
                Kind::Number(_) | Kind::Constant(_) => {
                    return Err(Fault::at("S0213", step.at, "a literal value can't be a step of a path"));
                }
                Kind::Text(name) => step.kind = Kind::Name(name.clone()),
                _ => {}
            }
            *keep_singleton |= step.keep_array;
        }
        let last = steps.len() - 1;
        for index in [0, last] {
            if matches!(steps[index].kind, Kind::Array(_)) {
                steps[index].constructed = true;
            }
        }
        path.depth = steps.iter().map(|step| step.depth + 1).max().unwrap_or(0);
        if let [Node { kind: Kind::Parent(slot), .. }, _] = steps[..] {
            path.seeking.push(slot);
        }
        self.resolve_ancestry(&mut path)?;
        Ok(path)
    }

    /// `left[…]`.
    pub(super) fn predicate(&mut self, mut left: Node) -> Outcome<Node> {
        let at = self.current.at;
        self.advance(true)?;
        if self.is("]") {
            self.advance(false)?;
            left.keep_array = true;
            if let Kind::Path { steps, keep_singleton } = &mut left.kind {
                *keep_singleton = true;
                if let Some(last) = steps.last_mut() {
                    last.keep_array = true;
                }
            }
            return Ok(left);
        }
        let filter = self.expression(0)?;
        self.expect("]", false)?;
        if left.group.is_some() && !matches!(left.kind, Kind::Path { .. }) {
            return Err(Fault::at("S0209", at, "a predicate can't follow a grouping"));
        }
        let asked = self.asks(&filter);
        let depth = filter.depth + 1;
        let step = match &mut left.kind {
            Kind::Path { steps, .. } => steps.last_mut(),
            _ => None,
        };
        let inner = step.is_some();
        let step = match step {
            Some(step) => step,
            None => &mut left,
        };
        for slot in asked {
            if self.slots[slot].level == 1 {
                self.seek(step, slot, at)?;
            } else {
                self.slots[slot].level -= 1;
            }
            if self.slots[slot].level > 0 {
                step.seeking.push(slot);
            }
        }
        step.stages.push(Stage::Filter(filter));
        step.depth = step.depth.max(depth);
        if inner {
            left.depth = left.depth.max(depth + 1);
        }
        Ok(left)
    }

    /// `left{…}`.
    pub(super) fn group(&mut self, mut left: Node) -> Outcome<Node> {
        let at = self.current.at;
        if left.group.is_some() {
            return Err(Fault::at("S0210", at, "a step has only one grouping"));
        }
        let pairs = self.pairs()?;
        let deepest = pairs.iter().map(|(key, value)| key.depth.max(value.depth) + 1).max();
        left.depth = left.depth.max(deepest.unwrap_or(0));
        left.group = Some(pairs);
        Ok(left)
    }

    /// `left^(…)`.
    pub(super) fn order(&mut self, left: Node) -> Outcome<Node> {
        let at = self.current.at;
        let terms = self.order_terms()?;
        let mut seeking = Vec::new();
        for term in &terms {
            seeking.extend(self.asks(&term.expression));
        }
        let mut path = match left.kind {
            Kind::Path { .. } => left,
            _ => {
                let at = left.at;
                Node::new(Kind::Path { steps: vec![left], keep_singleton: false }, at)
            }
        };
        let mut sort = Node::new(Kind::Sort(terms), at);
        sort.whole = false;
        sort.seeking = seeking;
        if let Kind::Path { steps, .. } = &mut path.kind {
            path.depth = path.depth.max(sort.depth + 1);
            steps.push(sort);
        }
        self.resolve_ancestry(&mut path)?;
        Ok(path)
    }

    /// `left@$name`, `left#$name`.
    pub(super) fn name_items(&mut self, left: Node, symbol: &'static str) -> Outcome<Node> {
        let at = self.current.at;
        self.advance(true)?;
        let Token::Variable(name) = &self.current.token else {
            return Err(Fault::at("S0214", at, format!("right of `{symbol}` there has to be a variable")));
        };
        let name: std::sync::Arc<str> = name.as_str().into();
        self.advance(false)?;
        let mut left = left;
        if symbol == "#" && !matches!(left.kind, Kind::Path { .. }) {
            left = path_of(left);
        }
        let step = match &mut left.kind {
            Kind::Path { steps, .. } => steps.last_mut(),
            _ => None,
        };
        let step = match step {
            Some(step) => step,
            None => &mut left,
        };
        if symbol == "@" {
            if !step.stages.is_empty() {
                return Err(Fault::at("S0215", at, "`@` has to come before the predicates of its step"));
            }
            if matches!(step.kind, Kind::Sort(_)) {
                return Err(Fault::at("S0216", at, "`@` can't name the items of an ordering"));
            }
            step.focus = Some(name);
        } else if step.stages.is_empty() {
            step.index = Some(name);
        } else {
            step.stages.push(Stage::Index(name));
        }
        step.tuple = true;
        Ok(left)
    }

    /// Finds for each `%` in the last step the step whose context it means.
    fn resolve_ancestry(&mut self, path: &mut Node) -> Outcome<()> {
        let at = path.at;
        let Kind::Path { steps, .. } = &mut path.kind else { return Ok(()) };
        let Some((last, before)) = steps.split_last_mut() else { return Ok(()) };
        let mut outside = Vec::new();
        for slot in self.asks(last) {
            let mut left = before.len();
            while self.slots[slot].level > 0 {
                let Some(mut index) = left.checked_sub(1) else {
                    outside.push(slot);
                    break;
                };
                // Steps that only name items have one context between them.
                while index > 0 && before[index].focus.is_some() && before[index - 1].focus.is_some() {
                    index -= 1;
                }
                left = index;
                self.seek(&mut before[index], slot, at)?;
            }
        }
        path.seeking.extend(outside);
        Ok(())
    }

    /// Goes one step up for a slot; at its level, the step keeps its context for it.
    fn seek(&mut self, step: &mut Node, slot: usize, at: usize) -> Outcome<()> {
        match &mut step.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.slots[slot].level -= 1;
                if self.slots[slot].level == 0 {
                    match step.ancestor {
                        Some(first) => self.slots[slot].label = self.slots[first].label,
                        None => step.ancestor = Some(slot),
                    }
                    step.tuple = true;
                }
            }
            Kind::Parent(_) => self.slots[slot].level += 1,
            Kind::Block(expressions) => {
                if let Some(last) = expressions.last_mut() {
                    step.tuple = true;
                    self.seek(last, slot, at)?;
                }
            }
            Kind::Path { steps, .. } => {
                step.tuple = true;
                for step in steps.iter_mut().rev() {
                    self.seek(step, slot, at)?;
                    if self.slots[slot].level == 0 {
                        break;
                    }
                }
            }
            _ => return Err(Fault::at("S0217", at, "`%` has no parent here")),
        }
        Ok(())
    }
}
