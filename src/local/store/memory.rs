//! Rows that live as long as the process: for tests and scenarios.

use super::{Change, Row, Store, StoreError};

/// Keeps nothing: the world's own memory is all there is.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore;

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Vec<Row>, StoreError> {
        Ok(Vec::new())
    }

    fn commit(&mut self, _changes: &[Change]) -> Result<(), StoreError> {
        Ok(())
    }
}
