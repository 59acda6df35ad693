//! Rows in one SQLite file. WAL with `synchronous = NORMAL`: a killed process loses nothing that was
//! committed; only a machine that loses its power may lose the last moments, never the file's order.

use super::{Change, Row, Store, StoreError};
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use std::path::Path;

/// The layout of the file; a file of another layout is refused rather than guessed at.
const LAYOUT: i64 = 2;

const PUT: &str = "INSERT OR REPLACE INTO rows (name, key, value) VALUES (?1, ?2, ?3)";
const REMOVE: &str = "DELETE FROM rows WHERE name = ?1 AND key = ?2";

/// An open database.
pub(crate) struct SqliteStore {
    connection: Connection,
}

impl SqliteStore {
    /// One row of a file that is there, without changing anything; `None` where there is no file.
    pub(crate) fn peek(path: &Path, table: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(store) = Self::look(path)? else { return Ok(None) };
        let sql = "SELECT value FROM rows WHERE name = ?1 AND key = ?2";
        match store.connection.query_row(sql, params![table, key], |row| row.get(0)) {
            Ok(value) => Ok(Some(value)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file that is there, for reading alone; `None` where there is none.
    pub(crate) fn look(path: &Path) -> Result<Option<Self>, StoreError> {
        // One that was made and not yet filled says as much as none.
        if !path.metadata().is_ok_and(|file| file.len() > 0) {
            return Ok(None);
        }
        let open = |flags| -> rusqlite::Result<(Connection, i64)> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            let layout = layout(&connection)?;
            Ok((connection, layout))
        };
        let opened = match open(OpenFlags::SQLITE_OPEN_READ_ONLY) {
            // Whoever was killed left a transaction half done: SQLite takes it back before it reads.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
                open(OpenFlags::SQLITE_OPEN_READ_WRITE)
            }
            opened => opened,
        };
        match opened? {
            (connection, LAYOUT) => Ok(Some(Self { connection })),
            // Whoever made it didn't get so far as to fill it.
            (_, 0) => Ok(None),
            (_, other) => Err(other_layout(other)),
        }
    }

    /// Opens or makes the file.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        private(path)?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        match layout(&connection)? {
            0 => connection.execute_batch(&format!(
                "BEGIN;
                 CREATE TABLE rows (
                     name TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
                     PRIMARY KEY (name, key)
                 ) WITHOUT ROWID;
                 PRAGMA user_version = {LAYOUT};
                 COMMIT;"
            ))?,
            LAYOUT => {}
            other => return Err(other_layout(other)),
        }
        Ok(Self { connection })
    }
}

fn layout(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn other_layout(layout: i64) -> StoreError {
    StoreError(format!("the local cloud's data has layout {layout}, and this evstack reads layout {LAYOUT}"))
}

/// The file is there, and nobody else reads it; SQLite's files beside it follow its mode.
fn private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map(drop).map_err(|error| StoreError(error.to_string()))
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare("SELECT name, key, value FROM rows")?;
        let rows = statement
            .query_map([], |row| Ok(Row { table: row.get(0)?, key: row.get(1)?, value: row.get(2)? }))?;
        rows.map(|row| row.map_err(StoreError::from)).collect()
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        let (mut put, mut remove) = (None, None);
        for change in changes {
            if let Some(value) = &change.value {
                let put = match &mut put {
                    Some(put) => put,
                    none => none.insert(transaction.prepare(PUT)?),
                };
                put.execute(params![change.table, change.key, value])?;
            } else {
                let remove = match &mut remove {
                    Some(remove) => remove,
                    none => none.insert(transaction.prepare(REMOVE)?),
                };
                remove.execute(params![change.table, change.key])?;
            }
        }
        drop((put, remove));
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_reopening() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data.sqlite");
        let put = |key: &str, value: Option<&str>| Change {
            table: "t",
            key: key.into(),
            value: value.map(|v| v.as_bytes().to_vec()),
        };
        let mut store = SqliteStore::open(&path).expect("opens");
        store.commit(&[put("a", Some("1")), put("b", Some("2"))]).expect("commits");
        store.commit(&[put("a", None), put("b", Some("3"))]).expect("commits");
        drop(store);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let rows = SqliteStore::open(&path).expect("opens again").load().expect("loads");
        assert_eq!(rows, [Row { table: "t".into(), key: "b".into(), value: b"3".to_vec() }]);
    }

    /// The files of a process that is killed while it writes, before the switch to WAL.
    #[test]
    fn a_half_done_transaction_is_taken_back_by_who_only_looks() {
        let (folder, killed) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let path = folder.path().join("data.sqlite");
        drop(SqliteStore::open(&path).expect("opens"));
        let connection = Connection::open(&path).expect("opens");
        connection.pragma_update(None, "journal_mode", "DELETE").expect("set");
        connection.pragma_update(None, "cache_size", 1).expect("set");
        connection.execute_batch("BEGIN").expect("begins");
        for key in 0..200 {
            connection.execute(PUT, params!["t", key.to_string(), vec![1_u8; 2_000]]).expect("writes");
        }
        for file in ["data.sqlite", "data.sqlite-journal"] {
            std::fs::copy(folder.path().join(file), killed.path().join(file)).expect("copied");
        }
        let mut store =
            SqliteStore::look(&killed.path().join("data.sqlite")).expect("read").expect("is there");
        assert_eq!(store.load().expect("read").len(), 0);
    }

    #[test]
    fn another_layout_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data.sqlite");
        Connection::open(&path).expect("opens").pragma_update(None, "user_version", 99).expect("set");
        let error = SqliteStore::open(&path).err().expect("refused");
        assert!(error.to_string().contains("layout 99"), "{error}");
    }
}
