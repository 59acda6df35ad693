//! From what a definition calls to the statements of its machine's role.

use super::expander::Expander;
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::languages::asl::{Definition, NeedOn, TargetShape, permissions};
use crate::model::{Attributes, Function, Order, Place, Reference, Template, Value};
use crate::spec::Declaration;
use crate::syntax::Node;
use std::sync::Arc;

/// One statement for each thing that the definition acts on. A target that is chosen at run time
/// is reported, unless the machine has `grants`.
pub(super) fn statements(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    tree: &Node,
    definition: &Definition,
) -> Vec<Template> {
    let permissions = permissions(definition);
    if declaration.body.get("grants").is_none() {
        for problem in &permissions.problems {
            let span = node_at(tree, &problem.pointer).span;
            x.report(
                Diagnostic::error(Code::NO_PERMISSION_KNOWN, problem.message.clone())
                    .at(span)
                    .hint("add `grants: [{allow: [actions], on: [ARNs]}]` to the state machine"),
            );
        }
    }
    let mut grouped: Vec<(NeedOn, Vec<String>)> = Vec::new();
    for need in permissions.needs {
        match grouped.iter_mut().find(|(on, _)| same_thing(on, &need.resource)) {
            Some((_, actions)) => {
                for action in need.actions {
                    if !actions.contains(&action) {
                        actions.push(action);
                    }
                }
            }
            None => grouped.push((need.resource, need.actions)),
        }
    }
    grouped
        .into_iter()
        .filter_map(|(on, actions)| {
            let resource = resource(x, declaration, tree, &on)?;
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            Some(super::iam::allow(&actions, [resource]))
        })
        .collect()
}

/// Whether two needs are on the same thing, wherever it is written.
fn same_thing(a: &NeedOn, b: &NeedOn) -> bool {
    match (a, b) {
        (
            NeedOn::Argument { text, shape, suffix, .. },
            NeedOn::Argument { text: other, shape: other_shape, suffix: other_suffix, .. },
        ) => text == other && shape == other_shape && suffix == other_suffix,
        _ => a == b,
    }
}

fn resource(x: &mut Expander<'_>, declaration: &Declaration, tree: &Node, on: &NeedOn) -> Option<Template> {
    let address = x.address(declaration);
    Some(match on {
        NeedOn::Any => Template::string("*"),
        NeedOn::ArnPattern(pattern) => Template::string(fill(pattern, &x.stack.place)),
        NeedOn::Own => Template::predicted(&address, "Arn"),
        NeedOn::OwnExecutions => {
            let machine = Template::predicted(&address, "Arn");
            arn_of(x, machine, TargetShape::ExecutionsOf, None)
        }
        NeedOn::Argument { pointer, text, shape, suffix } => {
            let span = node_at(tree, pointer).span;
            let target = x.stack.text_template(text, span, &mut x.diagnostics);
            let suffix = suffix.as_ref().map(|s| x.stack.text_template(s, span, &mut x.diagnostics));
            let arn = arn_of(x, target, *shape, suffix);
            if matches!(&arn, Template::Literal(Value::Null)) {
                let message = format!("`{text}` doesn't name what the state acts on");
                x.report(
                    Diagnostic::error(Code::NO_PERMISSION_KNOWN, message)
                        .at(span)
                        .hint("write its name or ARN, or refer to it: `${queue.claims.QueueUrl}`"),
                );
                return None;
            }
            arn
        }
        // Reported as a problem; what it may do stands in `grants`.
        NeedOn::Unknowable { .. } => return None,
    })
}

fn arn_of(x: &Expander<'_>, target: Template, shape: TargetShape, suffix: Option<Template>) -> Template {
    let mut references = Vec::new();
    let mut see = |reference: &Reference| {
        // A role may name what isn't there yet.
        references.push(Reference { order: Order::IfUnknown, ..reference.clone() });
    };
    target.references(&mut see);
    if let Some(suffix) = &suffix {
        suffix.references(&mut see);
    }
    let place = x.stack.place.clone();
    Template::Call(Arc::new(ArnOf { target, shape, suffix, place, references })).fold()
}

/// The ARN of what a text names; null if the text doesn't fit its shape.
#[derive(Debug)]
struct ArnOf {
    target: Template,
    shape: TargetShape,
    suffix: Option<Template>,
    place: Place,
    references: Vec<Reference>,
}

impl Function for ArnOf {
    fn references(&self) -> &[Reference] {
        &self.references
    }

    fn call(&self, attributes: &dyn Attributes) -> Value {
        let target = self.target.evaluate(attributes);
        if !target.is_known() {
            return Value::Unknown(target.unknowns().into());
        }
        let Some(arn) = target.as_str().and_then(|text| self.shape.arn(text)) else { return Value::Null };
        let arn = Value::String(fill(&arn, &self.place));
        let Some(suffix) = &self.suffix else { return arn };
        let whole = Template::Concat(vec![Template::Literal(arn), suffix.clone()]);
        whole.evaluate(attributes)
    }
}

fn fill(pattern: &str, place: &Place) -> String {
    pattern
        .replace("${Partition}", &place.partition)
        .replace("${Region}", &place.region)
        .replace("${Account}", &place.account)
}

/// The key at which the value at a JSON Pointer stands, or where the nearest value above it is.
pub(super) fn key_span_at(node: &Node, pointer: &str) -> Span {
    let (above, token) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let token = token.replace("~1", "/").replace("~0", "~");
    let entries = node_at(node, above).entries().unwrap_or_default();
    let entry = entries.iter().find(|entry| entry.key == token);
    entry.map_or_else(|| node_at(node, pointer).span, |entry| entry.key_span)
}

/// The node at a JSON Pointer, or the nearest above it.
pub(super) fn node_at<'n>(node: &'n Node, pointer: &str) -> &'n Node {
    let mut at = node;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match at.items() {
            Some(items) => token.parse::<usize>().ok().and_then(|i| items.get(i)),
            None => at.get(&token),
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}
