//! What lets events flow comes last: a rule (a pipe, a schedule, a subscription, a route) starts to
//! speak the moment it is there, so all that it feeds, and all that lets it in, is ready before.
//!
//! What it feeds it names itself. Who lets it in often names it the other way round (a queue's policy
//! names the rule as its source): where that name is known beforehand, the order is turned.

use super::{Predicted, Resolved, Why};
use crate::graph::Graph;
use crate::model::{Address, Desired, Template};
use std::collections::{BTreeMap, BTreeSet};

/// Types that speak once they are there, and the properties that say where they listen: what is
/// named there isn't fed.
const SPEAKERS: &[(&str, &[&str])] = &[
    ("AWS::Events::Rule", &["EventBusName"]),
    ("AWS::Pipes::Pipe", &["Source"]),
    ("AWS::Scheduler::Schedule", &["GroupName"]),
    ("AWS::SNS::Subscription", &["TopicArn"]),
    ("AWS::ApiGatewayV2::Route", &["ApiId"]),
    ("AWS::ApiGateway::Deployment", &["RestApiId"]),
    ("AWS::Lambda::EventSourceMapping", &["EventSourceArn"]),
    ("AWS::Events::EventBus", &[]),
];

/// Types that let somebody in, or let a role do something, and the property that says where.
const PERMISSIONS: &[(&str, &str)] = &[
    ("AWS::SQS::QueueInlinePolicy", "Queue"),
    ("AWS::SNS::TopicInlinePolicy", "TopicArn"),
    ("AWS::Events::EventBusPolicy", "EventBusName"),
    ("AWS::IAM::RolePolicy", "RoleName"),
    ("AWS::IAM::ManagedPolicy", "Roles"),
    ("AWS::Lambda::Permission", "FunctionName"),
    ("AWS::S3::BucketPolicy", "Bucket"),
    ("AWS::Kinesis::ResourcePolicy", "ResourceArn"),
    ("AWS::SecretsManager::ResourcePolicy", "SecretId"),
    ("AWS::Logs::ResourcePolicy", "PolicyDocument"),
];

/// A permission and the speaker that it names, from the one to the other: no order follows.
pub(super) type Turned = BTreeSet<(Address, Address)>;

/// Who speaks → the permissions that it needs, so far as they can come first; and which references
/// of permissions order nothing for that.
pub(super) fn permissions_first<'a>(
    resolved: &'a Resolved,
    graph: &Graph<Address, Why>,
    predicted: &Predicted<'_>,
) -> (Vec<(&'a Desired, Address)>, Turned) {
    let mut doors: BTreeMap<Address, Vec<&Desired>> = BTreeMap::new();
    for permission in &resolved.resources {
        let property = PERMISSIONS.iter().find(|(name, _)| permission.type_name.as_str() == *name);
        let Some((_, property)) = property else { continue };
        for to in named_in(permission, property) {
            doors.entry(to).or_default().push(permission);
        }
    }
    let (mut first, mut turned) = (Vec::new(), Turned::new());
    if doors.is_empty() {
        return (first, turned);
    }
    for speaker in &resolved.resources {
        let listens = SPEAKERS.iter().find(|(name, _)| speaker.type_name.as_str() == *name);
        let Some((_, listens)) = listens else { continue };
        let heard: BTreeSet<Address> = listens.iter().flat_map(|name| named_in(speaker, name)).collect();
        let told = told(speaker, listens);
        let fed = graph.needs(&speaker.address).into_iter();
        let fed = fed.filter(|needed| !heard.contains(needed) || told.contains(needed));
        for fed in graph.closure(fed) {
            for permission in doors.get(&fed).into_iter().flatten() {
                let pair = (permission.address.clone(), speaker.address.clone());
                if !names_unknown(permission, &speaker.address, predicted) && pair.0 != pair.1 {
                    first.push((speaker, pair.0.clone()));
                    turned.insert(pair);
                }
            }
        }
    }
    (first, turned)
}

/// Who is named in one property of a resource.
fn named_in(resource: &Desired, property: &str) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    if let Template::Object(members) = &resource.properties
        && let Some(template) = members.get(property)
    {
        template.references(&mut |reference| {
            found.insert(reference.address.clone());
        });
    }
    found
}

/// Who is named elsewhere than where it listens.
fn told(speaker: &Desired, listens: &[&str]) -> BTreeSet<Address> {
    let Template::Object(members) = &speaker.properties else { return BTreeSet::new() };
    let others = members.keys().filter(|name| !listens.contains(&name.as_str()));
    others.flat_map(|name| named_in(speaker, name)).chain(speaker.depends_on.iter().cloned()).collect()
}

/// Whether a permission can only be written once the speaker is there, or is said to come after it.
fn names_unknown(permission: &Desired, speaker: &Address, predicted: &Predicted<'_>) -> bool {
    let mut unknown = permission.depends_on.contains(speaker);
    permission.properties.references(&mut |reference| {
        if reference.address == *speaker {
            let value = crate::model::Attributes::attribute(predicted, speaker, &reference.property);
            unknown |= !value.is_known();
        }
    });
    unknown
}
