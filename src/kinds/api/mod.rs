//! `apis`: REST and HTTP APIs whose routes go straight to queues, events and state machines.

mod content;
mod http;
mod rest;
mod route;
mod velocity;

use super::expander::Expander;
use super::kind::{Field, Kind, Part};
use crate::model::Template;
use crate::spec::Declaration;

pub(super) const KIND: Kind = Kind {
    key: "apis",
    singular: "api",
    about: "an API whose routes go straight to queues, events and state machines",
    type_name: Some("AWS::ApiGateway::RestApi"),
    fields: &[
        Field::optional("type", "rest, http", "default: `http`; pages and templates need `rest`"),
        Field::required(
            "routes",
            "mapping of \"METHOD /path\" to {to, sync, input, attributes, group, response, validate, page}",
            "what each request does",
        ),
        Field::optional("cors", "mapping of `origins`, `methods`, `headers`, `maxAge`", "HTTP APIs only"),
        Field::optional(
            "throttle",
            "mapping of `rate`, `burst`, or false",
            "default: 100 requests/s, bursts of 200",
        ),
        Field::optional(
            "logs",
            "boolean, or mapping of `retain`",
            "access logs, HTTP APIs only; default: false, or 30 days with `true`",
        ),
    ],
    parts: &[
        Part { name: "role", type_name: "AWS::IAM::Role", about: "lets the API reach its targets" },
        Part {
            name: "stage",
            type_name: "AWS::ApiGateway::Stage",
            about: "always (AWS::ApiGatewayV2::Stage for HTTP)",
        },
        Part {
            name: "deployment",
            type_name: "AWS::ApiGateway::Deployment",
            about: "REST; replaced when the API's content changes",
        },
        Part {
            name: "pathReviews",
            type_name: "AWS::ApiGateway::Resource",
            about: "REST; one for each path",
        },
        Part {
            name: "postReviews",
            type_name: "AWS::ApiGateway::Method",
            about: "one for each route (AWS::ApiGatewayV2::Route for HTTP)",
        },
        Part {
            name: "validator",
            type_name: "AWS::ApiGateway::RequestValidator",
            about: "REST, with `validate`",
        },
        Part {
            name: "postReviewsModel",
            type_name: "AWS::ApiGateway::Model",
            about: "REST, with `validate`",
        },
        Part {
            name: "postReviewsIntegration",
            type_name: "AWS::ApiGatewayV2::Integration",
            about: "HTTP; one for each route",
        },
        Part { name: "logs", type_name: "AWS::Logs::LogGroup", about: "with `logs`" },
    ],
    attributes: &[("Url", "the base URL of its stage, with a slash at the end")],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let kind = match declaration.body.get("type") {
        Some(node) => x.word(node, "`type`", &["rest", "http"]),
        None => Some("http"),
    };
    match kind {
        Some("rest") => rest::expand(x, declaration),
        Some(_) => http::expand(x, declaration),
        None => {}
    }
}

/// `{rate, burst}`; none with `throttle: false`.
fn throttle(x: &mut Expander<'_>, declaration: &Declaration) -> Option<(u64, u64)> {
    let Some(node) = declaration.body.get("throttle") else { return Some((100, 200)) };
    if matches!(node.value, crate::syntax::NodeValue::Bool(false)) {
        return None;
    }
    x.check_keys(node, "`throttle`", &["rate", "burst"], "evstack explain api");
    let rate = node.get("rate").and_then(|n| x.integer(n, "`rate`", 1..=100_000)).unwrap_or(100);
    let burst = node.get("burst").and_then(|n| x.integer(n, "`burst`", 1..=100_000)).unwrap_or(rate * 2);
    Some((rate, burst))
}

/// Where a stage is served, with a slash at the end. AWS gives each API a host name; an endpoint of
/// one's own serves all of them below one path.
fn base_url(x: &Expander<'_>, id: Template, stage: &str) -> Template {
    let place = &x.stack.place;
    let pieces = match &place.base_url {
        Some(base) => {
            vec![
                Template::string(format!("{base}/_aws/execute-api/")),
                id,
                Template::string(format!("{stage}/")),
            ]
        }
        None => {
            let host = format!(".execute-api.{}.{}{stage}/", place.region, place.dns_suffix());
            vec![Template::string("https://"), id, Template::string(host)]
        }
    };
    Template::Concat(pieces)
}
