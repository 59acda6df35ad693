//! SQS's queues and their policies.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[(
    "AWS::SQS::Queue",
    Ruled::new(&[
        ("QueueUrl", "${BaseUrl}/${Account}/${QueueName}"),
        ("Arn", "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"),
    ]),
)];
