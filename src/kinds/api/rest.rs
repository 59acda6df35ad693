//! REST APIs: a resource for each path, a method for each route, a deployment that is a snapshot of
//! them, a stage that serves it.

use super::content::ContentHash;
use super::route::{Goes, Route, path_name, queue_of, routes};
use super::{throttle, velocity};
use crate::kinds::expander::{Draft, Expander};
use crate::kinds::fields::{literal, number};
use crate::kinds::iam::allow;
use crate::kinds::target::{Class, Target};
use crate::model::{Address, Template, Value};
use crate::spec::Declaration;
use crate::syntax::Node;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The one stage.
const STAGE: &str = "live";

pub(super) fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let api = x.address(declaration);
    let Some(node) = body.get("routes") else { return };
    for key in ["cors", "logs"] {
        if body.get(key).is_some() {
            let hint = if key == "cors" {
                "write `type: http`, or declare the OPTIONS methods under `resources`"
            } else {
                "it needs a role of the whole account: set it by `parts: {stage: {properties: {AccessLogSetting: …}}}`"
            };
            x.unsupported_key(&body, key, &format!("`{key}` of a REST API"), hint);
        }
    }
    let routes = routes(x, declaration, node, true);
    let mut draft = Draft::new("AWS::ApiGateway::RestApi")
        .with("Name", x.name(declaration, &[], 128))
        .with("EndpointConfiguration", literal(json!({"Types": ["REGIONAL"]})));
    if let Some(node) = body.get("description") {
        draft = draft.written("Description", x.template(node), node);
    }
    x.main(declaration, draft);
    let paths = paths(x, declaration, &routes);
    let mut statements = Vec::new();
    let mut parts = Vec::new();
    for route in &routes {
        if let Some(validate) = route.body.get("validate") {
            parts.push(model(x, declaration, route, validate));
        }
        let resource =
            paths.get(&route.path).cloned().unwrap_or_else(|| Template::attribute(&api, "RootResourceId"));
        parts.push(method(x, declaration, route, resource, &mut statements));
    }
    if routes.iter().any(|r| r.body.get("validate").is_some()) {
        let validator = Draft::new("AWS::ApiGateway::RequestValidator")
            .with("RestApiId", Template::attribute(&api, "RestApiId"))
            .with("Name", Template::string("body"))
            .with("ValidateRequestBody", Value::Bool(true));
        x.part(declaration, "validator", validator);
    }
    if !statements.is_empty() {
        x.role(declaration, "role", "apigateway.amazonaws.com", statements);
    }
    deployment(x, declaration, &parts);
}

/// One resource for each path and each path above it; the id of each.
fn paths(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    routes: &[Route<'_>],
) -> BTreeMap<String, Template> {
    let api = x.address(declaration);
    let mut ids: BTreeMap<String, Template> = BTreeMap::new();
    for route in routes.iter().filter(|r| r.path != "/") {
        let mut parent = Template::attribute(&api, "RootResourceId");
        let mut path = String::new();
        for segment in route.path.trim_start_matches('/').split('/') {
            path = format!("{path}/{segment}");
            let part = format!("path{}", path_name(&path));
            if !ids.contains_key(&path) {
                let draft = Draft::new("AWS::ApiGateway::Resource")
                    .with("RestApiId", Template::attribute(&api, "RestApiId"))
                    .with("ParentId", parent)
                    .with("PathPart", Template::string(segment))
                    .span("", route.span);
                let address = x.part(declaration, &part, draft);
                ids.insert(path.clone(), Template::attribute(&address, "ResourceId"));
            }
            parent = ids[&path].clone();
        }
    }
    ids
}

/// The JSON Schema that a request's body must fit.
fn model(x: &mut Expander<'_>, declaration: &Declaration, route: &Route<'_>, node: &Node) -> Address {
    let api = x.address(declaration);
    let mut schema = x.template(node);
    let draft4 = Template::object([("$schema", Template::string("http://json-schema.org/draft-04/schema#"))]);
    schema.merge(draft4);
    let draft = Draft::new("AWS::ApiGateway::Model")
        .with("RestApiId", Template::attribute(&api, "RestApiId"))
        .with("Name", Template::string(model_name(route)))
        .with("ContentType", Template::string("application/json"))
        .written("Schema", schema, node);
    x.part(declaration, &format!("{}Model", route.part()), draft)
}

/// Model names are alphanumeric.
fn model_name(route: &Route<'_>) -> String {
    let mut name = route.part();
    name[..1].make_ascii_uppercase();
    name
}

fn method(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    route: &Route<'_>,
    resource: Template,
    statements: &mut Vec<Template>,
) -> Address {
    let api = x.address(declaration);
    let (integration, responses) = match &route.goes {
        Goes::Page(html) => page(html),
        Goes::Event(event, envelope) => {
            let arn = crate::kinds::pipe::bus_arn(x, event.bus.as_deref());
            statements.push(allow(&["events:PutEvents"], [arn.clone()]));
            let detail = match route.body.get("input") {
                Some(node) => Template::Json(Box::new(written_text(x, node))),
                None => Template::string(velocity::event_detail(*envelope)),
            };
            let request = velocity::put_events(&event.source, &event.detail_type, arn, detail);
            let headers = json!({
                "integration.request.header.Content-Type": "'application/x-amz-json-1.1'",
                "integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'",
            });
            let uri = Template::string(uri(x, "events:action/PutEvents"));
            service(x, &api, route, uri, Some(literal(headers)), request, velocity::EVENT_ANSWER)
        }
        Goes::Target(target) => match queue_of(target) {
            Some(_) => queue(x, &api, route, target, statements),
            None if matches!(target.class, Class::Queue { .. }) => queue(x, &api, route, target, statements),
            None => machine(x, &api, route, target, statements),
        },
    };
    let mut draft = Draft::new("AWS::ApiGateway::Method")
        .with("RestApiId", Template::attribute(&api, "RestApiId"))
        .with("ResourceId", resource)
        .with("HttpMethod", Template::string(route.method))
        .with("AuthorizationType", Template::string("NONE"))
        .with("Integration", integration)
        .with("MethodResponses", responses)
        .span("", route.span);
    if route.body.get("validate").is_some() {
        let models = json!({"application/json": model_name(route)});
        draft = draft
            .with("RequestModels", literal(models))
            .with("RequestValidatorId", Template::attribute(&api.part("validator"), "RequestValidatorId"))
            .after(api.part(&format!("{}Model", route.part())));
    }
    let parameters = route.parameters();
    if !parameters.is_empty() {
        let declared = parameters
            .iter()
            .map(|p| (format!("method.request.path.{p}"), Template::Literal(Value::Bool(true))));
        draft = draft.with("RequestParameters", Template::object(declared));
    }
    x.part(declaration, &route.part(), draft)
}

/// An HTML file, served without anything behind it.
fn page(html: &str) -> (Template, Template) {
    let header = "method.response.header.Content-Type";
    let integration = json!({
        "Type": "MOCK",
        "RequestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "IntegrationResponses": [{
            "StatusCode": "200",
            "ResponseParameters": {header: "'text/html; charset=utf-8'"},
            "ResponseTemplates": {"text/html": velocity::literal_page(html)},
        }],
    });
    let responses = json!([{"StatusCode": "200", "ResponseParameters": {header: true}, "ResponseModels": {"text/html": "Empty"}}]);
    (literal(integration), literal(responses))
}

fn queue(
    x: &mut Expander<'_>,
    api: &Address,
    route: &Route<'_>,
    target: &Target,
    statements: &mut Vec<Template>,
) -> (Template, Template) {
    statements.push(allow(&["sqs:SendMessage"], [target.arn.clone()]));
    statements.extend(x.use_key(target, &["kms:GenerateDataKey", "kms:Decrypt"]));
    let path = uri(x, &format!("sqs:path/{}/", x.stack.place.account));
    let uri = match (&target.address, target.arn.as_literal_str()) {
        (None, Some(arn)) => {
            let pieces: Vec<&str> = arn.split(':').collect();
            let (account, name) = (pieces.get(4).unwrap_or(&""), pieces.get(5).unwrap_or(&""));
            Template::string(uri(x, &format!("sqs:path/{account}/{name}")))
        }
        (Some(queue), _) => {
            Template::Concat(vec![Template::string(path), Template::attribute(queue, "QueueName")])
        }
        (None, None) => {
            let hint = "name a queue of this stack, or write its whole ARN";
            if let Some(node) = route.body.get("to") {
                x.unsupported(node, "a queue whose name isn't known at load, behind a REST API", hint);
            }
            Template::string(path)
        }
    };
    let body = match route.body.get("input") {
        Some(node) => written_text(x, node),
        None => Template::string("$input.body"),
    };
    let mut open = false;
    body.references(&mut |_| open = true);
    if let Some(node) = route.body.get("input").filter(|_| open && matches!(body, Template::Json(_))) {
        let what = "a mapping with attributes of resources, as what a REST API sends to a queue,";
        x.unsupported(node, what, "write it as text");
    }
    let attributes: Vec<(String, Template)> = match route.body.get("attributes").and_then(Node::entries) {
        Some(entries) => entries.iter().map(|e| (e.key.clone(), x.template(&e.value))).collect(),
        None => Vec::new(),
    };
    let group = route.body.get("group").map(|node| x.template(node));
    let request = velocity::send_message(&body, &attributes, group.as_ref());
    let headers = json!({"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"});
    service(x, api, route, uri, Some(literal(headers)), request, r#"{"id": "$context.requestId"}"#)
}

fn machine(
    x: &mut Expander<'_>,
    api: &Address,
    route: &Route<'_>,
    target: &Target,
    statements: &mut Vec<Template>,
) -> (Template, Template) {
    debug_assert!(matches!(target.class, Class::StateMachine { .. }));
    let action = if route.sync { "StartSyncExecution" } else { "StartExecution" };
    statements.push(allow(&[&format!("states:{action}")], [target.arn.clone()]));
    let input = match route.body.get("input") {
        Some(node) => Template::Json(Box::new(written_text(x, node))),
        None => Template::string(velocity::default_input(route)),
    };
    let request = velocity::start_execution(target.arn.clone(), input);
    let answer = if route.sync { velocity::EXECUTION_ANSWER } else { r#"{"id": "$context.requestId"}"# };
    let uri = Template::string(uri(x, &format!("states:action/{action}")));
    service(x, api, route, uri, None, request, answer)
}

/// A template's text as written, or the JSON of a mapping.
fn written_text(x: &mut Expander<'_>, node: &Node) -> Template {
    let value = x.template(node);
    if node.text().is_some() { value } else { Template::Json(Box::new(value)) }
}

fn uri(x: &Expander<'_>, rest: &str) -> String {
    format!("arn:{}:apigateway:{}:{rest}", x.stack.place.partition, x.stack.place.region)
}

/// An integration with an AWS service: the request's template, the answer's, and what is said when
/// the service refuses.
fn service(
    x: &mut Expander<'_>,
    api: &Address,
    route: &Route<'_>,
    uri: Template,
    headers: Option<Template>,
    request: Template,
    answer: &str,
) -> (Template, Template) {
    let answer = match route.body.get("response") {
        Some(node) => written_text(x, node),
        None => Template::string(answer),
    };
    let response = |status: &str, pattern: Option<&str>, template: Template| {
        let mut members = vec![("StatusCode", Template::string(status))];
        members.extend(pattern.map(|p| ("SelectionPattern", Template::string(p))));
        members.push(("ResponseTemplates", Template::object([("application/json", template)])));
        Template::object(members)
    };
    let refused = Template::string(r#"{"message": "the service behind this route refused the request"}"#);
    let mut members = vec![
        ("Type", Template::string("AWS")),
        ("IntegrationHttpMethod", Template::string("POST")),
        ("Uri", uri),
        ("Credentials", Template::attribute(&api.part("role"), "Arn")),
        ("PassthroughBehavior", Template::string("NEVER")),
        ("RequestTemplates", Template::object([("application/json", request)])),
        (
            "IntegrationResponses",
            Template::array([response("200", None, answer), response("502", Some("[45]\\d{2}"), refused)]),
        ),
    ];
    if let Some(headers) = headers {
        members.push(("RequestParameters", headers));
    }
    let responses = json!([
        {"StatusCode": "200", "ResponseModels": {"application/json": "Empty"}},
        {"StatusCode": "502", "ResponseModels": {"application/json": "Error"}},
    ]);
    (Template::object(members), literal(responses))
}

/// The snapshot, and the stage that serves it.
fn deployment(x: &mut Expander<'_>, declaration: &Declaration, parts: &[Address]) {
    let api = x.address(declaration);
    let contents: Vec<Template> = parts
        .iter()
        .filter_map(|part| x.out.resources.iter().find(|r| r.address == *part))
        .map(|r| r.properties.clone())
        .collect();
    let hash = Template::Call(Arc::new(ContentHash::new(api.clone(), contents)));
    let mut draft = Draft::new("AWS::ApiGateway::Deployment")
        .with("RestApiId", Template::attribute(&api, "RestApiId"))
        .with("Description", hash)
        .replaced_by("Description");
    for part in parts {
        draft = draft.after(part.clone());
    }
    let deployment = x.part(declaration, "deployment", draft);
    let mut stage = Draft::new("AWS::ApiGateway::Stage")
        .with("RestApiId", Template::attribute(&api, "RestApiId"))
        .with("StageName", Template::string(STAGE))
        .with("DeploymentId", Template::attribute(&deployment, "DeploymentId"));
    if let Some((rate, burst)) = throttle(x, declaration) {
        let settings = Template::object([
            ("ResourcePath", Template::string("/*")),
            ("HttpMethod", Template::string("*")),
            ("ThrottlingRateLimit", number(rate)),
            ("ThrottlingBurstLimit", number(burst)),
        ]);
        stage = stage.with("MethodSettings", Template::array([settings]));
    }
    x.part(declaration, "stage", stage);
    let id = Template::attribute(&api, "RestApiId");
    let url = super::base_url(x, id, &format!("/{STAGE}"));
    x.out.attributes.insert((api, "Url".to_owned()), url);
}
