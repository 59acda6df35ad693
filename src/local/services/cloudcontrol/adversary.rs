//! What goes wrong in Cloud Control, as the profile has it: calls and handlers that are throttled,
//! handlers that fail before or after they did their work, operations that take their time. Every
//! choice is the seed's, and everything is counted.

use super::model::{Operation, Request};
use crate::local::clock::Time;
use crate::local::fault::Fault;
use crate::local::profile::{Misbehaviour, OperationTimes};
use crate::local::services::Scope;
use crate::local::services::resource::HandlerFault;
use crate::local::world::World;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Refuses the call, if it is one too many. One refusal has four forms: its own; the general fault
/// that users of Cloud Control have met; and what the services below answer, which comes through with
/// their own code and status (Amazon API Gateway: 429; Amazon EC2 API Reference, "Common errors": 503).
pub(super) fn throttle(world: &mut World, scope: &Scope) -> Result<(), Fault> {
    let beyond = world.profile.throttle_rate.is_some_and(|rate| {
        let (rate, burst) = (f64::from(rate.per_second.get()), f64::from(rate.burst.get()));
        !world.services.cloudcontrol.buckets.take(scope, rate, burst, world.now)
    });
    if !beyond && !world.profile.throttle.happens(&mut world.rng) {
        return Ok(());
    }
    let (misbehaviour, status, code, message) = match world.rng.below(4) {
        0 => (Misbehaviour::ThrottledCall, 400, "ThrottlingException", "Rate exceeded"),
        1 => (Misbehaviour::ThrottledAsGeneral, 400, "GeneralServiceException", "Rate exceeded"),
        2 => (Misbehaviour::Throttled429, 429, "TooManyRequestsException", "Too Many Requests"),
        _ => (Misbehaviour::Throttled503, 503, "RequestLimitExceeded", "Request limit exceeded."),
    };
    world.counts.add(misbehaviour);
    Err(Fault { status, code: code.to_owned(), message: message.to_owned() })
}

/// A bucket of requests for each account and region: full at first, and filled again at its rate.
#[derive(Debug, Default)]
pub(super) struct Buckets(HashMap<Scope, Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Time,
}

impl Buckets {
    /// More than anybody has accounts; a full one more is as good as an old one.
    const MOST: usize = 1024;

    /// Takes a request out; false when there is none.
    fn take(&mut self, scope: &Scope, rate: f64, burst: f64, now: Time) -> bool {
        if self.0.len() >= Self::MOST && !self.0.contains_key(scope) {
            self.0.clear();
        }
        let bucket = self.0.entry(scope.clone()).or_insert(Bucket { tokens: burst, filled: now });
        let passed = bucket.filled.until(now).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * rate).min(burst);
        bucket.filled = now;
        let enough = bucket.tokens >= 1.0;
        if enough {
            bucket.tokens -= 1.0;
        }
        enough
    }
}

/// How long an operation takes that begins now.
pub(super) fn duration(world: &mut World, type_name: &str, operation: Operation) -> Duration {
    let times = world.profile.operations.get(type_name).copied().unwrap_or_default();
    let OperationTimes { create, update, delete } = times;
    let own = match operation {
        Operation::Create => create,
        Operation::Update => update,
        Operation::Delete => delete,
    };
    own.unwrap_or(world.profile.latency).draw(&mut world.rng)
}

/// When to ask again about an operation that ends then: at its end, or sooner.
pub(super) fn retry_after(world: &mut World, ends: Time) -> Time {
    let hint = world.profile.retry_after;
    if hint.is_none() { ends } else { ends.min(world.now.after(hint.draw(&mut world.rng))) }
}

/// Names another moment for a request that is still under way after the one that was named.
pub(super) fn put_off(world: &mut World, scope: &Scope, token: &str) {
    let now = world.now;
    let early =
        |request: &&Arc<Request>| request.retry_after.is_some_and(|named| named <= now) && now < request.ends;
    let Some(request) = world.services.cloudcontrol.get(scope, token).filter(early).cloned() else { return };
    let next = Some(retry_after(world, request.ends));
    if request.retry_after < next {
        world.counts.add(Misbehaviour::EarlyRetryAfter);
        world.services.cloudcontrol.put(Request { retry_after: next, ..Request::clone(&request) });
    }
}

/// Fails an operation before its handler has done anything, if it is its turn. The words are those
/// of CloudFormation's handler framework (cloudformation-cli-java-plugin, `ExceptionMessages`) and of
/// the services' SDKs.
pub(super) fn before(world: &mut World, request: &Request) -> Result<(), HandlerFault> {
    let operation = request.operation.as_str();
    if world.profile.throttled_operations.happens(&mut world.rng) {
        let service = request.type_name.split("::").nth(1).unwrap_or_default();
        let sdk = |message: &str, code: &str, status: u16| {
            format!("{message} (Service: {service}, Status Code: {status}; Error Code: {code})")
        };
        let (misbehaviour, code, message) = match world.rng.below(4) {
            0 => {
                let message = format!("Rate exceeded for operation '{operation}'.");
                (Misbehaviour::ThrottledOperation, "Throttling", message)
            }
            form => {
                let message = match form {
                    1 => sdk("Rate exceeded", "Throttling", 400),
                    2 => sdk("Request was denied due to request throttling", "ThrottlingException", 400),
                    _ => sdk("Too Many Requests", "TooManyRequestsException", 429),
                };
                (Misbehaviour::ThrottledOperationAsGeneral, "GeneralServiceException", message)
            }
        };
        world.counts.add(misbehaviour);
        return Err(HandlerFault::new(code, message));
    }
    if world.profile.faults_before.happens(&mut world.rng) {
        world.counts.add(Misbehaviour::FailedBefore);
        let fault = failure(world, request, BEFORE);
        return Err(fault);
    }
    Ok(())
}

/// Fails an operation whose handler has done its work, if it is its turn.
pub(super) fn after(world: &mut World, request: &Request) -> Result<(), HandlerFault> {
    if !world.profile.faults_after.happens(&mut world.rng) {
        return Ok(());
    }
    world.counts.add(Misbehaviour::FailedAfter);
    if request.operation == Operation::Create {
        world.counts.add(Misbehaviour::Remnant);
    }
    Err(failure(world, request, AFTER))
}

/// What a handler may say before it has made anything.
const BEFORE: &[&str] = &[
    "InternalFailure",
    "ServiceInternalError",
    "GeneralServiceException",
    "NetworkFailure",
    "ServiceTimeout",
    "ResourceConflict",
];
/// What a handler may say when it has, and didn't see it settle.
const AFTER: &[&str] =
    &["NotStabilized", "InternalFailure", "ServiceInternalError", "NetworkFailure", "ServiceTimeout"];

fn failure(world: &mut World, request: &Request, codes: &[&'static str]) -> HandlerFault {
    let code = codes.get(world.rng.below(codes.len())).copied().unwrap_or("InternalFailure");
    let (type_name, operation) = (&request.type_name, request.operation.as_str());
    let identifier = request.identifier.as_deref().unwrap_or("null");
    let message = match code {
        "ServiceInternalError" => {
            format!("Internal error reported from downstream service during operation '{operation}'.")
        }
        "GeneralServiceException" => format!("Error occurred during operation '{operation}'."),
        "NetworkFailure" => format!("Network failure occurred during operation '{operation}'."),
        "ResourceConflict" => format!(
            "Resource of type '{type_name}' with identifier '{identifier}' has a conflict. Reason: another \
             operation is in progress."
        ),
        "NotStabilized" => {
            format!("Resource of type '{type_name}' with identifier '{identifier}' did not stabilize.")
        }
        "ServiceTimeout" => "Exceeded attempts to wait".to_owned(),
        _ => "Internal error occurred.".to_owned(),
    };
    HandlerFault::new(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let (mut buckets, mut now) = (Buckets::default(), Time(1_000));
        let scope = |account: &str| Scope { account: account.into(), region: "us-east-1".into() };
        let given = |buckets: &mut Buckets, now| {
            (0..100).filter(|_| buckets.take(&scope("1"), 5.0, 10.0, now)).count()
        };
        assert_eq!(given(&mut buckets, now), 10);
        assert!(buckets.take(&scope("2"), 5.0, 10.0, now), "another account has its own");
        now = now.after(Duration::from_secs(1));
        assert_eq!(given(&mut buckets, now), 5);
        now = now.after(Duration::from_hours(1));
        assert_eq!(given(&mut buckets, now), 10);
    }
}
