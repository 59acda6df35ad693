//! The mapping templates that REST integrations use (Velocity, as API Gateway runs it).

use super::route::Route;
use crate::model::Template;

/// Text that stands in a JSON string which itself stands in a JSON string. `escapeJavaScript`
/// also escapes the apostrophe, which JSON doesn't know.
fn twice_escaped(expression: &str) -> String {
    let once = |e: &str| format!(r#"$util.escapeJavaScript({e}).replaceAll("\\'","'")"#);
    once(&once(expression))
}

/// What a state machine gets when the route doesn't say: the path parameters, the request's id,
/// and the body where there is one, as the escaped text of a JSON object.
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
    format!("{{{}}}", members.join(","))
}

/// The request for `StartExecution` and `StartSyncExecution`.
pub(super) fn start_execution(machine: Template, input: Template) -> Template {
    Template::Concat(vec![
        Template::string(r#"{"stateMachineArn":""#),
        machine,
        Template::string(r#"","input":""#),
        input,
        Template::string(r#""}"#),
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

/// The request for SQS `SendMessage`; `attributes` are name and value expressions.
pub(super) fn send_message(
    body: Template,
    attributes: &[(String, Template)],
    group: Option<Template>,
) -> Template {
    let mut pieces = vec![
        Template::string("Action=SendMessage&MessageBody=$util.urlEncode("),
        body,
        Template::string(")"),
    ];
    if let Some(group) = group {
        pieces.extend([Template::string("&MessageGroupId=$util.urlEncode("), group, Template::string(")")]);
    }
    for (i, (name, value)) in attributes.iter().enumerate() {
        let n = i + 1;
        pieces.push(Template::string(format!(
            "&MessageAttribute.{n}.Name={name}&MessageAttribute.{n}.Value.DataType=String&MessageAttribute.{n}.Value.StringValue=$util.urlEncode("
        )));
        pieces.extend([value.clone(), Template::string(")")]);
    }
    Template::Concat(pieces)
}

/// The request for `PutEvents`: the body as `data` in the envelope, the request's id as its key.
pub(super) fn put_events(source: &str, detail_type: &str, bus: Template) -> Template {
    let detail = r#"{\"metadata\":{\"idempotency-key\":\"$context.requestId\"},\"data\":$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")}"#;
    Template::Concat(vec![
        Template::string(format!(
            r#"{{"Entries":[{{"Source":"{source}","DetailType":"{detail_type}","EventBusName":""#
        )),
        bus,
        Template::string(format!(r#"","Detail":"{detail}"}}]}}"#)),
    ])
}
