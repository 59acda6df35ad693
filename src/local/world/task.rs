//! The queue of what will happen.

use crate::local::clock::Time;
use crate::local::services::Work;
use crate::local::store::{AnyTable, Table};
use serde::{Deserialize, Serialize};

/// Work at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Not before this.
    pub(crate) due: Time,
    /// What to do.
    pub(crate) work: Work,
}

/// Tasks by time, then by the order that the seed chose: the row's key says both.
pub(crate) struct Tasks(Table<Task>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self(Table::new("tasks"))
    }

    pub(super) fn table(&mut self) -> &mut dyn AnyTable {
        &mut self.0
    }

    pub(super) fn add(&mut self, order: u64, task: Task) {
        self.0.put(format!("{:020}-{order:016x}", task.due.0.max(0)), task);
    }

    /// The first task due at `now`, taken out.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Task> {
        let key = match self.0.first() {
            Some((key, task)) if task.due <= now => key.clone(),
            _ => return None,
        };
        self.0.remove(&key).map(|task| (*task).clone())
    }

    /// When the next task is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.0.first().map(|(_, task)| task.due)
    }
}
