//! What goes with a resource that no declaration brings back: `data_loss.yaml`, readable, each entry
//! with its source.

use super::TypeName;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What is lost with a resource of some type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataLoss {
    #[serde(rename = "type")]
    type_name: TypeName,
    /// What is lost: `the messages in it`.
    pub loses: String,
    /// Whether it is said alone, and not refused.
    #[serde(default)]
    pub warns: bool,
    #[serde(rename = "source")]
    _source: String,
}

/// What is lost when a resource of that type is deleted or replaced; none if a declaration brings all
/// of it back.
#[must_use]
pub fn data_loss(type_name: &TypeName) -> Option<&'static DataLoss> {
    static ALL: OnceLock<HashMap<String, DataLoss>> = OnceLock::new();
    ALL.get_or_init(|| read().unwrap_or_default()).get(type_name.as_str())
}

/// The file is part of the program; a test holds that it can be read.
fn read() -> Result<HashMap<String, DataLoss>, serde_yaml::Error> {
    let all: Vec<DataLoss> = serde_yaml::from_str(include_str!("data_loss.yaml"))?;
    Ok(all.into_iter().map(|one| (one.type_name.as_str().to_owned(), one)).collect())
}

#[cfg(test)]
mod tests {
    use crate::schema::Catalogue;

    #[test]
    fn the_table_can_be_read_and_names_types_that_there_are() {
        let all = super::read().expect("data_loss.yaml is well-formed");
        assert!(all.len() > 30);
        // The registry has dropped these; older state may have them.
        let gone = ["AWS::SDB::Domain", "AWS::QLDB::Ledger"];
        let catalogue = Catalogue::bundled();
        let unknown: Vec<&String> = all
            .keys()
            .filter(|name| catalogue.get(name).is_none() && !gone.contains(&name.as_str()))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
