//! HTTP APIs: an integration and a route for each route, a stage that deploys itself.

use super::route::{Goes, Route, routes};
use super::throttle;
use crate::kinds::expander::{Draft, Expander};
use crate::kinds::fields::number;
use crate::kinds::iam::allow;
use crate::kinds::target::{Class, Target};
use crate::model::{Address, Template, Value};
use crate::spec::Declaration;
use crate::syntax::Node;

pub(super) fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let api = x.address(declaration);
    let Some(node) = body.get("routes") else { return };
    let routes = routes(x, declaration, node, false);
    let mut draft = Draft::new("AWS::ApiGatewayV2::Api")
        .with("Name", x.name(declaration, &[], 128))
        .with("ProtocolType", Template::string("HTTP"));
    if let Some(node) = body.get("description") {
        draft = draft.written("Description", x.template(node), node);
    }
    if let Some(node) = body.get("cors") {
        draft = draft.written("CorsConfiguration", cors(x, node), node);
    }
    x.main(declaration, draft);
    let mut statements = Vec::new();
    for route in &routes {
        let Some((subtype, parameters)) = request(x, route, &mut statements) else { continue };
        let integration = Draft::new("AWS::ApiGatewayV2::Integration")
            .with("ApiId", Template::attribute(&api, "ApiId"))
            .with("IntegrationType", Template::string("AWS_PROXY"))
            .with("IntegrationSubtype", Template::string(subtype))
            .with("PayloadFormatVersion", Template::string("1.0"))
            .with("CredentialsArn", Template::attribute(&api.part("role"), "Arn"))
            .with("RequestParameters", parameters)
            .span("", route.span);
        let integration = x.part(declaration, &format!("{}Integration", route.part()), integration);
        let target = [Template::string("integrations/"), Template::attribute(&integration, "IntegrationId")];
        let key = match route.path.as_str() {
            "$default" => route.path.clone(),
            path => format!("{} {path}", route.method),
        };
        let draft = Draft::new("AWS::ApiGatewayV2::Route")
            .with("ApiId", Template::attribute(&api, "ApiId"))
            .with("RouteKey", Template::string(key))
            .with("AuthorizationType", Template::string("NONE"))
            .with("Target", Template::Concat(target.into()))
            .span("", route.span);
        x.part(declaration, &route.part(), draft);
    }
    if !statements.is_empty() {
        x.role(declaration, "role", "apigateway.amazonaws.com", statements);
    }
    stage(x, declaration, &api);
}

/// The integration's subtype and what it is told.
fn request(
    x: &mut Expander<'_>,
    route: &Route<'_>,
    statements: &mut Vec<Template>,
) -> Option<(&'static str, Template)> {
    let mut parameters: Vec<(&str, Template)> = Vec::new();
    let subtype = match &route.goes {
        Goes::Page(_) => return None,
        Goes::Event(event, envelope) => {
            let arn = crate::kinds::pipe::bus_arn(x, event.bus.as_deref());
            statements.push(allow(&["events:PutEvents"], [arn.clone()]));
            parameters.push(("Source", Template::string(event.source.clone())));
            parameters.push(("DetailType", Template::string(event.detail_type.clone())));
            parameters.push(("EventBusName", arn));
            // In the middle of a text, API Gateway's expressions stand in braces.
            let detail = match envelope {
                true => r#"{"metadata":{"idempotency-key":"${context.requestId}"},"data":${request.body}}"#,
                false => "$request.body",
            };
            parameters.push(("Detail", input(x, route, detail)));
            "EventBridge-PutEvents"
        }
        Goes::Target(target) => match target.class {
            Class::Queue { .. } => {
                statements.push(allow(&["sqs:SendMessage"], [target.arn.clone()]));
                statements.extend(x.use_key(target, &["kms:GenerateDataKey", "kms:Decrypt"]));
                parameters.push(("QueueUrl", queue_url(x, route, target)?));
                parameters.push(("MessageBody", input(x, route, "$request.body")));
                if let Some(group) = route.body.get("group") {
                    parameters.push(("MessageGroupId", x.template(group)));
                }
                "SQS-SendMessage"
            }
            _ => {
                let action = if route.sync { "states:StartSyncExecution" } else { "states:StartExecution" };
                statements.push(allow(&[action], [target.arn.clone()]));
                parameters.push(("StateMachineArn", target.arn.clone()));
                parameters.push(("Input", input(x, route, &default_input(route))));
                if route.sync { "StepFunctions-StartSyncExecution" } else { "StepFunctions-StartExecution" }
            }
        },
    };
    let hint = "put what is needed in `input`, or write `type: rest`";
    x.unsupported_key(route.body, "attributes", "`attributes` of an HTTP API's route", hint);
    Some((subtype, Template::object(parameters)))
}

/// HTTP APIs take a queue by its URL.
fn queue_url(x: &mut Expander<'_>, route: &Route<'_>, target: &Target) -> Option<Template> {
    if let Some(queue) = &target.address {
        return Some(Template::attribute(queue, "QueueUrl"));
    }
    let pieces: Vec<&str> = target.arn.as_literal_str().unwrap_or_default().split(':').collect();
    if let [_, _, _, region, account, name] = pieces.as_slice() {
        let suffix = x.stack.place.dns_suffix();
        return Some(Template::string(format!("https://sqs.{region}.{suffix}/{account}/{name}")));
    }
    if let Some(node) = route.body.get("to") {
        let hint = "name a queue of this stack, or write its whole ARN";
        x.unsupported(node, "a queue whose name isn't known at load, behind an HTTP API", hint);
    }
    None
}

fn input(x: &mut Expander<'_>, route: &Route<'_>, default: &str) -> Template {
    match route.body.get("input") {
        Some(node) => {
            let value = x.template(node);
            if node.text().is_some() { value } else { Template::Json(Box::new(braced(value))) }
        }
        None => Template::string(default),
    }
}

/// API Gateway's expressions (`$request.path.id`) in braces, as they stand in the middle of a text.
fn braced(template: Template) -> Template {
    match template {
        Template::Object(members) => Template::object(members.into_iter().map(|(k, t)| (k, braced(t)))),
        Template::Array(items) => Template::array(items.into_iter().map(braced)),
        Template::Literal(value) => Template::Literal(braced_value(value)),
        other => other,
    }
}

fn braced_value(value: Value) -> Value {
    const ROOTS: &[&str] = &["$request.", "$context.", "$stageVariables."];
    match value {
        Value::String(text) if ROOTS.iter().any(|root| text.starts_with(root)) => {
            Value::String(format!("${{{}}}", &text[1..]))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(braced_value).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(k, v)| (k, braced_value(v))).collect())
        }
        other => other,
    }
}

/// The path parameters, the request's id, and the body where there is one.
fn default_input(route: &Route<'_>) -> String {
    let mut members: Vec<String> =
        route.parameters().iter().map(|name| format!(r#""{name}":"${{request.path.{name}}}""#)).collect();
    members.push(r#""requestId":"${context.requestId}""#.to_owned());
    if route.has_body() {
        members.push(r#""body":${request.body}"#.to_owned());
    }
    format!("{{{}}}", members.join(","))
}

fn cors(x: &mut Expander<'_>, node: &Node) -> Template {
    x.check_keys(node, "`cors`", &["origins", "methods", "headers", "maxAge"], "evstack explain api");
    let mut members = Vec::new();
    for (key, property) in
        [("origins", "AllowOrigins"), ("methods", "AllowMethods"), ("headers", "AllowHeaders")]
    {
        if let Some(node) = node.get(key) {
            members.push((property, x.template(node)));
        }
    }
    if let Some(seconds) = node.get("maxAge").and_then(|n| x.seconds(n, "`maxAge`", 0..=86_400)) {
        members.push(("MaxAge", number(seconds)));
    }
    Template::object(members)
}

fn stage(x: &mut Expander<'_>, declaration: &Declaration, api: &Address) {
    let mut stage = Draft::new("AWS::ApiGatewayV2::Stage")
        .with("ApiId", Template::attribute(api, "ApiId"))
        .with("StageName", Template::string("$default"))
        .with("AutoDeploy", Value::Bool(true));
    if let Some((rate, burst)) = throttle(x, declaration) {
        let settings = [("ThrottlingRateLimit", number(rate)), ("ThrottlingBurstLimit", number(burst))];
        stage = stage.with("DefaultRouteSettings", Template::object(settings));
    }
    let logs = declaration.body.get("logs").cloned();
    if let Some(node) = logs
        && !matches!(node.value, crate::syntax::NodeValue::Bool(false))
    {
        let group = crate::kinds::state_machine::log_group(x, declaration, "apis", Some(&node));
        let format = r#"{"requestId":"$context.requestId","route":"$context.routeKey","status":"$context.status","error":"$context.integrationErrorMessage"}"#;
        let settings =
            [("DestinationArn", Template::attribute(&group, "Arn")), ("Format", Template::string(format))];
        stage = stage.with("AccessLogSettings", Template::object(settings));
    }
    x.part(declaration, "stage", stage);
    let url = super::base_url(x, Template::attribute(api, "ApiId"), "");
    x.out.attributes.insert((api.clone(), "Url".to_owned()), url);
}
