//! Turns declarations into resources, and keeps what all kinds share while it does.

use super::kind::{Kind, kind_named, kinds};
use super::{names, options, tags};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::model::{Address, Desired, Options, Protection, Template, Value};
use crate::schema::{Catalogue, TypeName, data_loss};
use crate::spec::{Declaration, Stack};
use crate::syntax::Node;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// What the declarations of a stack come to.
#[derive(Debug, Default)]
pub struct Expansion {
    /// The resources, in the order of declaration, parts before their main resource.
    pub resources: Vec<Desired>,
    /// The kinds' own attributes: `(api.frontend, Url)`.
    pub attributes: BTreeMap<(Address, String), Template>,
    /// Declarations that `options.when` leaves out, and where.
    pub left_out: BTreeMap<Address, Span>,
    /// Declarations with mistakes: what they came to is not whole, so nothing more is said of it.
    pub broken: BTreeSet<Address>,
}

/// Expands every declaration of the stack.
pub fn expand(stack: &Stack) -> (Expansion, Diagnostics) {
    let mut declared = BTreeMap::new();
    for declaration in &stack.declarations {
        if let Some(kind) = kind_named(declaration.key) {
            declared.insert(address_of(kind, declaration), (kind, declaration));
        }
    }
    let mut expander = Expander {
        stack,
        declared,
        diagnostics: Diagnostics::new(),
        out: Expansion::default(),
        grants: BTreeMap::new(),
    };
    check_defaults(&mut expander);
    for declaration in &stack.declarations {
        let Some(kind) = kind_named(declaration.key) else { continue };
        let mistakes = expander.diagnostics.len();
        if options::left_out(&mut expander, declaration) {
            expander.out.left_out.insert(address_of(kind, declaration), declaration.span);
        } else if expander.check_declaration(kind, declaration) {
            (kind.expand)(&mut expander, declaration);
        }
        if expander.diagnostics.len() > mistakes {
            expander.out.broken.insert(address_of(kind, declaration));
        }
    }
    super::iam::inline_policies(&mut expander);
    options::carry_aliases(&mut expander);
    default_bus(&mut expander);
    for declaration in &stack.declarations {
        if !expander.out.left_out.contains_key(&expander.address(declaration)) {
            expander.check_parts(declaration);
        }
    }
    (expander.out, expander.diagnostics)
}

/// The account's own bus is there undeclared, so its attributes are known.
fn default_bus(x: &mut Expander<'_>) {
    let arn = Template::string(x.arn("events", "event-bus/default"));
    for (property, value) in [("Arn", arn), ("Name", Template::string("default"))] {
        x.out.attributes.insert((Address::new("bus.default"), property.to_owned()), value);
    }
}

/// Reports unknown keys of `defaults`, once for each place.
fn check_defaults(x: &mut Expander<'_>) {
    const KEYS: &[&str] = &["tags", "logs", "deadLetter", "protect", "retry"];
    let mut seen: Vec<&Node> = Vec::new();
    for declaration in &x.stack.declarations {
        if let Some(defaults) = &declaration.defaults
            && !seen.contains(&defaults)
        {
            seen.push(defaults);
            x.check_keys(defaults, "`defaults`", KEYS, "evstack explain defaults");
        }
    }
}

/// The physical name belongs where `name:` is written, unless its property is written itself.
fn place_name(declaration: &Declaration, desired: &mut Desired) {
    let Some(entry) = declaration.body.entries().and_then(|all| all.iter().find(|e| e.key == "name")) else {
        return;
    };
    let resource_type = Catalogue::bundled().of(&desired.type_name);
    if let Some(property) = resource_type.as_ref().and_then(|t| t.name_property()) {
        let pointer = format!("/{property}");
        desired.spans.entry(Desired::key_at(&pointer)).or_insert(entry.key_span);
        desired.spans.entry(pointer).or_insert(entry.value.span);
    }
}

/// What holds data is protected, unless its declaration says `protect: false`.
pub(super) fn by_default(declaration: &Declaration, type_name: &str) -> Protection {
    match data_loss(&TypeName::new(type_name)) {
        Some(loss) if !loss.warns && !options::unprotected(declaration) => Protection::ByDefault,
        _ => Protection::None,
    }
}

fn address_of(kind: &Kind, declaration: &Declaration) -> Address {
    Address::new(format!("{}.{}", kind.singular, declaration.name))
}

/// The state of an expansion. Kinds add to it through its methods.
pub(super) struct Expander<'a> {
    pub(super) stack: &'a Stack,
    /// Everything that is declared, by address.
    pub(super) declared: BTreeMap<Address, (&'static Kind, &'a Declaration)>,
    pub(super) diagnostics: Diagnostics,
    pub(super) out: Expansion,
    /// Who may send to a queue or topic: statements for its inline policy.
    pub(super) grants: BTreeMap<Address, Vec<Template>>,
}

/// A resource in the making.
pub(super) struct Draft {
    type_name: &'static str,
    properties: IndexMap<String, Template>,
    spans: BTreeMap<String, Span>,
    depends_on: Vec<Address>,
    replace_on_changes: Vec<crate::schema::PropertyPath>,
}

impl Draft {
    /// Without properties yet.
    pub(super) fn new(type_name: &'static str) -> Self {
        Self {
            type_name,
            properties: IndexMap::new(),
            spans: BTreeMap::new(),
            depends_on: Vec::new(),
            replace_on_changes: Vec::new(),
        }
    }

    /// With a property.
    pub(super) fn with(mut self, property: &str, value: impl Into<Template>) -> Self {
        self.properties.insert(property.to_owned(), value.into());
        self
    }

    /// With a property that a person wrote at `node`.
    pub(super) fn written(mut self, property: &str, value: Template, node: &Node) -> Self {
        self.spans.insert(format!("/{property}"), node.span);
        self.with(property, value)
    }

    /// With a property, if there is a value.
    pub(super) fn maybe(self, property: &str, value: Option<Template>) -> Self {
        match value {
            Some(value) => self.with(property, value),
            None => self,
        }
    }

    /// A mistake in what lies at this JSON Pointer belongs there.
    pub(super) fn span(mut self, pointer: &str, span: Span) -> Self {
        self.spans.insert(pointer.to_owned(), span);
        self
    }

    /// After another resource, though no property says so.
    pub(super) fn after(mut self, address: Address) -> Self {
        self.depends_on.push(address);
        self
    }

    /// Replaced when this property changes, though it could be updated.
    pub(super) fn replaced_by(mut self, property: &str) -> Self {
        self.replace_on_changes.push(crate::schema::PropertyPath::parse(property));
        self
    }
}

impl<'a> Expander<'a> {
    /// The address of a declaration.
    pub(super) fn address(&self, declaration: &Declaration) -> Address {
        let singular = kind_named(declaration.key).map_or(declaration.key, |k| k.singular);
        Address::new(format!("{singular}.{}", declaration.name))
    }

    /// The declaration at an address.
    pub(super) fn declaration(&self, address: &Address) -> Option<&'a Declaration> {
        self.declared.get(address).map(|(_, d)| *d)
    }

    /// A physical name. `name:` in the body wins for the main resource; `pieces` (of a part, after
    /// the declaration's name) stay as they are, so that a rename replaces nothing else.
    pub(super) fn name(&mut self, declaration: &Declaration, pieces: &[&str], limit: usize) -> Template {
        self.name_with_suffix(declaration, pieces, limit, "")
    }

    /// The same, with an ending that is always kept (`.fifo`).
    pub(super) fn name_with_suffix(
        &mut self,
        declaration: &Declaration,
        pieces: &[&str],
        limit: usize,
        suffix: &str,
    ) -> Template {
        if let Some(node) = declaration.body.get("name").filter(|_| pieces.is_empty()) {
            return match self.template(node) {
                Template::Literal(Value::String(own)) if !own.ends_with(suffix) => {
                    Template::string(format!("{own}{suffix}"))
                }
                own => own,
            };
        }
        Template::string(self.default_name(declaration, pieces, limit, suffix))
    }

    /// `<stack>-<env>-<name>[-<part>]`, whatever `name:` says.
    pub(super) fn default_name(
        &self,
        declaration: &Declaration,
        pieces: &[&str],
        limit: usize,
        suffix: &str,
    ) -> String {
        let head = [self.stack.name.as_str(), self.stack.env.as_str(), declaration.name.as_str()];
        let all: Vec<&str> = head.into_iter().chain(pieces.iter().copied()).collect();
        names::physical(&all, limit, suffix)
    }

    /// Adds the main resource of a declaration: its `properties` merged over, its tags, its options.
    pub(super) fn main(&mut self, declaration: &Declaration, draft: Draft) {
        let address = self.address(declaration);
        let over = declaration.body.get("properties").cloned();
        let mut options = options::read(self, declaration, draft.type_name);
        if options.protection == Protection::None {
            options.protection = self::by_default(declaration, draft.type_name);
        }
        options.replace_on_changes.extend(draft.replace_on_changes.iter().cloned());
        let mut desired = self.finish(declaration, address, draft, over.as_ref());
        place_name(declaration, &mut desired);
        desired.options = options;
        desired.depends_on.extend(options::depends_on(self, declaration));
        self.out.resources.push(desired);
    }

    /// Adds a part: `parts.<name>.properties` merged over. `part` is dotted below another part.
    pub(super) fn part(&mut self, declaration: &Declaration, part: &str, draft: Draft) -> Address {
        let address = Address::new(format!("{}.{part}", self.address(declaration)));
        let over = declaration
            .body
            .get("parts")
            .and_then(|p| p.get(part))
            .and_then(|p| p.get("properties"))
            .cloned();
        let replace_on_changes = draft.replace_on_changes.clone();
        let protection = self::by_default(declaration, draft.type_name);
        let mut desired = self.finish(declaration, address.clone(), draft, over.as_ref());
        desired.options = Options { protection, replace_on_changes, ..Options::default() };
        self.out.resources.push(desired);
        address
    }

    fn finish(
        &mut self,
        declaration: &Declaration,
        address: Address,
        draft: Draft,
        over: Option<&Node>,
    ) -> Desired {
        let type_name = TypeName::new(draft.type_name);
        let mut properties = Template::Object(draft.properties);
        let mut spans = draft.spans;
        if let Some(node) = over {
            place_spans(node, "", &mut spans);
            let coerced = Catalogue::bundled().of(&type_name).map(|t| super::coerce::coerce(node, &t));
            let over = self.template(coerced.as_ref().unwrap_or(node));
            if matches!(over, Template::Object(_)) {
                properties.merge(over);
            } else {
                self.wrong_type(node, "`properties`", "a mapping");
            }
        }
        tags::add(self, declaration, &address, &type_name, &mut properties);
        let span = declaration.span;
        Desired {
            address,
            type_name,
            properties,
            options: Options::default(),
            depends_on: draft.depends_on,
            span,
            spans,
        }
    }

    /// Reports `parts` of things that the kind doesn't make here.
    fn check_parts(&mut self, declaration: &Declaration) {
        let Some(parts) = declaration.body.get("parts") else { return };
        let owner = format!("{}.", self.address(declaration));
        let made: Vec<String> = self
            .out
            .resources
            .iter()
            .filter_map(|r| r.address.as_str().strip_prefix(&owner).map(str::to_owned))
            .collect();
        let made: Vec<&str> = made.iter().map(String::as_str).collect();
        let help = format!("evstack explain {}", declaration.key);
        self.check_keys(parts, &format!("`parts` of `{}`", declaration.name), &made, &help);
        for entry in parts.entries().unwrap_or_default() {
            self.check_keys(&entry.value, &format!("part `{}`", entry.key), &["properties"], &help);
        }
    }

    /// The address that a field names: a bare name of one kind, or an address. Reports what isn't
    /// declared or doesn't fit.
    pub(super) fn reference(&mut self, node: &Node, what: &str, fitting: &[&'static str]) -> Option<Address> {
        let text = self.text(node, what)?;
        let address = match fitting {
            [only] if !text.contains('.') => Address::new(format!("{only}.{text}")),
            _ => Address::new(text.as_str()),
        };
        self.declared_at(&address, node.span, fitting).then_some(address)
    }

    /// Reports an address that isn't declared or whose kind doesn't fit.
    pub(super) fn declared_at(&mut self, address: &Address, span: Span, fitting: &[&'static str]) -> bool {
        let owner = address.owner();
        let is_default_bus = owner.as_str() == "bus.default";
        // A part is what it is, not what its owner is: any kind's dead letters are a queue.
        let kind = match address.as_str().rsplit_once('.') {
            Some((_, "deadLetter")) => "queue",
            _ if owner != *address => "part",
            _ => address.kind(),
        };
        if let Some(plural) = kinds().iter().find(|k| k.key == kind && k.singular != kind) {
            let hint = format!("addresses are singular: `{}.{}`", plural.singular, owner.name());
            self.report(
                Diagnostic::error(Code::UNKNOWN_REFERENCE, format!("`{owner}` isn't declared"))
                    .at(span)
                    .hint(hint),
            );
            return false;
        }
        let is_known = kind == "part" || kind_named(kind).is_some();
        if !fitting.is_empty() && is_known && !fitting.contains(&kind) {
            self.report(
                Diagnostic::error(
                    Code::WRONG_KIND,
                    format!(
                        "`{address}` doesn't fit here: {} is wanted",
                        crate::diagnostics::one_of(fitting.iter().copied())
                    ),
                )
                .at(span),
            );
            return false;
        }
        if is_default_bus || self.declared.contains_key(&owner) {
            return true;
        }
        let known: Vec<&str> = self.declared.keys().map(Address::as_str).collect();
        let hint = match nearest(owner.as_str(), known.iter().copied()) {
            Some(name) => Some(format!("did you mean `{name}`?")),
            None if kind_named(owner.kind()).is_none() => {
                let kinds: Vec<&str> = kinds().iter().map(|k| k.singular).collect();
                let plural = kinds
                    .iter()
                    .find(|k| format!("{k}s") == owner.kind() || format!("{k}es") == owner.kind());
                plural.map(|k| format!("addresses are singular: `{k}.{}`", owner.name()))
            }
            None => None,
        };
        self.report(
            Diagnostic::error(Code::UNKNOWN_REFERENCE, format!("`{owner}` isn't declared"))
                .at(span)
                .hint_if(hint),
        );
        false
    }
}

/// Where each property was written, its value and its key, by JSON Pointer.
pub(super) fn place_spans(node: &Node, pointer: &str, spans: &mut BTreeMap<String, Span>) {
    if !pointer.is_empty() {
        spans.insert(pointer.to_owned(), node.span);
    }
    for entry in node.entries().unwrap_or_default() {
        let key = entry.key.replace('~', "~0").replace('/', "~1");
        let below = format!("{pointer}/{key}");
        spans.insert(Desired::key_at(&below), entry.key_span);
        place_spans(&entry.value, &below, spans);
    }
    for (i, item) in node.items().unwrap_or_default().iter().enumerate() {
        place_spans(item, &format!("{pointer}/{i}"), spans);
    }
}

/// For templates that are known not to read any attribute.
pub(super) struct NoAttributes;

impl crate::model::Attributes for NoAttributes {
    fn attribute(&self, address: &Address, property: &str) -> crate::model::Value {
        crate::model::Value::unknown(address.clone(), property, "it isn't known at load")
    }
}
