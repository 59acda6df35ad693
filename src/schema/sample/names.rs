//! What a text is likely to look like, by its format and its property's name.

use super::{Choose, Place};

const HEX: &[u8] = b"0123456789abcdef";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";

fn letters(alphabet: &[u8], length: usize, choose: Choose<'_>) -> String {
    (0..length).map(|_| char::from(alphabet[choose(alphabet.len())])).collect()
}

fn uuid(choose: Choose<'_>) -> String {
    let mut part = |length| letters(HEX, length, choose);
    format!("{}-{}-4{}-8{}-{}", part(8), part(4), part(3), part(3), part(12))
}

/// The `format`s that name another resource's property, as the registry and cfn-lint have them.
pub(super) fn of_format(format: &str, place: Place<'_>, choose: Choose<'_>) -> Option<String> {
    let id = |prefix: &str, choose: Choose<'_>| format!("{prefix}-0{}", letters(HEX, 16, choose));
    Some(match format {
        "AWS::IAM::Role.Arn" => role(place, choose),
        "AWS::KMS::Key.Arn" => key(place, choose),
        "AWS::KMS::Key.Id" => uuid(choose),
        "AWS::KMS::Alias.AliasName" => format!("alias/{}", letters(LETTERS, 8, choose)),
        "AWS::EC2::SecurityGroup.Id" => id("sg", choose),
        "AWS::EC2::Subnet.Id" => id("subnet", choose),
        "AWS::EC2::VPC.Id" => id("vpc", choose),
        "AWS::EC2::Image.Id" => id("ami", choose),
        "AWS::S3::Bucket.Name" => format!("bucket-{}", letters(LETTERS, 8, choose)),
        "AWS::Lambda::Function.Arn" => regional("lambda", "function:", place, choose),
        "AWS::SNS::Topic.Arn" => regional("sns", "", place, choose),
        "AWS::SQS::Queue.Arn" => regional("sqs", "", place, choose),
        "AWS::Logs::LogGroup.Name" => format!("/group/{}", letters(LETTERS, 8, choose)),
        "AWS::ACM::Certificate.Arn" => {
            let account = place.account;
            format!("arn:{}:acm:{}:{account}:certificate/{}", place.partition, place.region, uuid(choose))
        }
        "AWS::Route53::HostedZone.Id" | "AWS::Route53::AliasTarget.HostedZoneId" => {
            format!("Z{}", letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 13, choose))
        }
        "ipv4-network" => format!("10.{}.0.0/16", choose(256)),
        "ipv6-network" => format!("2001:db8:{:x}::/56", choose(4096)),
        "date-time" => moment(choose),
        "uri" => format!("https://example.com/{}", letters(LETTERS, 8, choose)),
        "json" => "{}".to_owned(),
        _ => return None,
    })
}

/// What a property of this name may hold, the likeliest first.
pub(super) fn of_name(name: &str, place: Place<'_>, choose: Choose<'_>) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let ends = |end: &str| lower.ends_with(end) || lower.strip_suffix('s').is_some_and(|l| l.ends_with(end));
    let mut found = Vec::new();
    if lower.contains("arn") {
        let has = |word: &str| lower.contains(word);
        found.push(match () {
            () if has("role") => role(place, choose),
            () if has("key") || has("kms") => key(place, choose),
            () if has("topic") => regional("sns", "", place, choose),
            () if has("queue") || has("deadletter") => regional("sqs", "", place, choose),
            () if has("lambda") || has("function") => regional("lambda", "function:", place, choose),
            () if has("loggroup") => regional("logs", "log-group:", place, choose) + ":*",
            () if has("bucket") => {
                format!("arn:{}:s3:::bucket-{}", place.partition, letters(LETTERS, 8, choose))
            }
            () if has("secret") => regional("secretsmanager", "secret:", place, choose) + "-abcdef",
            () if has("statemachine") => regional("states", "stateMachine:", place, choose),
            () if has("stream") => regional("kinesis", "stream/", place, choose),
            () => {
                let word = lower.replace("arn", "");
                regional("service", &format!("{word}/"), place, choose)
            }
        });
    }
    if ends("url") || ends("uri") || ends("endpoint") {
        found.push(format!("https://example.com/{}", letters(LETTERS, 8, choose)));
        found.push(format!("s3://bucket-{0}/{0}", letters(LETTERS, 8, choose)));
    }
    if ends("email") || lower.contains("emailaddress") {
        found.push(format!("{}@example.com", letters(LETTERS, 8, choose)));
    }
    if ends("domain") || ends("domainname") || ends("hostname") {
        found.push(format!("{}.example.com", letters(LETTERS, 8, choose)));
    }
    if ends("account") || ends("accountid") {
        found.push(place.account.to_owned());
    }
    if ends("region") {
        found.push(place.region.to_owned());
    }
    if lower.contains("cidr") {
        found.push(format!("10.{}.0.0/16", choose(256)));
    }
    if ends("time") || ends("date") || ends("at") {
        found.push(moment(choose));
    }
    let stem: String = lower.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    found.push(format!("{stem}-{}", letters(LETTERS, 6, choose)));
    found.push(format!("{stem}{}", letters(LETTERS, 6, choose)));
    found.push(letters(LETTERS, 8, choose));
    found.push(uuid(choose));
    found.push(letters(DIGITS, 12, choose));
    // A path into JSON.
    found.push(format!("$.{}", letters(LETTERS, 4, choose)));
    found
}

fn role(place: Place<'_>, choose: Choose<'_>) -> String {
    format!("arn:{}:iam::{}:role/role-{}", place.partition, place.account, letters(LETTERS, 6, choose))
}

fn key(place: Place<'_>, choose: Choose<'_>) -> String {
    format!("arn:{}:kms:{}:{}:key/{}", place.partition, place.region, place.account, uuid(choose))
}

fn regional(service: &str, before: &str, place: Place<'_>, choose: Choose<'_>) -> String {
    let Place { partition, region, account } = place;
    format!("arn:{partition}:{service}:{region}:{account}:{before}{}", letters(LETTERS, 8, choose))
}

fn moment(choose: Choose<'_>) -> String {
    format!("20{:02}-0{}-1{}T0{}:00:00Z", 30 + choose(60), 1 + choose(9), choose(10), choose(10))
}
