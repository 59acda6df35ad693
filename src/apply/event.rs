//! What a run says while it works, for whoever draws it.

use crate::model::Address;
use crate::provider::{Depth, Fault};
use crate::schema::TypeName;
use std::sync::Arc;
use std::time::Duration;

/// What is being done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doing {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It goes.
    Delete,
    /// It is taken over.
    Import,
    /// It goes, and is waited for until it is empty.
    Drain,
}

/// One step of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Whose.
    pub address: Address,
    /// Of what type.
    pub type_name: TypeName,
    /// What is done to it.
    pub doing: Doing,
}

/// Something that happened. Events of one subject come in order: started, then any number of the
/// middle ones, then completed or failed; or skipped alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Its intent is written down and the cloud is asked.
    Started {
        /// What.
        subject: Subject,
        /// Known beforehand for an update and a delete.
        identifier: Option<String>,
    },
    /// It takes its time; said every ten seconds.
    StillRunning {
        /// What.
        subject: Subject,
        /// Since the start.
        elapsed: Duration,
        /// As far as it is known.
        identifier: Option<String>,
        /// Whether its status is asked for all the while: requests are refused, or not answered.
        asking: bool,
    },
    /// The run was interrupted: these are waited for.
    Finishing {
        /// Those that were started and haven't ended.
        running: Vec<Subject>,
    },
    /// Of a queue that is drained: what is left in it; said every ten seconds.
    Draining {
        /// What.
        subject: Subject,
        /// Since the start.
        elapsed: Duration,
        /// As last counted.
        left: Depth,
    },
    /// It is tried again.
    Retrying {
        /// What.
        subject: Subject,
        /// Why the last try didn't do.
        why: Fault,
        /// How long it waits.
        wait: Duration,
    },
    /// It is done and recorded.
    Completed {
        /// What.
        subject: Subject,
        /// Since the start.
        elapsed: Duration,
        /// Cloud Control's; none after a delete.
        identifier: Option<String>,
    },
    /// It failed; the words are among the outcome's failures.
    Failed {
        /// What.
        subject: Subject,
        /// Since the start.
        elapsed: Duration,
    },
    /// The cloud stopped answering before it said how this ended.
    Unfinished {
        /// What.
        subject: Subject,
        /// Since the start.
        elapsed: Duration,
    },
    /// It wasn't started.
    Skipped {
        /// What.
        subject: Subject,
        /// What it needs and didn't get; none when the run was interrupted or the cloud fell silent.
        because: Option<Address>,
    },
    /// An operation that an earlier run left unfinished is looked into.
    Recovering {
        /// What.
        subject: Subject,
    },
}

/// Takes events. Called from the run's own task: it must not wait.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;
