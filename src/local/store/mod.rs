//! Durable rows. The world keeps everything in memory and hands each request's changes here, to be
//! written in one transaction before the answer leaves. A store knows no service: a row is a table's
//! name, a key and bytes.

mod commit;
mod deep;
mod memory;
mod sqlite;
mod table;
mod writer;

pub(crate) use commit::Committer;
#[cfg(test)]
pub(crate) use commit::flaky::Flaky;
pub(crate) use memory::MemoryStore;
pub(crate) use sqlite::SqliteStore;
pub(crate) use table::{AnyTable, Table};
pub(crate) use writer::Writer;

/// One row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
}

/// One row to write, or to remove when there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) table: &'static str,
    pub(crate) key: String,
    pub(crate) value: Option<Vec<u8>>,
}

/// Why the store could not read or write; its words come from the database or the disk.
#[derive(Debug, Clone)]
pub struct StoreError(pub(crate) String);

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// Where rows outlive the process, or don't.
pub(crate) trait Store: Send {
    /// Every row there is; asked once, at the start.
    fn load(&mut self) -> Result<Vec<Row>, StoreError>;

    /// Writes all of `changes` or none. When it returns, a killed process loses none of them.
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError>;
}
