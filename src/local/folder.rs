//! Which process has a data folder, and how others find it.
//!
//! The first opener holds the operating system's lock on `lock`, which ends with the process
//! however it ends, and writes its pid into the file. When it serves, `endpoint` says where. An
//! endpoint counts only while its own process holds the lock, so a dead one fools nobody.

use super::admin;
use super::clock::Time;
use super::cloud::{Cloud, Options};
use super::profile::Profile;
use super::settings::Settings;
use super::store::{SqliteStore, Store, StoreError};
use super::world::World;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The database.
const DATA: &str = "data.sqlite";

/// A folder whose lock is held.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
struct Endpoint {
    url: String,
    pid: u32,
}

/// Who has a data folder.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nobody.
    Free,
    /// A process that serves it.
    Served {
        /// Where.
        url: String,
        /// Whose.
        pid: u32,
    },
    /// A process that uses it for itself; it will be free when that ends.
    Held {
        /// Whose, if it has said so yet.
        pid: Option<u32>,
    },
}

/// Why a cloud could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has the folder.
    Taken {
        /// The folder.
        path: PathBuf,
        /// Who has it: never [`Found::Free`].
        by: Found,
    },
    /// The folder can't be made, locked or written.
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// Its data can't be read.
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: StoreError,
    },
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken { path, by } => {
                write!(f, "the local cloud in {} is in use by ", path.display())?;
                match by {
                    Found::Served { url, pid } => write!(f, "process {pid}, which serves it at {url}"),
                    Found::Held { pid: Some(pid) } => write!(f, "process {pid}"),
                    Found::Held { pid: None } | Found::Free => f.write_str("another process"),
                }
            }
            Self::Io { path, why } => write!(f, "the local cloud can't use {}: {why}", path.display()),
            Self::Unreadable { path, why } => {
                write!(f, "the local cloud's data in {} can't be used: {why}", path.display())
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens the cloud in `folder`, or says which process serves it.
///
/// # Errors
/// As of [`Cloud::open`]; that the folder is served is none.
pub fn open_or_find(folder: &Path, options: Options) -> Result<Result<Cloud, Found>, OpenError> {
    match Cloud::open(Some(folder), options) {
        Ok(cloud) => Ok(Ok(cloud)),
        Err(OpenError::Taken { by: by @ Found::Served { .. }, .. }) => Ok(Err(by)),
        Err(error) => Err(error),
    }
}

/// Who and where the cloud in `folder` is, if it was ever opened. Takes nothing, changes nothing.
///
/// # Errors
/// Its data can't be read.
pub fn peek(folder: &Path) -> Result<Option<Settings>, OpenError> {
    let unreadable = |why: StoreError| OpenError::Unreadable { path: folder.to_owned(), why };
    let row = SqliteStore::peek(&folder.join(DATA), "meta", "settings").map_err(unreadable)?;
    row.map(|bytes| serde_json::from_slice(&bytes))
        .transpose()
        .map_err(|error| unreadable(StoreError(format!("the stored settings can't be read: {error}"))))
}

/// Everything that exists in the cloud in `folder`, as [`Cloud::inventory`] has it, if it was ever
/// opened. Takes nothing, changes nothing: what is due stays `pending`.
///
/// # Errors
/// Its data can't be read.
pub fn inventory(folder: &Path) -> Result<Option<serde_json::Value>, OpenError> {
    let unreadable = |why: StoreError| OpenError::Unreadable { path: folder.to_owned(), why };
    let Some(mut store) = SqliteStore::look(&folder.join(DATA)).map_err(unreadable)? else { return Ok(None) };
    let rows = store.load().map_err(unreadable)?;
    let world = World::load(rows, Settings::default(), Profile::default(), Time::default());
    world.map(|world| Some(admin::Inventory::of(&world).shown())).map_err(unreadable)
}

/// A folder's whole path, without links as far as it is there.
#[must_use]
pub fn whole(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = absolute.ancestors().find_map(|part| {
        let rest = absolute.strip_prefix(part).ok()?;
        let there = part.canonicalize().ok()?;
        Some(if rest.as_os_str().is_empty() { there } else { there.join(rest) })
    });
    there.unwrap_or(absolute)
}

/// Who has the folder at this moment. Takes nothing and changes nothing.
///
/// # Errors
/// The lock file can't be looked at.
pub fn find(folder: &Path) -> io::Result<Found> {
    let mut lock = match File::open(folder.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Free),
        Err(error) => return Err(error),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(Found::Free),
        Err(TryLockError::WouldBlock) => Ok(holder(folder, &mut lock)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Folder {
    /// Takes the lock.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let failed = |why| OpenError::Io { path: path.to_owned(), why };
        fs::create_dir_all(path).map_err(failed)?;
        let file = path.join("lock");
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(failed)?;
        // Somebody may be looking (`find` holds a shared lock for an instant): a few tries.
        let mut tries = 0;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let by = holder(path, &mut lock);
                    tries += 1;
                    if tries == 5 {
                        return Err(OpenError::Taken { path: path.to_owned(), by });
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::Error(why)) => return Err(failed(why)),
            }
        }
        let folder = Self { path: path.to_owned(), _lock: lock };
        withdraw(&folder);
        let mut lock = &folder._lock;
        let pid = std::process::id().to_string();
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(pid.as_bytes()))
            .map_err(failed)?;
        Ok(folder)
    }

    /// The database.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// Its whole path: what tells it from others on this machine.
    pub(super) fn name(&self) -> String {
        whole(&self.path).display().to_string()
    }

    /// Writes the endpoint, whole or not at all.
    pub(super) fn announce(&self, url: &str) -> io::Result<()> {
        let endpoint = Endpoint { url: url.to_owned(), pid: std::process::id() };
        let draft = self.path.join("endpoint.new");
        fs::write(&draft, serde_json::to_vec(&endpoint)?)?;
        fs::rename(draft, self.path.join("endpoint"))
    }

    pub(super) fn unreadable(&self, why: StoreError) -> OpenError {
        OpenError::Unreadable { path: self.path.clone(), why }
    }
}

/// Removes the endpoint; that there is none is fine, and a leftover would fool nobody.
pub(super) fn withdraw(folder: &Folder) {
    let _ = fs::remove_file(folder.path.join("endpoint"));
}

/// Who holds a lock that somebody holds.
fn holder(folder: &Path, lock: &mut File) -> Found {
    let mut text = String::new();
    let read = lock.rewind().and_then(|()| lock.read_to_string(&mut text));
    let pid = read.ok().and_then(|_| text.trim().parse().ok());
    let endpoint = fs::read(folder.join("endpoint")).ok();
    match endpoint.and_then(|bytes| serde_json::from_slice::<Endpoint>(&bytes).ok()) {
        Some(endpoint) if pid == Some(endpoint.pid) => Found::Served { url: endpoint.url, pid: endpoint.pid },
        _ => Found::Held { pid },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_opener_has_the_folder_until_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("local");
        let own = Some(std::process::id());
        assert_eq!(find(&path).expect("looks"), Found::Free);
        let cloud = Cloud::open(Some(&path), Options::default()).expect("opens");
        assert_eq!(find(&path).expect("looks"), Found::Held { pid: own });
        let error = Cloud::open(Some(&path), Options::default()).expect_err("taken");
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");

        cloud.announce("http://127.0.0.1:4567").expect("announces");
        let served = Found::Served { url: "http://127.0.0.1:4567".into(), pid: std::process::id() };
        assert_eq!(find(&path).expect("looks"), served);
        let found = open_or_find(&path, Options::default()).expect("finds").expect_err("is served");
        assert_eq!(found, served);
        drop(cloud);
        assert_eq!(find(&path).expect("looks"), Found::Free);
    }

    #[test]
    fn a_dead_process_fools_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let stale = r#"{"url":"http://127.0.0.1:1","pid":1}"#;
        fs::write(folder.path().join("endpoint"), stale).expect("writes");
        fs::write(folder.path().join("lock"), "1").expect("writes");
        assert_eq!(find(folder.path()).expect("looks"), Found::Free);
        let cloud = Cloud::open(Some(folder.path()), Options::default()).expect("opens");
        fs::write(folder.path().join("endpoint"), stale).expect("writes");
        assert_eq!(find(folder.path()).expect("looks"), Found::Held { pid: Some(std::process::id()) });
        drop(cloud);
    }

    #[test]
    fn settings_are_those_of_the_first_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |account: &str| {
            let settings = crate::local::Settings { account: account.into(), ..Default::default() };
            let options = Options { settings, ..Options::default() };
            Cloud::open(Some(folder.path()), options).expect("opens").settings().account
        };
        assert_eq!(open("111111111111"), "111111111111");
        assert_eq!(open("222222222222"), "111111111111");
    }
}
