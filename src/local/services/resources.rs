//! The resources that exist: one row each, whoever made it.

use super::Scope;
use crate::local::clock::Time;
use crate::local::store::{AnyTable, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::ops::Bound;
use std::sync::Arc;

/// A resource's properties by name.
pub(crate) type Properties = Map<String, Json>;

/// One resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// `AWS::SQS::Queue`.
    pub(crate) type_name: String,
    /// The primary identifier; compound ones joined with `|`.
    pub(crate) identifier: String,
    /// Where it is.
    pub(crate) scope: Scope,
    /// All properties, also those that are never read back.
    pub(crate) properties: Properties,
    /// Where it comes from.
    pub(crate) created: Origin,
    /// Its last change, or its making.
    pub(crate) changed: Origin,
}

/// Where a resource, or its present form, comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The principal's ARN.
    pub(crate) by: String,
    /// The signing name and the operation: `cloudcontrolapi:CreateResource`.
    pub(crate) through: String,
    /// The request's token or id.
    pub(crate) request: String,
    pub(crate) at: Time,
}

/// All of them.
pub(crate) struct Resources {
    rows: Table<Resource>,
    /// Until when the names of deleted resources can't be used again.
    resting: Table<Time>,
}

impl Resources {
    pub(crate) fn new() -> Self {
        Self { rows: Table::new("resources"), resting: Table::new("resting") }
    }

    pub(super) fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        vec![&mut self.rows, &mut self.resting]
    }

    /// The row's key, unique in the whole world.
    pub(crate) fn key(scope: &Scope, type_name: &str, identifier: &str) -> String {
        let region = if is_global(type_name) { "" } else { &scope.region };
        format!("{}/{region}/{type_name}/{identifier}", scope.account)
    }

    /// The resource, if it exists.
    pub(crate) fn get(&self, scope: &Scope, type_name: &str, identifier: &str) -> Option<&Arc<Resource>> {
        self.rows.get(&Self::key(scope, type_name, identifier))
    }

    /// Makes or changes a resource.
    pub(crate) fn put(&mut self, resource: Resource) {
        let key = Self::key(&resource.scope, &resource.type_name, &resource.identifier);
        self.rows.put(key, resource);
    }

    /// Removes a resource.
    pub(crate) fn remove(&mut self, scope: &Scope, type_name: &str, identifier: &str) {
        self.rows.remove(&Self::key(scope, type_name, identifier));
    }

    /// Lets the name of a resource rest; those that have rested enough by `now` are forgotten.
    pub(crate) fn rest(&mut self, scope: &Scope, type_name: &str, identifier: &str, until: Time, now: Time) {
        let over: Vec<String> =
            self.resting.iter().filter(|(_, until)| ***until <= now).map(|(key, _)| key.clone()).collect();
        for key in over {
            self.resting.remove(&key);
        }
        self.resting.put(Self::key(scope, type_name, identifier), until);
    }

    /// Until when a deleted resource's name rests, if it does.
    pub(crate) fn rests_until(&self, scope: &Scope, type_name: &str, identifier: &str) -> Option<Time> {
        self.resting.get(&Self::key(scope, type_name, identifier)).map(|until| **until)
    }

    /// The resources of a type, by identifier, after a given one.
    pub(crate) fn of_type<'a>(
        &'a self,
        scope: &Scope,
        type_name: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Arc<Resource>> + use<'a> {
        let prefix = Self::key(scope, type_name, "");
        let start = format!("{prefix}{}", after.unwrap_or(""));
        let from =
            if after.is_some() { Bound::Excluded(start.as_str()) } else { Bound::Included(start.as_str()) };
        self.rows
            .from(from)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, resource)| resource)
    }

    /// Every resource there is.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.rows.iter().map(|(_, resource)| resource)
    }
}

/// Whether a type's resources belong to the account alone, not to one of its regions.
fn is_global(type_name: &str) -> bool {
    let service = type_name.split("::").nth(1).unwrap_or("");
    matches!(service, "IAM" | "CloudFront" | "Route53" | "Organizations" | "GlobalAccelerator")
}
