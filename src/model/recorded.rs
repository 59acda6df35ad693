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
    /// `drain` when it was last applied, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<u64>,
    /// `stacks/reviews.yaml:12:3`: where it was declared.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What updates that failed left to be known.
    #[serde(default, skip_serializing_if = "Doubts::is_empty")]
    pub doubts: Doubts,
}

/// What is to be known of a resource since an update of it failed or wasn't seen; gone with the next one that ends
/// well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Doubts {
    /// Some of an update may have been done. What a read never shows may be as it was or as it was
    /// to be: the next update sends it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub half_way: bool,
    /// A read after the last update showed something otherwise than it was asked for: what was declared
    /// before is still among what is declared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lingers: bool,
    /// Properties that the handler refused to change in place, though the schema doesn't say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Fixed>,
}

/// A property that can only be had by a new resource, as an apply found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// By its names in the desired properties: `["KeySchema"]`.
    pub path: Vec<String>,
    /// The service's words.
    pub words: String,
}

impl Doubts {
    /// Whether nothing is in doubt.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.half_way && !self.lingers && self.fixed.is_empty()
    }
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
