//! How long AWS takes: seconds from the call that begins an operation to its end.
//!
//! Measured by others: Cloud Control adds about 5 s to what the service's own API takes (Stedi,
//! "Relative performance tradeoffs of AWS-native provisioning methods", February 2023); a table is
//! active after 8 s or so (outputs of `terraform apply` in public issues); a bucket takes 25 s under
//! CloudFormation (aws-cdk-cli, issue 757). AWS publishes none. All else here is an estimate, by
//! what the handlers wait for.

use super::{Delay, OperationTimes};
use std::collections::BTreeMap;

/// A type that isn't in the table: Cloud Control's own time and a little.
pub(super) const OTHER: Delay = Delay::seconds(5, 8);

/// Type; create, update, delete: each from and to, in seconds.
type Row = (&'static str, (u32, u32), (u32, u32), (u32, u32));

const TABLE: &[Row] = &[
    ("AWS::ApiGateway::Deployment", (5, 7), (5, 7), (5, 7)),
    ("AWS::ApiGateway::RestApi", (5, 8), (5, 8), (6, 30)),
    ("AWS::DynamoDB::Table", (10, 20), (10, 60), (10, 20)),
    ("AWS::Events::ApiDestination", (5, 8), (5, 8), (5, 8)),
    ("AWS::Events::Archive", (6, 15), (6, 15), (6, 15)),
    ("AWS::Events::Connection", (10, 30), (10, 30), (10, 30)),
    ("AWS::Events::EventBus", (5, 8), (5, 8), (5, 8)),
    // The handler waits until all hosts know a rule and its targets.
    ("AWS::Events::Rule", (10, 65), (10, 65), (6, 15)),
    ("AWS::IAM::ManagedPolicy", (10, 20), (8, 15), (8, 15)),
    // The handler waits until the role can be read everywhere.
    ("AWS::IAM::Role", (15, 20), (10, 20), (8, 15)),
    ("AWS::Lambda::Function", (8, 20), (8, 20), (6, 10)),
    ("AWS::Logs::LogGroup", (5, 8), (5, 8), (5, 8)),
    ("AWS::Pipes::Pipe", (30, 90), (30, 90), (20, 60)),
    ("AWS::S3::Bucket", (15, 25), (10, 20), (8, 15)),
    ("AWS::Scheduler::Schedule", (5, 8), (5, 8), (5, 8)),
    ("AWS::SNS::Subscription", (5, 10), (5, 10), (5, 10)),
    ("AWS::SNS::Topic", (8, 20), (5, 15), (8, 20)),
    // Amazon SQS API Reference, SetQueueAttributes: a change can take up to 60 s to spread, and the
    // handler waits that long.
    ("AWS::SQS::Queue", (60, 70), (60, 70), (60, 70)),
    ("AWS::SQS::QueueInlinePolicy", (5, 10), (5, 10), (5, 10)),
    ("AWS::StepFunctions::StateMachine", (6, 12), (6, 12), (10, 60)),
];

/// The table as a profile has it.
pub(super) fn table() -> BTreeMap<String, OperationTimes> {
    let time = |(from, to)| Some(Delay::seconds(from, to));
    TABLE
        .iter()
        .map(|(name, create, update, delete)| {
            let times =
                OperationTimes { create: time(*create), update: time(*update), delete: time(*delete) };
            ((*name).to_owned(), times)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;

    #[test]
    fn the_table_is_of_types_that_exist() {
        for (name, ..) in TABLE {
            assert!(Catalogue::bundled().get(name).is_some(), "{name}");
        }
        assert_eq!(table().len(), TABLE.len(), "a type stands there twice");
    }
}
