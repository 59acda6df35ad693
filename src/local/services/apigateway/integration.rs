//! Integrations of REST APIs: what each type must say (Amazon API Gateway API Reference,
//! PutIntegration).

use super::bad_request;
use crate::local::services::members::{has, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resources::Properties;

/// Whether an integration is complete and its ARNs are some.
pub(super) fn check(integration: &Properties) -> Result<(), Refusal> {
    let kind = text(integration, "Type").unwrap_or_default();
    if kind == "MOCK" {
        return Ok(());
    }
    if !has(integration, "IntegrationHttpMethod") {
        return Err(bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    let uri = text(integration, "Uri").unwrap_or_default();
    if kind.starts_with("HTTP") {
        let known = ["http://", "https://"].iter().any(|scheme| uri.starts_with(scheme));
        return if known { Ok(()) } else { Err(bad_request("Invalid HTTP endpoint specified for URI")) };
    }
    // arn:aws:apigateway:<region>:<service>:path/<path> or action/<operation>
    let pieces: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", _, "apigateway", region, service, rest] = pieces.as_slice() else {
        return Err(bad_request("Invalid ARN specified in the request"));
    };
    if region.is_empty() || service.is_empty() {
        return Err(bad_request("Invalid ARN specified in the request"));
    }
    if !rest.starts_with("path/") && !rest.starts_with("action/") {
        return Err(bad_request("AWS ARN for integration must contain path or action"));
    }
    match text(integration, "Credentials") {
        // A function's own policy lets API Gateway in; other services need a role.
        None if *service == "lambda" => Ok(()),
        None => Err(bad_request("Role ARN must be specified for AWS integrations")),
        Some(role) => check_role(role),
    }
}

fn check_role(role: &str) -> Result<(), Refusal> {
    let pieces: Vec<&str> = role.splitn(6, ':').collect();
    match pieces.as_slice() {
        ["arn", _, "iam", "", _, who] if who.starts_with("role/") || *who == "user/*" => Ok(()),
        _ => Err(bad_request("Invalid ARN specified in the request")),
    }
}
