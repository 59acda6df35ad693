//! Events → tree. Aliases are expanded against a budget; merge keys are merged; duplicate keys are
//! told with both places.

use super::super::limits::{self, MAX_DEPTH, MAX_MISTAKES, MAX_NODES, MAX_TEXT};
use super::super::{Entry, Node, NodeValue, Origin, scalar};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use saphyr_parser::{Event, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Past so many keys a mapping looks them up in a set.
const FEW_KEYS: usize = 16;

pub(super) struct Builder<'t> {
    at: Origin,
    text: &'t str,
    /// Collections that are open, outermost first.
    open: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Anchored>,
    used: Size,
    diagnostics: Diagnostics,
    failed: bool,
}

/// How much of the budget something takes.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

struct Anchored {
    node: Node,
    size: Size,
    height: usize,
}

struct Frame {
    start: usize,
    /// End of the last child.
    end: usize,
    anchor: usize,
    before: Size,
    /// Levels below this one.
    height: usize,
    body: Body,
}

enum Body {
    List(Vec<Node>),
    Mapping(Mapping),
}

#[derive(Default)]
struct Mapping {
    entries: Vec<Entry>,
    many: Option<HashSet<String>>,
    key: Option<Key>,
    /// What stands at `<<`, and before which own entry.
    merge: Option<(usize, Node, Span)>,
}

struct Key {
    text: String,
    span: Span,
    merge: bool,
}

/// A complete node on its way into the collection that it belongs to.
struct Finished {
    node: Node,
    height: usize,
    end: usize,
    /// Whether it was a plain `<<`.
    merge: bool,
}

impl<'t> Builder<'t> {
    pub(super) fn new(at: Origin, text: &'t str) -> Self {
        Self {
            at,
            text,
            open: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            used: Size::default(),
            diagnostics: Diagnostics::new(),
            failed: false,
        }
    }

    /// Nothing that could be read follows.
    pub(super) fn fail(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.failed = true;
    }

    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    fn mistake(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.failed |= self.diagnostics.len() >= MAX_MISTAKES;
    }

    pub(super) fn finish(self) -> (Option<Node>, Diagnostics) {
        let empty = || Node::new(self.at.span(0, 0), NodeValue::Object(Vec::new()));
        let root = (!self.failed).then(|| match self.root {
            Some(Node { value: NodeValue::Null, .. }) | None => empty(),
            Some(root) => root,
        });
        (root, self.diagnostics)
    }

    /// Takes the next event; `start` and `end` are byte offsets into the text.
    pub(super) fn event(&mut self, event: Event<'_>, start: usize, end: usize) {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag, start, end),
            Event::Alias(anchor) => self.alias(anchor, start, end),
            Event::SequenceStart(anchor, tag) => {
                self.begin(Body::List(Vec::new()), anchor, tag, "seq", start, end);
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Body::Mapping(Mapping::default()), anchor, tag, "map", start, end);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(start, end),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }

    fn spend(&mut self, size: Size, span: Span) -> bool {
        self.used.nodes += size.nodes;
        self.used.bytes += size.bytes;
        if self.used.nodes > MAX_NODES {
            self.fail(limits::too_many_nodes(span));
        } else if self.used.bytes > MAX_TEXT {
            self.fail(limits::too_much_text(span));
        }
        !self.failed
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        start: usize,
        end: usize,
    ) {
        let end = start + self.text.get(start..end).map_or(0, |t| t.trim_end().len());
        let span = self.at.span(start, end);
        let size = Size { nodes: 1, bytes: text.len() };
        if !self.spend(size, span) {
            return;
        }
        let plain = style == ScalarStyle::Plain;
        let merge = plain && tag.is_none() && text == "<<";
        let wanted = tag.as_deref().map(core_tag);
        let (value, raw) = match wanted {
            None if plain => scalar::plain(&text),
            None | Some(Some("str")) => (NodeValue::String(text.into_owned()), None),
            Some(Some(kind @ ("int" | "float" | "bool" | "null"))) => {
                let (value, raw) = scalar::plain(&text);
                let fits = match kind {
                    "int" => matches!(&value, NodeValue::Number(n) if !n.is_f64()),
                    "float" => matches!(value, NodeValue::Number(_)),
                    "bool" => matches!(value, NodeValue::Bool(_)),
                    _ => matches!(value, NodeValue::Null),
                };
                if !fits {
                    let message = format!("`{text}` isn't a value of `!!{kind}`");
                    self.mistake(Diagnostic::error(Code::SYNTAX, message).at(span));
                }
                (value, raw)
            }
            Some(_) => {
                self.refuse_tag(tag.as_deref(), span);
                (NodeValue::String(text.into_owned()), None)
            }
        };
        let node = Node { span, value, raw };
        if anchor > 0 {
            self.anchors.insert(anchor, Anchored { node: node.clone(), size, height: 0 });
        }
        self.place(Finished { node, height: 0, end, merge });
    }

    fn alias(&mut self, anchor: usize, start: usize, end: usize) {
        let span = self.at.span(start, end);
        let Some(anchored) = self.anchors.get(&anchor) else {
            self.fail(Diagnostic::error(Code::SYNTAX, "the alias stands inside its own anchor").at(span));
            return;
        };
        let (size, height) = (anchored.size, anchored.height);
        if self.open.len() + height > MAX_DEPTH {
            self.fail(limits::too_deep(span));
        } else if self.spend(size, span)
            && let Some(anchored) = self.anchors.get(&anchor)
        {
            let node = anchored.node.clone();
            self.place(Finished { node, height, end, merge: false });
        }
    }

    fn begin(
        &mut self,
        body: Body,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        own: &str,
        start: usize,
        end: usize,
    ) {
        let span = self.at.span(start, end);
        if self.open.len() >= MAX_DEPTH {
            self.fail(limits::too_deep(span));
            return;
        }
        if tag.as_deref().is_some_and(|tag| core_tag(tag) != Some(own)) {
            self.refuse_tag(tag.as_deref(), span);
        }
        let before = self.used;
        if self.spend(Size { nodes: 1, bytes: 0 }, span) {
            self.open.push(Frame { start, end, anchor, before, height: 0, body });
        }
    }

    fn end(&mut self, start: usize, end: usize) {
        let Some(mut frame) = self.open.pop() else { return };
        // A block collection ends where the next token begins; its own end is its last child's.
        if end > start {
            frame.end = end;
        }
        let span = self.at.span(frame.start, frame.end);
        let value = match frame.body {
            Body::List(items) => NodeValue::Array(items),
            Body::Mapping(mapping) => NodeValue::Object(self.merged(mapping)),
        };
        let node = Node::new(span, value);
        let height = frame.height + 1;
        if frame.anchor > 0 {
            let size = Size {
                nodes: self.used.nodes - frame.before.nodes,
                bytes: self.used.bytes - frame.before.bytes,
            };
            // Kept besides its place in the tree, so it counts twice.
            if !self.spend(size, span) {
                return;
            }
            self.anchors.insert(frame.anchor, Anchored { node: node.clone(), size, height });
        }
        self.place(Finished { node, height, end: frame.end, merge: false });
    }

    /// Puts a node into the innermost open collection.
    fn place(&mut self, finished: Finished) {
        let Finished { mut node, height, end, merge } = finished;
        let mistake = match self.open.last_mut() {
            None => {
                self.root = Some(node);
                None
            }
            Some(frame) => {
                // What is merged doesn't stand below, but here.
                let below = match &frame.body {
                    Body::Mapping(Mapping { key: Some(Key { merge: true, .. }), .. }) => {
                        height.saturating_sub(1 + usize::from(node.items().is_some()))
                    }
                    _ => height,
                };
                frame.height = frame.height.max(below);
                frame.end = frame.end.max(end);
                match &mut frame.body {
                    Body::List(items) => {
                        items.push(node);
                        None
                    }
                    Body::Mapping(mapping) => match mapping.key.take() {
                        None => {
                            // Keys aren't nodes.
                            self.used.nodes = self.used.nodes.saturating_sub(1);
                            mapping.take_key(self.at, self.text, node, merge)
                        }
                        Some(key) => {
                            if matches!(node.value, NodeValue::Null) && node.span.start == node.span.end {
                                node.span = key.span;
                            }
                            mapping.take_value(key, node)
                        }
                    },
                }
            }
        };
        if let Some(mistake) = mistake {
            self.mistake(mistake);
        }
    }

    /// The entries with what stands at `<<`; own keys win, then earlier mappings.
    fn merged(&mut self, mapping: Mapping) -> Vec<Entry> {
        let Some((position, node, key_span)) = mapping.merge else { return mapping.entries };
        let mut seen: HashSet<String> = mapping.entries.iter().map(|e| e.key.clone()).collect();
        let mut added = Vec::new();
        let parts = match node.value {
            NodeValue::Array(items) => items,
            _ => vec![node],
        };
        for part in parts {
            match part.value {
                NodeValue::Object(entries) => {
                    added.extend(entries.into_iter().filter(|e| seen.insert(e.key.clone())));
                }
                _ => self.mistake(
                    Diagnostic::error(Code::SYNTAX, "`<<` merges a mapping, or a list of mappings")
                        .at(key_span)
                        .hint("quote the key if it is meant as text: \"<<\""),
                ),
            }
        }
        let mut entries = mapping.entries;
        let own = entries.split_off(position.min(entries.len()));
        entries.extend(added);
        entries.extend(own);
        entries
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: Span) {
        let Some(tag) = tag else { return };
        let name = format!("{}{}", if tag.handle == "!" { "!" } else { "!!" }, tag.suffix);
        let diagnostic =
            Diagnostic::error(Code::UNSUPPORTED, format!("the tag `{name}` is not supported")).at(span);
        self.mistake(match tag.suffix.as_str() {
            "Ref" | "GetAtt" | "Sub" => {
                diagnostic.hint("instead of CloudFormation's tags write an expression: `${queue.claims.Arn}`")
            }
            "Join" | "Select" | "Split" | "If" | "FindInMap" | "ImportValue" => {
                diagnostic.hint("instead of CloudFormation's tags write an expression: `${…}`")
            }
            _ => diagnostic.hint("leave the tag away; a quoted scalar is text"),
        });
    }
}

impl Mapping {
    /// The scalar is a key: its text as written, whatever it would mean as a value.
    fn take_key(&mut self, at: Origin, text: &str, node: Node, merge: bool) -> Option<Diagnostic> {
        let written = |span: Span| {
            let range = span.start as usize - at.base..span.end as usize - at.base;
            text.get(range).unwrap_or("").to_owned()
        };
        let span = node.span;
        let (text, mistake) = match node.value {
            NodeValue::String(text) => (text, None),
            NodeValue::Array(_) | NodeValue::Object(_) => {
                let mistake = Diagnostic::error(Code::SYNTAX, "a key must be text").at(span);
                (String::new(), Some(mistake.hint("an expression or a `{…}` as a value wants quotes")))
            }
            _ => (node.raw.map_or_else(|| written(span), String::from), None),
        };
        self.key = Some(Key { text, span, merge });
        mistake
    }

    fn take_value(&mut self, key: Key, node: Node) -> Option<Diagnostic> {
        if key.merge {
            return match &self.merge {
                Some((_, _, first)) => Some(duplicate("<<", key.span, *first)),
                None => {
                    self.merge = Some((self.entries.len(), node, key.span));
                    None
                }
            };
        }
        let twice = match &mut self.many {
            Some(seen) => !seen.insert(key.text.clone()),
            None => self.entries.iter().any(|e| e.key == key.text),
        };
        if twice {
            let first = self.entries.iter().find(|e| e.key == key.text).map_or(key.span, |e| e.key_span);
            return Some(duplicate(&key.text, key.span, first));
        }
        self.entries.push(Entry { key: key.text, key_span: key.span, value: node });
        if self.many.is_none() && self.entries.len() > FEW_KEYS {
            self.many = Some(self.entries.iter().map(|e| e.key.clone()).collect());
        }
        None
    }
}

fn duplicate(key: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code::DUPLICATE_KEY, format!("the key `{key}` stands twice in one mapping"))
        .at_saying(second, "again here")
        .label(first, "first here")
        .hint("remove one of the two, or merge them")
}

/// `str` of `!!str`; none if it isn't one of the core schema's. A bare `!` says text.
fn core_tag(tag: &Tag) -> Option<&str> {
    let full = format!("{}{}", tag.handle, tag.suffix);
    match full.strip_prefix("tag:yaml.org,2002:") {
        Some("str" | "int" | "float" | "bool" | "null" | "seq" | "map") => {
            Some(tag.suffix.rsplit(':').next().unwrap_or(""))
        }
        _ if full == "!" => Some("str"),
        _ => None,
    }
}
