//! Expressions that are more than a path: parsed by CEL's parser, checked, made safe, then folded
//! or kept for later.

use super::function::{Binding, Expression};
use super::functions::{self, KNOWN};
use super::path::{self, Path};
use super::room;
use super::{Nothing, Place, Scope};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
use crate::model::{Template, Value};
use crate::spec::keys;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, SourceInfo, operators};
use cel::parser::Parser;
use std::sync::Arc;

/// Brackets that may stand inside each other.
const MAX_NESTING: usize = 20;
/// Operators, brackets and commas that an expression may have: the depth of its tree.
const MAX_SYMBOLS: usize = 250;
/// Syntax errors that are told of one expression.
const MAX_ERRORS: usize = 1;

impl Scope {
    /// The template of any expression.
    pub(super) fn cel(&self, written: &str, place: Place) -> Result<Template, Diagnostics> {
        let bad = |message: String| Diagnostic::error(Code::BAD_EXPRESSION, message).at(place.whole);
        if written.trim().is_empty() {
            let hint = "a literal `${` is written `$${`";
            return Err(bad("the expression is empty".to_owned()).hint(hint).into());
        }
        if is_tangled(written) {
            return Err(bad("the expression is nested too deeply, or too long".to_owned()).into());
        }
        match room::with_stack(|| self.compiled(written, place)) {
            Ok(template) => template,
            Err(why) => Err(bad(format!("the expression can't be read: {why}")).into()),
        }
    }

    /// With enough stack.
    fn compiled(&self, written: &str, place: Place) -> Result<Template, Diagnostics> {
        let bad = |message: String| Diagnostic::error(Code::BAD_EXPRESSION, message).at(place.whole);
        let parser = Parser::new().error_recovery_limit(4);
        let (mut tree, info) = parser.parse_with_source_info(written).map_err(|errors| {
            let mut mistakes = Diagnostics::new();
            for error in errors.errors.iter().take(MAX_ERRORS) {
                mistakes.push(bad(format!("the expression can't be read: {}", plainly(&error.msg, written))));
            }
            mistakes
        })?;
        let mut names = Names {
            scope: self,
            written,
            place,
            info: &info,
            locals: Vec::new(),
            bindings: Vec::new(),
            mistakes: Diagnostics::new(),
        };
        names.walk(&tree);
        let Names { bindings, mistakes, .. } = names;
        if mistakes.has_errors() {
            return Err(mistakes);
        }
        // A member that has no value was told where it is declared.
        let bindings = bindings.into_iter().collect::<Option<Vec<Binding>>>().ok_or_else(Diagnostics::new)?;
        make_safe(&mut tree, None);
        let expression = Expression::new(written.trim(), tree, bindings);
        if !expression.is_constant() {
            return Ok(Template::Call(Arc::new(expression)));
        }
        let value = self
            .fold(&expression)
            .map_err(|why| Diagnostics::from(bad(format!("the expression can't be evaluated: {why}"))))?;
        Ok(Template::Literal(value))
    }

    fn fold(&self, expression: &Expression) -> Result<Value, String> {
        let (value, spent) = expression.compute(&expression.operands(&Nothing));
        self.budget.spend(spent)?;
        let value = value?;
        self.budget.spend_value(&value)?;
        Ok(value)
    }
}

/// The parser's complaint in the words of someone who wrote the expression.
fn plainly(message: &str, written: &str) -> String {
    let message = message.split(" expecting ").next().unwrap_or("").trim_start_matches("Syntax error: ");
    let named = message.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\'')).map(|(name, _)| name);
    if written.trim_end().ends_with('.') {
        return "a name is missing after its last `.`".to_owned();
    }
    match named {
        _ if message.contains("<EOF>") => "it ends too early".to_owned(),
        Some(name) if message.starts_with("token recognition error") => {
            format!("`{name}` has no meaning in an expression")
        }
        // What lies between two missing things is named by both.
        Some(name) if !message.starts_with("missing") => format!("`{name}` can't stand where it does"),
        _ => message.replace('\'', "`"),
    }
}

/// Whether the parser, which recurses, would go too deep.
fn is_tangled(written: &str) -> bool {
    let (mut open, mut symbols) = (0usize, 0usize);
    let mut quote = None;
    let mut bytes = written.bytes();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => {
                bytes.next();
            }
            (Some(q), b) if b == q => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b) => {
                match b {
                    b'(' | b'[' | b'{' => open += 1,
                    b')' | b']' | b'}' => open = open.saturating_sub(1),
                    _ => {}
                }
                symbols += usize::from(b.is_ascii_punctuation() && b != b'_');
                if open > MAX_NESTING || symbols > MAX_SYMBOLS {
                    return true;
                }
            }
        }
    }
    false
}

/// Finds what an expression names.
struct Names<'a> {
    scope: &'a Scope,
    written: &'a str,
    place: Place,
    info: &'a SourceInfo,
    /// Variables of the loops around.
    locals: Vec<String>,
    bindings: Vec<Option<Binding>>,
    mistakes: Diagnostics,
}

impl Names<'_> {
    fn walk(&mut self, tree: &IdedExpr) {
        match &tree.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(_) | Expr::Select(_) => self.chain(tree),
            Expr::Call(call) => {
                self.function(call);
                if let Some(target) = &call.target {
                    self.walk(target);
                }
                call.args.iter().for_each(|arg| self.walk(arg));
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.walk(item)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.walk(&entry.key);
                        self.walk(&entry.value);
                    }
                }
            }
            Expr::Struct(_) => self.mistake("an expression can't make a message, only `{\"key\": value}`"),
            Expr::Comprehension(round) => {
                self.walk(&round.iter_range);
                self.walk(&round.accu_init);
                let before = self.locals.len();
                self.locals.extend([round.iter_var.clone(), round.accu_var.clone()]);
                self.locals.extend(round.iter_var2.clone());
                for part in [&round.loop_cond, &round.loop_step, &round.result] {
                    self.walk(part);
                }
                self.locals.truncate(before);
            }
        }
    }

    fn function(&mut self, call: &CallExpr) {
        let name = call.func_name.as_str();
        let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
        if operator || KNOWN.contains(&name) {
            return;
        }
        let message = format!("`{name}` is not a function");
        let near = nearest(name, KNOWN.iter().copied());
        self.mistakes.push(
            Diagnostic::error(Code::BAD_EXPRESSION, message)
                .at(self.place.whole)
                .hint_if(near.map(|near| format!("did you mean `{near}`?"))),
        );
    }

    /// `a.b.c`, or a selection on something computed.
    fn chain(&mut self, tree: &IdedExpr) {
        let (mut names, mut at, mut test) = (Vec::new(), tree, false);
        let root = loop {
            match &at.expr {
                Expr::Select(select) => {
                    names.push(select.field.as_str());
                    test |= select.test;
                    at = &select.operand;
                }
                Expr::Ident(name) => break name.as_str(),
                _ => return self.walk(at),
            }
        };
        if self.locals.iter().any(|local| local == root) || root == "@result" {
            return;
        }
        names.push(root);
        names.reverse();
        let path = self.located(&names, at.id);
        self.bind(&path, test);
    }

    /// The names with their offsets. The parser gives the place of the first; the others follow
    /// it in the text, mostly without blanks.
    fn located<'n>(&self, names: &[&'n str], id: u64) -> Path<'n> {
        let start = self.info.offset_for(id).map_or(usize::MAX, |(start, _)| start as usize);
        let joined = names.join(".");
        let stands = self.written.get(start..).is_some_and(|rest| rest.starts_with(&joined));
        let start = if stands { Some(start) } else { self.written.find(&joined) };
        let mut offset = start.unwrap_or(0);
        let located = names.iter().map(|name| {
            let at = offset;
            offset += name.len() + 1;
            (at, *name)
        });
        Path { names: located.collect() }
    }

    fn bind(&mut self, path: &Path<'_>, test: bool) {
        let (root, count) = (path.names[0].1, path.names.len());
        let is_member = self.scope.root(root).is_some() && (root != "event" || count > 1);
        let place = Place { exact: self.place.exact && path.names.len() > 1, ..self.place };
        let found = if is_member {
            let member = Path { names: path.names.iter().take(2).copied().collect() };
            // `has(config.x)` asks; it doesn't use.
            let absent = test
                && count == 2
                && self.scope.root(root).is_some_and(|members| !members.contains_key(member.names[1].1));
            if absent {
                let names = vec![root.to_owned()];
                let template = Template::Object(indexmap::IndexMap::new());
                Ok(Binding { names, template })
            } else {
                self.scope.path(&member, place).map(|template| Binding {
                    names: member.names.iter().map(|(_, name)| (*name).to_owned()).collect(),
                    template,
                })
            }
        } else if keys::plural(root).is_some() {
            path::address(path, place).map(|reference| Binding {
                names: path.names.iter().map(|(_, name)| (*name).to_owned()).collect(),
                template: Template::Attribute(reference),
            })
        } else {
            Err(path::unknown_root(path, place).into())
        };
        match found {
            Ok(binding) => self.bindings.push(Some(binding)),
            Err(mistakes) if mistakes.is_empty() => self.bindings.push(None),
            Err(mistakes) => self.mistakes.extend(mistakes),
        }
    }

    fn mistake(&mut self, message: &str) {
        self.mistakes.push(Diagnostic::error(Code::BAD_EXPRESSION, message).at(self.place.whole));
    }
}

/// Puts the watchers of the budget into the tree: every loop counts its rounds, everything that can
/// grow is measured. `accumulator` is the innermost loop's own variable: appending to it is paid
/// for by its items.
fn make_safe(tree: &mut IdedExpr, accumulator: Option<&str>) {
    let measured = match &mut tree.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => false,
        Expr::Select(select) => {
            make_safe(&mut select.operand, accumulator);
            false
        }
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                make_safe(target, accumulator);
            }
            call.args.iter_mut().for_each(|arg| make_safe(arg, accumulator));
            if call.func_name == "matches"
                && let Some(pattern) = call.args.last_mut()
            {
                wrap(pattern, functions::REGEX);
            }
            let appends = matches!((call.args.first(), accumulator),
                (Some(IdedExpr { expr: Expr::Ident(name), .. }), Some(accumulator)) if name == accumulator);
            functions::grows(&call.func_name) && !appends
        }
        Expr::List(list) => {
            list.elements.iter_mut().for_each(|item| make_safe(item, accumulator));
            !list.elements.is_empty()
        }
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    make_safe(&mut entry.key, accumulator);
                    make_safe(&mut entry.value, accumulator);
                }
            }
            !map.entries.is_empty()
        }
        Expr::Struct(_) => false,
        Expr::Comprehension(round) => {
            make_safe(&mut round.iter_range, accumulator);
            make_safe(&mut round.accu_init, accumulator);
            let own = round.accu_var.clone();
            for part in [&mut round.loop_cond, &mut round.loop_step, &mut round.result] {
                make_safe(part, Some(&own));
            }
            let condition = std::mem::take(&mut round.loop_cond);
            let id = condition.id;
            let count = call(id, functions::ROUND, Vec::new());
            round.loop_cond = call(id, operators::LOGICAL_AND, vec![count, condition]);
            false
        }
    };
    if measured {
        wrap(tree, functions::MEASURED);
    }
}

fn wrap(tree: &mut IdedExpr, function: &str) {
    let inner = std::mem::take(tree);
    *tree = call(inner.id, function, vec![inner]);
}

fn call(id: u64, function: &str, args: Vec<IdedExpr>) -> IdedExpr {
    IdedExpr { id, expr: Expr::Call(CallExpr { func_name: function.to_owned(), target: None, args }) }
}
