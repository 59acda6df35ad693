//! What evstack last did, and what a read says now.

use super::{Address, Json, Protection};
use crate::schema::TypeName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One resource in the state: what was sent, what was seen after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its name in the stack.
    pub address: Address,
    /// Its CloudFormation type.
    #[serde(rename = "type")]
    pub type_name: TypeName,
    /// Cloud Control's identifier; compound ones joined with `|`.
    pub identifier: String,
    /// What was sent last, whole. A secret stands as [`Json`] `{"$secret": "<salted hash>"}`.
    pub declared: Json,
    /// The read after the last operation. Serves `drift` and attributes of others; never an action.
    pub seen: Json,
    /// What it was built on; deletion goes the other way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// Computed properties that others were told before the create, and what was told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub predicted: BTreeMap<String, String>,
    /// What stood between it and its deletion when it was last applied.
    #[serde(default)]
    pub protection: Protection,
    /// `retainOnDelete` when it was last applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retain_on_delete: bool,
    /// `stacks/reviews.yaml:12:3`: where it was declared.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// A change that nobody declared and nobody accepted: `drift` tells it until somebody does, or until
/// it is gone, whatever is applied meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undeclared {
    /// Names in the properties, and last perhaps an index: in what is there, or in what was.
    pub path: Vec<String>,
    /// What was seen there; none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Json>,
    /// What somebody made of it, a secret as its hash; none where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Json>,
}

/// What a read said.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// It is there, with these properties.
    Present(Json),
    /// It isn't there.
    Absent,
    /// Nobody looked (`--refresh=false`, or nothing is recorded): recorded.seen stands in.
    Unread,
}
