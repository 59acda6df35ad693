//! EventBridge Schemas' registries, schemas and discoverers.

use crate::local::services::generic::Ruled;
use crate::local::services::resource::Handler;

/// The type's handler, where a rule is needed.
pub(crate) fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    RULES.iter().find(|(name, _)| *name == type_name).map(|(_, ruled)| ruled as &dyn Handler)
}

static RULES: &[(&str, Ruled)] = &[
    (
        "AWS::EventSchemas::Registry",
        Ruled::new(&[(
            "RegistryArn",
            "arn:${Partition}:schemas:${Region}:${Account}:registry/${RegistryName}",
        )]),
    ),
    (
        "AWS::EventSchemas::Schema",
        Ruled::new(&[
            (
                "SchemaArn",
                "arn:${Partition}:schemas:${Region}:${Account}:schema/${RegistryName}/${SchemaName}",
            ),
            ("SchemaVersion", "1"),
            ("VersionCreatedDate", "${Now}"),
            ("LastModified", "${Now}"),
        ]),
    ),
];
