//! Routes: `"POST /reviews": {to: queue.reviews}`.

use crate::diagnostics::{Code, Diagnostic, Span};
use crate::kinds::expander::Expander;
use crate::kinds::target::{Class, Target};
use crate::model::Address;
use crate::spec::{Declaration, EventName};
use crate::syntax::{Node, NodeValue};

/// Where a route goes.
pub(super) enum Goes {
    /// A queue or a state machine.
    Target(Target),
    /// A contract: the body becomes the event's data, in the envelope or without it.
    Event(EventName, bool),
    /// A fixed page.
    Page(String),
}

/// One route, its keys checked.
pub(super) struct Route<'a> {
    pub(super) method: &'static str,
    /// `/reviews/{reviewId}`.
    pub(super) path: String,
    pub(super) goes: Goes,
    /// Wait for the state machine's answer.
    pub(super) sync: bool,
    pub(super) body: &'a Node,
    pub(super) span: Span,
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

impl Route<'_> {
    /// The last piece of its address: `postReviews`, `getRoot`.
    pub(super) fn part(&self) -> String {
        format!("{}{}", self.method.to_ascii_lowercase(), path_name(&self.path))
    }

    /// The names of its path parameters.
    pub(super) fn parameters(&self) -> Vec<&str> {
        self.path
            .split('/')
            .filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'))
            .map(|s| s.trim_end_matches('+'))
            .collect()
    }

    /// Whether a request has a body.
    pub(super) fn has_body(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "DELETE")
    }
}

/// `/reviews/{reviewId}` → `ReviewsReviewId`; `/` → `Root`.
pub(super) fn path_name(path: &str) -> String {
    let mut name = String::new();
    let mut upper = true;
    for c in path.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        } else {
            upper = true;
        }
    }
    if name.is_empty() { "Root".to_owned() } else { name }
}

/// All routes of an API. `rest` allows what only REST can.
pub(super) fn routes<'a>(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    node: &'a Node,
    rest: bool,
) -> Vec<Route<'a>> {
    let Some(entries) = node.entries() else {
        x.wrong_type(node, "`routes`", "a mapping");
        return Vec::new();
    };
    let mut found: Vec<Route<'a>> = Vec::new();
    for entry in entries {
        let Some((method, path)) = method_and_path(x, &entry.key, entry.key_span, rest) else { continue };
        let Some(goes) = goes(x, declaration, &entry.value, entry.key_span, rest) else { continue };
        let sync = entry.value.get("sync").and_then(|n| x.boolean(n, "`sync`")).unwrap_or(false);
        if sync && !matches!(&goes, Goes::Target(t) if matches!(t.class, Class::StateMachine { .. })) {
            let message = format!("`{}` can't wait for an answer: only state machines give one", entry.key);
            x.report(Diagnostic::error(Code::BAD_VALUE, message).at(entry.key_span));
        }
        if sync
            && let Goes::Target(Target {
                class: Class::StateMachine { express: false },
                address: Some(machine),
                span,
                ..
            }) = &goes
            && machine.kind() == "stateMachine"
        {
            x.report(
                Diagnostic::error(
                    Code::BAD_VALUE,
                    format!("`{machine}` is a standard machine: only express ones answer at once"),
                )
                .at(*span)
                .hint(format!("write `type: express` on `{machine}`, or leave `sync` out")),
            );
        }
        check_queue(x, &goes, &entry.value);
        let route = Route { method, path, goes, sync, body: &entry.value, span: entry.key_span };
        if let Some(other) = found.iter().find(|r| r.part() == route.part()) {
            x.report(
                Diagnostic::error(
                    Code::DUPLICATE,
                    format!("route `{}` would have the address of another", entry.key),
                )
                .at(entry.key_span)
                .label(other.span, "the other one"),
            );
            continue;
        }
        found.push(route);
    }
    found
}

/// What only a queue can take, and what a FIFO queue must be told.
fn check_queue(x: &mut Expander<'_>, goes: &Goes, body: &Node) {
    let queue = match goes {
        Goes::Target(target) => match target.class {
            Class::Queue { fifo } => Some((fifo, target.span)),
            _ => None,
        },
        _ => None,
    };
    match queue {
        Some((true, span)) if body.get("group").is_none() => {
            let message = "a FIFO queue as a target needs a message group";
            x.report(Diagnostic::error(Code::MISSING_KEY, message).at(span).hint("add `group: …`"));
        }
        Some(_) => {}
        None => {
            for key in ["group", "attributes"] {
                if let Some(node) = body.get(key) {
                    x.unsupported(
                        node,
                        &format!("`{key}` of a route that doesn't go to a queue"),
                        "leave it out",
                    );
                }
            }
        }
    }
}

fn method_and_path(
    x: &mut Expander<'_>,
    key: &str,
    span: Span,
    rest: bool,
) -> Option<(&'static str, String)> {
    // What no other route takes; HTTP APIs alone have it.
    if key == "$default" && !rest {
        return Some(("ANY", "$default".to_owned()));
    }
    let parsed = key.split_once(' ').and_then(|(method, path)| {
        let method = METHODS.iter().find(|m| **m == method)?;
        let path = path.trim();
        let segments_fit =
            path == "/" || path.strip_prefix('/').is_some_and(|p| p.split('/').all(segment_fits));
        segments_fit.then(|| (*method, path.to_owned()))
    });
    if parsed.is_none() {
        x.report(
            Diagnostic::error(Code::BAD_VALUE, format!("`{key}` isn't a route"))
                .at(span)
                .hint("a route is a method and a path: `GET /reviews/{reviewId}`"),
        );
    }
    parsed
}

fn segment_fits(segment: &str) -> bool {
    let plain = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
    match segment.strip_prefix('{') {
        Some(parameter) => parameter.strip_suffix('}').is_some_and(|p| plain(p.trim_end_matches('+'))),
        None => plain(segment),
    }
}

fn goes(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    body: &Node,
    span: Span,
    rest: bool,
) -> Option<Goes> {
    let keys = ["to", "sync", "input", "attributes", "group", "response", "validate", "page"];
    if !x.check_keys(body, "a route", &keys, "evstack explain api") {
        return None;
    }
    if !rest {
        for key in ["page", "response", "validate"] {
            let hint = "HTTP APIs have neither mocks nor templates: write `type: rest`";
            x.unsupported_key(body, key, &format!("`{key}` of an HTTP API"), hint);
        }
    }
    match (body.get("page"), body.get("to")) {
        (Some(page), None) => {
            let (_, text) = x.stack.text_file(declaration.source, page, &mut x.diagnostics)?;
            Some(Goes::Page(text))
        }
        (None, Some(to)) => {
            if let Some(name) = to.text().and_then(|t| t.strip_prefix("event.")) {
                let address = x.reference(to, "`to`", &["event"])?;
                let envelope = x.declaration(&address).and_then(|d| d.body.get("envelope"));
                let bare = matches!(envelope.map(|n| &n.value), Some(NodeValue::Bool(false)));
                return Some(Goes::Event(x.stack.events.get(name)?.clone(), !bare));
            }
            let target = x.target(to, "`to`", &["queue", "stateMachine"])?;
            if matches!(target.class, Class::Queue { .. } | Class::StateMachine { .. }) {
                return Some(Goes::Target(target));
            }
            x.unsupported(to, "this target of a route", "routes go to queues, events and state machines");
            None
        }
        _ => {
            x.report(Diagnostic::error(Code::MISSING_KEY, "a route needs either `to` or `page`").at(span));
            None
        }
    }
}

/// The address of the queue that a target is, if it is one of the stack.
pub(super) fn queue_of(target: &Target) -> Option<&Address> {
    target.address.as_ref().filter(|_| matches!(target.class, Class::Queue { .. }))
}
