//! Where each type keeps its policies. Source: the types' schemas in CloudFormation's registry.

/// How a type's policy names the resource that it is about, where its statements don't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// The resource that carries it.
    Itself,
    /// What a property names, by ARN, or by identifier where its type is given; perhaps a list.
    Property(&'static str, &'static str),
    /// Everything of its service in the account and region.
    Account,
}

/// A resource policy within a type's properties.
pub(super) struct Kept {
    pub type_name: &'static str,
    /// The way to the policy; `*` is each item of a list.
    pub path: &'static [&'static str],
    pub on: On,
}

const fn itself(type_name: &'static str, path: &'static [&'static str]) -> Kept {
    Kept { type_name, path, on: On::Itself }
}

const fn of(
    type_name: &'static str,
    path: &'static [&'static str],
    property: &'static str,
    named: &'static str,
) -> Kept {
    Kept { type_name, path, on: On::Property(property, named) }
}

const fn account(type_name: &'static str, path: &'static [&'static str]) -> Kept {
    Kept { type_name, path, on: On::Account }
}

/// Sorted by type.
pub(super) const RESOURCE_POLICIES: &[Kept] = &[
    itself("AWS::ApiGateway::DomainNameV2", &["Policy"]),
    itself("AWS::ApiGateway::RestApi", &["Policy"]),
    of("AWS::APS::ResourcePolicy", &["PolicyDocument"], "WorkspaceArn", ""),
    itself("AWS::Backup::BackupVault", &["AccessPolicy"]),
    itself("AWS::Backup::LogicallyAirGappedBackupVault", &["AccessPolicy"]),
    of("AWS::CloudTrail::ResourcePolicy", &["ResourcePolicy"], "ResourceArn", ""),
    itself("AWS::CodeArtifact::Domain", &["PermissionsPolicyDocument"]),
    itself("AWS::CodeArtifact::Repository", &["PermissionsPolicyDocument"]),
    itself(
        "AWS::DynamoDB::GlobalTable",
        &["Replicas", "*", "ReplicaStreamSpecification", "ResourcePolicy", "PolicyDocument"],
    ),
    itself("AWS::DynamoDB::GlobalTable", &["Replicas", "*", "ResourcePolicy", "PolicyDocument"]),
    itself("AWS::DynamoDB::Table", &["ResourcePolicy", "PolicyDocument"]),
    itself("AWS::DynamoDB::Table", &["StreamSpecification", "ResourcePolicy", "PolicyDocument"]),
    itself("AWS::EC2::VPCEndpoint", &["PolicyDocument"]),
    itself("AWS::ECR::PublicRepository", &["RepositoryPolicyText"]),
    account("AWS::ECR::RegistryPolicy", &["PolicyText"]),
    itself("AWS::ECR::Repository", &["RepositoryPolicyText"]),
    itself("AWS::EFS::FileSystem", &["FileSystemPolicy"]),
    itself("AWS::Elasticsearch::Domain", &["AccessPolicies"]),
    itself("AWS::Events::EventBus", &["Policy"]),
    of("AWS::EventSchemas::RegistryPolicy", &["Policy"], "RegistryName", "AWS::EventSchemas::Registry"),
    of("AWS::Kinesis::ResourcePolicy", &["ResourcePolicy"], "ResourceArn", ""),
    itself("AWS::KMS::Key", &["KeyPolicy"]),
    itself("AWS::KMS::ReplicaKey", &["KeyPolicy"]),
    of("AWS::Lex::ResourcePolicy", &["Policy"], "ResourceArn", ""),
    itself("AWS::Logs::DeliveryDestination", &["DeliveryDestinationPolicy", "DeliveryDestinationPolicy"]),
    itself("AWS::Logs::Destination", &["DestinationPolicy"]),
    itself("AWS::Logs::LogGroup", &["ResourcePolicyDocument"]),
    account("AWS::Logs::ResourcePolicy", &["PolicyDocument"]),
    of("AWS::MSK::ClusterPolicy", &["Policy"], "ClusterArn", ""),
    itself("AWS::OpenSearchService::Domain", &["AccessPolicies"]),
    itself("AWS::Redshift::Cluster", &["NamespaceResourcePolicy"]),
    itself("AWS::RedshiftServerless::Namespace", &["NamespaceResourcePolicy"]),
    itself("AWS::S3::AccessPoint", &["Policy"]),
    of("AWS::S3::BucketPolicy", &["PolicyDocument"], "Bucket", "AWS::S3::Bucket"),
    of("AWS::S3::MultiRegionAccessPointPolicy", &["Policy"], "MrapName", "AWS::S3::MultiRegionAccessPoint"),
    of("AWS::S3Express::BucketPolicy", &["PolicyDocument"], "Bucket", "AWS::S3Express::DirectoryBucket"),
    of(
        "AWS::S3ObjectLambda::AccessPointPolicy",
        &["PolicyDocument"],
        "ObjectLambdaAccessPoint",
        "AWS::S3ObjectLambda::AccessPoint",
    ),
    of("AWS::S3Tables::TableBucketPolicy", &["ResourcePolicy"], "TableBucketARN", ""),
    of("AWS::S3Tables::TablePolicy", &["ResourcePolicy"], "TableARN", ""),
    of("AWS::S3Vectors::VectorBucketPolicy", &["Policy"], "VectorBucketArn", ""),
    of("AWS::SNS::TopicInlinePolicy", &["PolicyDocument"], "TopicArn", "AWS::SNS::Topic"),
    of("AWS::SNS::TopicPolicy", &["PolicyDocument"], "Topics", "AWS::SNS::Topic"),
    of("AWS::SQS::QueueInlinePolicy", &["PolicyDocument"], "Queue", "AWS::SQS::Queue"),
    of("AWS::SQS::QueuePolicy", &["PolicyDocument"], "Queues", "AWS::SQS::Queue"),
    of("AWS::SSM::ResourcePolicy", &["Policy"], "ResourceArn", ""),
    itself("AWS::SageMaker::ModelPackageGroup", &["ModelPackageGroupPolicy"]),
    of("AWS::SecretsManager::ResourcePolicy", &["ResourcePolicy"], "SecretId", "AWS::SecretsManager::Secret"),
    of("AWS::VpcLattice::AuthPolicy", &["Policy"], "ResourceIdentifier", ""),
    of("AWS::VpcLattice::ResourcePolicy", &["Policy"], "ResourceArn", ""),
    account("AWS::XRay::ResourcePolicy", &["PolicyDocument"]),
];

/// Types that are policies of identities, or of grants in members of their own: `collect` knows
/// them.
const OTHERS: &[&str] = &[
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Group",
    "AWS::IAM::GroupPolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::User",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::UserToGroupAddition",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::SSO::PermissionSet",
];

/// Whether a resource of the type may carry a policy.
pub(super) fn has_policies(type_name: &str) -> bool {
    OTHERS.contains(&type_name) || RESOURCE_POLICIES.iter().any(|kept| kept.type_name == type_name)
}
