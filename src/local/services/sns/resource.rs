//! SNS's resources: topics and subscriptions.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    Some(match type_name {
        "AWS::SNS::Topic" => &TOPIC,
        "AWS::SNS::Subscription" => &SUBSCRIPTION,
        _ => return None,
    })
}

static TOPIC: Ruled = Ruled::new(&[("TopicArn", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}")]);

/// A subscription's ARN is its topic's with an id.
static SUBSCRIPTION: Ruled = Ruled::new(&[("Arn", "${TopicArn}:${uuid}")]);
