//! GetResourceRequestStatus, ListResourceRequests, CancelResourceRequest.

use super::super::finish::Work;
use super::super::input::{self, Members};
use super::super::model::Status;
use super::super::{adversary, fault};
use super::read::page;
use crate::local::clock::Time;
use crate::local::fault::Fault;
use crate::local::services::{self, Scope};
use crate::local::world::World;
use serde_json::{Value as Json, json};

/// GetResourceRequestStatus. No hooks are registered here, so none was invoked.
pub(crate) fn status(world: &mut World, input: &Json, scope: &Scope) -> Result<Json, Fault> {
    let mut members = Members::of(input);
    let token = members.required(&input::REQUEST_TOKEN)?;
    members.end()?;
    adversary::put_off(world, scope, token);
    let request = world.services.cloudcontrol.get(scope, token);
    let request = request.ok_or_else(|| fault::request_token_not_found(token))?;
    Ok(json!({ "ProgressEvent": request.event(true), "HooksProgressEvent": [] }))
}

/// ListResourceRequests, newest first.
pub(crate) fn list_requests(world: &mut World, input: &Json, scope: &Scope) -> Result<Json, Fault> {
    const FILTER: &str = "ResourceRequestStatusFilter";
    let mut members = Members::of(input);
    let limit = members.max_results()?;
    let after = members.optional(&input::NEXT_TOKEN)?;
    let operations = members.names(FILTER, "Operations", &["CREATE", "DELETE", "UPDATE"])?;
    let statuses = members.names(
        FILTER,
        "OperationStatuses",
        &["PENDING", "IN_PROGRESS", "SUCCESS", "FAILED", "CANCEL_IN_PROGRESS", "CANCEL_COMPLETE"],
    )?;
    members.end()?;
    let after = after.map(position).transpose()?;
    let passes = |names: &[&str], name: &str| names.is_empty() || names.contains(&name);
    let mut found = world.services.cloudcontrol.newest_first(scope, after).filter(|request| {
        passes(&operations, request.operation.as_str()) && passes(&statuses, request.status.as_str())
    });
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let summaries: Vec<Json> = page.iter().map(|request| request.event(false)).collect();
    let mut answer = json!({ "ResourceRequestStatusSummaries": summaries });
    if let (Some(last), true) = (page.last(), found.next().is_some()) {
        answer["NextToken"] = json!(page::encode(&format!("{} {}", last.began.0, last.token)));
    }
    Ok(answer)
}

/// CancelResourceRequest.
pub(crate) fn cancel(world: &mut World, input: &Json, scope: &Scope) -> Result<Json, Fault> {
    let mut members = Members::of(input);
    let token = members.required(&input::REQUEST_TOKEN)?;
    members.end()?;
    let request = world.services.cloudcontrol.get(scope, token).cloned();
    let request = request.ok_or_else(|| fault::request_token_not_found(token))?;
    if !matches!(request.status, Status::Pending | Status::InProgress) {
        return Err(fault::not_cancellable(token, request.status.as_str()));
    }
    let mut request = (*request).clone();
    request.status = Status::CancelInProgress;
    request.event_time = world.now;
    request.retry_after = Some(world.now);
    let event = request.event(true);
    world.services.cloudcontrol.put(request);
    world.schedule(world.now, services::Work::CloudControl(Work::Cancel { token: token.to_owned() }));
    Ok(json!({ "ProgressEvent": event }))
}

/// Where the last page of requests ended.
fn position(token: &str) -> Result<(Time, String), Fault> {
    let text = page::decode(token)?;
    let place =
        text.split_once(' ').and_then(|(time, token)| Some((Time(time.parse().ok()?), token.to_owned())));
    place.ok_or_else(|| fault::invalid_request("Invalid NextToken"))
}
