//! What the journal says, one entry after the other.

use crate::model::{Address, Doubts, Fixed, Json, Protection, Recorded, Site, Undeclared};
use crate::schema::TypeName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is done to one resource of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It comes.
    Create,
    /// It changes.
    Update,
    /// It goes.
    Delete,
}

/// What will be recorded of a resource when a create or an update ends well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    /// What is sent, whole; a secret stands as its salted hash.
    pub properties: Json,
    /// Salted hash of what is sent, secrets included: tells whether it can be sent again as it was.
    pub hash: String,
    /// See [`Recorded::dependencies`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// See [`Recorded::predicted`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub predicted: BTreeMap<String, String>,
    /// See [`Recorded::protection`].
    #[serde(default)]
    pub protection: Protection,
    /// See [`Recorded::retain_on_delete`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retain_on_delete: bool,
    /// See [`Recorded::drain`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<u64>,
    /// See [`Recorded::place`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What others had changed before it is sent, and nobody accepted: the read after it is
    /// recorded without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undeclared: Vec<Undeclared>,
}

impl Declared {
    /// What is recorded once it is there.
    #[must_use]
    pub fn recorded(
        &self,
        address: Address,
        type_name: TypeName,
        identifier: String,
        seen: Json,
    ) -> Recorded {
        Recorded {
            address,
            type_name,
            identifier,
            declared: self.properties.clone(),
            seen,
            dependencies: self.dependencies.clone(),
            predicted: self.predicted.clone(),
            protection: self.protection,
            retain_on_delete: self.retain_on_delete,
            drain: self.drain,
            place: self.place.clone(),
            doubts: Doubts::default(),
        }
    }
}

/// An operation that was begun and has not ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Unique in this state.
    pub id: u64,
    /// What it does.
    pub verb: Verb,
    /// Whose resource.
    pub address: Address,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: TypeName,
    /// Always known for an update and a delete; for a create once the service says it, or when
    /// the properties decide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Makes sure that the same try isn't done twice.
    pub client_token: String,
    /// When the token was first used, in seconds since 1970: it is good for 36 hours.
    pub began: u64,
    /// Once the service accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_token: Option<String>,
    /// For a create and an update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Box<Declared>>,
    /// A create beside the recorded resource, which becomes a leftover when this ends well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deposes: bool,
    /// A delete of a leftover, not of what is recorded at the address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leftover: bool,
    /// A create of which a run couldn't tell whether it was done: who knows may say so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// It is there, as `seen` says (secrets hashed).
    Recorded {
        /// Cloud Control's identifier.
        identifier: String,
        /// The read after it.
        seen: Json,
        /// Of an update: whether the read shows something of ours otherwise than it was asked for.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_part: bool,
    },
    /// It isn't there any more.
    Deleted,
    /// It failed.
    Failed {
        /// The service's words.
        fault: String,
        /// Of what a failed create left behind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remnant: Option<String>,
        /// Whether some of an update may have been done.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_part: bool,
    },
}

/// Why something is in the cloud that isn't what its address means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A failed create left it: it goes before the next try.
    Remnant,
    /// Its replacement stands: it goes once nothing uses it.
    Replaced,
}

/// Something of ours that has to go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leftover {
    /// Whose it was.
    pub address: Address,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: TypeName,
    /// Cloud Control's identifier.
    pub identifier: String,
    /// Why it is left.
    pub why: Why,
    /// What it was built on, for the order of deletes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// See [`Recorded::drain`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<u64>,
}

/// One of the stack's outputs, as last applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its value; a sensitive one stands as its salted hash.
    pub value: Json,
    /// Whether it must not be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// One step of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// A run that writes; comes by itself before the first entry of each.
    Run {
        /// The format's version.
        version: u32,
        /// The program's.
        evstack: String,
        /// The state's new serial.
        serial: u64,
        /// See [`super::State::lineage`].
        lineage: String,
        /// See [`super::State::salt`].
        salt: String,
        /// The stack whose journal it is; empty in those of earlier programs.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        stack: String,
        /// The environment, likewise.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        env: String,
        /// The cloud that the run speaks to; none if it changes the record alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        site: Option<Site>,
    },
    /// An operation's intent, before the cloud hears of it.
    Begin {
        /// The operation.
        operation: Box<Operation>,
    },
    /// It is tried again, as a new request.
    Retry {
        /// Which operation.
        id: u64,
        /// The new try's.
        client_token: String,
        /// Seconds since 1970.
        began: u64,
    },
    /// The service accepted it.
    Requested {
        /// Which operation.
        id: u64,
        /// Asks for its status.
        request_token: String,
        /// When the service knew it at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identifier: Option<String>,
    },
    /// It ended.
    Ended {
        /// Which operation.
        id: u64,
        /// How.
        #[serde(flatten)]
        ending: Ending,
    },
    /// A run couldn't tell how it ended.
    Undecided {
        /// Which operation.
        id: u64,
    },
    /// A resource is recorded as it is: an import, or a change of the record alone.
    Put {
        /// The whole record.
        recorded: Box<Recorded>,
    },
    /// Somebody said that all of an address leaves the state: its resource, what is left over of it
    /// and still to be deleted, and an undecided create. It stays in the cloud.
    Forget {
        /// Which.
        address: Address,
    },
    /// The resource of an address leaves the state: it is gone, or it is to stay. What is left over of
    /// the address is still to be deleted.
    LetGo {
        /// Which.
        address: Address,
    },
    /// What was left to be deleted isn't any more: it is another's by now, and stays.
    Spare {
        /// Its type.
        #[serde(rename = "type")]
        type_name: TypeName,
        /// Cloud Control's identifier.
        identifier: String,
    },
    /// A handler refused to change these properties in place.
    CannotUpdate {
        /// Whose.
        address: Address,
        /// Which, and the service's words.
        fixed: Vec<Fixed>,
    },
    /// A resource has another name now.
    Move {
        /// Recorded so far.
        from: Address,
        /// From now on.
        to: Address,
    },
    /// What was replaced or let go of, and is still there, is the resource of its address again; what
    /// took its place becomes a leftover.
    TakeBack {
        /// Its record, as it was.
        recorded: Box<Recorded>,
    },
    /// The stack's outputs.
    Outputs {
        /// In the order of declaration.
        outputs: Vec<Output>,
    },
    /// All of it or nothing, wherever the run is killed.
    Together {
        /// One after the other.
        entries: Vec<Entry>,
    },
}
