//! Plans and progress for machines, in Terraform's shapes: `plan --json` is one document
//! (`format_version` 1.2), `apply --json` is lines.
//!
//! Nothing in it depends on the clock, and no secret is in it: where one would stand, it says
//! `(sensitive value)`, and `before_sensitive` and `after_sensitive` mark the place.

use super::plan::Whereabouts;
use super::progress::HowFar;
use crate::model::{Action, Json, Value};
use crate::plan::{Counts, OutputAction, OutputChange, Plan, ResourceChange, Sections, Why};
use serde_json::{Map, json};

/// Of the shape of the plan document.
pub const FORMAT_VERSION: &str = "1.2";
/// Of the shape of progress lines.
pub const UI_VERSION: &str = "1.2";
const PROVIDER: &str = "evstack/cloudcontrol";

/// The plan document. Its `evstack` object has the sections (`iam`, `calls`) and what `extra` holds
/// (`findings`, `permissions` when asked for, …); there is no `flow` in it yet.
#[must_use]
pub fn plan(plan: &Plan, sections: &Sections, at: &Whereabouts, extra: Map<String, Json>) -> Json {
    let mut own = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "stack": at.stack,
        "env": at.env,
        "account": at.account,
        "region": at.region,
        "cloud": at.cloud,
        "state": at.state,
        "unknowns": plan.unknowns,
        "iam": sections.iam,
        "replacements": plan.changes.iter().filter_map(replacement).collect::<Vec<_>>(),
        "drains": plan.all().filter_map(drain).collect::<Vec<_>>(),
        "data_loss": plan.all().filter_map(loss).collect::<Vec<_>>(),
    });
    if let Some(calls) = &sections.calls {
        own["calls"] = json!(calls);
    }
    if let Some(own) = own.as_object_mut() {
        own.extend(extra);
    }
    json!({
        "format_version": FORMAT_VERSION,
        "resource_changes": plan.all().map(resource_change).collect::<Vec<_>>(),
        "output_changes": plan.outputs.iter().map(|o| (o.name.clone(), output_change(o))).collect::<Map<_, _>>(),
        "applyable": !plan.is_empty(),
        "complete": !plan.partial,
        "errored": false,
        "evstack": own,
    })
}

/// Why a resource is replaced, or may have to be, and what follows from it.
fn replacement(change: &ResourceChange) -> Option<Json> {
    if change.causes.is_empty() && change.follows.is_empty() && !change.retained {
        return None;
    }
    let because = change.causes.iter().map(|cause| {
        let (why, words) = match &cause.why {
            Why::CreateOnly => ("create_only", None),
            Why::Trigger => ("replace_on_changes", None),
            Why::Found(words) => ("found_at_apply", Some(words)),
            Why::NoUpdate => ("no_update_handler", None),
            Why::OtherType => ("other_type", None),
            Why::MayBeCreateOnly => ("may_be_create_only", None),
        };
        json!({ "path": steps(&cause.path), "why": why, "words": words, "place": cause.place })
    });
    let follows = change
        .follows
        .iter()
        .map(|follow| json!({ "address": follow.address, "action": follow.action, "reads": follow.reads }));
    Some(json!({
        "address": change.address,
        "because": because.collect::<Vec<_>>(),
        "follows": follows.collect::<Vec<_>>(),
        "retained": change.retained,
    }))
}

fn loss(change: &ResourceChange) -> Option<Json> {
    let loss = change.loses()?;
    let (address, type_name, loses) = (&change.address, &change.type_name, &loss.loses);
    Some(json!({ "address": address, "type": type_name, "loses": loses }))
}

/// A queue that is drained before it goes, and for how many seconds at most.
fn drain(change: &ResourceChange) -> Option<Json> {
    Some(json!({ "address": change.address, "seconds": change.drain? }))
}

/// Several stacks' plans in one document.
#[must_use]
pub fn plans(documents: Vec<Json>) -> Json {
    json!({ "stacks": documents })
}

/// One entry of `resource_changes`.
#[must_use]
pub fn resource_change(change: &ResourceChange) -> Json {
    let mut entry = json!({
        "address": change.address,
        "mode": "managed",
        "type": change.type_name,
        "name": change.address.as_str().split_once('.').map_or("", |(_, name)| name),
        "provider_name": PROVIDER,
        "change": {
            "actions": actions(change),
            "before": before(change).as_ref().map_or(Json::Null, plain),
            "after": after(change).as_ref().map_or(Json::Null, plain),
            "after_unknown": after(change).as_ref().map_or(json!({}), unknown),
            "before_sensitive": before(change).as_ref().map_or(json!(false), sensitive),
            "after_sensitive": after(change).as_ref().map_or(json!(false), sensitive),
        },
    });
    if !change.replace_paths.is_empty() {
        entry["change"]["replace_paths"] = change.replace_paths.iter().map(|path| steps(path)).collect();
    }
    if let Some(identifier) = change.identifier.as_ref().filter(|_| change.action == Action::Import) {
        entry["change"]["importing"] = json!({ "id": identifier });
        if let Some(adoption) = &change.adoption {
            entry["change"]["importing"]["found_by"] = json!(adoption.by.word());
            entry["change"]["importing"]["unverified"] = json!(adoption.unverified);
        }
    }
    if let Some(reason) = change.reason {
        entry["action_reason"] = json!(reason);
    }
    // As Terraform names what isn't the resource of its address any more.
    if let Some(identifier) = change.identifier.as_ref().filter(|_| change.is_leftover()) {
        entry["deposed"] = json!(identifier);
    }
    if change.updates > 1 {
        entry["evstack_updates"] = change.updates.into();
    }
    if let Some(from) = &change.moved_from {
        entry["previous_address"] = json!(from);
    }
    entry
}

/// What is there, and what was computed with it.
fn before(change: &ResourceChange) -> Option<Value> {
    let mut before = change.before.clone()?;
    if let Value::Object(members) = &mut before {
        members.extend(change.computed_before.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    Some(before)
}

/// What is wanted, and what would be computed with it.
fn after(change: &ResourceChange) -> Option<Value> {
    let mut after = change.after.clone()?;
    if let Value::Object(members) = &mut after {
        members.extend(change.computed.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    Some(after)
}

fn actions(change: &ResourceChange) -> Json {
    match change.action {
        Action::NoOp => json!(["no-op"]),
        Action::Create => json!(["create"]),
        Action::Update => json!(["update"]),
        Action::Delete => json!(["delete"]),
        Action::DeleteThenCreate => json!(["delete", "create"]),
        Action::CreateThenDelete if change.retained => json!(["create", "forget"]),
        Action::CreateThenDelete => json!(["create", "delete"]),
        Action::Import if change.diff.is_empty() => json!(["no-op"]),
        Action::Import => json!(["update"]),
        Action::Forget => json!(["forget"]),
    }
}

fn output_change(output: &OutputChange) -> Json {
    let action = match output.action {
        OutputAction::NoOp => "no-op",
        OutputAction::Create => "create",
        OutputAction::Update => "update",
        OutputAction::Delete => "delete",
    };
    json!({
        "actions": [action],
        "before": output.before.as_ref().map_or(Json::Null, plain),
        "after": output.after.as_ref().map_or(Json::Null, plain),
        "after_unknown": output.after.as_ref().map_or(json!(false), unknown),
        "before_sensitive": output.before.as_ref().is_some_and(Value::has_secrets),
        "after_sensitive": output.after.as_ref().is_some_and(Value::has_secrets),
    })
}

/// Without what isn't known: members are left out, items are null.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Sensitive(_) => json!("(sensitive value)"),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            let known = members.iter().filter(|(_, v)| !matches!(v, Value::Unknown(_)));
            Json::Object(known.map(|(k, v)| (k.clone(), plain(v))).collect())
        }
        other => other.to_json().unwrap_or_default(),
    }
}

fn unknown(value: &Value) -> Json {
    marks(value, &|v| matches!(v.reveal(), Value::Unknown(_)))
}

fn sensitive(value: &Value) -> Json {
    marks(value, &|v| matches!(v, Value::Sensitive(_)))
}

/// `true` where a value is so; objects leave out what isn't, arrays keep the place.
fn marks(value: &Value, is_so: &dyn Fn(&Value) -> bool) -> Json {
    if is_so(value) {
        return json!(true);
    }
    match value {
        Value::Array(items) => items.iter().map(|v| marks(v, is_so)).collect(),
        Value::Object(members) => {
            let all = members.iter().map(|(k, v)| (k.clone(), marks(v, is_so)));
            Json::Object(all.filter(|(_, mark)| *mark != json!(false)).collect())
        }
        _ => json!(false),
    }
}

fn steps(path: &[String]) -> Json {
    path.iter().map(|name| name.parse::<u64>().map_or_else(|_| json!(name), |index| json!(index))).collect()
}

/// One progress line. `fields` are what its type carries.
#[must_use]
pub fn line(kind: &str, message: &str, fields: Json) -> Json {
    let level = if kind == "apply_errored" { "error" } else { "info" };
    let mut line = json!({
        "@level": level,
        "@message": message,
        "@module": "evstack.ui",
        "type": kind,
    });
    if let (Some(line), Json::Object(fields)) = (line.as_object_mut(), fields) {
        line.extend(fields);
    }
    line
}

/// How a resource is named in progress lines.
#[must_use]
pub fn resource(address: &str, type_name: &str) -> Json {
    json!({
        "addr": address,
        "module": "",
        "resource": address,
        "implied_provider": PROVIDER,
        "resource_type": type_name,
        "resource_name": address.split_once('.').map_or("", |(_, name)| name),
        "resource_key": null,
    })
}

/// `planned_change` lines, then `change_summary`.
#[must_use]
pub fn planned(plan: &Plan) -> Vec<Json> {
    let mut lines: Vec<Json> = plan.all().filter(|c| !c.is_no_op()).map(planned_change).collect();
    lines.push(change_summary(plan.counts(), "plan"));
    lines
}

fn planned_change(change: &ResourceChange) -> Json {
    let action = match change.action {
        Action::DeleteThenCreate | Action::CreateThenDelete => "replace",
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Import => "import",
        Action::Forget => "forget",
        Action::NoOp => "move",
    };
    let mut fields = json!({
        "change": { "resource": resource(change.address.as_str(), change.type_name.as_str()), "action": action }
    });
    if let Some(reason) = change.reason {
        let word = json!(reason);
        let short = word.as_str().and_then(|w| w.strip_prefix("replace_because_")).map(str::to_owned);
        fields["change"]["reason"] = short.map_or(word, Json::String);
    }
    line("planned_change", &format!("{}: Plan to {action}", change.address), fields)
}

/// `operation` is `plan`, `apply`, `destroy`, `revert` or `rollback`.
#[must_use]
pub fn change_summary(counts: Counts, operation: &str) -> Json {
    let message = match operation {
        "apply" => super::progress::apply_complete(counts),
        "destroy" => super::progress::destroy_complete(counts),
        "revert" => super::progress::revert_complete(counts),
        "rollback" => super::progress::rollback_complete(counts),
        _ => format!(
            "Plan: {} to add, {} to change, {} to destroy.",
            counts.add, counts.change, counts.destroy
        ),
    };
    let changes = json!({
        "add": counts.add,
        "change": counts.change,
        "import": counts.import,
        "remove": counts.destroy,
        "operation": operation,
    });
    line("change_summary", message.trim_end(), json!({ "changes": changes }))
}

/// The last line of a run that isn't complete, in place of a `change_summary`: what was done until then,
/// and what became of the rest.
#[must_use]
pub fn incomplete(how_far: &HowFar, operation: &str) -> Json {
    let counts = how_far.counts;
    let changes = json!({
        "add": counts.add,
        "change": counts.change,
        "import": counts.import,
        "remove": counts.destroy,
        "failed": how_far.failed,
        "cancelled": how_far.cancelled,
        "still_running": how_far.still_running,
        "unfinished": how_far.unfinished,
        "not_started": how_far.not_started,
        "interrupted": how_far.interrupted,
        "operation": operation,
    });
    let message = super::progress::incomplete(how_far, operation);
    let mut line = line("incomplete_summary", &message, json!({ "changes": changes }));
    line["@level"] = "error".into();
    line
}

/// The `outputs` line of an apply.
#[must_use]
pub fn outputs(outputs: &[(String, Value)]) -> Json {
    let members: Map<String, Json> = outputs
        .iter()
        .map(|(name, value)| {
            let sensitive = value.has_secrets();
            let shown = if sensitive { Json::Null } else { value.to_json().unwrap_or_default() };
            (name.clone(), json!({ "sensitive": sensitive, "value": shown }))
        })
        .collect();
    line("outputs", &format!("Outputs: {}", members.len()), json!({ "outputs": members }))
}
