//! Functions called: built-in ones, lambdas, partial applications, chains, regular expressions.

use super::super::fault::{Fault, Outcome};
use super::super::functions::matching;
use super::super::syntax::{Kind, Node};
use super::super::value::{Function, Value};
use super::Evaluator;
use std::rc::Rc;

/// What the body of a lambda ends with: a value, or a call in its place. Calls at the end take no
/// stack, so that they can go on for as long as there are steps.
enum Tail {
    Value(Value),
    Call(Rc<Function>, Vec<Value>, Value),
}

impl Evaluator<'_> {
    /// `f(a, b)`; `piped` goes before the arguments.
    pub(super) fn call(
        &mut self,
        function: &Node,
        arguments: &[Node],
        piped: Option<Value>,
        input: &Value,
        frame: usize,
    ) -> Outcome<Value> {
        let (function, arguments) = self.prepare(function, arguments, piped, input, frame)?;
        self.apply(&function, arguments, input)
    }

    fn prepare(
        &mut self,
        function: &Node,
        arguments: &[Node],
        piped: Option<Value>,
        input: &Value,
        frame: usize,
    ) -> Outcome<(Rc<Function>, Vec<Value>)> {
        let called = self.function(function, input, frame, ["T1005", "T1006"])?;
        let mut values = Vec::with_capacity(arguments.len() + 1);
        values.extend(piped);
        for argument in arguments {
            values.push(self.evaluate(argument, input, frame)?);
        }
        Ok((called, values))
    }

    fn function(
        &mut self,
        node: &Node,
        input: &Value,
        frame: usize,
        [forgotten, wrong]: [&'static str; 2],
    ) -> Outcome<Rc<Function>> {
        match self.evaluate(node, input, frame)? {
            Value::Function(function) => Ok(function),
            Value::Nothing => {
                if let Kind::Path { steps, .. } = &node.kind
                    && let [Node { kind: Kind::Name(name), .. }] = &steps[..]
                    && !self.lookup(name, frame).is_nothing()
                {
                    let message = format!("`{name}` isn't a function: the function is `${name}`");
                    return Err(Fault::at(forgotten, node.at, message));
                }
                match &node.kind {
                    Kind::Variable(name) => {
                        Err(Fault::at(wrong, node.at, format!("there is no function `${name}`")))
                    }
                    _ => Err(Fault::at(wrong, node.at, "what is called isn't a function")),
                }
            }
            _ => Err(Fault::at(wrong, node.at, "what is called isn't a function")),
        }
    }

    /// `f(a, ?)`.
    pub(super) fn partial(
        &mut self,
        function: &Node,
        arguments: &[Option<Node>],
        input: &Value,
        frame: usize,
    ) -> Outcome<Value> {
        let function = self.function(function, input, frame, ["T1007", "T1008"])?;
        let mut known = Vec::with_capacity(arguments.len());
        for argument in arguments {
            known.push(match argument {
                Some(node) => Some(self.evaluate(node, input, frame)?),
                None => None,
            });
        }
        let depths = known.iter().flatten().map(Value::depth);
        let depth = depths.chain([function.depth()]).max().unwrap_or(0) + 1;
        Value::from(Function::Partial { function, arguments: known, depth }).bounded()
    }

    /// `a ~> f`.
    pub(super) fn apply_to(
        &mut self,
        left: &Node,
        right: &Node,
        input: &Value,
        frame: usize,
    ) -> Outcome<Value> {
        let value = self.evaluate(left, input, frame)?;
        if let Kind::Call { function, arguments } = &right.kind
            && right.stages.is_empty()
            && right.group.is_none()
        {
            return self.call(function, arguments, Some(value), input, frame);
        }
        let Value::Function(function) = self.evaluate(right, input, frame)? else {
            return Err(Fault::at("T2006", right.at, "right of `~>` there has to be a function"));
        };
        match value {
            Value::Function(first) => {
                let depth = first.depth().max(function.depth()) + 1;
                Value::from(Function::Chain { first, second: function, depth }).bounded()
            }
            value => self.apply(&function, vec![value], input),
        }
    }

    /// Calls a function with as many of the arguments as it takes.
    pub(in super::super) fn call_back(
        &mut self,
        function: &Rc<Function>,
        mut arguments: Vec<Value>,
    ) -> Outcome<Value> {
        arguments.truncate(arity(function).max(1));
        self.apply(function, arguments, &Value::Nothing)
    }

    pub(in super::super) fn apply(
        &mut self,
        function: &Rc<Function>,
        arguments: Vec<Value>,
        input: &Value,
    ) -> Outcome<Value> {
        self.deeper()?;
        let result = self.applied(function.clone(), arguments, input.clone());
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn applied(
        &mut self,
        mut function: Rc<Function>,
        mut arguments: Vec<Value>,
        mut input: Value,
    ) -> Outcome<Value> {
        loop {
            let next = match &*function {
                Function::Lambda { .. } => self.lambda(&function, arguments, &input)?,
                Function::Builtin(builtin) => {
                    return self.builtin(builtin, arguments, &input);
                }
                Function::Partial { function, arguments: known, .. } => {
                    let mut given = arguments.into_iter();
                    let whole = known.iter().map(|known| match known {
                        Some(value) => value.clone(),
                        None => given.next().unwrap_or(Value::Nothing),
                    });
                    Tail::Call(function.clone(), whole.collect(), input.clone())
                }
                Function::Chain { first, second, .. } => {
                    arguments.truncate(1);
                    let value = self.apply(first, arguments, &Value::Nothing)?;
                    Tail::Call(second.clone(), vec![value], Value::Nothing)
                }
                Function::Transform { transform, frame } => {
                    let (transform, frame) = (transform.clone(), *frame);
                    return self.transform(&transform, arguments, frame);
                }
                Function::Regex(regex) => return matching::called(regex, &arguments),
                Function::NextMatch { regex, text, from } => {
                    return matching::found(regex, text, *from);
                }
            };
            match next {
                Tail::Value(value) => return Ok(value),
                Tail::Call(next, values, context) => {
                    self.steps += 1;
                    if self.steps > self.context.limits.steps {
                        return Err(Fault::new(super::BUDGET, "the expression takes too many steps"));
                    }
                    function = next;
                    arguments = values;
                    input = context;
                }
            }
        }
    }

    fn builtin(
        &mut self,
        builtin: &'static super::Builtin,
        arguments: Vec<Value>,
        input: &Value,
    ) -> Outcome<Value> {
        let name = format!("${}", builtin.name);
        let arguments = builtin.signature().fit(arguments, input, &name)?;
        (builtin.call)(self, &arguments)?.bounded()
    }

    fn lambda(&mut self, function: &Rc<Function>, arguments: Vec<Value>, input: &Value) -> Outcome<Tail> {
        let Function::Lambda { lambda, frame, context } = &**function else {
            return Ok(Tail::Value(Value::Nothing));
        };
        let arguments = match &lambda.signature {
            Some(signature) => signature.fit(arguments, input, "the function")?,
            None => arguments,
        };
        let mut given = arguments.into_iter();
        let names =
            lambda.parameters.iter().map(|name| (name.clone(), given.next().unwrap_or(Value::Nothing)));
        let names = names.collect();
        let inner = self.frame(Some(*frame), names);
        self.tail(&lambda.body, context, inner)
    }

    /// Evaluates what stands at the end of a body; a call there is left to the caller.
    fn tail(&mut self, node: &Node, input: &Value, frame: usize) -> Outcome<Tail> {
        if !node.stages.is_empty() || node.group.is_some() || node.keep_array {
            return Ok(Tail::Value(self.evaluate(node, input, frame)?));
        }
        match &node.kind {
            Kind::Condition { when, then, otherwise } => {
                if self.evaluate(when, input, frame)?.truth() {
                    return self.tail(then, input, frame);
                }
                match otherwise {
                    Some(node) => self.tail(node, input, frame),
                    None => Ok(Tail::Value(Value::Nothing)),
                }
            }
            Kind::Block(expressions) => {
                let Some((last, before)) = expressions.split_last() else {
                    return Ok(Tail::Value(Value::Nothing));
                };
                let frame = self.frame(Some(frame), Vec::new());
                for expression in before {
                    self.evaluate(expression, input, frame)?;
                }
                self.tail(last, input, frame)
            }
            Kind::Call { function, arguments } => {
                let (function, arguments) = self.prepare(function, arguments, None, input, frame)?;
                // Only lambdas go round and round; errors of the others belong to this place.
                if matches!(&*function, Function::Lambda { .. }) {
                    return Ok(Tail::Call(function, arguments, input.clone()));
                }
                let value = self.apply(&function, arguments, input).map_err(|mut fault| {
                    if fault.offset == super::NOWHERE {
                        fault.offset = node.at;
                    }
                    fault
                })?;
                Ok(Tail::Value(self.finish(node, value, frame)?))
            }
            _ => Ok(Tail::Value(self.evaluate(node, input, frame)?)),
        }
    }
}

/// How many arguments a function takes.
pub(in super::super) fn arity(function: &Function) -> usize {
    match function {
        Function::Builtin(builtin) => builtin.arity,
        Function::Lambda { lambda, .. } => lambda.parameters.len(),
        Function::Partial { arguments, .. } => arguments.iter().filter(|known| known.is_none()).count(),
        Function::Chain { .. } | Function::Transform { .. } | Function::Regex(_) => 1,
        Function::NextMatch { .. } => 0,
    }
}
