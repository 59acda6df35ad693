//! `drift`: what `evstack drift` needn't tell, each with its reason, in a file that is reviewed.

use super::template::wrong_type;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, nearest, one_of};
use crate::schema::PropertyPath;
use crate::syntax::{Entry, Node, NodeValue};
use jiff::civil::Date;

/// One entry of `drift.ignore`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredDrift {
    /// Whose drift: an address; `*` stands for any text, a part's dots included.
    pub address: String,
    /// Which: this property and what is below it; `*` stands for any name. A type's name stands for
    /// what others add of that type.
    pub property: PropertyPath,
    /// Why, for whoever reads the file next.
    pub reason: String,
    /// The last day (UTC) on which it holds; none: always.
    pub until: Option<Date>,
    /// Where it is written.
    pub span: Span,
}

impl IgnoredDrift {
    /// Whether it is about that resource.
    #[must_use]
    pub fn means(&self, address: &str) -> bool {
        fits(&self.address, address)
    }

    /// Whether it is about what others add, by its type, and not about a property.
    #[must_use]
    pub fn is_of_others(&self) -> bool {
        self.property.top().contains("::")
    }

    /// Whether it holds on that day.
    #[must_use]
    pub fn holds(&self, today: Date) -> bool {
        self.until.is_none_or(|until| today <= until)
    }
}

/// Whether a text is what a pattern with stars says. Without going back more than to the last star.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            (p, t) = (at + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

const KEYS: [&str; 4] = ["address", "property", "reason", "until"];

/// `drift: {ignore: [{address, property, reason, until}]}`
pub(super) fn read(node: &Node, diagnostics: &mut Diagnostics) -> Vec<IgnoredDrift> {
    let entries = match &node.value {
        NodeValue::Object(entries) => entries.as_slice(),
        NodeValue::Null => return Vec::new(),
        _ => {
            diagnostics.push(wrong_type(node, "`drift`", "a mapping"));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for Entry { key, key_span, value } in entries {
        if key != "ignore" {
            diagnostics.push(
                Diagnostic::error(Code::UNKNOWN_KEY, format!("`drift` has an unknown key `{key}`"))
                    .at(*key_span)
                    .hint("known here: `ignore`"),
            );
            continue;
        }
        match &value.value {
            NodeValue::Array(items) => found.extend(items.iter().filter_map(|item| entry(item, diagnostics))),
            NodeValue::Null => {}
            _ => diagnostics.push(wrong_type(value, "`drift.ignore`", "a list")),
        }
    }
    found
}

fn entry(node: &Node, diagnostics: &mut Diagnostics) -> Option<IgnoredDrift> {
    let Some(entries) = node.entries() else {
        diagnostics.push(wrong_type(node, "an entry of `drift.ignore`", "a mapping"));
        return None;
    };
    let mut whole = true;
    for Entry { key, key_span, .. } in entries.iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
        let hint = match nearest(key, KEYS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", one_of(KEYS)),
        };
        let words = format!("an entry of `drift.ignore` has an unknown key `{key}`");
        diagnostics.push(Diagnostic::error(Code::UNKNOWN_KEY, words).at(*key_span).hint(hint));
        whole = false;
    }
    let mut text = |key: &'static str, required: bool| -> Option<(&str, Span)> {
        let value = node.get(key).filter(|value| value.value != NodeValue::Null);
        match value.map(|value| (value, value.text())) {
            Some((value, Some(text))) if !text.trim().is_empty() => return Some((text, value.span)),
            Some((value, _)) => diagnostics.push(wrong_type(value, &format!("`{key}`"), "text")),
            None if required => diagnostics.push(
                Diagnostic::error(Code::MISSING_KEY, format!("an entry of `drift.ignore` has no `{key}`"))
                    .at(node.span)
                    .hint("as `{address: queue.orders, property: DelaySeconds, reason: why}`"),
            ),
            None => return None,
        }
        whole = false;
        None
    };
    let (address, property) = (text("address", true), text("property", true));
    let (reason, until) = (text("reason", true), text("until", false));
    let mut bad = |span: Span, words: String, hint: &str| {
        diagnostics.push(Diagnostic::error(Code::BAD_VALUE, words).at(span).hint(hint.to_owned()));
        whole = false;
    };
    if let Some((address, span)) = address
        && !address.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '*'))
    {
        bad(span, format!("`{address}` can't be an address"), "write `queue.orders`, or `queue.*`");
    }
    let until = until.and_then(|(text, span)| match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => Some(date),
        _ => {
            bad(span, format!("`{text}` is no day"), "write year, month and day: `2027-01-31`");
            None
        }
    });
    let ((address, _), (property, _), (reason, _)) = (address?, property?, reason?);
    whole.then(|| IgnoredDrift {
        address: address.to_owned(),
        property: PropertyPath::parse(property),
        reason: reason.to_owned(),
        until,
        span: node.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in [
            ("queue.orders", "queue.orders"),
            ("queue.*", "queue.orders.deadLetter"),
            ("*", "queue.orders"),
            ("*.deadLetter", "queue.orders.deadLetter"),
            ("q*.o*s", "queue.orders"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("queue.orders", "queue.orders.deadLetter"),
            ("queue.*", "topic.orders"),
            ("", "queue.orders"),
            ("*.dead", "queue.orders.deadLetter"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }
}
