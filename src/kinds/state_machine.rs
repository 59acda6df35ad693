//! `stateMachines`: Step Functions, each with a role that allows exactly what its definition does.

use super::asl_permissions;
use super::expander::{Draft, Expander};
use super::fields::number;
use super::iam::allow;
use super::kind::{Field, Kind, Part};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::languages::{Kind as ProblemKind, Problem, asl};
use crate::model::{Address, Template, Value};
use crate::spec::Declaration;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "stateMachines",
    singular: "stateMachine",
    about: "a Step Functions state machine",
    type_name: Some("AWS::StepFunctions::StateMachine"),
    fields: &[
        Field::optional("type", "standard, express", "default: `standard`"),
        Field::required("definition", "mapping, or a YAML or JSON file", "in the Amazon States Language"),
        Field::optional(
            "logs",
            "mapping of `level`, `retain`, `data`; or false",
            "what is logged, and how long; default: errors, for 30 days",
        ),
        Field::optional("tracing", "boolean", "X-Ray"),
        Field::optional(
            "grants",
            "list of {allow: [actions], on: [ARNs]}",
            "what can't be seen in the definition",
        ),
        Field::refused("publishVersion"),
    ],
    parts: &[
        Part { name: "role", type_name: "AWS::IAM::Role", about: "always" },
        Part { name: "logs", type_name: "AWS::Logs::LogGroup", about: "unless `logs: false`" },
    ],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let body = declaration.body.clone();
    let address = x.address(declaration);
    let express =
        body.get("type").and_then(|n| x.word(n, "`type`", &["standard", "express"])) == Some("express");
    if let Some(node) = body.get("publishVersion")
        && x.boolean(node, "`publishVersion`") == Some(true)
    {
        x.unsupported(
            node,
            "`publishVersion`",
            "declare an `AWS::StepFunctions::StateMachineVersion` under `resources`",
        );
    }
    let Some(written) = body.get("definition") else { return };
    let Some(definition) = definition(x, declaration, written) else { return };
    let mut statements = statements(x, declaration, &definition, express);
    if let Some(node) = body.get("grants") {
        statements.extend(grants(x, node));
    }
    let mut text = x.template(&definition);
    // A machine that starts another isn't built on it, so that two may start each other.
    text.relax(&mut |reference| reference.address.kind() == "stateMachine");
    let mut draft = Draft::new("AWS::StepFunctions::StateMachine")
        .with("StateMachineName", x.name(declaration, &[], 80))
        .with("StateMachineType", Template::string(if express { "EXPRESS" } else { "STANDARD" }))
        .with("DefinitionString", Template::Json(Box::new(text)))
        .span("/DefinitionString", definition.span);
    let tracing = body.get("tracing").and_then(|n| x.boolean(n, "`tracing`")).unwrap_or(false);
    if tracing {
        draft = draft.with(
            "TracingConfiguration",
            Template::object([("Enabled", Template::Literal(Value::Bool(true)))]),
        );
        let actions = [
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
        ];
        statements.push(allow(&actions, [Template::string("*")]));
    }
    if let Some(logging) = logging(x, declaration, body.get("logs")) {
        draft = draft.with("LoggingConfiguration", logging);
        // CloudWatch Logs knows these only for all resources (Step Functions Developer Guide,
        // "IAM policies for logging to CloudWatch Logs").
        let actions = [
            "logs:CreateLogDelivery",
            "logs:CreateLogStream",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutLogEvents",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
        ];
        statements.push(allow(&actions, [Template::string("*")]));
    }
    x.role(declaration, "role", "states.amazonaws.com", statements);
    x.main(declaration, draft.with("RoleArn", Template::attribute(&address.part("role"), "Arn")));
}

/// The definition's tree: inline, or from its file.
fn definition(x: &mut Expander<'_>, declaration: &Declaration, written: &Node) -> Option<Node> {
    if written.text().is_some() {
        return x.stack.tree_file(declaration.source, written, &mut x.diagnostics).map(|(_, tree)| tree);
    }
    if written.entries().is_none() {
        x.wrong_type(written, "`definition`", "a mapping or a file");
        return None;
    }
    Some(written.clone())
}

/// The integration that was likely meant: a slip in the service or in the action.
fn near_integration(resource: &str) -> Option<String> {
    let (_, rest) = resource.split_once(":states:::")?;
    let (service, call) = rest.split_once(':')?;
    let (action, waits) =
        call.split_once('.').map_or((call, ""), |(action, _)| (action, &call[action.len()..]));
    let services = asl::optimized().map(|(service, _)| service);
    let service = services.clone().find(|known| *known == service).or_else(|| nearest(service, services))?;
    let actions = asl::optimized().filter(|(of, _)| *of == service).map(|(_, action)| action);
    let near = nearest(action, actions.clone());
    Some(match near {
        Some(near) => format!("did you mean `{service}:{near}{waits}`?"),
        None => {
            let any = format!("aws-sdk:{service}:{call}");
            format!("`{service}` has {}; every other call is an `{any}`", one_of(actions))
        }
    })
}

/// What the machine's role must allow; reports what is wrong with the definition.
fn statements(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    definition: &Node,
    express: bool,
) -> Vec<Template> {
    let json = definition.to_json();
    let (parsed, problems) = asl::parse(&json);
    for problem in asl::doomed(&json) {
        let span = asl_permissions::node_at(definition, &problem.pointer).span;
        x.report(Diagnostic::error(Code::BAD_DEFINITION, problem.message).at(span));
    }
    // A transition that leads nowhere, or isn't there, is why no state ends the workflow.
    let is_root = |problem: &Problem| problem.kind != ProblemKind::MissingEndState;
    let has_root = problems.iter().any(is_root);
    let is_whole = problems.is_empty();
    for problem in problems.into_iter().filter(|problem| !has_root || is_root(problem)) {
        let node = asl_permissions::node_at(definition, &problem.pointer);
        let hint =
            node.text().filter(|_| problem.kind == ProblemKind::InvalidResource).and_then(near_integration);
        x.report(Diagnostic::error(Code::BAD_DEFINITION, problem.message).at(node.span).hint_if(hint));
    }
    // What a definition with mistakes may do isn't known.
    let Some(parsed) = parsed.filter(|_| is_whole) else { return Vec::new() };
    if express {
        for problem in asl::refused_in_express(&parsed) {
            let span = asl_permissions::node_at(definition, &problem.pointer).span;
            x.report(Diagnostic::error(Code::BAD_DEFINITION, problem.message).at(span));
        }
    }
    asl_permissions::statements(x, declaration, definition, &parsed)
}

/// `grants`: what can't be seen in the definition.
fn grants(x: &mut Expander<'_>, node: &Node) -> Vec<Template> {
    let mut statements = Vec::new();
    for grant in x.one_or_many(node) {
        if !x.check_keys(grant, "a grant", &["allow", "on"], "evstack explain stateMachine") {
            continue;
        }
        let (Some(actions), Some(on)) = (grant.get("allow"), grant.get("on")) else {
            x.report(Diagnostic::error(Code::MISSING_KEY, "a grant needs `allow` and `on`").at(grant.span));
            continue;
        };
        let list = |x: &mut Expander<'_>, node: &Node| {
            let items: Vec<Template> = x.one_or_many(node).into_iter().map(|item| x.template(item)).collect();
            Template::Array(items)
        };
        statements.push(Template::object([
            ("Effect", Template::string("Allow")),
            ("Action", list(x, actions)),
            ("Resource", list(x, on)),
        ]));
    }
    statements
}

/// `LoggingConfiguration`, with a log group of its own; none with `logs: false`.
fn logging(x: &mut Expander<'_>, declaration: &Declaration, node: Option<&Node>) -> Option<Template> {
    let defaults = declaration.defaults.as_ref().and_then(|d| d.get("logs")).cloned();
    let node = node.cloned().or(defaults);
    if let Some(node) = &node {
        if matches!(node.value, crate::syntax::NodeValue::Bool(false)) {
            return None;
        }
        x.check_keys(node, "`logs`", &["level", "retain", "data"], "evstack explain stateMachine");
    }
    let get = |key: &str| node.as_ref().and_then(|n| n.get(key)).cloned();
    let level = get("level")
        .and_then(|n| x.word(&n, "`level`", &["ALL", "ERROR", "FATAL", "OFF"]))
        .unwrap_or("ERROR");
    let data = get("data").and_then(|n| x.boolean(&n, "`data`")).unwrap_or(true);
    let group = log_group(x, declaration, "states", node.as_ref());
    Some(Template::object([
        ("Level", Template::string(level)),
        ("IncludeExecutionData", Template::Literal(Value::Bool(data))),
        (
            "Destinations",
            Template::array([Template::object([(
                "CloudWatchLogsLogGroup",
                Template::object([("LogGroupArn", Template::attribute(&group, "Arn"))]),
            )])]),
        ),
    ]))
}

/// The part `logs`. Names under `/aws/vendedlogs/` don't eat into the account's log policy.
pub(super) fn log_group(
    x: &mut Expander<'_>,
    declaration: &Declaration,
    folder: &str,
    node: Option<&Node>,
) -> Address {
    let days = node.and_then(|n| n.get("retain")).cloned().and_then(|n| x.days(&n, "`retain`")).unwrap_or(30);
    let name = format!("/aws/vendedlogs/{folder}/{}", x.default_name(declaration, &[], 400, ""));
    let draft = Draft::new("AWS::Logs::LogGroup")
        .with("LogGroupName", Template::string(name))
        .with("RetentionInDays", number(days));
    x.part(declaration, "logs", draft)
}
