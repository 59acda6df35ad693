//! Everything that exists in the local cloud, and everything that is going to happen in it.
//!
//! A service is a synchronous function of the world, a request and the time. What happens later is a
//! task in one queue, ordered by time and then by a seeded choice; tasks are rows like all else, so
//! what was due while nobody ran is done at the next start.

mod rng;
mod task;

pub(crate) use rng::{DIGITS, HEX, LOWER, Rng, UPPER};
pub(crate) use task::{Task, Tasks};

use super::clock::Time;
use super::profile::{Counts, Profile};
use super::services::{self, Services, Work};
use super::settings::Settings;
use super::store::{AnyTable, Change, Row, StoreError, Table};
use serde_json::{Value as Json, json};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// All state, behind one lock.
pub(crate) struct World {
    /// Who and where this cloud is.
    pub(crate) settings: Settings,
    /// Its data folder, if it has one.
    pub(crate) folder: Option<String>,
    /// How it behaves; may change while it runs.
    pub(crate) profile: Profile,
    /// What it did to its clients, since the start.
    pub(crate) counts: Counts,
    /// All choices.
    pub(crate) rng: Rng,
    /// The present, never earlier than it was.
    pub(crate) now: Time,
    /// What will happen.
    pub(crate) tasks: Tasks,
    /// Each service's own rows.
    pub(crate) services: Services,
    meta: Table<Json>,
}

impl World {
    /// From stored rows; `asked` counts only where nothing is stored yet.
    pub(crate) fn load(
        rows: Vec<Row>,
        asked: Settings,
        profile: Profile,
        now: Time,
    ) -> Result<Self, StoreError> {
        let mut world = Self {
            rng: Rng::new(asked.seed, 0),
            settings: asked,
            folder: None,
            profile,
            counts: Counts::default(),
            now,
            tasks: Tasks::new(),
            services: Services::new(),
            meta: Table::new("meta"),
        };
        for row in rows {
            let table = world.tables().into_iter().find(|t| t.name() == row.table);
            match table {
                Some(table) => table.load(row)?,
                None => return Err(StoreError(format!("the data has an unknown table `{}`", row.table))),
            }
        }
        world.services.loaded();
        if let Some(stored) = world.meta.get("settings") {
            world.settings = serde_json::from_value(Json::clone(stored))
                .map_err(|error| StoreError(format!("the stored settings can't be read: {error}")))?;
        } else {
            let settings = serde_json::to_value(&world.settings).unwrap_or_default();
            world.meta.put("settings".into(), settings);
        }
        let openings = world.meta.get("openings").and_then(|n| n.as_u64()).unwrap_or(0);
        world.meta.put("openings".into(), json!(openings + 1));
        world.rng = Rng::new(world.settings.seed, openings);
        Ok(world)
    }

    /// Does what is due, in order, and what thereby becomes due.
    pub(crate) fn run_due(&mut self) {
        self.run_due_by(services::run);
    }

    /// As [`World::run_due`], each task by `run`. A panic is a mistake here, and no reason to leave
    /// the other tasks undone or to let anybody wait for this one.
    pub(super) fn run_due_by(&mut self, run: impl Fn(&mut Self, Work)) {
        while let Some(task) = self.tasks.take_due(self.now) {
            let token = task.work.token().to_owned();
            if catch_unwind(AssertUnwindSafe(|| run(self, task.work))).is_err() {
                services::broke_off(self, &token);
            }
        }
    }

    /// Puts `work` into the queue.
    pub(crate) fn schedule(&mut self, due: Time, work: Work) {
        let order = self.rng.next();
        self.tasks.add(order, Task { due, work });
    }

    /// What changed since the last call, for the store.
    pub(crate) fn changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for table in self.tables() {
            table.drain(&mut changes);
        }
        changes
    }

    fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        let mut tables: Vec<&mut dyn AnyTable> = vec![&mut self.meta, self.tasks.table()];
        tables.extend(self.services.tables());
        tables
    }
}
