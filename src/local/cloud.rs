//! One cloud: a world, its clock and its store, as others use it.

use super::clock::{Clock, RealClock, Time};
use super::folder::{self, Folder, OpenError};
use super::settings::{Profile, Settings};
use super::store::{Committer, MemoryStore, SqliteStore, Store, StoreError};
use super::world::World;
use super::{admin, gateway, services};
use bytes::Bytes;
use http::{Request, Response};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How to open a cloud.
#[derive(Clone)]
pub struct Options {
    /// Counts where the data folder is new, or where there is none.
    pub settings: Settings,
    /// How it behaves, this time.
    pub profile: Profile,
    /// Its time.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self { settings: Settings::default(), profile: Profile::default(), clock: Arc::new(RealClock) }
    }
}

/// The local cloud. One for each data folder on a machine; share it between threads.
pub struct Cloud {
    world: Mutex<World>,
    committer: Committer,
    clock: Arc<dyn Clock>,
    /// Its lock is held as long as this lives.
    folder: Option<Folder>,
}

impl Cloud {
    /// Opens the cloud whose data are in `folder`, made if it isn't there; without a folder, one
    /// that lives in memory. What was due while nobody ran is done at the first request or turn.
    ///
    /// # Errors
    /// Another process has the folder, or its data can't be read.
    pub fn open(folder: Option<&Path>, options: Options) -> Result<Self, OpenError> {
        let folder = folder.map(Folder::lock).transpose()?;
        let mut store: Box<dyn Store> = match &folder {
            Some(folder) => Box::new(SqliteStore::open(&folder.data()).map_err(|e| folder.unreadable(e))?),
            None => Box::new(MemoryStore),
        };
        let unreadable = |error: StoreError| match &folder {
            Some(folder) => folder.unreadable(error),
            None => OpenError::Unreadable { path: "memory".into(), why: error },
        };
        let rows = store.load().map_err(unreadable)?;
        let now = options.clock.now();
        let mut world = World::load(rows, options.settings, options.profile, now).map_err(unreadable)?;
        let committer = Committer::new(store);
        let number = committer.hand_over(world.changes());
        committer.wait(number).map_err(unreadable)?;
        Ok(Self { world: Mutex::new(world), committer, clock: options.clock, folder })
    }

    /// Answers one HTTP request. Whatever it changed is durable when this returns. It may wait for
    /// the disk: call it where blocking is fine.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if let Some(page) = admin::Page::of(request) {
            let (answer, number) = self.turn_with(|world| page.answer(world));
            return self.settle(number, answer, |error| admin::failed(&error));
        }
        let call = match gateway::read(request) {
            Ok(call) => call,
            Err(refusal) => {
                let request_id = self.world().rng.uuid();
                return refusal.protocol.fault(&refusal.fault, &request_id);
            }
        };
        let ((outcome, request_id), number) = self.turn_with(|world| {
            let request_id = world.rng.uuid();
            (services::call(world, &call), request_id)
        });
        let answer = gateway::write(&call, &outcome, &request_id);
        self.settle(number, answer, |error| {
            let fault =
                super::fault::Fault::server("InternalFailure", format!("the data can't be written: {error}"));
            call.protocol.fault(&fault, &request_id)
        })
    }

    /// Does what is due, as a server does in its idle moments, and says when something is due next.
    ///
    /// # Errors
    /// The store could not be written; what changed is written with the next success.
    pub fn turn(&self) -> Result<Option<Time>, StoreError> {
        let (next, number) = self.turn_with(|world| world.tasks.next_due());
        self.committer.wait(number)?;
        Ok(next)
    }

    /// Moves a clock that stands still by `duration`, stopping at each task on the way. Returns how
    /// many tasks' moments it stopped at.
    ///
    /// # Errors
    /// As of [`Cloud::turn`].
    pub fn advance(&self, duration: Duration) -> Result<usize, StoreError> {
        let end = self.clock.now().after(duration);
        let mut stops = 0;
        while let Some(due) = self.next_due().filter(|due| *due <= end) {
            self.clock.set(due);
            stops += 1;
            self.turn()?;
            if self.clock.now() < due {
                // A clock that can't be set: only time itself helps.
                return Ok(stops);
            }
        }
        self.clock.set(end);
        self.turn()?;
        Ok(stops)
    }

    /// When the next task is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.world().tasks.next_due()
    }

    /// The present, as this cloud sees it.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Who and where it is: the stored settings.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.world().settings.clone()
    }

    /// Changes how it behaves, from now on.
    pub fn set_profile(&self, profile: Profile) {
        self.world().profile = profile;
    }

    /// Everything that exists, as `GET /_evstack/inventory` has it.
    #[must_use]
    pub fn inventory(&self) -> serde_json::Value {
        self.turn_with(|world| admin::inventory(world)).0
    }

    /// Tells other processes that this one serves the cloud at `url`.
    ///
    /// # Errors
    /// The data folder can't be written.
    pub fn announce(&self, url: &str) -> std::io::Result<()> {
        self.folder.as_ref().map_or(Ok(()), |folder| folder.announce(url))
    }

    /// Takes the announcement back.
    pub fn withdraw(&self) {
        if let Some(folder) = &self.folder {
            folder::withdraw(folder);
        }
    }

    /// What is due, then `act`, then what thereby became due: one transaction.
    fn turn_with<T>(&self, act: impl FnOnce(&mut World) -> T) -> (T, u64) {
        let mut world = self.world();
        world.now = world.now.max(self.clock.now());
        world.run_due();
        let result = act(&mut world);
        world.run_due();
        let number = self.committer.hand_over(world.changes());
        (result, number)
    }

    /// The answer, once everything it may tell of is durable.
    fn settle(
        &self,
        number: u64,
        answer: Response<Bytes>,
        failed: impl FnOnce(StoreError) -> Response<Bytes>,
    ) -> Response<Bytes> {
        match self.committer.wait(number) {
            Ok(()) => answer,
            Err(error) => failed(error),
        }
    }

    /// A panic in one request must not take the others down.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud").field("folder", &self.folder).finish_non_exhaustive()
    }
}
