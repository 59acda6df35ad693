//! The sessions that were issued: durable rows, forgotten some time after their end.

use crate::local::auth::OWN_KEY;
use crate::local::clock::Time;
use crate::local::store::{AnyTable, Table};
use crate::local::world::{Rng, UPPER};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// So long after its end a session is still said to be over; later its key isn't known any more.
const KEPT: Duration = Duration::from_hours(24);

const TOKEN: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) account: String,
    pub(crate) identity: Identity,
    /// The session policies that were given as text.
    pub(crate) policies: Vec<Json>,
    /// And those by the ARN of a managed policy.
    pub(crate) policy_arns: Vec<String>,
    pub(crate) issued: Time,
    pub(crate) expires: Time,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Identity {
    /// The account's root, by GetSessionToken.
    Root,
    /// Somebody in a role.
    Role {
        /// The role's ARN.
        arn: String,
        /// `AROA…`: a role that is made anew with the same name is another one.
        id: String,
        /// The session's name.
        name: String,
    },
}

/// All sessions, by access key; `by_end` is rebuilt from them.
pub(crate) struct State {
    sessions: Table<Session>,
    by_end: BTreeSet<(Time, String)>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self { sessions: Table::new("sts_sessions"), by_end: BTreeSet::new() }
    }

    pub(crate) fn table(&mut self) -> &mut dyn AnyTable {
        &mut self.sessions
    }

    pub(crate) fn loaded(&mut self) {
        self.by_end = self.sessions.iter().map(|(key, session)| (session.expires, key.clone())).collect();
    }

    /// The session of an access key, also one that is over.
    pub(crate) fn get(&self, access_key: &str) -> Option<&Arc<Session>> {
        self.sessions.get(access_key)
    }

    pub(super) fn put(&mut self, session: Session) {
        self.by_end.insert((session.expires, session.access_key.clone()));
        self.sessions.put(session.access_key.clone(), session);
    }

    /// Drops what ended long ago.
    pub(super) fn forget_old(&mut self, now: Time) {
        while let Some((end, _)) = self.by_end.first()
            && end.after(KEPT) <= now
        {
            if let Some((_, key)) = self.by_end.pop_first() {
                self.sessions.remove(&key);
            }
        }
    }
}

impl Session {
    /// A new one, valid for `duration` from `now`.
    pub(super) fn new(
        rng: &mut Rng,
        account: &str,
        identity: Identity,
        now: Time,
        duration: Duration,
    ) -> Self {
        Self {
            // Twenty characters, as every access key has.
            access_key: format!("{OWN_KEY}{}", rng.text(UPPER, 20 - OWN_KEY.len())),
            secret: rng.text(TOKEN, 40),
            token: rng.text(TOKEN, 352) + "==",
            account: account.to_owned(),
            identity,
            policies: Vec::new(),
            policy_arns: Vec::new(),
            issued: now,
            expires: now.after(duration),
        }
    }
}
