//! Taking over what is there and isn't recorded: what is found, whose it is, and whether it can
//! become what is declared.

use super::ResourceChange;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::{Difference, DifferenceKind};
use crate::model::{Action, Address, Desired, Json, Live, Recorded, Value};
use crate::schema::{Catalogue, ResourceType, TypeName};
use std::collections::BTreeMap;

/// How it is known which resource a declaration means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoundBy {
    /// Somebody said so: `options.import`, or `evstack import`.
    Request,
    /// Account, region and names decide its identifier.
    Name,
    /// It has the ownership tags of this declaration.
    Tags,
    /// It alone is as declared, among what belongs to the same parent.
    Properties,
}

impl FoundBy {
    /// For machines: `request`, `name`, `tags`, `properties`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Name => "name",
            Self::Tags => "tags",
            Self::Properties => "properties",
        }
    }

    /// For people, after "found".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Request => "by the identifier that was given",
            Self::Name => "under the name that it would be created with",
            Self::Tags => "by the ownership tags that it has",
            Self::Properties => "as the only one that is as declared",
        }
    }
}

/// A resource that is there, isn't recorded, and is to be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Cloud Control's.
    pub identifier: String,
    /// How it is known.
    pub by: FoundBy,
}

/// What a plan says of a resource that is taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// How it is known which one is meant.
    pub by: FoundBy,
    /// Declared properties that no read shows: taken as declared.
    pub unverified: Vec<Vec<String>>,
}

/// What a resource's tags say of who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Nothing.
    Nobody,
    /// This stack, in this environment, at this address (if that is said).
    Ours(Option<Address>),
    /// Another stack or environment.
    Other {
        /// `evstack:stack`.
        stack: String,
        /// `evstack:env`; empty if it isn't said.
        env: String,
    },
}

const STACK: &str = "evstack:stack";
const ENV: &str = "evstack:env";
const ADDRESS: &str = "evstack:address";

/// Whose a live resource is, by its ownership tags and those that the declaration asks for.
#[must_use]
pub fn owner(live: &Json, desired: &Value, resource_type: &ResourceType) -> Owner {
    let Some(tags) = &resource_type.tagging.property else { return Owner::Nobody };
    let there = |key: &str| tag(live.get(tags)?, key);
    let Some(stack) = there(STACK) else { return Owner::Nobody };
    // One by one: another tag may be unknown yet. What isn't known to be ours is another's.
    let wanted = |key: &str| wanted_tag(desired.get(tags)?, key);
    let other = |key: &str| there(key).is_some_and(|there| wanted(key) != Some(there.as_str()));
    if other(STACK) || other(ENV) {
        return Owner::Other { stack, env: there(ENV).unwrap_or_default() };
    }
    Owner::Ours(there(ADDRESS).map(Address::new))
}

/// Refuses to end what another stack has taken since, by the tags of what is there; one error for each.
#[must_use]
pub fn ends_of_others(
    changes: &[ResourceChange],
    stack: (&str, &str),
    seen: &dyn Fn(&Address) -> Option<Json>,
    catalogue: &Catalogue,
) -> Vec<Diagnostic> {
    let ends = changes.iter().filter(|c| c.action.deletes() && c.drift.is_none() && !c.retained);
    ends.filter_map(|change| {
        let type_name = change.recorded_type.as_ref().unwrap_or(&change.type_name);
        let tags = catalogue.of(type_name)?.tagging.property.clone()?;
        let there = seen(change.moved_from.as_ref().unwrap_or(&change.address))?;
        let (owner, env) = (tag(there.get(&tags)?, STACK)?, tag(there.get(&tags)?, ENV));
        if owner == stack.0 && env.as_deref().is_none_or(|env| env == stack.1) {
            return None;
        }
        let env = env.map(|env| format!(" in the environment `{env}`")).unwrap_or_default();
        let (address, identifier) = (&change.address, change.identifier.as_deref().unwrap_or_default());
        let message =
            format!("`{address}` would end `{identifier}`: by its tags it belongs to the stack `{owner}`{env}");
        Some(Diagnostic::error(Code::FOREIGN_OWNER, message).hint(format!(
            "`evstack state rm {address}` lets go of it; if it is this stack's, set its tag `{STACK}` right first"
        )))
    })
    .collect()
}

/// A tag's value, in a list of `{Key, Value}` or in a mapping.
fn tag(tags: &Json, key: &str) -> Option<String> {
    let value = match tags.get("Items").filter(|items| items.is_array()).unwrap_or(tags) {
        Json::Array(items) => items.iter().find(|item| item["Key"] == key)?.get("Value")?,
        Json::Object(members) => members.get(key)?,
        _ => return None,
    };
    value.as_str().map(str::to_owned)
}

/// The same of a declaration.
fn wanted_tag<'v>(tags: &'v Value, key: &str) -> Option<&'v str> {
    match tags.get("Items").unwrap_or(tags).reveal() {
        Value::Array(items) => {
            let named = |item: &&Value| item.get("Key").and_then(Value::as_str) == Some(key);
            items.iter().find(named)?.get("Value")?.as_str()
        }
        Value::Object(members) => members.get(key)?.as_str(),
        _ => None,
    }
}

/// The command that takes a resource over, as a shell takes it.
#[must_use]
pub fn import_command(address: &Address, identifier: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '_' | '-' | '@' | '+' | ',');
    if !identifier.is_empty() && identifier.chars().all(plain) {
        return format!("evstack import {address} {identifier}");
    }
    format!("evstack import {address} '{}'", identifier.replace('\'', "'\\''"))
}

/// Refuses what belongs to another stack.
///
/// # Errors
/// [`Code::FOREIGN_OWNER`], without a place and without a hint.
pub fn check_owner(address: &Address, identifier: &str, owner: &Owner) -> Result<(), Diagnostic> {
    let Owner::Other { stack, env } = owner else { return Ok(()) };
    let env = if env.is_empty() { String::new() } else { format!(" in the environment `{env}`") };
    let message = format!(
        "`{address}` can't take over `{identifier}`: by its tags it belongs to the stack `{stack}`{env}"
    );
    Err(Diagnostic::error(Code::FOREIGN_OWNER, message))
}

/// A warning where the tags name another address of this stack.
#[must_use]
pub fn other_address(
    address: &Address,
    identifier: &str,
    owner: &Owner,
    aliases: &[Address],
) -> Option<Diagnostic> {
    let Owner::Ours(Some(tagged)) = owner else { return None };
    if tagged == address || aliases.contains(tagged) {
        return None;
    }
    let message =
        format!("`{address}` takes over `{identifier}`, whose tags say that it was made as `{tagged}`");
    Some(Diagnostic::warning(Code::FOREIGN_OWNER, message).hint("the next update gives it this address"))
}

/// What a check of a take-over is told.
pub(super) struct Check<'a> {
    pub(super) recorded: &'a BTreeMap<Address, Recorded>,
    pub(super) live: &'a BTreeMap<Address, Live>,
}

impl Check<'_> {
    /// Everything that speaks against an import.
    pub(super) fn import(
        &self,
        change: &ResourceChange,
        desired: &Desired,
        resource_type: &ResourceType,
        diagnostics: &mut Diagnostics,
    ) {
        let (Action::Import, Some(adoption)) = (change.action, &change.adoption) else { return };
        let identifier = change.identifier.as_deref().unwrap_or_default();
        if let Some(other) = recorded_as(self.recorded, &change.type_name, identifier) {
            diagnostics.push(recorded_already(&change.address, identifier, other).at(desired.span));
        }
        if let (Some(Live::Present(live)), Some(after)) = (self.live.get(&change.address), &change.after) {
            let owner = owner(live, after, resource_type);
            if let Err(refused) = check_owner(&change.address, identifier, &owner) {
                let command = import_command(&change.address, identifier);
                diagnostics.push(refused.at(desired.span).hint(format!(
                    "give it another name; or, if it is to change hands, run `{command} --force`"
                )));
            }
            let aliases = &desired.options.aliases;
            if let Some(warning) = other_address(&change.address, identifier, &owner, aliases) {
                diagnostics.push(warning.at(desired.span));
            }
        }
        cannot_become(change, adoption.by, desired, resource_type, diagnostics);
    }
}

/// Under which address a resource is recorded.
#[must_use]
pub fn recorded_as<'a>(
    recorded: &'a BTreeMap<Address, Recorded>,
    type_name: &TypeName,
    identifier: &str,
) -> Option<&'a Address> {
    let mut same = recorded.values().filter(|r| r.type_name == *type_name && r.identifier == identifier);
    same.next().map(|r| &r.address)
}

/// One resource can't be two.
#[must_use]
pub fn recorded_already(address: &Address, identifier: &str, other: &Address) -> Diagnostic {
    let message = format!("`{address}` can't take over `{identifier}`: it is recorded as `{other}`");
    Diagnostic::error(Code::ALREADY_RECORDED, message).hint(format!(
        "if it was renamed, write `options: {{aliases: [{}]}}` in the declaration of `{}`",
        other.owner(),
        address.owner()
    ))
}

/// Taking over and replacing at once would destroy what somebody wanted to keep.
fn cannot_become(
    change: &ResourceChange,
    by: FoundBy,
    desired: &Desired,
    resource_type: &ResourceType,
    diagnostics: &mut Diagnostics,
) {
    let no_update = resource_type.handlers.update.is_none();
    let fixed = |d: &&Difference| {
        (d.forces_replacement && !d.by_trigger && d.kind == DifferenceKind::Change) || no_update
    };
    for difference in change.diff.differences.iter().filter(fixed) {
        let place: String = difference.path.iter().map(|name| format!("/{name}")).collect();
        let identifier = change.identifier.as_deref().unwrap_or_default();
        let message = format!(
            "`{}` can't take over the {} `{identifier}`: its `{}` is another, and can't be changed",
            change.address,
            change.type_name,
            difference.path.join(".")
        );
        let hint = match by {
            FoundBy::Request => {
                "declare the value that it has, or remove `import` from its options to create another"
                    .to_owned()
            }
            _ => format!(
                "declare the value that it has; or run `{}`, which records it as it is, for the next plan to \
                 replace it",
                import_command(&change.address, identifier)
            ),
        };
        diagnostics
            .push(Diagnostic::error(Code::CANNOT_IMPORT, message).at(desired.span_of(&place)).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_say_whose_it_is() {
        let kind = |name| Catalogue::bundled().get(name).expect("a known type");
        let (queue, api) = (kind("AWS::SQS::Queue"), kind("AWS::ApiGatewayV2::Api"));
        let map = |stack: &str, env: &str, address: &str| json!({"evstack:stack": stack, "evstack:env": env, "evstack:address": address, "a": "b"});
        let list = |tags: &Json| -> Json {
            tags.as_object().expect("tags").iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect()
        };
        let wanted = map("shop", "prod", "queue.a");
        for (there, expected) in [
            (map("shop", "prod", "queue.a"), Owner::Ours(Some("queue.a".into()))),
            (map("shop", "prod", "queue.b"), Owner::Ours(Some("queue.b".into()))),
            (map("shop", "dev", "queue.a"), Owner::Other { stack: "shop".into(), env: "dev".into() }),
            (map("bank", "prod", "queue.a"), Owner::Other { stack: "bank".into(), env: "prod".into() }),
            (json!({"a": "b"}), Owner::Nobody),
            (json!({"evstack:stack": "shop"}), Owner::Ours(None)),
        ] {
            let desired = Value::from(json!({"Tags": list(&wanted)}));
            assert_eq!(owner(&json!({"Tags": list(&there)}), &desired, &queue), expected);
            let desired = Value::from(json!({"Tags": wanted}));
            assert_eq!(owner(&json!({"Tags": there}), &desired, &api), expected);
        }
        assert_eq!(owner(&json!({}), &Value::from(json!({})), &queue), Owner::Nobody);
        // Another tag that isn't known yet hides nothing; what asks for no owner is nobody's proof.
        let there = json!({"Tags": list(&map("shop", "dev", "queue.a"))});
        let mut tags = list(&wanted).as_array().cloned().unwrap_or_default();
        tags.push(json!({"Key": "later"}));
        let mut desired = Value::from(json!({"Tags": tags}));
        if let Value::Object(members) = &mut desired
            && let Some(Value::Array(items)) = members.get_mut("Tags")
            && let Some(Value::Object(tag)) = items.last_mut()
        {
            tag.insert("Value".into(), Value::unknown("queue.b".into(), "Arn", "why"));
        }
        let dev = Owner::Other { stack: "shop".into(), env: "dev".into() };
        assert_eq!(owner(&there, &desired, &queue), dev);
        assert_eq!(owner(&there, &Value::from(json!({})), &queue), dev);
        let items = json!({"Tags": {"Items": list(&map("shop", "dev", "x"))}});
        assert_eq!(owner(&items, &desired, &queue), dev);
    }
}
