//! AWS query: a form with `Action=`, XML back.

use super::respond;
use crate::local::fault::Fault;
use bytes::Bytes;
use http::Response;
use std::fmt::Write;

const CONTENT_TYPE: &str = "text/xml";

/// The operation a form asks for.
pub(crate) fn operation(pairs: &[(String, String)]) -> Option<&str> {
    pairs.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.as_str())
}

/// What a result's member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    Text(String),
    Members(Vec<(&'static str, Element)>),
}

impl Element {
    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A result in its two wrappers.
pub(crate) fn encode(
    namespace: &str,
    operation: &str,
    members: &[(&'static str, Element)],
    request_id: &str,
) -> Response<Bytes> {
    let mut result = String::new();
    push(&mut result, members);
    let body = format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    respond(200, &[("content-type", CONTENT_TYPE), ("x-amzn-requestid", request_id)], body)
}

/// Services nest their results a few levels deep, never by what a client sent.
fn push(xml: &mut String, members: &[(&'static str, Element)]) {
    for (name, element) in members {
        // Writing to a String can't fail.
        let _ = write!(xml, "<{name}>");
        match element {
            Element::Text(text) => xml.push_str(&escape(text)),
            Element::Members(members) => push(xml, members),
        }
        let _ = write!(xml, "</{name}>");
    }
}

/// A fault.
pub(crate) fn encode_fault(fault: &Fault, request_id: &str) -> Response<Bytes> {
    let side = if fault.status < 500 { "Sender" } else { "Receiver" };
    let body = format!(
        "<ErrorResponse><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escape(&fault.code),
        escape(&fault.message)
    );
    respond(fault.status, &[("content-type", CONTENT_TYPE), ("x-amzn-requestid", request_id)], body)
}

/// Text as XML may hold it; what XML 1.0 has no form for becomes `?`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(c),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('?'),
            c if c < ' ' => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(super::escape("a<b>&\"\u{0}\n"), "a&lt;b&gt;&amp;&quot;?\n");
    }
}
