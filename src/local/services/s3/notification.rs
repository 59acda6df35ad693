//! Where a bucket's events go: S3 looks whether it may send there before it takes the configuration
//! (Amazon S3 User Guide, "Granting permissions to publish event notification messages to a
//! destination").

use super::refused;
use crate::languages::iam_policy::{Keys, Principal};
use crate::local::iam::{Asked, Own, View};
use crate::local::services::arns::{self, Arn, Found};
use crate::local::services::members::{object, objects, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::Context;
use crate::local::services::resources::Properties;

/// The lists of destinations, the member with the ARN, and what S3 does there.
const DESTINATIONS: &[(&str, &str, &str)] = &[
    ("QueueConfigurations", "Queue", "sqs:SendMessage"),
    ("TopicConfigurations", "Topic", "sns:Publish"),
    ("LambdaConfigurations", "Function", "lambda:InvokeFunction"),
];

/// Whether all destinations are there, in the bucket's region, and let S3 in.
pub(super) fn check(context: &Context<'_>, bucket: &Properties, arn: &str) -> Result<(), Refusal> {
    let Some(configuration) = object(bucket, "NotificationConfiguration") else { return Ok(()) };
    for (list, member, action) in DESTINATIONS {
        for destination in objects(configuration, list).filter_map(|item| text(item, member)) {
            if !usable(context, destination, action, arn) {
                return Err(refused(
                    "InvalidArgument",
                    "Unable to validate the following destination configurations",
                ));
            }
        }
    }
    Ok(())
}

fn usable(context: &Context<'_>, destination: &str, action: &str, bucket: &str) -> bool {
    let Some(parsed) = Arn::parse(destination) else { return false };
    if parsed.region != context.scope.region || !action.starts_with(&format!("{}:", parsed.service)) {
        return false;
    }
    match arns::find(context, destination) {
        Found::Missing => false,
        Found::Unknown => true,
        // A function's permissions are resources of their own, which IAM's view here doesn't read.
        Found::Here(_) if parsed.service == "lambda" => true,
        Found::Here(_) => {
            let mut keys = Keys::new();
            keys.add("aws:SourceArn", bucket);
            keys.add("aws:SourceAccount", context.scope.account.clone());
            let who = Principal::Service("s3.amazonaws.com".to_owned());
            let asked = Asked { action, resource: destination, keys: &keys };
            !View::of(context).decide(&who, &Own::none(), &asked).is_denied()
        }
    }
}
