//! A table in memory that remembers which of its rows were touched.

use super::{Change, Row, StoreError, deep};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, btree_map::Entry};
use std::ops::Bound;
use std::sync::Arc;

/// Rows of one kind, by key, in the order of the keys. Reads are of memory alone; what was put or
/// removed is written by the next commit.
#[derive(Debug)]
pub(crate) struct Table<T> {
    name: &'static str,
    rows: BTreeMap<String, Arc<T>>,
    /// Touched keys, each with whether the store has it: a row that came and went between two
    /// commits never reaches the disk.
    touched: BTreeMap<String, bool>,
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    /// An empty table. The name is part of the stored form.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, rows: BTreeMap::new(), touched: BTreeMap::new() }
    }

    /// The row, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<T>> {
        self.rows.get(key)
    }

    /// Writes a row.
    pub(crate) fn put(&mut self, key: String, row: T) {
        let stored = self.rows.insert(key.clone(), Arc::new(row)).is_some();
        self.touched.entry(key).or_insert(stored);
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Arc<T>> {
        let row = self.rows.remove(key)?;
        self.touched.entry(key.to_owned()).or_insert(true);
        Some(row)
    }

    /// All rows, by key.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&String, &Arc<T>)> {
        self.rows.iter()
    }

    /// Rows from a key on.
    pub(crate) fn from<'a>(
        &'a self,
        from: Bound<&str>,
    ) -> impl Iterator<Item = (&'a String, &'a Arc<T>)> + use<'a, T> {
        self.rows.range::<str, _>((from, Bound::Unbounded))
    }

    /// The row with the least key.
    pub(crate) fn first(&self) -> Option<(&String, &Arc<T>)> {
        self.rows.first_key_value()
    }
}

/// What the commit needs of a table, whatever its rows are.
pub(crate) trait AnyTable {
    /// Its name in the store.
    fn name(&self) -> &'static str;

    /// Takes a stored row in, untouched.
    fn load(&mut self, row: Row) -> Result<(), StoreError>;

    /// Moves what was touched since the last call into `changes`.
    fn drain(&mut self, changes: &mut Vec<Change>);
}

impl<T: Serialize + DeserializeOwned> AnyTable for Table<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn load(&mut self, row: Row) -> Result<(), StoreError> {
        let value = deep::read(&row.value).map_err(|error| {
            StoreError(format!("row `{}` of `{}` can't be read: {error}", row.key, self.name))
        })?;
        match self.rows.entry(row.key) {
            Entry::Vacant(entry) => entry.insert(Arc::new(value)),
            Entry::Occupied(_) => return Err(StoreError(format!("`{}` has a row twice", self.name))),
        };
        Ok(())
    }

    fn drain(&mut self, changes: &mut Vec<Change>) {
        for (key, stored) in std::mem::take(&mut self.touched) {
            let value = match self.rows.get(&key) {
                // A row is plain data with text keys: it always has a JSON form.
                Some(row) => Some(serde_json::to_vec(&**row).unwrap_or_default()),
                None if stored => None,
                None => continue,
            };
            changes.push(Change { table: self.name, key, value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lasts_is_written() {
        let mut table = Table::<u32>::new("t");
        let mut changes = Vec::new();
        table.put("kept".into(), 1);
        table.put("passing".into(), 2);
        table.remove("passing");
        table.drain(&mut changes);
        assert_eq!(changes, [Change { table: "t", key: "kept".into(), value: Some(b"1".to_vec()) }]);
        changes.clear();
        table.put("kept".into(), 3);
        table.remove("kept");
        table.drain(&mut changes);
        assert_eq!(changes, [Change { table: "t", key: "kept".into(), value: None }]);
    }
}
