//! Permissions are widened before and narrowed after: while a rule turns from one target to another,
//! its role has to let it call both. An update of a policy that takes something away goes out twice
//! where somebody built on it changes in the same run: first with all that it said before, then, when
//! everybody has turned away, as it is declared.

use crate::model::{Json, Value};
use crate::schema::TypeName;

/// Role: inline policies have at most 10,240 characters together (IAM User Guide, "IAM and STS
/// quotas"); a queue's or a topic's policy is refused later than this.
const LONGEST: usize = 10_000;

/// The properties with all that was recorded and isn't wanted any more; none if nothing is taken
/// away, or where the type has no statements that can be told apart.
pub(super) fn widened(type_name: &TypeName, wanted: &Value, recorded: &Json) -> Option<Value> {
    let mut wide = wanted.to_json().filter(|_| !wanted.has_secrets())?;
    let grew = match type_name.as_str() {
        "AWS::SQS::QueueInlinePolicy"
        | "AWS::SNS::TopicInlinePolicy"
        | "AWS::IAM::RolePolicy"
        | "AWS::IAM::ManagedPolicy" => join(&mut wide["PolicyDocument"], &recorded["PolicyDocument"]),
        "AWS::IAM::Role" => {
            let policies = join_policies(&mut wide, recorded);
            add(&mut wide["ManagedPolicyArns"], &recorded["ManagedPolicyArns"]) || policies
        }
        _ => false,
    };
    if let Json::Object(members) = &mut wide {
        members.retain(|_, member| !member.is_null());
    }
    (grew && wide.to_string().len() <= LONGEST).then(|| Value::from(wide))
}

/// The statements of one document that the other lacks.
fn join(document: &mut Json, recorded: &Json) -> bool {
    document.is_object() && add(&mut document["Statement"], &recorded["Statement"])
}

/// A role's inline policies, by their names. One that goes stays whole for now.
fn join_policies(wide: &mut Json, recorded: &Json) -> bool {
    let mut grew = false;
    for policy in recorded["Policies"].as_array().into_iter().flatten() {
        let wanted = wide["Policies"].as_array_mut();
        let same =
            wanted.and_then(|all| all.iter_mut().find(|one| one["PolicyName"] == policy["PolicyName"]));
        grew |= match same {
            Some(same) => join(&mut same["PolicyDocument"], &policy["PolicyDocument"]),
            None => add(&mut wide["Policies"], &Json::Array(vec![policy.clone()])),
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

    fn of(type_name: &str, wanted: &Json, recorded: &Json) -> Option<Json> {
        widened(&TypeName::new(type_name), &Value::from(wanted.clone()), recorded)?.to_json()
    }

    #[test]
    fn what_was_allowed_stays_until_everybody_has_turned_away() {
        let document = |all: &[&str]| json!({"Version": "2012-10-17", "Statement": all});
        let queue = |all: &[&str]| json!({"Queue": "q", "PolicyDocument": document(all)});
        let kind = "AWS::SQS::QueueInlinePolicy";
        assert_eq!(of(kind, &queue(&["b"]), &queue(&["a"])), Some(queue(&["b", "a"])));
        assert_eq!(of(kind, &queue(&["a", "b"]), &queue(&["a"])), None, "nothing is taken away");
        assert_eq!(of("AWS::SQS::Queue", &queue(&["b"]), &queue(&["a"])), None);
        let role = |policies: &[(&str, &str)]| {
            let policies = policies.iter();
            let one =
                |(name, one): &(&str, &str)| json!({"PolicyName": name, "PolicyDocument": document(&[one])});
            json!({"RoleName": "r", "Policies": policies.map(one).collect::<Vec<_>>()})
        };
        let wide = of("AWS::IAM::Role", &role(&[("p", "b")]), &role(&[("p", "a"), ("q", "c")]));
        let wide = wide.expect("it is wider");
        assert_eq!(wide["Policies"][0]["PolicyDocument"], document(&["b", "a"]));
        assert_eq!(wide["Policies"][1]["PolicyName"], "q");
        let longest = "x".repeat(LONGEST);
        assert_eq!(of(kind, &queue(&["b"]), &queue(&[&longest])), None, "no service takes it");
    }
}
