//! The mapping templates that REST integrations use (Velocity, as API Gateway runs it).

use super::route::Route;
use crate::model::{Json, Template, Value};

/// A page as a mapping template that gives out exactly the page: what Velocity would take for a
/// directive or a reference (`#if`, `##`, `$name`, `${…}`) is written by references to signs.
pub(super) fn literal_page(html: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = html.chars().collect();
    let starts = |i: usize| {
        let next = chars.get(i + 1).copied().unwrap_or(' ');
        match chars.get(i) {
            Some('#') => next.is_ascii_alphabetic() || "#*{[@".contains(next),
            Some('$') => next.is_ascii_alphabetic() || "_!{".contains(next),
            _ => false,
        }
    };
    for (i, c) in chars.iter().enumerate() {
        let sign = match c {
            '#' if starts(i) => "${hash}",
            '$' if starts(i) => "${dollar}",
            // A backslash would keep the reference after it from being one.
            '\\' if starts(i + 1) || (chars.get(i + 1) == Some(&'\\')) => "${backslash}",
            c => {
                out.push(*c);
                continue;
            }
        };
        out.push_str(sign);
    }
    let signs = [("${hash}", "#set($hash = '#')"), ("${dollar}", "#set($dollar = '$')")];
    let backslash = [("${backslash}", "#set($backslash = '\\')")];
    let used = signs.iter().chain(&backslash).filter(|(sign, _)| out.contains(sign));
    let head: String = used.map(|(_, set)| *set).collect();
    if head.is_empty() { out } else { format!("{head}\n{out}") }
}

/// Text that stands in a JSON string which itself stands in a JSON string. `escapeJavaScript`
/// also escapes the apostrophe, which JSON doesn't know.
fn twice_escaped(expression: &str) -> String {
    let once = |e: &str| format!(r#"$util.escapeJavaScript({e}).replaceAll("\\'","'")"#);
    once(&once(expression))
}

/// What a state machine gets when the route doesn't say: the path parameters, the request's id,
/// and the body where there is one: a JSON object as a JSON string.
pub(super) fn default_input(route: &Route<'_>) -> String {
    let mut members: Vec<String> = route
        .parameters()
        .iter()
        .map(|name| format!(r#"\"{name}\":\"{}\""#, twice_escaped(&format!("$input.params('{name}')"))))
        .collect();
    members.push(r#"\"requestId\":\"$context.requestId\""#.to_owned());
    if route.has_body() {
        members.push(r#"\"body\":$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")"#.to_owned());
    }
    format!("\"{{{}}}\"", members.join(","))
}

/// The request for `StartExecution` and `StartSyncExecution`; `input` is a JSON string, with its quotes.
pub(super) fn start_execution(machine: Template, input: Template) -> Template {
    Template::Concat(vec![
        Template::string(r#"{"stateMachineArn":""#),
        machine,
        Template::string(r#"","input":"#),
        input,
        Template::string("}"),
    ])
}

/// The answer of a synchronous execution: its output, or an error.
pub(super) const EXECUTION_ANSWER: &str = r##"#set($result = $input.path('$'))
#if($result.status == "SUCCEEDED")
$result.output
#else
#set($context.responseOverride.status = 502)
{"message": "the workflow ended with $result.status"}
#end"##;

/// The request for SQS `SendMessage`; each piece is text with API Gateway's references in it.
pub(super) fn send_message(
    body: &Template,
    attributes: &[(String, Template)],
    group: Option<&Template>,
) -> Template {
    let mut pieces = vec![Template::string("Action=SendMessage&MessageBody="), form_encoded(body)];
    if let Some(group) = group {
        pieces.extend([Template::string("&MessageGroupId="), form_encoded(group)]);
    }
    for (i, (name, value)) in attributes.iter().enumerate() {
        let n = i + 1;
        let name = percent_encoded(name);
        pieces.push(Template::string(format!(
            "&MessageAttribute.{n}.Name={name}&MessageAttribute.{n}.Value.DataType=String&MessageAttribute.{n}.Value.StringValue="
        )));
        pieces.push(form_encoded(value));
    }
    Template::Concat(pieces).fold()
}

/// Text as the value of a form: what is fixed is encoded now, each reference (`$input.body`) by API
/// Gateway.
fn form_encoded(text: &Template) -> Template {
    match &text.clone().fold() {
        Template::Literal(Value::String(text)) => Template::string(encode_text(text)),
        Template::Literal(value) => {
            Template::string(value.to_json().map_or(String::new(), |json| percent_encoded(&json.to_string())))
        }
        Template::Concat(pieces) => Template::Concat(pieces.iter().map(form_encoded).collect()),
        open => Template::Concat(vec![
            Template::string("$util.urlEncode('"),
            open.clone(),
            Template::string("')"),
        ]),
    }
}

fn encode_text(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&percent_encoded(&rest[..at]));
        rest = &rest[at..];
        let length = reference_length(rest);
        if length == 0 {
            out.push_str("%24");
            rest = &rest[1..];
        } else {
            out.push_str("$util.urlEncode(");
            out.push_str(&rest[..length]);
            out.push(')');
            rest = &rest[length..];
        }
    }
    out.push_str(&percent_encoded(rest));
    out
}

/// How long the reference is that `text` begins with: `$input.path('$.a')`, `${context.requestId}`.
fn reference_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let name = |from: usize| {
        let length = bytes[from..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if bytes.get(from).is_some_and(u8::is_ascii_alphabetic) { length } else { 0 }
    };
    let mut at = 1;
    if bytes.get(at) == Some(&b'!') {
        at += 1;
    }
    if bytes.get(at) == Some(&b'{') {
        return text.find('}').map_or(0, |end| end + 1);
    }
    let mut found = name(at);
    if found == 0 {
        return 0;
    }
    at += found;
    loop {
        if bytes.get(at) == Some(&b'(') {
            let Some(length) = call_length(&bytes[at..]) else { return at };
            at += length;
        } else if bytes.get(at) == Some(&b'.') {
            found = name(at + 1);
            if found == 0 {
                return at;
            }
            at += 1 + found;
        } else {
            return at;
        }
    }
}

/// The length of `(…)`, with nested ones and quoted text in it.
fn call_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut quote) = (0usize, None);
    for (i, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), b) if open == *b => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(*byte),
            (None, b'(') => depth += 1,
            (None, b')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// The detail of an event, a JSON object as a JSON string: the body as `data` in the envelope,
/// the request's id as its key; or the bare body.
pub(super) fn event_detail(envelope: bool) -> &'static str {
    if envelope {
        r#""{\"metadata\":{\"idempotency-key\":\"$context.requestId\"},\"data\":$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")}""#
    } else {
        r#""$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")""#
    }
}

/// The request for `PutEvents`.
pub(super) fn put_events(source: &str, detail_type: &str, bus: Template, detail: Template) -> Template {
    let (source, detail_type) = (Json::from(source), Json::from(detail_type));
    Template::Concat(vec![
        Template::string(format!(
            r#"{{"Entries":[{{"Source":{source},"DetailType":{detail_type},"EventBusName":""#
        )),
        bus,
        Template::string(r#"","Detail":"#),
        detail,
        Template::string("}]}"),
    ])
}

/// The answer of `PutEvents`, which says 200 also where it refused the event.
pub(super) const EVENT_ANSWER: &str = r##"#if($input.path('$.FailedEntryCount') != 0)
#set($context.responseOverride.status = 502)
{"message": "the service behind this route refused the request"}
#else
{"id": "$context.requestId"}
#end"##;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_text_is_encoded_now_and_references_by_api_gateway() {
        for (text, encoded) in [
            ("express", "express"),
            ("a b&c", "a%20b%26c"),
            ("$input.body", "$util.urlEncode($input.body)"),
            ("n-$context.requestId.", "n-$util.urlEncode($context.requestId)."),
            ("$input.params('a(')!", "$util.urlEncode($input.params('a('))%21"),
            ("${context.requestId}x", "$util.urlEncode(${context.requestId})x"),
            (r#"{"a":$input.json('$.b')}"#, "%7B%22a%22%3A$util.urlEncode($input.json('$.b'))%7D"),
            ("5 $", "5%20%24"),
            ("$(", "%24%28"),
            ("$a(", "$util.urlEncode($a)%28"),
        ] {
            assert_eq!(encode_text(text), encoded, "{text}");
        }
    }

    #[test]
    fn a_page_is_given_out_as_it_is() {
        let plain = "<p style='color: #123'>5 $ # a</p>";
        assert_eq!(literal_page(plain), plain);
        let page = literal_page("#fff $x ${y} #[[ ## \\$z");
        let signs = "${hash}fff ${dollar}x ${dollar}{y} ${hash}[[ ${hash}# ${backslash}${dollar}z";
        assert!(page.ends_with(signs) && page.starts_with("#set($hash = '#')"), "{page}");
    }

    #[test]
    fn a_value_that_is_known_later_is_encoded_by_api_gateway() {
        let open = Template::attribute(&crate::model::Address::new("bus.b"), "Arn");
        let text = Template::Concat(vec![Template::string("a b "), open]);
        let Template::Concat(pieces) = form_encoded(&text) else { panic!("two pieces") };
        assert_eq!(pieces[0].as_literal_str(), Some("a%20b%20"));
        assert!(matches!(&pieces[1], Template::Concat(call) if call.len() == 3));
    }
}
