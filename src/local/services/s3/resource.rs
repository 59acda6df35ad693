//! S3's buckets.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[(
    "AWS::S3::Bucket",
    Ruled::new(&[
        ("Arn", "arn:${Partition}:s3:::${BucketName}"),
        ("DomainName", "${BucketName}.s3.amazonaws.com"),
        ("DualStackDomainName", "${BucketName}.s3.dualstack.${Region}.amazonaws.com"),
        ("RegionalDomainName", "${BucketName}.s3.${Region}.amazonaws.com"),
        ("WebsiteURL", "http://${BucketName}.s3-website-${Region}.amazonaws.com"),
    ]),
)];
