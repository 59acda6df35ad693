//! How a string names what a call acts on.

use crate::languages::is_opaque;

/// What the text of a target is, and so how an ARN is made of it. Any of them
/// may hold an ARN in place of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetShape {
    /// `https://sqs.<region>.amazonaws.com/<account>/<name>`.
    QueueUrl,
    /// A topic's ARN.
    Topic,
    /// A table's name or ARN.
    Table,
    /// A state machine's ARN.
    StateMachine,
    /// A state machine's ARN, where its executions are meant.
    ExecutionsOf,
    /// An event bus's name or ARN.
    EventBus,
    /// A function's name, partial ARN or ARN.
    Function,
    /// A secret's name or ARN.
    Secret,
    /// A key's id or ARN (an alias can't be narrowed to).
    Key,
    /// A bucket's name.
    Bucket,
    /// A bucket's name, where objects in it are meant.
    Object,
    /// A mail address or domain that may send, perhaps with a display name.
    EmailIdentity,
    /// The name of an SES configuration set.
    ConfigurationSet,
    /// The name of an SES template.
    EmailTemplate,
    /// A role's ARN.
    Role,
    /// The ARN of a connection of `EventBridge`.
    Connection,
    /// A data stream's name.
    Stream,
    /// A delivery stream's name.
    DeliveryStream,
    /// A log group's name.
    LogGroup,
    /// A parameter's name.
    Parameter,
    /// A Glue job's name.
    GlueJob,
    /// An ECS task definition: family, family and revision, or ARN.
    TaskDefinition,
    /// An API's host: `<id>.execute-api.<region>.amazonaws.com`.
    ApiEndpoint,
    /// A model's id in Bedrock.
    FoundationModel,
    /// Whatever a task's `Resource` turns out to be.
    Called,
    /// Any ARN.
    Arn,
    /// Something that IAM doesn't know as a resource (a phone number).
    Nothing,
}

impl TargetShape {
    /// The ARN for a text that is final, with `${Partition}`, `${Region}` and
    /// `${Account}` where the text leaves them open. None for a text that
    /// holds stack expressions, or that isn't of this shape.
    #[must_use]
    pub fn arn(self, text: &str) -> Option<String> {
        if is_opaque(text) || text.is_empty() {
            return None;
        }
        let local = |service: &str, rest: &str| {
            format!("arn:${{Partition}}:{service}:${{Region}}:${{Account}}:{rest}")
        };
        let is_arn = text.starts_with("arn:");
        match self {
            Self::ExecutionsOf if is_arn => {
                // A version or alias after the name isn't part of an execution's ARN.
                let (before, name) = text.split_once(":stateMachine:")?;
                let name = name.split(':').next()?;
                Some(format!("{before}:execution:{name}:*"))
            }
            Self::Key if text.starts_with("alias/") => Some(local("kms", "key/*")),
            _ if is_arn => Some(text.to_owned()),
            Self::QueueUrl => {
                let mut parts = text.split_once("://")?.1.split('/');
                let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
                let region =
                    host.strip_prefix("sqs.").and_then(|rest| rest.split('.').next()).unwrap_or("${Region}");
                Some(format!("arn:${{Partition}}:sqs:{region}:{account}:{name}"))
            }
            Self::Table => Some(local("dynamodb", &format!("table/{text}"))),
            Self::EventBus => Some(local("events", &format!("event-bus/{text}"))),
            Self::Function => {
                let name = text.rsplit_once("function:").map_or(text, |(_, name)| name);
                Some(local("lambda", &format!("function:{name}")))
            }
            // A secret's ARN ends in six characters that its name doesn't tell.
            Self::Secret => Some(local("secretsmanager", &format!("secret:{text}-??????"))),
            Self::Key => Some(local("kms", &format!("key/{text}"))),
            Self::Bucket | Self::Object => Some(format!("arn:${{Partition}}:s3:::{text}")),
            Self::EmailIdentity => {
                let address =
                    text.rsplit_once('<').and_then(|(_, rest)| rest.split('>').next()).unwrap_or(text);
                Some(local("ses", &format!("identity/{}", address.trim())))
            }
            Self::ConfigurationSet => Some(local("ses", &format!("configuration-set/{text}"))),
            Self::EmailTemplate => Some(local("ses", &format!("template/{text}"))),
            Self::Stream => Some(local("kinesis", &format!("stream/{text}"))),
            Self::DeliveryStream => Some(local("firehose", &format!("deliverystream/{text}"))),
            Self::LogGroup => Some(local("logs", &format!("log-group:{text}:*"))),
            Self::Parameter => Some(local("ssm", &format!("parameter/{}", text.trim_start_matches('/')))),
            Self::GlueJob => Some(local("glue", &format!("job/{text}"))),
            Self::TaskDefinition => {
                let revision = if text.contains(':') { "" } else { ":*" };
                Some(local("ecs", &format!("task-definition/{text}{revision}")))
            }
            Self::ApiEndpoint => Some(local("execute-api", &format!("{}/*", text.split('.').next()?))),
            Self::FoundationModel => {
                Some(format!("arn:${{Partition}}:bedrock:${{Region}}::foundation-model/{text}"))
            }
            Self::Topic
            | Self::StateMachine
            | Self::ExecutionsOf
            | Self::Role
            | Self::Connection
            | Self::Called
            | Self::Arn
            | Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TargetShape;

    #[test]
    fn names_become_arns() {
        for (shape, text, arn) in [
            (
                TargetShape::QueueUrl,
                "https://sqs.eu-west-1.amazonaws.com/123456789012/claims",
                Some("arn:${Partition}:sqs:eu-west-1:123456789012:claims"),
            ),
            (
                TargetShape::Table,
                "reviews",
                Some("arn:${Partition}:dynamodb:${Region}:${Account}:table/reviews"),
            ),
            (
                TargetShape::ExecutionsOf,
                "arn:aws:states:eu-west-1:123456789012:stateMachine:claims:prod",
                Some("arn:aws:states:eu-west-1:123456789012:execution:claims:*"),
            ),
            (
                TargetShape::EmailIdentity,
                "Support <support@example.com>",
                Some("arn:${Partition}:ses:${Region}:${Account}:identity/support@example.com"),
            ),
            (TargetShape::Object, "photos", Some("arn:${Partition}:s3:::photos")),
            (TargetShape::QueueUrl, "claims", None),
            (TargetShape::Table, "${table.reviews.TableName}", None),
            (TargetShape::Topic, "agents", None),
        ] {
            assert_eq!(shape.arn(text).as_deref(), arn, "{shape:?} {text}");
        }
    }
}
