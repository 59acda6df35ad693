//! From a plan's resources to the grants on both sides.

use super::kept::{On, RESOURCE_POLICIES};
use super::names::Names;
use super::read::{Grant, Grants, Stated, only, plain};
use super::{Effect, PolicySort};
use crate::languages::iam_policy::{VERSION, policy};
use crate::model::{Action, Address, Json, Value};
use crate::plan::{Plan, ResourceChange};
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};

/// A resource's properties as they are and as they will be, where there are any.
type Sides = (Option<Value>, Option<Value>);

/// What all policies say before, and after.
pub(super) fn grants(plan: &Plan, names: &Names) -> (Grants, Grants) {
    let (mut before, mut after) = (Side::new(names), Side::new(names));
    let sides = |change: &ResourceChange| -> Sides {
        match change.action {
            // What stays as it is (also in the cloud alone) says the same on both sides.
            Action::NoOp | Action::Forget => {
                let value = change.after.as_ref().or(change.before.as_ref()).cloned();
                (value.clone(), value)
            }
            _ => {
                let mut after = change.after.clone();
                if let (Some(before), Some(after)) = (&change.before, &mut after) {
                    another_secret(before, after);
                }
                (change.before.clone(), after)
            }
        }
    };
    let both: Vec<(&ResourceChange, Sides)> = plan
        .changes
        .iter()
        .filter(|change| super::kept::has_policies(change.type_name.as_str()))
        .map(|change| (change, sides(change)))
        .collect();
    for (change, (was, will_be)) in &both {
        before.holders(change, was.as_ref());
        after.holders(change, will_be.as_ref());
    }
    for (change, (was, will_be)) in &both {
        before.resource(change, was.as_ref());
        after.resource(change, will_be.as_ref());
    }
    (before.grants, after.grants)
}

/// A secret that is another than before still isn't shown, but that it is another is. Where only the
/// hash of the one before is known, nothing is said.
fn another_secret(before: &Value, after: &mut Value) {
    match (before, after) {
        (Value::Sensitive(was), after @ Value::Sensitive(_))
            if was.get("$secret").is_none() && after.reveal() != was.reveal() =>
        {
            *after = Value::from("(another sensitive value)");
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).for_each(|(before, after)| another_secret(before, after));
        }
        (Value::Object(before), Value::Object(after)) => {
            for (key, after) in after {
                if let Some(before) = before.get(key) {
                    another_secret(before, after);
                }
            }
        }
        _ => {}
    }
}

struct Side<'a> {
    names: &'a Names,
    grants: Grants,
    /// A managed policy of the stack → who is given it.
    holders: BTreeMap<Address, BTreeSet<String>>,
}

impl<'a> Side<'a> {
    fn new(names: &'a Names) -> Self {
        Self { names, grants: Grants::default(), holders: BTreeMap::new() }
    }

    /// Who is given which managed policy of the stack, by the identity's list of policies.
    fn holders(&mut self, change: &ResourceChange, value: Option<&Value>) {
        for arn in list(value, "ManagedPolicyArns") {
            if let Some(policy) = self.names.exactly(&arn) {
                self.holders.entry(policy.clone()).or_default().insert(change.address.to_string());
            }
        }
    }

    fn resource(&mut self, change: &ResourceChange, value: Option<&Value>) {
        let Some(value) = value else { return };
        let address = &change.address;
        match change.type_name.as_str() {
            "AWS::IAM::Role" => {
                let on = vec![address.to_string()];
                self.stated(PolicySort::Trust, Vec::new(), on, value, address, "AssumeRolePolicyDocument");
                self.identity(value, address);
            }
            "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::SSO::PermissionSet" => self.identity(value, address),
            "AWS::IAM::UserToGroupAddition" => {
                let group = text(value, "GroupName").unwrap_or_default();
                let users = list(Some(value), "Users");
                for user in users {
                    let user = self.names.named("AWS::IAM::User", &user);
                    self.joins(user, &group, address, "/Users");
                }
            }
            "AWS::IAM::RolePolicy" | "AWS::IAM::UserPolicy" | "AWS::IAM::GroupPolicy" => {
                let who = self.attached_to(value);
                self.stated(PolicySort::Identity, who, Vec::new(), value, address, "PolicyDocument");
            }
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => {
                let mut who = self.attached_to(value);
                who.extend(self.holders.get(address).into_iter().flatten().cloned());
                if who.is_empty() {
                    who.push(format!("(whoever is given {address})"));
                }
                self.stated(PolicySort::Identity, who, Vec::new(), value, address, "PolicyDocument");
            }
            "AWS::Lambda::Permission" => self.function_permission(value, address),
            "AWS::Lambda::LayerVersionPermission" => self.layer_permission(value, address),
            "AWS::Events::EventBusPolicy" => self.bus_policy(value, address),
            _ => {}
        }
        for kept in RESOURCE_POLICIES.iter().filter(|kept| kept.type_name == change.type_name.as_str()) {
            let on = match kept.on {
                On::Itself => vec![address.to_string()],
                On::Account => Vec::new(),
                On::Property(name, type_name) => {
                    let named = member(value, name).map(texts).unwrap_or_default();
                    named.iter().map(|text| self.names.named(type_name, text)).collect()
                }
            };
            let mut found = Vec::new();
            at(value, kept.path, String::new(), &mut found);
            for (pointer, document) in found {
                let stated = Stated {
                    sort: PolicySort::Resource,
                    who: Vec::new(),
                    on: on.clone(),
                    document: plain(document),
                    address,
                    pointer,
                };
                self.grants.policy(&stated, self.names);
            }
        }
    }

    /// A policy in a top property.
    fn stated(
        &mut self,
        sort: PolicySort,
        who: Vec<String>,
        on: Vec<String>,
        value: &Value,
        address: &Address,
        property: &str,
    ) {
        let Some(document) = member(value, property) else { return };
        let stated =
            Stated { sort, who, on, document: plain(document), address, pointer: format!("/{property}") };
        self.grants.policy(&stated, self.names);
    }

    /// What a role, a user, a group or a permission set has of its own, and is given.
    fn identity(&mut self, value: &Value, address: &Address) {
        let who = vec![address.to_string()];
        if let Some(Value::Array(inline)) = member(value, "Policies") {
            for (index, one) in inline.iter().enumerate() {
                // One that isn't known as a whole says no more of itself than its document would.
                let document = member(one, "PolicyDocument").unwrap_or(one);
                let stated = Stated {
                    sort: PolicySort::Identity,
                    who: who.clone(),
                    on: Vec::new(),
                    document: plain(document),
                    address,
                    pointer: format!("/Policies/{index}/PolicyDocument"),
                };
                self.grants.policy(&stated, self.names);
            }
        }
        self.stated(PolicySort::Identity, who.clone(), Vec::new(), value, address, "InlinePolicy");
        for property in ["ManagedPolicyArns", "ManagedPolicies"] {
            for (index, arn) in list(Some(value), property).into_iter().enumerate() {
                if self.names.exactly(&arn).is_none_or(|policy| !self.holders.contains_key(policy)) {
                    let words = format!("(all that {} allows)", self.names.shown(&arn));
                    let pointer = format!("/{property}/{index}");
                    self.given(
                        PolicySort::Attached,
                        Effect::Allow,
                        address.to_string(),
                        words,
                        address,
                        &pointer,
                    );
                }
            }
        }
        for (index, group) in list(Some(value), "Groups").into_iter().enumerate() {
            self.joins(address.to_string(), &group, address, &format!("/Groups/{index}"));
        }
        // A permission set's is an object.
        let boundary =
            member(value, "PermissionsBoundary").map(|boundary| match member(boundary, "ManagedPolicyArn") {
                Some(arn) => texts(arn),
                None => texts(boundary),
            });
        for arn in boundary.into_iter().flatten() {
            let words = format!("(all but what {} allows)", self.names.shown(&arn));
            let who = address.to_string();
            self.given(PolicySort::Boundary, Effect::Deny, who, words, address, "/PermissionsBoundary");
        }
    }

    fn joins(&mut self, who: String, group: &str, address: &Address, pointer: &str) {
        let words = format!("(all that {} may)", self.names.named("AWS::IAM::Group", group));
        self.given(PolicySort::Attached, Effect::Allow, who, words, address, pointer);
    }

    fn given(
        &mut self,
        sort: PolicySort,
        effect: Effect,
        who: String,
        words: String,
        address: &Address,
        pointer: &str,
    ) {
        let (actions, resources) = (only(vec![words]), only(Vec::new()));
        let grant = Grant { sort, effect, who: only(vec![who]), actions, resources, conditions: Vec::new() };
        self.grants.add(grant, address, pointer);
    }

    /// Whom a policy of its own is for.
    fn attached_to(&self, value: &Value) -> Vec<String> {
        let mut who = Vec::new();
        for (property, type_name) in [
            ("Roles", "AWS::IAM::Role"),
            ("Users", "AWS::IAM::User"),
            ("Groups", "AWS::IAM::Group"),
            ("RoleName", "AWS::IAM::Role"),
            ("UserName", "AWS::IAM::User"),
            ("GroupName", "AWS::IAM::Group"),
        ] {
            let named = member(value, property).map(texts).unwrap_or_default();
            who.extend(named.iter().map(|name| self.names.named(type_name, name)));
        }
        who
    }

    /// As Lambda writes it into a function's policy (Lambda API Reference, AddPermission).
    fn function_permission(&mut self, value: &Value, address: &Address) {
        let mut conditions = Map::new();
        for (property, operator, key) in [
            ("SourceArn", "ArnLike", "aws:SourceArn"),
            ("SourceAccount", "StringEquals", "aws:SourceAccount"),
            ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
            ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
            ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
            ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
        ] {
            condition(&mut conditions, value, property, operator, key);
        }
        let on = text(value, "FunctionName").map(|name| self.names.named("AWS::Lambda::Function", &name));
        self.one_statement(value, conditions, on, address);
    }

    fn layer_permission(&mut self, value: &Value, address: &Address) {
        let mut conditions = Map::new();
        condition(&mut conditions, value, "OrganizationId", "StringEquals", "aws:PrincipalOrgID");
        let on = text(value, "LayerVersionArn").map(|arn| self.names.shown(&arn));
        self.one_statement(value, conditions, on, address);
    }

    /// A whole statement, or the members of an older form.
    fn bus_policy(&mut self, value: &Value, address: &Address) {
        let bus = text(value, "EventBusName").unwrap_or_else(|| "default".to_owned());
        let on = Some(self.names.named("AWS::Events::EventBus", &bus));
        if let Some(statement) = member(value, "Statement") {
            let document = match plain(statement) {
                unknown @ Json::String(_) => unknown,
                statement => policy(vec![statement]),
            };
            let on = on.into_iter().collect();
            let (sort, who, pointer) = (PolicySort::Resource, Vec::new(), "/Statement".to_owned());
            self.grants.policy(&Stated { sort, who, on, document, address, pointer }, self.names);
            return;
        }
        let mut conditions = Map::new();
        if let Some(Value::Object(_)) = member(value, "Condition") {
            let of = |name: &str| member(value, "Condition").and_then(|c| text(c, name)).unwrap_or_default();
            conditions.insert(of("Type"), json!({ of("Key"): of("Value") }));
        }
        self.one_statement(value, conditions, on, address);
    }

    /// `Action` and `Principal` among the properties themselves.
    fn one_statement(
        &mut self,
        value: &Value,
        conditions: Map<String, Json>,
        on: Option<String>,
        address: &Address,
    ) {
        let principal = text(value, "Principal").unwrap_or_default();
        let service = principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn");
        let principal = if service { json!({"Service": principal}) } else { json!({"AWS": principal}) };
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": principal,
            "Action": text(value, "Action").unwrap_or_default(),
        });
        if !conditions.is_empty() {
            statement["Condition"] = Json::Object(conditions);
        }
        let stated = Stated {
            sort: PolicySort::Resource,
            who: Vec::new(),
            on: on.into_iter().collect(),
            document: json!({"Version": VERSION, "Statement": [statement]}),
            address,
            pointer: String::new(),
        };
        self.grants.policy(&stated, self.names);
    }
}

fn condition(conditions: &mut Map<String, Json>, value: &Value, property: &str, operator: &str, key: &str) {
    let Some(wanted) = member(value, property).map(plain) else { return };
    let keys = conditions.entry(operator).or_insert_with(|| json!({}));
    keys[key] = wanted;
}

/// A text, with words for what isn't known or must not be shown.
fn text(value: &Value, property: &str) -> Option<String> {
    member(value, property).and_then(|value| plain(value).as_str().map(str::to_owned))
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match plain(value) {
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        other => other.as_str().map(str::to_owned).into_iter().collect(),
    }
}

fn list(value: Option<&Value>, property: &str) -> Vec<String> {
    value.and_then(|value| member(value, property)).map(texts).unwrap_or_default()
}

/// What is at a path, `*` for each item, with its JSON Pointer.
fn at<'v>(value: &'v Value, path: &[&str], pointer: String, found: &mut Vec<(String, &'v Value)>) {
    let Some((first, rest)) = path.split_first() else {
        found.push((pointer, value));
        return;
    };
    match (value, *first) {
        (Value::Array(items), "*") => {
            for (index, item) in items.iter().enumerate() {
                at(item, rest, format!("{pointer}/{index}"), found);
            }
        }
        (Value::Object(_), name) => {
            if let Some(inner) = member(value, name) {
                at(inner, rest, format!("{pointer}/{name}"), found);
            }
        }
        // What is secret, or not known yet, as a whole.
        (Value::Sensitive(_) | Value::Unknown(_), _) => found.push((pointer, value)),
        _ => {}
    }
}

/// A member that isn't within a secret: [`Value::get`] looks into those.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(name),
        _ => None,
    }
}
