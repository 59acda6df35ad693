//! API Gateway's resource types: which rules each has, the ids that API Gateway invents.

mod part;

use super::{account, http_api, method, model, rest_api};
use crate::local::services::generic::Ruled;
use crate::local::services::members::default;
use crate::local::services::resource::Handler;
use crate::local::world::LOWER;
use part::Part;
use serde_json::json;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    let part = PARTS.iter().find(|(name, _)| *name == type_name).map(|(_, part)| part as &dyn Handler);
    part.or_else(|| RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler))
}

/// Types of which nothing more is known than their ids.
static RULES: &[(&str, Ruled)] = &[
    ("AWS::ApiGateway::Authorizer", Ruled::new(&[("AuthorizerId", "${lower:6}")])),
    ("AWS::ApiGateway::GatewayResponse", Ruled::new(&[("Id", "${RestApiId}|${ResponseType}")])),
];

static PARTS: &[(&str, Part)] = &[
    (
        rest_api::API,
        Part {
            made: &[("RestApiId", "${lower:10}"), ("RootResourceId", "${lower:10}")],
            complete: |_, api| rest_api::complete_api(api),
            below: |place, api| {
                let id = rest_api::api_of(api).to_owned();
                part::parts(place, rest_api::PARTS, "RestApiId", &id)
            },
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::Resource",
        Part {
            made: &[("ResourceId", "${lower:6}")],
            // Each of its properties is create-only.
            check: |place, path, fresh| if fresh { rest_api::check_resource(place, path) } else { Ok(()) },
            below: |place, path| {
                let id = crate::local::services::members::text(path, "ResourceId").unwrap_or_default();
                rest_api::below(place, rest_api::api_of(path), id)
            },
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::Method",
        Part { check: method::check, complete: |_, method| method::complete(method), ..Part::V1 },
    ),
    (
        "AWS::ApiGateway::Deployment",
        Part {
            made: &[("DeploymentId", "${lower:6}")],
            check: |place, deployment, fresh| match fresh {
                true => rest_api::check_deployment(place, deployment),
                false => Ok(()),
            },
            free: rest_api::check_unused,
            unsupported: &["StageName", "StageDescription", "DeploymentCanarySettings"],
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::Stage",
        Part {
            check: |place, stage, _| rest_api::check_stage(place, stage),
            complete: |_, stage| rest_api::complete_stage(stage),
            named: &["RestApiId", "StageName"],
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::Model",
        Part {
            check: model::check,
            complete: |_, model| default(model, "ContentType", "application/json"),
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::RequestValidator",
        Part {
            made: &[("RequestValidatorId", "${lower:6}")],
            check: |place, wanted, _| place.api(rest_api::API, rest_api::api_of(wanted)).map(|_| ()),
            complete: |_, validator| {
                default(validator, "ValidateRequestBody", false);
                default(validator, "ValidateRequestParameters", false);
            },
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::Account",
        Part {
            made: &[("Id", "${Account}")],
            check: |place, wanted, _| account::check_account(place, wanted),
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::ApiKey",
        Part {
            made: &[("APIKeyId", "${lower:10}")],
            check: |place, wanted, fresh| if fresh { account::check_key(place, wanted) } else { Ok(()) },
            prepare: |context, key| {
                let value = context.rng.text(LOWER, 40);
                default(key, "Value", value);
            },
            complete: |_, key| {
                default(key, "Enabled", false);
                default(key, "StageKeys", json!([]));
            },
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGateway::UsagePlan",
        Part {
            made: &[("Id", "${lower:6}")],
            check: |place, wanted, _| account::check_plan(place, wanted),
            complete: |_, plan| account::complete_plan(plan),
            ..Part::V1
        },
    ),
    (
        "AWS::ApiGatewayV2::Api",
        Part {
            made: &[
                ("ApiId", "${lower:10}"),
                ("ApiEndpoint", "${BaseUrl}/_aws/execute-api/${ApiId}"),
                ("ExecuteApiArn", "arn:${Partition}:execute-api:${Region}:${Account}:${ApiId}"),
            ],
            check: http_api::check_api,
            complete: |_, api| http_api::complete_api(api),
            below: |place, api| part::parts(place, http_api::PARTS, "ApiId", http_api::api_of(api)),
            ..Part::V2
        },
    ),
    (
        "AWS::ApiGatewayV2::Integration",
        Part {
            made: &[("IntegrationId", "${lower:7}")],
            check: http_api::check_integration,
            complete: http_api::complete_integration,
            free: http_api::check_unrouted,
            ..Part::V2
        },
    ),
    (
        "AWS::ApiGatewayV2::Route",
        Part {
            made: &[("RouteId", "${lower:7}")],
            check: http_api::check_route,
            complete: |_, route| http_api::complete_route(route),
            ..Part::V2
        },
    ),
    (
        "AWS::ApiGatewayV2::Stage",
        Part {
            check: http_api::check_stage,
            prepare: |context, stage| {
                if crate::local::services::members::flag(stage, "AutoDeploy") {
                    let deployment = context.rng.text(LOWER, 6);
                    default(stage, "DeploymentId", deployment);
                }
            },
            complete: |_, stage| http_api::complete_stage(stage),
            ..Part::V2
        },
    ),
    (
        "AWS::ApiGatewayV2::Deployment",
        Part {
            made: &[("DeploymentId", "${lower:6}")],
            check: http_api::check_deployment,
            free: http_api::check_unused,
            ..Part::V2
        },
    ),
    (
        "AWS::ApiGatewayV2::Authorizer",
        Part { made: &[("AuthorizerId", "${lower:6}")], check: http_api::check_authorizer, ..Part::V2 },
    ),
];
