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
