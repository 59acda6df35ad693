//! Those of AWS's own managed policies whose text is known here.
//!
//! Source: AWS Managed Policy Reference. Only policies that have been the same for years and that
//! roles of event-driven systems carry; any other is unknown.

use crate::languages::iam_policy::{self, Policy};
use serde_json::json;

const LOGS: [&str; 3] = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

/// The policy with an ARN, if its text is known.
pub(super) fn policy(arn: &str) -> Option<Policy> {
    let name = arn.split_once(":policy/")?.1;
    let (effect, actions): (_, Vec<&str>) = match name {
        "AdministratorAccess" => ("Allow", vec!["*"]),
        "AWSDenyAll" => ("Deny", vec!["*"]),
        "AmazonSQSFullAccess" => ("Allow", vec!["sqs:*"]),
        "AmazonSESFullAccess" => ("Allow", vec!["ses:*"]),
        "AWSStepFunctionsFullAccess" => ("Allow", vec!["states:*"]),
        "service-role/AWSLambdaBasicExecutionRole" => ("Allow", LOGS.to_vec()),
        "service-role/AWSLambdaSQSQueueExecutionRole" => {
            let own = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
            ("Allow", [own, LOGS].concat())
        }
        "service-role/AWSLambdaDynamoDBExecutionRole" => {
            let own = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
            ("Allow", [&own[..], &["dynamodb:ListStreams"], &LOGS].concat())
        }
        _ => return None,
    };
    let statement = json!({"Effect": effect, "Action": actions, "Resource": "*"});
    Some(Policy::read(&iam_policy::policy(vec![statement])))
}
