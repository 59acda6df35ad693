//! Permissions are widened before and narrowed after: while a rule turns from one target to another,
//! its role has to let it call both. An update of a policy that takes something away goes out twice
//! where somebody built on it changes in the same run: first with all that it said before, then, when
//! everybody has turned away, as it is declared.

//!
//! What a service would refuse isn't sent: where both together are more than it takes, that part goes out
//! once. A `Deny` isn't carried over, since it is no permission.

use crate::model::{Action, Json, Value};
use crate::plan::{Plan, ResourceChange};
use crate::schema::{TypeName, quotas};
use crate::state::State;

/// The properties with all that was recorded and isn't wanted any more; none if nothing is taken
/// away, or where the type has no statements that can be told apart. `beside` are the characters of
/// the role's inline policies that are other resources.
pub(super) fn widened(type_name: &TypeName, wanted: &Value, recorded: &Json, beside: usize) -> Option<Value> {
    let mut wide = wanted.to_json().filter(|wide| wide.is_object() && !wanted.has_secrets())?;
    let name = type_name.as_str();
    let document = |wide: &mut Json| join(&mut wide["PolicyDocument"], &recorded["PolicyDocument"]);
    let inline = |wide: &Json| inline(name, wide, None).saturating_add(beside) <= quotas::ROLE_INLINE;
    let grew = match name {
        "AWS::SQS::QueueInlinePolicy" => keep(&mut wide, document, |wide| {
            let document = &wide["PolicyDocument"];
            document.to_string().len() <= quotas::QUEUE_POLICY
                && statements(document).len() <= quotas::QUEUE_STATEMENTS
        }),
        "AWS::SNS::TopicInlinePolicy" => {
            keep(&mut wide, document, |wide| wide["PolicyDocument"].to_string().len() <= quotas::TOPIC_POLICY)
        }
        "AWS::IAM::ManagedPolicy" => {
            keep(&mut wide, document, |wide| characters(&wide["PolicyDocument"]) <= quotas::MANAGED_POLICY)
        }
        "AWS::IAM::RolePolicy" => keep(&mut wide, document, inline),
        "AWS::IAM::Role" => {
            let policies = keep(&mut wide, |wide| join_policies(wide, recorded), inline);
            let arns = |wide: &mut Json| add(&mut wide["ManagedPolicyArns"], &recorded["ManagedPolicyArns"]);
            let few = |wide: &Json| list(&wide["ManagedPolicyArns"]).len() <= quotas::ROLE_MANAGED;
            keep(&mut wide, arns, few) || policies
        }
        _ => false,
    };
    grew.then(|| Value::from(wide))
}

/// The characters of a role's inline policies that are other resources than this one: as they are and
/// as they will be, since any of them may come first.
pub(super) fn beside(plan: &Plan, state: &State, change: &ResourceChange) -> usize {
    let recorded = |change: &ResourceChange| {
        let address = change.moved_from.as_ref().unwrap_or(&change.address);
        state.resources.get(&change.address).or_else(|| state.resources.get(address))
    };
    let Some(role) = recorded(change).and_then(|own| own.declared["RoleName"].as_str()) else { return 0 };
    let of = |other: &ResourceChange| {
        let before = recorded(other).map(|recorded| &recorded.declared);
        let after = other.after.as_ref().filter(|_| other.action != Action::NoOp).and_then(Value::to_json);
        let after = after.as_ref().filter(|after| before != Some(after));
        let size =
            |json: Option<&Json>| json.map_or(0, |json| inline(other.type_name.as_str(), json, Some(role)));
        size(before).saturating_add(size(after))
    };
    plan.changes.iter().filter(|other| other.address != change.address).map(of).sum()
}

/// The characters of the inline policies that a resource gives its role, or only this role.
fn inline(type_name: &str, properties: &Json, role: Option<&str>) -> usize {
    let named = |name: &Json| role.is_none_or(|role| name == role);
    match type_name {
        "AWS::IAM::Role" if named(&properties["RoleName"]) => {
            list(&properties["Policies"]).iter().map(|one| characters(&one["PolicyDocument"])).sum()
        }
        "AWS::IAM::RolePolicy" if named(&properties["RoleName"]) => characters(&properties["PolicyDocument"]),
        "AWS::IAM::Policy" if list(&properties["Roles"]).iter().any(named) => {
            characters(&properties["PolicyDocument"])
        }
        _ => 0,
    }
}

fn characters(document: &Json) -> usize {
    if document.is_null() { 0 } else { document.to_string().chars().count() }
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

/// Makes a change that adds something and is still taken.
fn keep(wide: &mut Json, change: impl FnOnce(&mut Json) -> bool, fits: impl FnOnce(&Json) -> bool) -> bool {
    let mut changed = wide.clone();
    let kept = change(&mut changed) && fits(&changed);
    if kept {
        *wide = changed;
    }
    kept
}

/// A document's statements: one may stand without a list.
fn statements(document: &Json) -> &[Json] {
    match &document["Statement"] {
        Json::Array(all) => all,
        Json::Null => &[],
        one => std::slice::from_ref(one),
    }
}

/// The document gets what the other allows and it doesn't say itself.
fn join(document: &mut Json, recorded: &Json) -> bool {
    if !document.is_object() {
        return false;
    }
    // A name may stand in a document once, and says nothing of what is allowed.
    let nameless = |statement: &Json| {
        let mut statement = statement.clone();
        if let Json::Object(members) = &mut statement {
            members.remove("Sid");
        }
        statement
    };
    let mut all = statements(document).to_vec();
    let mut said: Vec<Json> = all.iter().map(nameless).collect();
    for allowed in statements(recorded).iter().filter(|one| one["Effect"] == "Allow").map(nameless) {
        if !said.contains(&allowed) {
            all.push(allowed.clone());
            said.push(allowed);
        }
    }
    let grew = all.len() > statements(document).len();
    if grew {
        document["Statement"] = Json::Array(all);
    }
    grew
}

/// A role's inline policies, by their names. One that goes keeps for now what it allows.
fn join_policies(wide: &mut Json, recorded: &Json) -> bool {
    let mut grew = false;
    for policy in list(&recorded["Policies"]) {
        let wanted = wide["Policies"].as_array_mut();
        let same =
            wanted.and_then(|all| all.iter_mut().find(|one| one["PolicyName"] == policy["PolicyName"]));
        grew |= match same.map(|same| same.get_mut("PolicyDocument")) {
            Some(Some(same)) => join(same, &policy["PolicyDocument"]),
            Some(None) => false,
            None => {
                let mut allowed = policy.clone();
                let document = allowed.get_mut("PolicyDocument").filter(|document| document.is_object());
                document.is_some_and(|document| {
                    document["Statement"] = Json::Array(Vec::new());
                    join(document, &policy["PolicyDocument"])
                }) && add(&mut wide["Policies"], &Json::Array(vec![allowed]))
            }
        };
    }
    grew
}

/// Adds what an array lacks; whether there was anything. What is something else isn't touched.
fn add(to: &mut Json, items: &Json) -> bool {
    let Some(items) = items.as_array() else { return false };
    if to.is_null() {
        *to = Json::Array(Vec::new());
    }
    let Some(to) = to.as_array_mut() else { return false };
    let before = to.len();
    for item in items {
        if !to.contains(item) {
            to.push(item.clone());
        }
    }
    to.len() > before
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const QUEUE: &str = "AWS::SQS::QueueInlinePolicy";

    fn of(type_name: &str, wanted: &Json, recorded: &Json) -> Option<Json> {
        widened(&TypeName::new(type_name), &Value::from(wanted.clone()), recorded, 0)?.to_json()
    }

    fn allow(who: &str) -> Json {
        json!({"Effect": "Allow", "Principal": who})
    }

    fn policy(statements: &Json) -> Json {
        json!({"Queue": "q", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}})
    }

    fn role(policies: &[(&str, Json)], arns: usize) -> Json {
        let one =
            |(name, all): &(&str, Json)| json!({"PolicyName": name, "PolicyDocument": {"Statement": all}});
        let arns: Vec<String> = (0..arns).map(|n| format!("{}-{n}", policies.len())).collect();
        json!({"Policies": policies.iter().map(one).collect::<Vec<_>>(), "ManagedPolicyArns": arns})
    }

    #[test]
    fn what_was_allowed_stays_until_everybody_has_turned_away() {
        let (a, b, c) = (allow("a"), allow("b"), allow("c"));
        assert_eq!(of(QUEUE, &policy(&json!([b])), &policy(&json!([a]))), Some(policy(&json!([b, a]))));
        assert_eq!(of(QUEUE, &policy(&json!([a, b])), &policy(&json!([a]))), None, "nothing is taken away");
        assert_eq!(of("AWS::SQS::Queue", &policy(&json!([b])), &policy(&json!([a]))), None);
        let goes = json!([c, {"Effect": "Deny", "Principal": "c"}]);
        let before = role(&[("p", json!([a])), ("q", goes), ("r", json!([{"Effect": "Deny"}]))], 1);
        let wide = of("AWS::IAM::Role", &role(&[("p", json!([b]))], 1), &before).expect("it is wider");
        assert_eq!(
            wide["Policies"],
            role(&[("p", json!([b, a])), ("q", json!([c]))], 0)["Policies"],
            "what goes keeps what it allows"
        );
        assert_eq!(wide["ManagedPolicyArns"], json!(["1-0", "3-0"]));
    }

    #[test]
    fn a_wide_document_has_no_name_twice_and_denies_nothing_that_is_no_longer_wanted() {
        let named = |sid: &str, who: &str| json!({"Sid": sid, "Effect": "Allow", "Principal": who});
        let deny = json!({"Sid": "No", "Effect": "Deny", "Principal": "*"});
        let wide = of(QUEUE, &policy(&json!([named("S", "b")])), &policy(&json!([named("S", "a"), deny])));
        assert_eq!(wide, Some(policy(&json!([named("S", "b"), allow("a")]))));
        let renamed = of(QUEUE, &policy(&json!([named("T", "a")])), &policy(&json!([named("S", "a")])));
        assert_eq!(renamed, None, "it allows the same under another name");
        assert_eq!(of(QUEUE, &policy(&json!([])), &policy(&json!([deny]))), None);
        let (one, other) = (policy(&allow("a")), policy(&allow("b")));
        assert_eq!(of(QUEUE, &other, &one), Some(policy(&json!([allow("b"), allow("a")]))));
        assert_eq!(of(QUEUE, &one, &policy(&json!([allow("a")]))), None);
    }

    #[test]
    fn what_a_service_would_not_take_together_is_not_joined() {
        let long = |length: usize| policy(&json!([allow(&"x".repeat(length))]));
        let kinds = [
            (QUEUE, quotas::QUEUE_POLICY),
            ("AWS::SNS::TopicInlinePolicy", quotas::TOPIC_POLICY),
            ("AWS::IAM::ManagedPolicy", quotas::MANAGED_POLICY),
            ("AWS::IAM::RolePolicy", quotas::ROLE_INLINE),
        ];
        for (kind, most) in kinds {
            let both = |length: usize| of(kind, &policy(&json!([allow("b")])), &long(length));
            let empty = both(1).expect("it is wider")["PolicyDocument"].to_string().len() - 1;
            assert!(both(most - empty).is_some(), "{kind}");
            assert_eq!(both(most - empty + 1), None, "{kind}");
        }
        let many = |from: usize, to: usize| {
            policy(&Json::Array((from..to).map(|number| allow(&number.to_string())).collect()))
        };
        assert!(of(QUEUE, &many(0, 10), &many(10, 20)).is_some());
        assert_eq!(of(QUEUE, &many(0, 10), &many(10, 21)), None, "too many statements");
        let role = |policies: &[(&str, Json)], arns| role(policies, arns);
        let (was, now) = ([("p", json!([allow("a")]))], [("p", json!([])), ("q", json!([]))]);
        let wide = of("AWS::IAM::Role", &role(&now, 6), &role(&was, 5)).expect("its policies are wider");
        assert_eq!(wide["ManagedPolicyArns"].as_array().map(Vec::len), Some(6), "ten are too few for all");
        let wide = of("AWS::IAM::Role", &role(&now, 6), &role(&was, 4)).expect("it is wider");
        assert_eq!(wide["ManagedPolicyArns"].as_array().map(Vec::len), Some(10));
        let kind = TypeName::new("AWS::IAM::Role");
        let beside = |size| widened(&kind, &Value::from(role(&now, 0)), &role(&was, 0), size).is_some();
        assert!(beside(10_000) && !beside(quotas::ROLE_INLINE - 10), "other policies of the role count");
    }
}
