//! API Gateway's resources and the ids that it invents for them.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[
    ("AWS::ApiGateway::RestApi", Ruled(&[("RestApiId", "${lower:10}"), ("RootResourceId", "${lower:10}")])),
    ("AWS::ApiGateway::Resource", Ruled(&[("ResourceId", "${lower:6}")])),
    ("AWS::ApiGateway::Deployment", Ruled(&[("DeploymentId", "${lower:6}")])),
    ("AWS::ApiGateway::RequestValidator", Ruled(&[("RequestValidatorId", "${lower:6}")])),
    ("AWS::ApiGateway::Authorizer", Ruled(&[("AuthorizerId", "${lower:6}")])),
    ("AWS::ApiGateway::GatewayResponse", Ruled(&[("Id", "${RestApiId}|${ResponseType}")])),
    ("AWS::ApiGateway::Account", Ruled(&[("Id", "${Account}")])),
    (
        "AWS::ApiGatewayV2::Api",
        Ruled(&[
            ("ApiId", "${lower:10}"),
            ("ApiEndpoint", "https://${ApiId}.execute-api.${Region}.amazonaws.com"),
            ("ExecuteApiArn", "arn:${Partition}:execute-api:${Region}:${Account}:${ApiId}"),
        ]),
    ),
    ("AWS::ApiGatewayV2::Integration", Ruled(&[("IntegrationId", "${lower:7}")])),
    ("AWS::ApiGatewayV2::Route", Ruled(&[("RouteId", "${lower:7}")])),
    ("AWS::ApiGatewayV2::Deployment", Ruled(&[("DeploymentId", "${lower:6}")])),
];
