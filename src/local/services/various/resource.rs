//! Computed properties, as each service's API reference and the service authorization reference's
//! resource formats give them.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[
    (
        "AWS::SQS::Queue",
        Ruled::new(&[
            ("QueueUrl", "${BaseUrl}/${Account}/${QueueName}"),
            ("Arn", "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"),
        ]),
    ),
    (
        "AWS::IAM::Role",
        Ruled::new(&[
            ("RoleId", "AROA${upper:17}"),
            ("Arn", "arn:${Partition}:iam::${Account}:role${Path|/}${RoleName}"),
        ]),
    ),
    ("AWS::IAM::User", Ruled::new(&[("Arn", "arn:${Partition}:iam::${Account}:user${Path|/}${UserName}")])),
    (
        "AWS::IAM::ManagedPolicy",
        Ruled::new(&[
            ("PolicyArn", "arn:${Partition}:iam::${Account}:policy${Path|/}${ManagedPolicyName}"),
            ("PolicyId", "ANPA${upper:17}"),
        ]),
    ),
    (
        "AWS::StepFunctions::StateMachine",
        Ruled::new(&[
            ("Arn", "arn:${Partition}:states:${Region}:${Account}:stateMachine:${StateMachineName}"),
            ("Name", "${StateMachineName}"),
            ("StateMachineRevisionId", "${uuid}"),
        ])
        .and_after_updates(&[("StateMachineRevisionId", "${uuid}")]),
    ),
    (
        "AWS::StepFunctions::Activity",
        Ruled::new(&[("Arn", "arn:${Partition}:states:${Region}:${Account}:activity:${Name}")]),
    ),
    (
        "AWS::Pipes::Pipe",
        Ruled::new(&[
            ("Arn", "arn:${Partition}:pipes:${Region}:${Account}:pipe/${Name}"),
            ("CreationTime", "${Now}"),
            ("LastModifiedTime", "${Now}"),
            ("CurrentState", "${DesiredState|RUNNING}"),
        ])
        .and_after_updates(&[("LastModifiedTime", "${Now}"), ("CurrentState", "${DesiredState|RUNNING}")]),
    ),
    (
        "AWS::Scheduler::Schedule",
        Ruled::new(&[(
            "Arn",
            "arn:${Partition}:scheduler:${Region}:${Account}:schedule/${GroupName|default}/${Name}",
        )]),
    ),
    (
        "AWS::Scheduler::ScheduleGroup",
        Ruled::new(&[
            ("Arn", "arn:${Partition}:scheduler:${Region}:${Account}:schedule-group/${Name}"),
            ("State", "ACTIVE"),
            ("CreationDate", "${Now}"),
            ("LastModificationDate", "${Now}"),
        ])
        .and_after_updates(&[("LastModificationDate", "${Now}")]),
    ),
    (
        "AWS::Logs::LogGroup",
        Ruled::new(&[("Arn", "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:*")]),
    ),
    (
        "AWS::EventSchemas::Registry",
        Ruled::new(&[(
            "RegistryArn",
            "arn:${Partition}:schemas:${Region}:${Account}:registry/${RegistryName}",
        )]),
    ),
    (
        "AWS::EventSchemas::Schema",
        Ruled::new(&[
            (
                "SchemaArn",
                "arn:${Partition}:schemas:${Region}:${Account}:schema/${RegistryName}/${SchemaName}",
            ),
            ("SchemaVersion", "1"),
            ("VersionCreatedDate", "${Now}"),
            ("LastModified", "${Now}"),
        ]),
    ),
    (
        "AWS::S3::Bucket",
        Ruled::new(&[
            ("Arn", "arn:${Partition}:s3:::${BucketName}"),
            ("DomainName", "${BucketName}.s3.amazonaws.com"),
            ("DualStackDomainName", "${BucketName}.s3.dualstack.${Region}.amazonaws.com"),
            ("RegionalDomainName", "${BucketName}.s3.${Region}.amazonaws.com"),
            ("WebsiteURL", "http://${BucketName}.s3-website-${Region}.amazonaws.com"),
        ]),
    ),
    (
        "AWS::KMS::Key",
        Ruled::new(&[
            ("KeyId", "${uuid}"),
            ("Arn", "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}"),
        ]),
    ),
    (
        "AWS::SecretsManager::Secret",
        Ruled::new(&[(
            "Id",
            "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${Name}-${lower:6}",
        )]),
    ),
    (
        "AWS::Lambda::Function",
        Ruled::new(&[("Arn", "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}")]),
    ),
    (
        "AWS::CloudWatch::Alarm",
        Ruled::new(&[("Arn", "arn:${Partition}:cloudwatch:${Region}:${Account}:alarm:${AlarmName}")]),
    ),
];
