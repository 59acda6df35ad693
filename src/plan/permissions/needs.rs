//! Which actions a plan calls for, and on what.

use super::PermissionContext;
use super::narrow::{self, On};
use super::roles::{Passed, passed};
use crate::model::{Action, Value};
use crate::plan::{Plan, ResourceChange};
use crate::schema::{Handler, ResourceType, TypeName};
use std::collections::{BTreeMap, BTreeSet};

/// Each action, as its first mention writes it, and what it is for.
#[derive(Debug, Clone, Default)]
pub(super) struct Needs {
    /// By the action in lower case: IAM doesn't tell cases apart.
    actions: BTreeMap<String, Need>,
}

#[derive(Debug, Clone)]
struct Need {
    written: String,
    /// None is everything.
    on: Option<BTreeSet<String>>,
}

/// One side of a change: a resource as it is, or as it will be.
struct Side<'a> {
    resource_type: &'a ResourceType,
    properties: Option<&'a Value>,
    arns: Option<Vec<String>>,
}

impl Needs {
    /// All, sorted: the action, and the ARNs that it is for; none for everything.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Option<&BTreeSet<String>>)> {
        self.actions.values().map(|need| (need.written.as_str(), need.on.as_ref()))
    }

    fn need(&mut self, action: &str, on: On) {
        let action = action.trim();
        // Some schemas list what isn't an action.
        if !action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty()) {
            return;
        }
        let need = self
            .actions
            .entry(action.to_ascii_lowercase())
            .or_insert_with(|| Need { written: action.to_owned(), on: Some(BTreeSet::new()) });
        match on {
            On::Everything => need.on = None,
            On::Arns(arns) => {
                if let Some(known) = &mut need.on {
                    known.extend(arns);
                }
            }
        }
    }

    /// An operation that begins something, and what its end may take: a run that is interrupted calls it
    /// back, and one that goes on after a killed run looks for what still runs.
    fn begin(&mut self, operation: &str) {
        self.control(&[
            operation,
            "GetResourceRequestStatus",
            "CancelResourceRequest",
            "ListResourceRequests",
        ]);
    }

    /// An action on one thing.
    pub(super) fn on(&mut self, action: &str, arn: String) {
        self.need(action, On::Arns(vec![arn]));
    }

    fn control(&mut self, operations: &[&str]) {
        for operation in operations {
            self.need(&format!("cloudformation:{operation}"), On::Everything);
        }
    }

    /// What one change calls for.
    pub(super) fn change(
        &mut self,
        plan: &Plan,
        change: &ResourceChange,
        recorded_type: &TypeName,
        context: &PermissionContext<'_>,
    ) {
        let catalogue = context.catalogue;
        let (was_type, is_type) = (catalogue.of(recorded_type), catalogue.of(&change.type_name));
        let before = was_type.as_deref().map(|resource_type| {
            let properties = change.before.as_ref().or(change.after.as_ref());
            let (computed, identifier) = (Some(&change.computed_before), change.identifier.as_deref());
            let arns = narrow::arns(resource_type, properties, computed, identifier, context);
            Side { resource_type, properties, arns }
        });
        let after = is_type.as_deref().map(|resource_type| {
            let properties = change.after.as_ref();
            let stays = change.identifier.as_deref().filter(|_| !change.action.is_replace());
            let identifier = change.new_identifier.as_deref().or(stays);
            let arns = narrow::arns(resource_type, properties, Some(&change.computed), identifier, context);
            Side { resource_type, properties, arns }
        });
        let is_read_first = context.refresh && (change.identifier.is_some() || change.drift.is_some());
        if let Some(before) = before.as_ref().filter(|_| is_read_first) {
            self.read(before, plan, context);
        }
        let updates =
            change.action == Action::Update || (change.action == Action::Import && !change.diff.is_empty());
        let creates = change.action == Action::Create || change.action.is_replace();
        if let Some(before) = before.as_ref().filter(|_| change.action.deletes() && !change.retained) {
            self.begin("DeleteResource");
            self.handler(before, before.resource_type.handlers.delete.as_ref(), plan, context);
            self.read(before, plan, context);
            if change.drain.is_some() {
                self.actions(before, &["sqs:GetQueueAttributes".to_owned()], plan, context);
            }
        }
        let sought = context.adopt && matches!(change.action, Action::Create | Action::Import);
        if let Some(after) = after.as_ref().filter(|_| sought) {
            self.read(after, plan, context);
            if change.new_identifier.is_none() {
                self.control(&["ListResources"]);
                self.handler(after, after.resource_type.handlers.list.as_ref(), plan, context);
            }
        }
        let Some(after) = after.as_ref().filter(|_| updates || creates) else { return };
        let handlers = &after.resource_type.handlers;
        let tagging = &after.resource_type.tagging;
        let (operation, handler) = match creates {
            true => ("CreateResource", handlers.create.as_ref()),
            false => ("UpdateResource", handlers.update.as_ref()),
        };
        self.begin(operation);
        self.handler(after, handler, plan, context);
        self.read(after, plan, context);
        let tags = tagging.property.as_deref().is_some_and(|tags| match creates {
            true => after.properties.is_some_and(|properties| properties.get(tags).is_some()),
            false => change.diff.differences.iter().any(|d| d.path.first().is_some_and(|name| name == tags)),
        });
        if tags {
            self.actions(after, &tagging.permissions, plan, context);
        }
    }

    /// What deleting something that an earlier run left calls for.
    pub(super) fn leftover(
        &mut self,
        type_name: &TypeName,
        identifier: &str,
        context: &PermissionContext<'_>,
    ) {
        let Some(resource_type) = context.catalogue.of(type_name) else { return };
        let arns = narrow::arns(&resource_type, None, None, Some(identifier), context);
        let side = Side { resource_type: &resource_type, properties: None, arns };
        let plan = Plan::default();
        self.begin("DeleteResource");
        self.handler(&side, resource_type.handlers.delete.as_ref(), &plan, context);
        self.read(&side, &plan, context);
    }

    fn read(&mut self, side: &Side<'_>, plan: &Plan, context: &PermissionContext<'_>) {
        self.control(&["GetResource"]);
        self.handler(side, side.resource_type.handlers.read.as_ref(), plan, context);
    }

    fn handler(
        &mut self,
        side: &Side<'_>,
        handler: Option<&Handler>,
        plan: &Plan,
        context: &PermissionContext<'_>,
    ) {
        if let Some(handler) = handler {
            self.actions(side, &handler.permissions, plan, context);
        }
    }

    fn actions(&mut self, side: &Side<'_>, actions: &[String], plan: &Plan, context: &PermissionContext<'_>) {
        let type_name = side.resource_type.name.as_str();
        let role = |path: &str| {
            format!("arn:{}:iam::{}:role/{path}", context.place.partition, context.place.account)
        };
        for action in actions {
            let on = match (action.to_ascii_lowercase().as_str(), &side.arns) {
                ("iam:passrole", _) => {
                    let passed = side.properties.map_or(Passed::Unknown, |all| passed(type_name, all, plan));
                    match passed {
                        Passed::Roles(roles) if roles.is_empty() => continue,
                        Passed::Roles(roles) => On::Arns(roles.into_iter().collect()),
                        // Roles are of the same account as what they are passed to.
                        Passed::Unknown => On::Arns(vec![role("*")]),
                    }
                }
                // IAM User Guide, "Create a service-linked role": all have this path.
                ("iam:createservicelinkedrole", _) => On::Arns(vec![role("aws-service-role/*")]),
                (action, Some(arns)) if narrow::is_limited(type_name, action) => On::Arns(arns.clone()),
                _ => On::Everything,
            };
            self.need(action, on);
        }
    }
}
