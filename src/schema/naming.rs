//! Physical names: which property gives one, and what it may look like.

use super::{ResourceType, pattern};
use serde_json::Value as Json;

/// What a name may look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameLimit<'a> {
    /// Shortest, in characters.
    pub min_length: usize,
    /// Longest, in characters.
    pub max_length: usize,
    /// A regular expression that must be found in it.
    pub pattern: Option<&'a str>,
    /// Whether capital letters are refused.
    pub lowercase: bool,
}

impl NameLimit<'_> {
    /// Whether a name keeps to it.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        let length = name.chars().count();
        (self.min_length..=self.max_length).contains(&length)
            && self.pattern.is_none_or(|p| pattern::matches(p, name) != Some(false))
            && !(self.lowercase && name.chars().any(char::is_uppercase))
    }
}

/// Longest names where the registry says too much or nothing, and whether capitals are refused.
/// Sources: the quotas pages of the services' guides.
const LIMITS: &[(&str, &str, usize, bool)] = &[
    ("AWS::SQS::Queue", "QueueName", 80, false),
    ("AWS::DynamoDB::Table", "TableName", 255, false),
    ("AWS::DynamoDB::GlobalTable", "TableName", 255, false),
    ("AWS::S3::Bucket", "BucketName", 63, true),
    ("AWS::EventSchemas::Schema", "SchemaName", 385, false),
    ("AWS::EventSchemas::Registry", "RegistryName", 64, false),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", 128, false),
    ("AWS::ApiGateway::RestApi", "Name", 1024, false),
    ("AWS::ApiGatewayV2::Api", "Name", 128, false),
    ("AWS::ApiGateway::Stage", "StageName", 128, false),
    ("AWS::ApiGatewayV2::Stage", "StageName", 128, false),
];

/// Where nothing is known. Most services allow 64 or more.
const USUAL: usize = 64;

impl ResourceType {
    /// The settable text property that gives the physical name: `QueueName`, `Name`, `TableName`.
    ///
    /// It is `<Resource>Name` or `Name`; or, if that is the whole primary identifier, another
    /// `…Name` whose beginning ends the resource's name (`TableName` of a `GlobalTable`,
    /// `ManagedPolicyName`), or `<Resource>Identifier`.
    #[must_use]
    pub fn name_property(&self) -> Option<&str> {
        let own = self.name.resource();
        let settable = |name: &&str| {
            !self.is_read_only(&[*name])
                && self.property(&[*name]).is_some_and(|p| match &p["type"] {
                    Json::String(one) => one == "string",
                    Json::Array(several) => several.iter().any(|t| t == "string"),
                    _ => false,
                })
        };
        let find = |wanted: &str| self.properties().map(|(name, _)| name).find(|name| *name == wanted);
        let identifying = match self.primary_identifier.as_slice() {
            [path] if path.names().len() == 1 => find(path.top()),
            _ => None,
        };
        let short = |name: &&str| {
            name.strip_suffix("Name").is_some_and(|stem| !stem.is_empty() && own.ends_with(stem))
                || name.strip_suffix("Identifier") == Some(own)
        };
        find(&format!("{own}Name"))
            .filter(settable)
            .or_else(|| find("Name").filter(settable))
            .or_else(|| identifying.filter(short).filter(settable))
    }

    /// What the name in this property may look like.
    #[must_use]
    pub fn name_limit(&self, property: &str) -> NameLimit<'_> {
        let known = LIMITS.iter().find(|(t, p, ..)| *t == self.name.as_str() && *p == property);
        let node = self.property(&[property]);
        let number = |key: &str| node.and_then(|n| n[key].as_u64()).and_then(|n| usize::try_from(n).ok());
        let pattern = node.and_then(|n| n["pattern"].as_str());
        let longest = known.map(|(_, _, longest, _)| *longest).or(number("maxLength")).unwrap_or(USUAL);
        NameLimit {
            min_length: number("minLength").unwrap_or(1),
            max_length: pattern.map_or(longest, |p| longest_allowed(p, longest)),
            pattern,
            lowercase: known.is_some_and(|(.., lowercase)| *lowercase)
                || pattern.is_some_and(|p| {
                    pattern::matches(p, "aaaaaaaa") == Some(true)
                        && pattern::matches(p, "AAAAAAAA") == Some(false)
                }),
        }
    }
}

/// A pattern may limit the length too (`^[a-z]{3,32}$`): the longest plain name, up to `longest`,
/// that it allows.
fn longest_allowed(pattern: &str, longest: usize) -> usize {
    let allows = |length: usize| pattern::matches(pattern, &"a".repeat(length)) != Some(false);
    let (mut good, mut bad) = (8, longest);
    if longest <= good || !allows(good) || allows(longest) {
        return longest;
    }
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        if allows(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

#[cfg(test)]
mod tests {
    use crate::schema::Catalogue;

    #[test]
    fn the_name_is_found_under_its_many_names() {
        let cases = [
            ("AWS::SQS::Queue", Some("QueueName")),
            ("AWS::Events::EventBus", Some("Name")),
            ("AWS::Events::Rule", Some("Name")),
            ("AWS::Events::Archive", Some("ArchiveName")),
            ("AWS::Events::Connection", Some("Name")),
            ("AWS::Pipes::Pipe", Some("Name")),
            ("AWS::DynamoDB::Table", Some("TableName")),
            ("AWS::DynamoDB::GlobalTable", Some("TableName")),
            ("AWS::IAM::Role", Some("RoleName")),
            ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
            ("AWS::Logs::LogGroup", Some("LogGroupName")),
            ("AWS::SNS::Topic", Some("TopicName")),
            ("AWS::StepFunctions::StateMachine", Some("StateMachineName")),
            ("AWS::S3::Bucket", Some("BucketName")),
            ("AWS::RDS::DBInstance", Some("DBInstanceIdentifier")),
            ("AWS::Scheduler::Schedule", Some("Name")),
            ("AWS::ApiGateway::RestApi", Some("Name")),
            ("AWS::KMS::Key", None),
            ("AWS::SNS::Subscription", None),
            ("AWS::S3::BucketPolicy", None),
            ("AWS::SQS::QueueInlinePolicy", None),
            ("AWS::SES::EmailIdentity", None),
            ("AWS::ApiGateway::Deployment", None),
            ("AWS::EventSchemas::Discoverer", None),
        ];
        for (name, expected) in cases {
            let resource = Catalogue::bundled().get(name).expect("it exists");
            assert_eq!(resource.name_property(), expected, "{name}");
        }
    }

    #[test]
    fn limits() {
        let cases = [
            ("AWS::SQS::Queue", "QueueName", 80, false),
            ("AWS::S3::Bucket", "BucketName", 63, true),
            ("AWS::Events::Archive", "ArchiveName", 48, false),
            ("AWS::IAM::Role", "RoleName", 64, false),
            ("AWS::StepFunctions::StateMachine", "StateMachineName", 80, false),
            ("AWS::Logs::LogGroup", "LogGroupName", 512, false),
            ("AWS::OpenSearchServerless::Collection", "Name", 64, true),
            ("AWS::Lambda::Function", "FunctionName", 64, false),
        ];
        for (name, property, longest, lowercase) in cases {
            let resource = Catalogue::bundled().get(name).expect("it exists");
            let limit = resource.name_limit(property);
            assert_eq!((limit.max_length, limit.lowercase), (longest, lowercase), "{name}");
            assert!(
                limit.allows(&"a".repeat(limit.max_length))
                    && !limit.allows(&"a".repeat(limit.max_length + 1))
            );
            assert_eq!(limit.allows("Abcd"), !lowercase, "{name}");
        }
    }
}
