//! API Gateway's resources and the ids that it invents for them.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[
    (
        "AWS::ApiGateway::RestApi",
        Ruled::new(&[("RestApiId", "${lower:10}"), ("RootResourceId", "${lower:10}")]),
    ),
    ("AWS::ApiGateway::Resource", Ruled::new(&[("ResourceId", "${lower:6}")])),
    ("AWS::ApiGateway::Deployment", Ruled::new(&[("DeploymentId", "${lower:6}")])),
    ("AWS::ApiGateway::RequestValidator", Ruled::new(&[("RequestValidatorId", "${lower:6}")])),
    ("AWS::ApiGateway::Authorizer", Ruled::new(&[("AuthorizerId", "${lower:6}")])),
    ("AWS::ApiGateway::GatewayResponse", Ruled::new(&[("Id", "${RestApiId}|${ResponseType}")])),
    ("AWS::ApiGateway::Account", Ruled::new(&[("Id", "${Account}")])),
    (
        "AWS::ApiGatewayV2::Api",
        Ruled::new(&[
            ("ApiId", "${lower:10}"),
            ("ApiEndpoint", "${BaseUrl}/_aws/execute-api/${ApiId}"),
            ("ExecuteApiArn", "arn:${Partition}:execute-api:${Region}:${Account}:${ApiId}"),
        ]),
    ),
    ("AWS::ApiGatewayV2::Integration", Ruled::new(&[("IntegrationId", "${lower:7}")])),
    ("AWS::ApiGatewayV2::Route", Ruled::new(&[("RouteId", "${lower:7}")])),
    ("AWS::ApiGatewayV2::Deployment", Ruled::new(&[("DeploymentId", "${lower:6}")])),
];
