//! What services take of policies at most. Schemas don't say it.
//!
//! IAM counts characters without white space. Sources: IAM User Guide, "IAM and AWS STS quotas"; Amazon
//! SQS Developer Guide, "Amazon SQS policy quotas"; Amazon SNS, "Amazon SNS endpoints and quotas".

/// Characters of a managed policy.
pub const MANAGED_POLICY: usize = 6_144;

/// Characters of all inline policies of a role together.
pub const ROLE_INLINE: usize = 10_240;

/// Managed policies of a role, unless the account asked for more.
pub const ROLE_MANAGED: usize = 10;

/// Bytes of a queue's policy.
pub const QUEUE_POLICY: usize = 8_192;

/// Statements of a queue's policy.
pub const QUEUE_STATEMENTS: usize = 20;

/// Bytes of a topic's policy.
pub const TOPIC_POLICY: usize = 30_720;
