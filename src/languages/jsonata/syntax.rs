//! What an expression says, as a tree.
//!
//! A path is a list of steps, never a tree of dots. What a step carries beside its meaning
//! (predicates, names for its items and their positions, the ancestor that a `%` further on asks
//! for) is kept on the step.

use super::regex::Regex;
use std::sync::Arc;

/// One node. Where it stands in a path it is a step.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Bytes from the start of the expression.
    pub(super) at: usize,
    /// How many nodes are below it, in a line.
    pub(super) depth: usize,
    /// `[…]` after it, one after another. Of a step they are applied to what each item gives.
    pub(super) stages: Vec<Stage>,
    /// Predicates of the value itself and not of what a step gives for each item.
    pub(super) whole: bool,
    /// `{…}` after it.
    pub(super) group: Option<Vec<(Node, Node)>>,
    /// `[]` after it: one item stays a list.
    pub(super) keep_array: bool,
    /// `@$name`.
    pub(super) focus: Option<Arc<str>>,
    /// `#$name`.
    pub(super) index: Option<Arc<str>>,
    /// The slot under which a `%` finds this step's context.
    pub(super) ancestor: Option<usize>,
    /// Its items carry names or ancestors.
    pub(super) tuple: bool,
    /// Slots of `%` inside that look for an ancestor outside.
    pub(super) seeking: Vec<usize>,
    /// A list made by brackets at either end of a path: it isn't flattened.
    pub(super) constructed: bool,
}

#[derive(Debug)]
pub(super) enum Stage {
    Filter(Node),
    /// `#$name` after a predicate.
    Index(Arc<str>),
}

#[derive(Debug)]
pub(super) enum Kind {
    Path {
        steps: Vec<Node>,
        keep_singleton: bool,
    },
    Name(Arc<str>),
    Text(Arc<str>),
    Number(f64),
    /// `true`, `false`, `null`.
    Constant(Option<bool>),
    Wildcard,
    Descendants,
    /// `%`, by its slot.
    Parent(usize),
    /// `$name`; empty for the context, `$` for the whole input.
    Variable(Arc<str>),
    Regex(Arc<Regex>),
    Array(Vec<Node>),
    Object(Vec<(Node, Node)>),
    Negate(Box<Node>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Bind {
        name: Arc<str>,
        value: Box<Node>,
    },
    Condition {
        when: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    /// `a ?: b`.
    Default {
        value: Box<Node>,
        otherwise: Box<Node>,
    },
    /// `a ?? b`.
    Coalesce {
        value: Box<Node>,
        otherwise: Box<Node>,
    },
    Block(Vec<Node>),
    Call {
        function: Box<Node>,
        arguments: Vec<Node>,
    },
    /// A call with `?` among its arguments.
    Partial {
        function: Box<Node>,
        arguments: Vec<Option<Node>>,
    },
    Lambda(Arc<Lambda>),
    Transform(Arc<Transform>),
    Apply {
        left: Box<Node>,
        right: Box<Node>,
    },
    /// A step that orders the items.
    Sort(Vec<Term>),
    /// `?` among arguments, until the call is read.
    Placeholder,
}

/// `function($a, $b)<signature>{body}`.
#[derive(Debug)]
pub(super) struct Lambda {
    pub(super) parameters: Vec<Arc<str>>,
    pub(super) signature: Option<super::signature::Signature>,
    pub(super) body: Node,
}

/// `|pattern|update, delete|`.
#[derive(Debug)]
pub(super) struct Transform {
    pub(super) pattern: Node,
    pub(super) update: Node,
    pub(super) delete: Option<Node>,
}

/// What to order by.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) descending: bool,
    pub(super) expression: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Concatenate,
    Range,
    In,
    And,
    Or,
}

impl Operator {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Concatenate => "&",
            Self::Range => "..",
            Self::In => "in",
            Self::And => "and",
            Self::Or => "or",
        }
    }

    pub(super) fn of(sign: &str) -> Option<Self> {
        const ALL: [Operator; 16] = [
            Operator::Add,
            Operator::Subtract,
            Operator::Multiply,
            Operator::Divide,
            Operator::Remainder,
            Operator::Equal,
            Operator::NotEqual,
            Operator::Less,
            Operator::LessOrEqual,
            Operator::Greater,
            Operator::GreaterOrEqual,
            Operator::Concatenate,
            Operator::Range,
            Operator::In,
            Operator::And,
            Operator::Or,
        ];
        ALL.into_iter().find(|operator| operator.sign() == sign)
    }
}

impl Node {
    pub(super) fn new(kind: Kind, at: usize) -> Self {
        let mut node = Self {
            kind,
            at,
            depth: 0,
            stages: Vec::new(),
            whole: true,
            group: None,
            keep_array: false,
            focus: None,
            index: None,
            ancestor: None,
            tuple: false,
            seeking: Vec::new(),
            constructed: false,
        };
        let mut depth = 0;
        node.children(&mut |child| depth = depth.max(child.depth + 1));
        node.depth = depth;
        node
    }

    /// Each node right below, but those of its stages and its group.
    pub(super) fn children<'n>(&'n self, f: &mut dyn FnMut(&'n Node)) {
        match &self.kind {
            Kind::Path { steps, .. } => steps.iter().for_each(f),
            Kind::Array(items) | Kind::Block(items) => items.iter().for_each(f),
            Kind::Object(pairs) => pairs.iter().for_each(|(key, value)| {
                f(key);
                f(value);
            }),
            Kind::Negate(inner) | Kind::Bind { value: inner, .. } => f(inner),
            Kind::Binary { left, right, .. } | Kind::Apply { left, right } => {
                f(left);
                f(right);
            }
            Kind::Condition { when, then, otherwise } => {
                f(when);
                f(then);
                otherwise.iter().for_each(|node| f(node));
            }
            Kind::Default { value, otherwise } | Kind::Coalesce { value, otherwise } => {
                f(value);
                f(otherwise);
            }
            Kind::Call { function, arguments } => {
                f(function);
                arguments.iter().for_each(f);
            }
            Kind::Partial { function, arguments } => {
                f(function);
                arguments.iter().flatten().for_each(f);
            }
            Kind::Lambda(lambda) => f(&lambda.body),
            Kind::Transform(transform) => {
                f(&transform.pattern);
                f(&transform.update);
                transform.delete.iter().for_each(f);
            }
            Kind::Sort(terms) => terms.iter().for_each(|term| f(&term.expression)),
            Kind::Name(_)
            | Kind::Text(_)
            | Kind::Number(_)
            | Kind::Constant(_)
            | Kind::Wildcard
            | Kind::Descendants
            | Kind::Parent(_)
            | Kind::Variable(_)
            | Kind::Regex(_)
            | Kind::Placeholder => {}
        }
    }

    /// Each node below, this one first, with those of stages and groups.
    pub(super) fn walk<'n>(&'n self, f: &mut dyn FnMut(&'n Node)) {
        f(self);
        self.children(&mut |child| child.walk(f));
        for stage in &self.stages {
            if let Stage::Filter(filter) = stage {
                filter.walk(f);
            }
        }
        for (key, value) in self.group.iter().flatten() {
            key.walk(f);
            value.walk(f);
        }
    }
}
