//! A stack from all its files.

use super::expression::Scope;
use super::files::{self, unreadable};
use super::fragment::{self, Fragment, Named};
use super::ignored::IgnoredDrift;
use super::library::Library;
use super::template::{template, wrong_type};
use super::variables::{self, Variable};
use super::{Declaration, EventName, Inputs, Loader, Output, Stack, config, environment, keys, paths};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceId, Sources, Span, nearest};
use crate::model::{Template, Value};
use crate::syntax::{Entry, MAX_DEPTH, Node, NodeValue};
use indexmap::IndexMap;
use std::collections::{BTreeMap, HashMap};

impl Stack {
    /// Reads the stack file at `path` and all that it includes, with the overlay of `inputs.env` if
    /// there is one ([`super::environment`] says whether there must be).
    ///
    /// The stack is there even if mistakes were found, so that those who come later can tell
    /// theirs too; it is not where a file couldn't be read or parsed, because then everything that
    /// names what stands in that file would look wrong.
    pub fn load(
        path: &str,
        loader: Box<dyn Loader + Send + Sync>,
        inputs: Inputs,
    ) -> (Option<Stack>, Sources, Diagnostics) {
        let mut reading = Reading::new(Library::new(loader));
        let path = paths::normalise(path);
        reading.root(&path);
        let overlay = environment::overlay(&path, &inputs.env, &reading.library, &mut reading.diagnostics);
        let overlay_config = match overlay {
            Ok(Some(read)) => read.config,
            Ok(None) => Vec::new(),
            Err(environment::Told) => {
                reading.broken = true;
                Vec::new()
            }
        };
        reading.finish(inputs, &overlay_config)
    }
}

/// A stack while its files are read.
struct Reading {
    library: Library,
    diagnostics: Diagnostics,
    /// A file couldn't be read or parsed.
    broken: bool,
    name: Option<String>,
    description: Option<String>,
    config: Vec<Named>,
    variables: Vec<Named>,
    imports: Vec<Named>,
    outputs: Vec<Named>,
    ignored: Vec<IgnoredDrift>,
    declarations: Vec<Declaration>,
    /// `config.stage`, `queue.claims` → where it was declared first.
    declared: HashMap<String, Span>,
    /// Path of a file → where it was included first; none for the stack's own.
    included: HashMap<String, Option<Span>>,
}

impl Reading {
    fn new(library: Library) -> Self {
        Self {
            library,
            diagnostics: Diagnostics::new(),
            broken: false,
            name: None,
            description: None,
            config: Vec::new(),
            variables: Vec::new(),
            imports: Vec::new(),
            outputs: Vec::new(),
            ignored: Vec::new(),
            declarations: Vec::new(),
            declared: HashMap::new(),
            included: HashMap::new(),
        }
    }

    fn root(&mut self, path: &str) {
        self.included.insert(path.to_owned(), None);
        let source = match self.library.read(path) {
            Ok(source) => source,
            Err(why) => {
                self.diagnostics.push(unreadable(path, &why));
                self.broken = true;
                return;
            }
        };
        let Some(tree) = self.library.tree(source, None, &mut self.diagnostics) else {
            self.broken = true;
            return;
        };
        let fragment = fragment::read(&tree, true, &mut self.diagnostics);
        match &fragment.name {
            Some((name, _)) => self.name = Some(name.clone()),
            None => {
                self.broken = true;
                if tree.get("name").is_none() && tree.entries().is_some() {
                    self.diagnostics.push(
                        Diagnostic::error(Code::MISSING_KEY, "the stack has no `name`")
                            .at(tree.span.before())
                            .hint("a stack file begins with `name: …`; an included file has none"),
                    );
                }
            }
        }
        self.description.clone_from(&fragment.description);
        let mut chain = vec![path.to_owned()];
        self.take(fragment, source, None, &mut chain);
    }

    /// Takes what stands in a file, then what it includes, in order.
    fn take(
        &mut self,
        fragment: Fragment,
        source: SourceId,
        defaults: Option<&Node>,
        chain: &mut Vec<String>,
    ) {
        let defaults = merged(defaults, fragment.defaults.as_ref());
        for named in fragment.config {
            self.unique("config", &named).then(|| self.config.push(named));
        }
        for named in fragment.variables {
            self.unique("variables", &named).then(|| self.variables.push(named));
        }
        for named in fragment.imports {
            self.unique("imports", &named).then(|| self.imports.push(named));
        }
        for named in fragment.outputs {
            self.unique("outputs", &named).then(|| self.outputs.push(named));
        }
        self.ignored.extend(fragment.ignored);
        for (key, named) in fragment.declared {
            if !self.unique(keys::singular(key).unwrap_or(key), &named) {
                continue;
            }
            let body = match named.body.value {
                NodeValue::Null => Node::new(named.body.span, NodeValue::Object(Vec::new())),
                _ => named.body,
            };
            self.declarations.push(Declaration {
                key,
                name: named.name,
                span: named.span,
                body,
                source,
                service: fragment.service.clone(),
                defaults: defaults.clone(),
            });
        }
        for node in &fragment.includes {
            self.include(node, source, defaults.as_ref(), chain);
        }
    }

    fn include(&mut self, node: &Node, from: SourceId, defaults: Option<&Node>, chain: &mut Vec<String>) {
        let Some(written) = node.text() else { return };
        if written.contains("${") {
            self.diagnostics.push(
                Diagnostic::error(Code::BAD_EXPRESSION, "an included file can't be an expression")
                    .at(node.span)
                    .hint("files are read before anything else is known"),
            );
            return;
        }
        if written.starts_with('/') {
            self.diagnostics.push(files::absolute(written).at(node.span));
            self.broken = true;
            return;
        }
        let path = self.library.path_from(from, written);
        if let Some(at) = chain.iter().position(|open| *open == path) {
            let circle: Vec<String> =
                chain[at..].iter().chain([&path]).map(|file| format!("`{file}`")).collect();
            let message = format!("files include each other: {}", circle.join(" → "));
            self.diagnostics.push(
                Diagnostic::error(Code::INCLUDE_CYCLE, message).at(node.span).hint("remove this include"),
            );
            return;
        }
        if let Some(first) = self.included.get(&path) {
            let message = format!("the file `{path}` is included twice");
            let mut diagnostic =
                Diagnostic::error(Code::INCLUDE_CYCLE, message).at_saying(node.span, "again here");
            if let Some(first) = first {
                diagnostic = diagnostic.label(*first, "first here");
            }
            self.diagnostics.push(diagnostic.hint("remove one of the two"));
            return;
        }
        if chain.len() >= MAX_DEPTH {
            let message = format!("files include each other more than {MAX_DEPTH} levels deep");
            self.diagnostics.push(Diagnostic::error(Code::TOO_DEEP, message).at(node.span));
            self.broken = true;
            return;
        }
        self.included.insert(path.clone(), Some(node.span));
        let source = match self.library.read(&path) {
            Ok(source) => source,
            Err(why) => {
                self.diagnostics.push(unreadable(&path, &why).at(node.span));
                self.broken = true;
                return;
            }
        };
        let Some(tree) = self.library.tree(source, Some(node.span), &mut self.diagnostics) else {
            self.broken = true;
            return;
        };
        let fragment = fragment::read(&tree, false, &mut self.diagnostics);
        chain.push(path);
        self.take(fragment, source, defaults, chain);
        chain.pop();
    }

    /// Whether it is the first of its name; told if it isn't.
    fn unique(&mut self, kind: &str, named: &Named) -> bool {
        let address = format!("{kind}.{}", named.name);
        match self.declared.get(&address) {
            None => {
                self.declared.insert(address, named.span);
                true
            }
            Some(first) => {
                self.diagnostics.push(
                    Diagnostic::error(Code::DUPLICATE, format!("`{address}` is declared twice"))
                        .at_saying(named.span, "again here")
                        .label(*first, "first here")
                        .hint("rename or remove one of the two"),
                );
                false
            }
        }
    }

    fn finish(self, inputs: Inputs, overlay: &[Named]) -> (Option<Stack>, Sources, Diagnostics) {
        let Self { library, mut diagnostics, .. } = self;
        let name = match (self.name, self.broken) {
            (Some(name), false) => name,
            _ => return (None, library.sources(), diagnostics),
        };
        let mut scope = Scope::new(&name, &inputs.env, &inputs.place);
        let given = config::Given { environment: &inputs.environment, flags: &inputs.config };
        config::values(&self.config, overlay, &given, &mut scope, &library, &mut diagnostics);
        imports(&self.imports, &inputs, &mut scope, &library, &mut diagnostics);
        let events = events(&name, &self.declarations, &scope, &library, &mut diagnostics);
        scope.add_events(&events);
        let variables: IndexMap<String, Variable> =
            self.variables.into_iter().map(|n| (n.name, Variable { span: n.span, node: n.body })).collect();
        variables::compile(&variables, &mut scope, &library, &mut diagnostics);
        let outputs =
            self.outputs.into_iter().map(|named| output(named, &scope, &library, &mut diagnostics)).collect();
        let stack = Stack {
            name,
            description: self.description,
            env: inputs.env,
            place: inputs.place,
            declarations: self.declarations,
            events,
            outputs,
            ignored: self.ignored,
            scope,
            library,
        };
        let sources = stack.sources();
        (Some(stack), sources, diagnostics)
    }
}

/// The defaults of a file over those of the file that includes it, mapping by mapping.
fn merged(outer: Option<&Node>, inner: Option<&Node>) -> Option<Node> {
    fn merge(outer: &Node, inner: &Node) -> Node {
        let (Some(outer), Some(own)) = (outer.entries(), inner.entries()) else { return inner.clone() };
        let mut entries: Vec<Entry> = outer.to_vec();
        for entry in own {
            match entries.iter_mut().find(|e| e.key == entry.key) {
                Some(below) => {
                    below.value = merge(&below.value, &entry.value);
                    below.key_span = entry.key_span;
                }
                None => entries.push(entry.clone()),
            }
        }
        Node::new(inner.span, NodeValue::Object(entries))
    }
    match (outer, inner) {
        (Some(outer), Some(inner)) => Some(merge(outer, inner)),
        (outer, inner) => inner.or(outer).cloned(),
    }
}

/// The contracts' names as EventBridge sees them.
fn events(
    stack: &str,
    declarations: &[Declaration],
    scope: &Scope,
    library: &Library,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, EventName> {
    let mut events = BTreeMap::new();
    for event in declarations.iter().filter(|d| d.key == "events") {
        let mut text = |key: &str| {
            let node = event.body.get(key).filter(|node| node.value != NodeValue::Null)?;
            scope.constant_text(node, library, diagnostics)
        };
        let source = text("source").unwrap_or_else(|| match &event.service {
            Some(service) => format!("{stack}.{service}"),
            None => stack.to_owned(),
        });
        let detail_type = text("detailType").unwrap_or_else(|| event.name.clone());
        // A bus may be an expression over attributes; it is the kind that understands it.
        let bus = event.body.get("bus").and_then(Node::text).map(str::to_owned);
        events.insert(event.name.clone(), EventName { source, detail_type, bus });
    }
    events
}

/// `imports: {orders: {stack: orders, output: busArn}}`.
fn imports(
    imports: &[Named],
    inputs: &Inputs,
    scope: &mut Scope,
    library: &Library,
    diagnostics: &mut Diagnostics,
) {
    for named in imports {
        let value = import(named, inputs, scope, library, diagnostics);
        scope.imports.insert(named.name.clone(), value.map(Template::Literal));
    }
}

fn import(
    named: &Named,
    inputs: &Inputs,
    scope: &Scope,
    library: &Library,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let name = &named.name;
    let Some(entries) = named.body.entries() else {
        diagnostics.push(
            wrong_type(&named.body, &format!("import `{name}`"), "a mapping")
                .hint("write `{stack: orders, output: busArn}`"),
        );
        return None;
    };
    for entry in entries.iter().filter(|e| !matches!(e.key.as_str(), "stack" | "output")) {
        let message = format!("the key `{}` is not known in an import", entry.key);
        let hint = "an import has `stack` and `output`";
        diagnostics.push(Diagnostic::error(Code::UNKNOWN_KEY, message).at(entry.key_span).hint(hint));
    }
    let mut text = |key: &str| match named.body.get(key) {
        Some(node) => scope.constant_text(node, library, diagnostics).map(|text| (text, node.span)),
        None => {
            let message = format!("import `{name}` lacks `{key}`");
            diagnostics.push(Diagnostic::error(Code::MISSING_KEY, message).at(named.span));
            None
        }
    };
    let (stack, output) = (text("stack"), text("output"));
    let ((stack, stack_span), (output, output_span)) = (stack?, output?);
    let Some(outputs) = inputs.imported.get(&stack) else {
        let message = format!("the stack `{stack}` is not applied in this environment");
        diagnostics.push(
            Diagnostic::error(Code::UNKNOWN_REFERENCE, message)
                .at(stack_span)
                .hint("apply it first: its outputs are read from its state"),
        );
        return None;
    };
    match outputs.get(&output) {
        Some(value) => Some(Value::from(value.clone())),
        None => {
            let message = format!("the stack `{stack}` has no output `{output}`");
            let near = nearest(&output, outputs.keys().map(String::as_str));
            diagnostics.push(
                Diagnostic::error(Code::UNKNOWN_REFERENCE, message)
                    .at(output_span)
                    .hint_if(near.map(|near| format!("did you mean `{near}`?"))),
            );
            None
        }
    }
}

/// `page: ${…}`, or `page: {value: ${…}, description: …}`.
fn output(named: Named, scope: &Scope, library: &Library, diagnostics: &mut Diagnostics) -> Output {
    let long = |entries: &[Entry]| {
        entries.iter().any(|e| e.key == "value")
            && entries.iter().all(|e| matches!(e.key.as_str(), "value" | "description"))
    };
    let mut description = None;
    let node = match named.body.entries().filter(|entries| long(entries)) {
        Some(entries) => {
            for entry in entries.iter().filter(|e| e.key == "description") {
                description = entry.value.text().map(str::to_owned);
                if description.is_none() {
                    diagnostics.push(wrong_type(&entry.value, "`description`", "text"));
                }
            }
            named.body.get("value").unwrap_or(&named.body)
        }
        None => &named.body,
    };
    let value = template(node, scope, library, diagnostics);
    Output { name: named.name, description, span: named.span, value }
}
