//! Expressions that are nothing but a path: `queue.claims.Arn`, `config.stage`.

use super::{Place, Scope};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, nearest, one_of};
use crate::model::{Address, Order, Reference, Template, Value};
use crate::spec::keys::{self, ROOTS};

/// Names joined by dots, each with its offset in the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path<'t> {
    pub(super) names: Vec<(usize, &'t str)>,
}

/// Words that CEL reads as something else than a name.
const RESERVED: &[&str] = &["true", "false", "null", "in"];

/// The path that the expression is; none if it is more, or less, than that.
pub(super) fn read(written: &str) -> Option<Path<'_>> {
    let mut offset = written.len() - written.trim_start().len();
    let mut names = Vec::new();
    for name in written.trim().split('.') {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        names.push((offset, name));
        offset += name.len() + 1;
    }
    (!RESERVED.contains(&names.first()?.1)).then_some(Path { names })
}

impl Path<'_> {
    fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", |(_, name)| name)
    }

    /// The place of the names from `first` up to, not including, `end`.
    fn span(&self, place: Place, first: usize, end: usize) -> Span {
        match (self.names.get(first), self.names.get(end.saturating_sub(1))) {
            (Some((start, _)), Some((last, name))) => place.part(*start, last + name.len()),
            _ => place.whole,
        }
    }

    fn joined(&self, first: usize, end: usize) -> String {
        let names: Vec<&str> = self.names.iter().take(end).skip(first).map(|(_, name)| *name).collect();
        names.join(".")
    }
}

impl Scope {
    /// The template of a path.
    pub(super) fn path(&self, path: &Path<'_>, place: Place) -> Result<Template, Diagnostics> {
        let root = path.name(0);
        if path.names.len() > 1 && root == "event" || keys::plural(root).is_none() {
            return self.member(path, place);
        }
        Ok(Template::Attribute(address(path, place)?))
    }

    /// A member of `config`, `variables` and the like.
    fn member(&self, path: &Path<'_>, place: Place) -> Result<Template, Diagnostics> {
        let root = path.name(0);
        let Some(members) = self.root(root) else { return Err(unknown_root(path, place).into()) };
        if path.names.len() == 1 {
            let all = members.iter().map(|(key, value)| Some((key.clone(), value.clone()?)));
            // A member without a value was told where it is declared.
            let all = all.collect::<Option<_>>().ok_or_else(Diagnostics::new)?;
            let template = Template::Object(all);
            return self.charged(template, place);
        }
        let name = path.name(1);
        let Some(value) = members.get(name) else {
            let span = path.span(place, 1, 2);
            let message = format!("`{root}.{name}` is not declared");
            let near = nearest(name, members.keys().map(String::as_str));
            let hint = match (near, members.is_empty()) {
                (Some(near), _) => Some(format!("did you mean `{root}.{near}`?")),
                (None, true) => form_of(root, name),
                (None, false) => Some(format!("there is {}", one_of(members.keys().map(String::as_str)))),
            };
            let diagnostic = Diagnostic::error(Code::UNKNOWN_REFERENCE, message).at(span).hint_if(hint);
            return Err(diagnostic.into());
        };
        let mut found = value.clone().ok_or_else(Diagnostics::new)?;
        for index in 2..path.names.len() {
            found = below(found, path.name(index)).ok_or_else(|| {
                let (owner, name) = (path.joined(0, index), path.name(index));
                let message = format!("`{owner}` has no `{name}`");
                Diagnostics::from(Diagnostic::error(Code::BAD_EXPRESSION, message).at(path.span(
                    place,
                    index,
                    index + 1,
                )))
            })?;
        }
        self.charged(found, place)
    }

    fn charged(&self, template: Template, place: Place) -> Result<Template, Diagnostics> {
        match self.budget.spend_template(&template) {
            Ok(()) => Ok(template),
            Err(why) => Err(Diagnostic::error(Code::BAD_EXPRESSION, why).at(place.whole).into()),
        }
    }
}

/// How a member of a root is declared.
fn form_of(root: &str, name: &str) -> Option<String> {
    let form = match root {
        "config" => format!("config: {{{name}: {{type: string, default: …}}}}"),
        "variables" => format!("variables: {{{name}: …}}"),
        "imports" => format!("imports: {{{name}: {{stack: …, output: …}}}}"),
        "event" => format!("events: {{{name}: {{}}}}"),
        _ => return None,
    };
    Some(format!("declare it: `{form}`"))
}

/// The member of what a path has led to so far.
fn below(template: Template, name: &str) -> Option<Template> {
    match template {
        Template::Object(mut members) => members.shift_remove(name),
        Template::Literal(Value::Sensitive(inner)) => {
            inner.get(name).map(|value| Template::Literal(Value::Sensitive(Box::new(value.clone()))))
        }
        Template::Literal(value) => value.get(name).cloned().map(Template::Literal),
        Template::Attribute(mut reference) => {
            reference.property = format!("{}.{name}", reference.property);
            Some(Template::Attribute(reference))
        }
        _ => None,
    }
}

/// `kind.name`, parts that begin in lower case, then the property, which begins in upper case. Of a
/// raw resource everything after its name is the property.
pub(super) fn address(path: &Path<'_>, place: Place) -> Result<Reference, Diagnostics> {
    let count = path.names.len();
    let kind = path.name(0);
    let whole = path.span(place, 0, count);
    if count == 1 {
        let message = format!("`{kind}` alone is not a value");
        let hint = format!("write the address and the attribute: `${{{kind}.NAME.Arn}}`");
        return Err(Diagnostic::error(Code::BAD_EXPRESSION, message).at(whole).hint(hint).into());
    }
    let upper = |index: &usize| path.name(*index).starts_with(|c: char| c.is_ascii_uppercase());
    let first = if kind == "resource" { 2 } else { (2..count).find(upper).unwrap_or(count) };
    let owner = path.joined(0, first);
    if first >= count {
        let message = format!("`{owner}` is an address, not a value");
        let hint = format!("add the attribute that is meant, as in `${{{owner}.Arn}}`");
        return Err(Diagnostic::error(Code::BAD_EXPRESSION, message).at(whole).hint(hint).into());
    }
    Ok(Reference {
        address: Address::new(owner),
        property: path.joined(first, count),
        order: Order::Dependency,
        span: Some(whole),
    })
}

/// An expression begins with something that isn't there.
pub(super) fn unknown_root(path: &Path<'_>, place: Place) -> Diagnostic {
    let root = path.name(0);
    let diagnostic =
        Diagnostic::error(Code::UNKNOWN_REFERENCE, format!("`{root}` is not known in expressions"))
            .at(path.span(place, 0, 1));
    if let Some(kind) = keys::singular(root) {
        return diagnostic.hint(format!("addresses are singular: `{kind}`"));
    }
    match nearest(root, ROOTS.iter().copied().chain(keys::singulars())) {
        Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
        None => diagnostic.hint(format!(
            "an expression begins with a kind (`queue.claims.Arn`), or with {}",
            one_of(ROOTS.iter().copied())
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceId;

    #[test]
    fn a_path_is_told_from_other_expressions() {
        let names = |text| read(text).map(|p| p.names);
        assert_eq!(names(" a.bC._d "), Some(vec![(1, "a"), (3, "bC"), (6, "_d")]));
        for other in ["", "a.", ".a", "a b", "a[0]", "1", "true", "'a'", "a.b()", "ä.b", "a . b"] {
            assert_eq!(names(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_capital_begins_the_property() {
        let place = Place { whole: Span::new(SourceId(0), 10, 40), exact: true };
        for (text, expected) in [
            ("queue.claims.Arn", Some(("queue.claims", "Arn"))),
            ("queue.claims.deadLetter.Arn", Some(("queue.claims.deadLetter", "Arn"))),
            ("table.t.Endpoint.address", Some(("table.t", "Endpoint.address"))),
            ("resource.Db.endpoint.port", Some(("resource.Db", "endpoint.port"))),
            ("queue.Claims.Arn", Some(("queue.Claims", "Arn"))),
            ("queue.claims", None),
            ("queue", None),
            ("resource.db", None),
        ] {
            let found = read(text).and_then(|path| address(&path, place).ok());
            let found = found.map(|r| (r.address.to_string(), r.property));
            assert_eq!(found, expected.map(|(a, p)| (a.to_owned(), p.to_owned())), "{text}");
        }
    }
}
