//! Computed properties, as each service's API reference and the service authorization reference's
//! resource formats give them.

use super::{kms, lambda, secrets};
use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    let typed: Option<&'static dyn Handler> = match type_name {
        "AWS::KMS::Alias" => Some(&kms::Alias),
        "AWS::KMS::Key" => Some(&kms::Key),
        "AWS::Lambda::Function" => Some(&lambda::Function),
        "AWS::SecretsManager::Secret" => Some(&secrets::Secret),
        _ => None,
    };
    typed
        .or_else(|| RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler))
}

static RULES: &[(&str, Ruled)] = &[(
    "AWS::CloudWatch::Alarm",
    Ruled::new(&[("Arn", "arn:${Partition}:cloudwatch:${Region}:${Account}:alarm:${AlarmName}")]),
)];
