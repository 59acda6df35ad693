//! What IAM takes as a policy document, and what it calls wrong in one.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language"; the words are those that
//! CreateRole, PutRolePolicy and CreatePolicy answer (MalformedPolicyDocument).

use crate::local::services::refusal::Refusal;
use serde_json::{Map, Value as Json};

/// The longest inline policies of one entity together, and the longest managed policy, in
/// characters without white space (IAM User Guide, "IAM and AWS STS quotas").
pub(super) const ROLE_INLINE: usize = 10_240;
pub(super) const USER_INLINE: usize = 2_048;
pub(super) const GROUP_INLINE: usize = 5_120;
pub(super) const MANAGED: usize = 6_144;

/// What the actions of a trust policy may be.
const TRUST_ACTIONS: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

const STATEMENT: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn malformed(words: impl Into<String>) -> Refusal {
    Refusal::new("MalformedPolicyDocument", 400, words)
}

fn syntax() -> Refusal {
    malformed("Syntax errors in policy.")
}

/// The document as an object, whether it came as one or as its text.
pub(super) fn parsed(document: &Json) -> Result<Json, Refusal> {
    let parsed = match document {
        Json::String(text) => {
            serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?
        }
        other => other.clone(),
    };
    if parsed.is_object() { Ok(parsed) } else { Err(syntax()) }
}

/// Characters without white space between the tokens, as IAM counts them.
pub(super) fn size(document: &Json) -> usize {
    document.to_string().chars().count()
}

/// Checks a policy that is attached to a user, a group or a role.
pub(super) fn check_identity(document: &Json) -> Result<(), Refusal> {
    for statement in statements(document)? {
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(malformed("Policy document should not specify a principal."));
        }
        check_statement(statement)?;
        let Some(resources) = statement.get("Resource").or(statement.get("NotResource")) else {
            return Err(malformed("Policy statement must contain resources."));
        };
        let resources = several(resources)?;
        if resources.is_empty() {
            return Err(malformed("Policy statement must contain resources."));
        }
        if let Some(wrong) = resources.iter().find(|r| **r != "*" && !r.starts_with("arn:")) {
            return Err(malformed(format!("Resource {wrong} must be in ARN format or \"*\".")));
        }
    }
    Ok(())
}

/// Checks a role's trust policy; `exists` tells whether a user or role of this account is there.
pub(super) fn check_trust(document: &Json, exists: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    for statement in statements(document)? {
        check_statement(statement)?;
        for field in ["Resource", "NotResource"] {
            if statement.contains_key(field) {
                return Err(malformed(format!("Has prohibited field {field}")));
            }
        }
        let actions = several(statement.get("Action").or(statement.get("NotAction")).unwrap_or(&Json::Null))?;
        let assumes = |action: &&str| TRUST_ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action));
        if !actions.iter().all(assumes) {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
        let Some(principal) = statement.get("Principal").or(statement.get("NotPrincipal")) else {
            return Err(malformed("Trust Policy statement must contain principals."));
        };
        check_principal(principal, exists)?;
    }
    Ok(())
}

fn check_principal(principal: &Json, exists: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
    let invalid =
        |kind: &str, who: &str| malformed(format!("Invalid principal in policy: \"{kind}\":\"{who}\""));
    let kinds = match principal {
        Json::String(anybody) if anybody == "*" => return Ok(()),
        Json::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(syntax()),
    };
    for (kind, who) in kinds {
        for who in several(who)? {
            let allowed = match kind.as_str() {
                "AWS" => aws_principal(who, exists),
                "Service" => who.ends_with(".amazonaws.com") || who.ends_with(".amazonaws.com.cn"),
                "Federated" | "CanonicalUser" => !who.is_empty(),
                _ => return Err(syntax()),
            };
            if !allowed {
                let kind = if kind == "Service" { "SERVICE" } else { kind };
                return Err(invalid(kind, who));
            }
        }
    }
    Ok(())
}

/// Everybody, an account, or a user or a role that is there.
fn aws_principal(who: &str, exists: &dyn Fn(&str) -> bool) -> bool {
    let account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if who == "*" || account(&who.replace('-', "")) {
        return true;
    }
    let mut parts = who.splitn(6, ':');
    let (Some("arn"), Some(_), Some(service), Some(""), Some(of), Some(rest)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let named = rest == "root" || rest.starts_with("user/") || rest.starts_with("role/");
    let session =
        service == "sts" && (rest.starts_with("assumed-role/") || rest.starts_with("federated-user/"));
    let shaped = account(of) && !rest.contains(['*', '?']) && (session || (service == "iam" && named));
    shaped && (session || rest == "root" || exists(who))
}

/// The statements, each an object.
fn statements(document: &Json) -> Result<Vec<&Map<String, Json>>, Refusal> {
    let members = document.as_object().ok_or_else(syntax)?;
    if members.keys().any(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
        return Err(syntax());
    }
    if members.get("Version").is_some_and(|v| v != "2012-10-17" && v != "2008-10-17") {
        return Err(syntax());
    }
    let statements: Vec<&Json> = match members.get("Statement") {
        Some(Json::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
        Some(one @ Json::Object(_)) => vec![one],
        _ => return Err(syntax()),
    };
    let mut sids = Vec::new();
    let mut read = Vec::new();
    for statement in statements {
        let statement = statement.as_object().ok_or_else(syntax)?;
        match statement.get("Sid") {
            None => {}
            Some(Json::String(sid)) => {
                if !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    let words = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
                    return Err(malformed(words));
                }
                if !sid.is_empty() && sids.contains(&sid.as_str()) {
                    return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
                }
                sids.push(sid.as_str());
            }
            Some(_) => return Err(syntax()),
        }
        read.push(statement);
    }
    Ok(read)
}

/// What holds for every statement.
fn check_statement(statement: &Map<String, Json>) -> Result<(), Refusal> {
    if statement.keys().any(|key| !STATEMENT.contains(&key.as_str())) {
        return Err(syntax());
    }
    for (one, other) in [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")]
    {
        if statement.contains_key(one) && statement.contains_key(other) {
            return Err(syntax());
        }
    }
    match statement.get("Effect") {
        Some(effect) if effect == "Allow" || effect == "Deny" => {}
        Some(Json::String(_)) => return Err(malformed("The policy failed legacy parsing")),
        _ => return Err(syntax()),
    }
    let none = || malformed("Policy statement must contain actions.");
    let actions = several(statement.get("Action").or(statement.get("NotAction")).ok_or_else(none)?)?;
    if actions.is_empty() {
        return Err(none());
    }
    if actions.iter().any(|action| *action != "*" && !action.contains(':')) {
        let words = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        return Err(malformed(words));
    }
    let conditions = statement.get("Condition");
    let mappings = |value: &Json| value.as_object().is_some_and(|o| o.values().all(Json::is_object));
    if conditions.is_some_and(|conditions| !mappings(conditions)) {
        return Err(syntax());
    }
    Ok(())
}

/// A text, or a list of texts.
fn several(value: &Json) -> Result<Vec<&str>, Refusal> {
    match value {
        Json::String(one) => Ok(vec![one]),
        Json::Array(values) => values.iter().map(|v| v.as_str().ok_or_else(syntax)).collect(),
        _ => Err(syntax()),
    }
}

#[cfg(test)]
mod tests {
    use super::{check_identity, check_trust};
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn words(result: Result<(), super::Refusal>) -> String {
        result.err().map(|refusal| refusal.message).unwrap_or_default()
    }

    #[test]
    fn mistakes_in_an_identity_policy_have_iams_words() {
        let with = |statement: Json| json!({"Version": "2012-10-17", "Statement": [statement]});
        let full = json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"});
        let but = |name: &str, value: Json| {
            let mut statement = full.clone();
            statement[name] = value;
            with(statement)
        };
        assert_eq!(words(check_identity(&with(full.clone()))), "");
        assert_eq!(words(check_identity(&json!({"Statement": full}))), "");
        for (document, expected) in [
            (json!({}), "Syntax errors in policy."),
            (json!({"Statement": []}), "Syntax errors in policy."),
            (json!({"Version": "2020-01-01", "Statement": full}), "Syntax errors in policy."),
            (but("Effect", json!("allow")), "The policy failed legacy parsing"),
            (but("Action", json!([])), "Policy statement must contain actions."),
            (but("Action", json!("SendMessage")), "Actions/Conditions must be prefaced by a vendor"),
            (but("Resource", json!("orders")), "Resource orders must be in ARN format or \"*\"."),
            (but("Resources", json!("*")), "Syntax errors in policy."),
            (but("NotAction", json!("a:b")), "Syntax errors in policy."),
            (but("Principal", json!("*")), "Policy document should not specify a principal."),
            (but("Sid", json!("a b")), "Statement IDs (SID) must be alpha-numeric."),
        ] {
            assert!(words(check_identity(&document)).starts_with(expected), "{document}");
        }
    }

    #[test]
    fn mistakes_in_a_trust_policy_have_iams_words() {
        let with = |principal: Json| json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
        let exists = |arn: &str| arn == "arn:aws:iam::000000000000:role/there";
        for principal in [
            json!("*"),
            json!({"Service": "pipes.amazonaws.com"}),
            json!({"AWS": ["000000000000", "arn:aws:iam::123456789012:root"]}),
            json!({"AWS": "arn:aws:iam::000000000000:role/there"}),
        ] {
            assert_eq!(words(check_trust(&with(principal.clone()), &exists)), "", "{principal}");
        }
        for (principal, expected) in [
            (json!({"Service": "pipes"}), "Invalid principal in policy: \"SERVICE\":\"pipes\""),
            (
                json!({"AWS": "arn:aws:iam::000000000000:role/gone"}),
                "Invalid principal in policy: \"AWS\":\"arn:aws:iam::000000000000:role/gone\"",
            ),
            (json!({"AWS": "arn:aws:iam::000000000000:role/*"}), "Invalid principal in policy: \"AWS\":"),
            (json!([]), "Syntax errors in policy."),
        ] {
            assert!(words(check_trust(&with(principal), &exists)).starts_with(expected), "{expected}");
        }
        let mut other = with(json!("*"));
        other["Statement"][0]["Action"] = json!("sts:*");
        assert_eq!(
            words(check_trust(&other, &exists)),
            "AssumeRole policy may only specify STS AssumeRole actions."
        );
        other["Statement"][0]["Action"] = json!("sts:AssumeRole");
        other["Statement"][0]["Resource"] = json!("*");
        assert_eq!(words(check_trust(&other, &exists)), "Has prohibited field Resource");
    }

    proptest! {
        #[test]
        fn nothing_written_is_too_odd(text in "[{}\\[\\]\":,a-zA-Z*]{0,60}") {
            let document: Json = serde_json::from_str(&text).unwrap_or(Json::String(text));
            let _ = super::parsed(&document).and_then(|d| check_identity(&d));
            let _ = check_trust(&document, &|_| true);
        }
    }
}
