//! The request records and what follows from them.

use super::adversary::Buckets;
use super::lag::Veils;
use super::model::Request;
use crate::local::clock::Time;
use crate::local::services::Scope;
use crate::local::services::resources::Resources;
use crate::local::store::{AnyTable, Table};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Requests are kept this long.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// A client token means its first request this long.
const CLIENT_TOKEN_VALID: Duration = Duration::from_hours(36);

/// Records by request token; the indexes are rebuilt from them at the start.
pub(crate) struct State {
    requests: Table<Request>,
    by_age: BTreeSet<(Time, String)>,
    by_client_token: HashMap<(Scope, String), String>,
    /// Resources under an operation, by their row's key, with its request token.
    busy: HashMap<String, String>,
    /// What readers don't see yet.
    pub(super) veils: Veils,
    /// What each account may still ask for; anew at each start.
    pub(super) buckets: Buckets,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            requests: Table::new("cloudcontrol_requests"),
            by_age: BTreeSet::new(),
            by_client_token: HashMap::new(),
            busy: HashMap::new(),
            veils: Veils::new(),
            buckets: Buckets::default(),
        }
    }

    pub(crate) fn tables(&mut self) -> [&mut dyn AnyTable; 2] {
        [&mut self.requests, self.veils.table()]
    }

    pub(crate) fn loaded(&mut self) {
        self.veils.loaded();
        let mut requests: Vec<Arc<Request>> = self.requests.iter().map(|(_, r)| Arc::clone(r)).collect();
        // A later use of an expired client token wins.
        requests.sort_by_key(|request| request.began);
        for request in requests {
            self.index(&request);
        }
    }

    /// The request, if it is known and of this scope.
    pub(super) fn get(&self, scope: &Scope, token: &str) -> Option<&Arc<Request>> {
        self.requests.get(token).filter(|request| request.scope == *scope)
    }

    /// The request, whosesoever it is.
    pub(super) fn find(&self, token: &str) -> Option<&Arc<Request>> {
        self.requests.get(token)
    }

    /// Writes a record.
    pub(super) fn put(&mut self, request: Request) {
        self.index(&request);
        self.requests.put(request.token.clone(), request);
    }

    /// The request that a client token stands for at `now`.
    pub(super) fn by_client_token(&self, scope: &Scope, token: &str, now: Time) -> Option<&Arc<Request>> {
        let request = self.by_client_token.get(&(scope.clone(), token.to_owned()))?;
        self.requests.get(request).filter(|r| now < r.began.after(CLIENT_TOKEN_VALID))
    }

    /// The request under which a resource is being changed.
    pub(super) fn busy_with(&self, scope: &Scope, type_name: &str, identifier: &str) -> Option<&str> {
        self.busy.get(&Resources::key(scope, type_name, identifier)).map(String::as_str)
    }

    /// Newest first, beginning after (that is, older than) a given one.
    pub(super) fn newest_first<'a>(
        &'a self,
        scope: &'a Scope,
        after: Option<(Time, String)>,
    ) -> impl Iterator<Item = &'a Arc<Request>> {
        let newest = (Time(i64::MAX), String::new());
        self.by_age
            .range(..after.unwrap_or(newest))
            .rev()
            .filter_map(|(_, token)| self.requests.get(token))
            .filter(move |request| request.scope == *scope)
    }

    /// Every scope's requests that have not ended, oldest first.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = &Arc<Request>> {
        let requests = self.by_age.iter().filter_map(|(_, token)| self.requests.get(token));
        requests.filter(|request| !request.status.is_terminal())
    }

    /// Drops what is older than seven days and has ended, and veils that have fallen.
    pub(super) fn forget_old(&mut self, now: Time) {
        self.veils.forget_old(now);
        while let Some((began, token)) = self.by_age.first() {
            if now < began.after(KEPT) {
                return;
            }
            let Some(request) = self.requests.get(token) else {
                self.by_age.pop_first();
                continue;
            };
            if !request.status.is_terminal() {
                return;
            }
            if let Some(client_token) = &request.client_token {
                let key = (request.scope.clone(), client_token.clone());
                if self.by_client_token.get(&key) == Some(token) {
                    self.by_client_token.remove(&key);
                }
            }
            let token = token.clone();
            self.requests.remove(&token);
            self.by_age.pop_first();
        }
    }

    fn index(&mut self, request: &Request) {
        self.by_age.insert((request.began, request.token.clone()));
        if let Some(client_token) = &request.client_token {
            let key = (request.scope.clone(), client_token.clone());
            self.by_client_token.insert(key, request.token.clone());
        }
        if let Some(identifier) = &request.identifier {
            let key = Resources::key(&request.scope, &request.type_name, identifier);
            if !request.status.is_terminal() {
                self.busy.insert(key, request.token.clone());
            } else if self.busy.get(&key) == Some(&request.token) {
                self.busy.remove(&key);
            }
        }
    }
}
