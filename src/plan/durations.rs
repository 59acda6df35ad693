//! About how long operations take at AWS, from the call that begins one to its end.
//!
//! AWS publishes no such figures. Known: Cloud Control adds about 5 s to what a service's own API
//! takes (Stedi, "Relative performance tradeoffs of AWS-native provisioning methods", 2023); a change
//! of a queue's attributes takes up to 60 s to spread, and the handler waits for it (Amazon SQS API
//! Reference, SetQueueAttributes). All other rows are estimates, by what the handlers wait for. They
//! serve a figure for people, and which of two operations is begun first: what an operation may take at
//! most is its handler's to say.

use crate::schema::ResourceType;
use std::time::Duration;

/// What is begun by one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

/// Of one type, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Durations {
    create: f64,
    update: f64,
    delete: f64,
}

impl Durations {
    pub(super) fn of(&self, operation: Operation) -> f64 {
        match operation {
            Operation::Create => self.create,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
        }
    }
}

/// Cloud Control's own time, and a second or two.
const OTHER: Durations = Durations { create: 7.0, update: 7.0, delete: 7.0 };

/// Type (or what types begin with), then seconds to create, to update, to delete. Of several rows
/// that fit, the longest counts.
const TABLE: &[(&str, f64, f64, f64)] = &[
    ("AWS::CloudFront::Distribution", 300.0, 240.0, 300.0),
    ("AWS::DynamoDB::Table", 15.0, 30.0, 15.0),
    ("AWS::DynamoDB::GlobalTable", 40.0, 60.0, 60.0),
    ("AWS::EC2::NatGateway", 110.0, 10.0, 60.0),
    ("AWS::EKS::", 600.0, 300.0, 300.0),
    ("AWS::ElastiCache::", 500.0, 300.0, 300.0),
    ("AWS::Events::Connection", 15.0, 15.0, 15.0),
    ("AWS::Events::Rule", 30.0, 30.0, 10.0),
    ("AWS::IAM::ManagedPolicy", 15.0, 10.0, 10.0),
    ("AWS::IAM::Role", 17.0, 15.0, 10.0),
    ("AWS::Lambda::Function", 12.0, 12.0, 8.0),
    ("AWS::MSK::", 1_500.0, 900.0, 300.0),
    ("AWS::OpenSearchService::Domain", 1_200.0, 900.0, 600.0),
    ("AWS::Pipes::Pipe", 60.0, 60.0, 40.0),
    ("AWS::RDS::DBCluster", 120.0, 120.0, 120.0),
    ("AWS::RDS::DBInstance", 600.0, 300.0, 300.0),
    ("AWS::Redshift::Cluster", 300.0, 300.0, 300.0),
    ("AWS::S3::Bucket", 20.0, 15.0, 12.0),
    ("AWS::SNS::Topic", 12.0, 10.0, 12.0),
    // Known: see above.
    ("AWS::SQS::Queue", 65.0, 65.0, 65.0),
    ("AWS::SQS::QueueInlinePolicy", 7.0, 7.0, 7.0),
    ("AWS::SQS::QueuePolicy", 7.0, 7.0, 7.0),
    ("AWS::StepFunctions::StateMachine", 9.0, 9.0, 30.0),
];

/// About how long operations on a type take. None takes longer than its handler may.
pub(super) fn durations(type_name: &str, resource_type: Option<&ResourceType>) -> Durations {
    let fits = |row: &&(&str, f64, f64, f64)| {
        if row.0.ends_with("::") { type_name.starts_with(row.0) } else { type_name == row.0 }
    };
    let row = TABLE.iter().filter(fits).max_by_key(|row| row.0.len());
    let mut durations = row.map_or(OTHER, |(_, create, update, delete)| Durations {
        create: *create,
        update: *update,
        delete: *delete,
    });
    let Some(handlers) = resource_type.map(|resource_type| &resource_type.handlers) else { return durations };
    for (seconds, handler) in [
        (&mut durations.create, &handlers.create),
        (&mut durations.update, &handlers.update),
        (&mut durations.delete, &handlers.delete),
    ] {
        if let Some(handler) = handler {
            *seconds = seconds.min(f64::from(handler.timeout_minutes.max(1)) * 60.0);
        }
    }
    durations
}

/// About how long a create, an update and a delete of a type take.
#[must_use]
pub fn expected(type_name: &str, resource_type: Option<&ResourceType>) -> (Duration, Duration, Duration) {
    let Durations { create, update, delete } = durations(type_name, resource_type);
    let of = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    (of(create), of(update), of(delete))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Catalogue;

    #[test]
    fn the_table_is_of_types_that_exist() {
        let catalogue = Catalogue::bundled();
        for (name, ..) in TABLE {
            let exists = match name.ends_with("::") {
                true => catalogue.type_names().any(|known| known.starts_with(name)),
                false => catalogue.get(name).is_some(),
            };
            assert!(exists, "{name}");
        }
    }
}
