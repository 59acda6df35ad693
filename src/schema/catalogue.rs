//! The catalogue of all resource types, and the one that is built into the program.

use super::bundle::{Bundle, BundleError, Source};
use super::{ResourceType, TypeName};
use std::sync::{Arc, OnceLock};

static BUNDLED: &[u8] = include_bytes!("../../schemas/cloudformation.bundle");

/// All resource types of the registry. A type is unpacked when it is first asked for, and kept.
/// Safe to share between threads.
pub struct Catalogue {
    bundle: Bundle,
    unpacked: Vec<OnceLock<Option<Arc<ResourceType>>>>,
}

impl Catalogue {
    /// The one built into the program; opened once.
    #[must_use]
    pub fn bundled() -> &'static Self {
        static OPENED: OnceLock<Catalogue> = OnceLock::new();
        OPENED.get_or_init(|| Self::open(BUNDLED).expect("a test opens the bundle that is built in"))
    }

    fn open(bytes: &'static [u8]) -> Result<Self, BundleError> {
        let bundle = Bundle::open(bytes)?;
        let unpacked = bundle.names().map(|_| OnceLock::new()).collect();
        Ok(Self { bundle, unpacked })
    }

    /// A type by its full name (`AWS::SQS::Queue`); `None` if the registry has none of that name.
    #[must_use]
    pub fn get(&self, type_name: &str) -> Option<Arc<ResourceType>> {
        let position = self.bundle.position(type_name)?;
        let unpack = || ResourceType::from_document(self.bundle.document(position)?).map(Arc::new);
        self.unpacked.get(position)?.get_or_init(unpack).clone()
    }

    /// Like [`Catalogue::get`], for a name that is one already.
    #[must_use]
    pub fn of(&self, type_name: &TypeName) -> Option<Arc<ResourceType>> {
        self.get(type_name.as_str())
    }

    /// Whether the registry has a type of that name. Unpacks nothing.
    #[must_use]
    pub fn contains(&self, type_name: &str) -> bool {
        self.bundle.position(type_name).is_some()
    }

    /// All names, sorted. Unpacks nothing.
    pub fn type_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.bundle.names()
    }

    /// The day of the registry that the types are from: `2026-10-20`.
    #[must_use]
    pub fn bundle_date(&self) -> &str {
        &self.bundle.source.schema_date
    }

    /// The packages that the types are from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.bundle.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_small_and_has_the_whole_registry() {
        let catalogue = Catalogue::bundled();
        assert!(BUNDLED.len() <= 3 * 1024 * 1024 / 2, "{} bytes", BUNDLED.len());
        assert_eq!(catalogue.type_names().len(), 1854);
        assert!(catalogue.type_names().is_sorted());
        assert_eq!(catalogue.bundle_date().len(), "2026-10-20".len());
        assert_eq!(catalogue.source().region, "us-east-1");
    }

    #[test]
    fn every_type_unpacks_and_says_what_it_is() {
        let catalogue = Catalogue::bundled();
        let mut provisionable = 0;
        let mut without_update = 0;
        for name in catalogue.type_names() {
            let resource = catalogue.get(name).unwrap_or_else(|| panic!("{name} does not unpack"));
            assert_eq!(resource.name.as_str(), name);
            assert!(!resource.primary_identifier.is_empty(), "{name} has no identifier");
            provisionable += usize::from(resource.is_provisionable());
            without_update +=
                usize::from(resource.handlers.create.is_some() && resource.handlers.update.is_none());
        }
        assert_eq!(provisionable, 1737);
        assert_eq!(without_update, 173);
    }

    #[test]
    fn no_prose_is_in_it() {
        fn titles(node: &serde_json::Value) -> bool {
            // A keyword's value is text; a property of that name has a schema.
            match node {
                serde_json::Value::Object(members) => members.iter().any(|(key, value)| {
                    (value.is_string() && matches!(&**key, "description" | "title" | "$comment"))
                        || titles(value)
                }),
                serde_json::Value::Array(items) => items.iter().any(titles),
                _ => false,
            }
        }
        let catalogue = Catalogue::bundled();
        for name in ["AWS::SQS::Queue", "AWS::IAM::Role", "AWS::Glue::Table", "AWS::ApiGateway::RestApi"] {
            let resource = catalogue.get(name).expect("it exists");
            assert!(!titles(&resource.schema), "{name}");
        }
    }

    #[test]
    fn a_type_is_unpacked_once_and_a_stranger_not_at_all() {
        let catalogue = Catalogue::bundled();
        let first = catalogue.get("AWS::SQS::Queue").expect("it exists");
        let again = catalogue.of(&TypeName::new("AWS::SQS::Queue")).expect("it exists");
        assert!(Arc::ptr_eq(&first, &again));
        assert!(catalogue.get("AWS::SQS::Nothing").is_none());
        assert!(!catalogue.contains("AWS::SQS") && catalogue.contains("AWS::SQS::Queue"));
    }
}
