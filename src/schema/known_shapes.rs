//! What is known of computed properties beyond the service authorization reference's templates.
//!
//! In a shape, `${Partition}`, `${Region}`, `${Account}` and `${DnsSuffix}` are the place's,
//! `${ServiceUrl:sqs}` is the service's endpoint there, `${Name}` is what the declaration says of
//! that property, and `${Path:-/}` is so too, `/` where it says nothing. `${RuleOnBus}` and
//! `${WithoutSlash:Name}` are what their tables' lines say.
//!
//! Sources: the services' user guides ("Resource types defined by …", "Amazon SQS queue and message
//! identifiers"), and the `pattern`s of the registry.

/// Type, computed property (empty: the ARN, where no property shows it), shape.
pub(super) const SHAPES: &[(&str, &str, &str)] = &[
    ("AWS::Events::EventBus", "Arn", "arn:${Partition}:events:${Region}:${Account}:event-bus/${Name}"),
    // A rule of another bus than the default one has the bus's name before its own.
    ("AWS::Events::Rule", "Arn", "arn:${Partition}:events:${Region}:${Account}:rule/${RuleOnBus}"),
    ("AWS::Events::Rule", "RuleName", "${Name}"),
    ("AWS::Events::Archive", "Arn", "arn:${Partition}:events:${Region}:${Account}:archive/${ArchiveName}"),
    ("AWS::Pipes::Pipe", "Arn", "arn:${Partition}:pipes:${Region}:${Account}:pipe/${Name}"),
    (
        "AWS::Scheduler::Schedule",
        "Arn",
        "arn:${Partition}:scheduler:${Region}:${Account}:schedule/${GroupName:-default}/${Name}",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        "Arn",
        "arn:${Partition}:states:${Region}:${Account}:stateMachine:${StateMachineName}",
    ),
    ("AWS::StepFunctions::StateMachine", "Name", "${StateMachineName}"),
    ("AWS::DynamoDB::Table", "Arn", "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}"),
    // The reference names the older global tables here; the property shows the local replica.
    (
        "AWS::DynamoDB::GlobalTable",
        "Arn",
        "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}",
    ),
    ("AWS::SQS::Queue", "Arn", "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"),
    ("AWS::SQS::Queue", "QueueUrl", "${ServiceUrl:sqs}/${Account}/${QueueName}"),
    ("AWS::SNS::Topic", "TopicArn", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}"),
    // The log group's property ends in `:*`: it stands for its streams.
    ("AWS::Logs::LogGroup", "Arn", "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:*"),
    ("AWS::IAM::Role", "Arn", "arn:${Partition}:iam::${Account}:role${Path:-/}${RoleName}"),
    (
        "AWS::IAM::ManagedPolicy",
        "PolicyArn",
        "arn:${Partition}:iam::${Account}:policy${Path:-/}${ManagedPolicyName}",
    ),
    ("AWS::IAM::User", "Arn", "arn:${Partition}:iam::${Account}:user${Path:-/}${UserName}"),
    ("AWS::IAM::Group", "Arn", "arn:${Partition}:iam::${Account}:group${Path:-/}${GroupName}"),
    (
        "AWS::IAM::InstanceProfile",
        "Arn",
        "arn:${Partition}:iam::${Account}:instance-profile${Path:-/}${InstanceProfileName}",
    ),
    (
        "AWS::EventSchemas::Registry",
        "RegistryArn",
        "arn:${Partition}:schemas:${Region}:${Account}:registry/${RegistryName}",
    ),
    (
        "AWS::EventSchemas::Schema",
        "SchemaArn",
        "arn:${Partition}:schemas:${Region}:${Account}:schema/${RegistryName}/${SchemaName}",
    ),
    ("AWS::SES::EmailIdentity", "", "arn:${Partition}:ses:${Region}:${Account}:identity/${EmailIdentity}"),
    ("AWS::S3::Bucket", "Arn", "arn:${Partition}:s3:::${BucketName}"),
    ("AWS::S3::Bucket", "DomainName", "${BucketName}.s3.${DnsSuffix}"),
    ("AWS::S3::Bucket", "RegionalDomainName", "${BucketName}.s3.${Region}.${DnsSuffix}"),
    ("AWS::S3::Bucket", "DualStackDomainName", "${BucketName}.s3.dualstack.${Region}.${DnsSuffix}"),
    ("AWS::KMS::Alias", "", "arn:${Partition}:kms:${Region}:${Account}:${AliasName}"),
    // A parameter's path begins with a slash in its name, not twice in its ARN.
    (
        "AWS::SSM::Parameter",
        "Arn",
        "arn:${Partition}:ssm:${Region}:${Account}:parameter/${WithoutSlash:Name}",
    ),
];

const NEW_API: &str = "API Gateway invents it when the API is created";
const HAS_API_ID: &str = "it contains the API's id, which API Gateway invents";
const BY_API_GATEWAY: &str = "API Gateway invents it";
const RANDOM_ID: &str = "EventBridge adds a random id to it";
const BY_SES: &str = "SES invents it for the identity's DNS records";

/// Type, computed property, and why nobody can know it before.
pub(super) const REASONS: &[(&str, &str, &str)] = &[
    ("AWS::Events::Connection", "Arn", RANDOM_ID),
    ("AWS::Events::Connection", "SecretArn", "Secrets Manager adds random letters to it"),
    ("AWS::Events::Connection", "ArnForPolicy", RANDOM_ID),
    ("AWS::Events::ApiDestination", "Arn", RANDOM_ID),
    ("AWS::Events::ApiDestination", "ArnForPolicy", RANDOM_ID),
    ("AWS::Events::Endpoint", "EndpointId", "EventBridge invents it"),
    ("AWS::Events::Endpoint", "EndpointUrl", "it contains the endpoint's id, which EventBridge invents"),
    (
        "AWS::StepFunctions::StateMachine",
        "StateMachineRevisionId",
        "Step Functions invents one for each revision",
    ),
    ("AWS::StepFunctions::StateMachineVersion", "Arn", "Step Functions numbers the versions"),
    ("AWS::DynamoDB::Table", "StreamArn", "DynamoDB adds the moment of creation to it"),
    ("AWS::DynamoDB::GlobalTable", "StreamArn", "DynamoDB adds the moment of creation to it"),
    ("AWS::DynamoDB::GlobalTable", "TableId", "DynamoDB invents it"),
    ("AWS::SNS::Subscription", "Arn", "SNS adds a random id to it"),
    ("AWS::IAM::Role", "RoleId", "IAM invents it"),
    ("AWS::IAM::ManagedPolicy", "PolicyId", "IAM invents it"),
    ("AWS::KMS::Key", "Arn", "KMS invents the key's id"),
    ("AWS::KMS::Key", "KeyId", "KMS invents the key's id"),
    ("AWS::SecretsManager::Secret", "Id", "Secrets Manager adds random letters to it"),
    ("AWS::EventSchemas::Discoverer", "DiscovererArn", "the schema registry invents its id"),
    ("AWS::EventSchemas::Discoverer", "DiscovererId", "the schema registry invents its id"),
    ("AWS::ApiGateway::RestApi", "RestApiId", NEW_API),
    ("AWS::ApiGateway::RestApi", "RootResourceId", NEW_API),
    ("AWS::ApiGateway::Resource", "ResourceId", "API Gateway invents it for each resource"),
    ("AWS::ApiGateway::Deployment", "DeploymentId", "API Gateway invents it for each deployment"),
    ("AWS::ApiGateway::Authorizer", "AuthorizerId", BY_API_GATEWAY),
    ("AWS::ApiGateway::RequestValidator", "RequestValidatorId", BY_API_GATEWAY),
    ("AWS::ApiGateway::ApiKey", "APIKeyId", BY_API_GATEWAY),
    ("AWS::ApiGateway::UsagePlan", "Id", BY_API_GATEWAY),
    ("AWS::ApiGatewayV2::Api", "ApiId", NEW_API),
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint", HAS_API_ID),
    ("AWS::ApiGatewayV2::Api", "ExecuteApiArn", HAS_API_ID),
    ("AWS::ApiGatewayV2::Route", "RouteId", "API Gateway invents it for each route"),
    ("AWS::ApiGatewayV2::Integration", "IntegrationId", "API Gateway invents it for each integration"),
    ("AWS::ApiGatewayV2::Deployment", "DeploymentId", "API Gateway invents it for each deployment"),
    ("AWS::ApiGatewayV2::Authorizer", "AuthorizerId", BY_API_GATEWAY),
    ("AWS::SES::EmailIdentity", "DkimDNSTokenName1", BY_SES),
    ("AWS::SES::EmailIdentity", "DkimDNSTokenName2", BY_SES),
    ("AWS::SES::EmailIdentity", "DkimDNSTokenName3", BY_SES),
    ("AWS::SES::EmailIdentity", "DkimDNSTokenValue1", BY_SES),
    ("AWS::SES::EmailIdentity", "DkimDNSTokenValue2", BY_SES),
    ("AWS::SES::EmailIdentity", "DkimDNSTokenValue3", BY_SES),
];

/// Services that write names in small letters whatever was given.
pub(super) const CASE_FOLDING: &[&str] =
    &["RDS", "Neptune", "DocDB", "ElastiCache", "Redshift", "RedshiftServerless", "MemoryDB", "DAX"];
