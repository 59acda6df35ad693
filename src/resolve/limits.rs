//! Sizes that services limit and schemas don't: IAM's policies, EventBridge's patterns.
//!
//! Counted is JSON without white space. What isn't known yet counts nothing: what is too long without
//! it is too long with it. Sources: IAM User Guide, "IAM and AWS STS quotas"; Amazon EventBridge User
//! Guide, "Amazon EventBridge quotas"; the service model of EventBridge.

use super::schemas::HOLE;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Address, Desired, Json};
use crate::schema::quotas;
use std::collections::BTreeMap;

/// A type's property with a limit of its own.
struct Limit {
    type_name: &'static str,
    property: &'static str,
    what: &'static str,
    service: &'static str,
    /// What an account may have unless it asked for more.
    usual: usize,
    /// What nobody may have.
    most: usize,
}

const LIMITS: &[Limit] = &[
    Limit {
        type_name: "AWS::IAM::ManagedPolicy",
        property: "PolicyDocument",
        what: "a policy",
        service: "IAM",
        usual: quotas::MANAGED_POLICY,
        most: quotas::MANAGED_POLICY,
    },
    Limit {
        type_name: "AWS::IAM::Role",
        property: "AssumeRolePolicyDocument",
        what: "a trust policy",
        service: "IAM",
        usual: 2_048,
        most: 8_192,
    },
    Limit {
        type_name: "AWS::Events::Rule",
        property: "EventPattern",
        what: "a pattern",
        service: "EventBridge",
        usual: 2_048,
        most: 4_096,
    },
    Limit {
        type_name: "AWS::Events::Archive",
        property: "EventPattern",
        what: "a pattern",
        service: "EventBridge",
        usual: 2_048,
        most: 4_096,
    },
];

/// Who may have inline policies, by the property that names them in a policy of its own: what all of
/// them together may be, and what they are called.
const INLINE: &[(&str, &str, &str, usize, &str)] = &[
    ("AWS::IAM::Role", "RoleName", "Roles", quotas::ROLE_INLINE, "a role"),
    ("AWS::IAM::User", "UserName", "Users", 2_048, "a user"),
    ("AWS::IAM::Group", "GroupName", "Groups", 5_120, "a group"),
];

/// Inline policies of one role, user or group.
struct Inline {
    size: usize,
    most: usize,
    called: &'static str,
    /// Whose policy is the longest, its size, and where it stands.
    longest: (Address, usize, Span),
}

/// Collects sizes while resources are looked at.
#[derive(Default)]
pub(super) struct Limits {
    /// (type, name; of one without a known name its address) → its inline policies.
    inline: BTreeMap<(&'static str, String), Inline>,
}

impl Limits {
    /// Looks at one resource's properties, with holes for what isn't known.
    pub(super) fn see(&mut self, resource: &Desired, model: &Json, diagnostics: &mut Diagnostics) {
        let type_name = resource.type_name.as_str();
        for limit in LIMITS.iter().filter(|limit| limit.type_name == type_name) {
            let Some(value) = model.get(limit.property) else { continue };
            let length = document_size(value);
            if length > limit.usual {
                diagnostics.push(told(resource, limit, length));
            }
        }
        if !type_name.starts_with("AWS::IAM::") {
            return;
        }
        for (owner, name, names, most, called) in INLINE {
            let mut add = |name: String, document: &Json, pointer: &str| {
                let size = document_size(document);
                let place = (resource.address.clone(), size, resource.span_of(pointer));
                let inline = self.inline.entry((owner, name)).or_insert_with(|| Inline {
                    size: 0,
                    most: *most,
                    called,
                    longest: place.clone(),
                });
                inline.size = inline.size.saturating_add(size);
                if size > inline.longest.1 {
                    inline.longest = place;
                }
            };
            let text = |property: &str| model.get(property).and_then(Json::as_str).filter(|t| *t != HOLE);
            if type_name == *owner {
                let known = text(name).map_or_else(|| resource.address.to_string(), str::to_owned);
                let policies = model.get("Policies").and_then(Json::as_array).into_iter().flatten();
                for (index, policy) in policies.enumerate() {
                    if let Some(document) = policy.get("PolicyDocument") {
                        add(known.clone(), document, &format!("/Policies/{index}/PolicyDocument"));
                    }
                }
            }
            let Some(document) = model.get("PolicyDocument") else { continue };
            if type_name == format!("{owner}Policy")
                && let Some(known) = text(name)
            {
                add(known.to_owned(), document, "/PolicyDocument");
            }
            if type_name == "AWS::IAM::Policy" {
                let listed = model.get(names).and_then(Json::as_array).into_iter().flatten();
                for known in listed.filter_map(Json::as_str).filter(|name| *name != HOLE) {
                    add(known.to_owned(), document, "/PolicyDocument");
                }
            }
        }
    }

    /// Reports what is too long only together.
    pub(super) fn report(self, diagnostics: &mut Diagnostics) {
        for Inline { size, most, called, longest: (address, _, span) } in self.inline.into_values() {
            if size > most {
                let message = format!(
                    "the inline policies of `{address}` have {size} characters without white space, and \
                     IAM takes {most} of {called}"
                );
                diagnostics.push(Diagnostic::error(Code::TOO_LONG, message).at(span).hint(
                    "divide the work among several, or give it managed policies, which have limits of their own",
                ));
            }
        }
    }
}

fn told(resource: &Desired, limit: &Limit, length: usize) -> Diagnostic {
    let Limit { property, what, service, usual, most, .. } = limit;
    let span = resource.span_of(&format!("/{property}"));
    let subject = format!(
        "`{property}` of `{}` ({}) has {length} characters without white space",
        resource.address, resource.type_name
    );
    if length > *most {
        let message = format!("{subject}, and {service} takes {most} of {what}");
        return Diagnostic::error(Code::TOO_LONG, message).at(span).hint("make it shorter, or divide it");
    }
    let message =
        format!("{subject}, and {service} takes {usual} of {what} unless the account has a raised quota");
    Diagnostic::warning(Code::OVER_QUOTA, message)
        .at(span)
        .hint(format!("make it shorter, or have the quota raised (up to {most})"))
}

/// Of a document as JSON or as its text.
fn document_size(document: &Json) -> usize {
    let parsed = document.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok());
    size(parsed.as_ref().unwrap_or(document))
}

/// Characters of compact JSON.
fn size(json: &Json) -> usize {
    match json {
        Json::String(text) if text == HOLE => 2,
        Json::String(text) => text_size(text),
        Json::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>().max(1) + 1,
        Json::Object(members) => {
            members.iter().map(|(key, value)| text_size(key) + size(value) + 2).sum::<usize>().max(1) + 1
        }
        other => other.to_string().len(),
    }
}

fn text_size(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        _ => 1,
    };
    text.chars().map(escaped).sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn holes_count_nothing_and_text_counts_as_what_it_says() {
        assert_eq!(size(&json!({"a": HOLE, "b": []})), json!({"a": "", "b": []}).to_string().len());
        assert_eq!(document_size(&json!("{ \"a\" :\n 1 }")), 7);
    }

    proptest! {
        #[test]
        fn the_size_is_that_of_the_compact_text(texts in prop::collection::vec(".*", 0..4), flag: bool) {
            let json = json!({"a": texts, "b": {"c": flag, "d": null, "e": 1.5}, "f": {}, "g": []});
            prop_assert_eq!(size(&json), json.to_string().chars().count());
        }
    }
}
