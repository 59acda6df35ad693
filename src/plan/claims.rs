//! What only one resource can be or have at a time, and what follows for the order of a plan: who has
//! it goes before another gets it.

use super::ResourceChange;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::{declared, once, unique_name};
use crate::graph::Graph;
use crate::model::{Action, Address, Desired, Json, Recorded, Secrets, Value};
use crate::schema::{Catalogue, ResourceType, TypeName};
use std::collections::{BTreeMap, HashMap};

/// What only one resource of a type has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Cloud Control's identifier.
    Identifier(String),
    /// What makes it the same to its service, whatever the identifier: see [`crate::diff::once`].
    Once(String),
    /// A name that nothing else can have, as far as one can tell.
    Name(String),
}

/// What a recorded resource has.
#[must_use]
pub fn held(recorded: &Recorded, resource_type: &ResourceType) -> Vec<Claim> {
    let mut claims = vec![Claim::Identifier(recorded.identifier.clone())];
    claims.extend(once_recorded(recorded, resource_type).map(Claim::Once));
    let get = |name: &str| Some(recorded.declared.get(name).cloned().unwrap_or(Json::Null));
    claims.extend(unique_name(resource_type, get).map(Claim::Name));
    claims
}

/// What something that is to be made asks for. Its name tells only where its identifier doesn't.
#[must_use]
pub fn asked(
    after: &Value,
    new_identifier: Option<&str>,
    resource_type: &ResourceType,
    secrets: &Secrets,
) -> Vec<Claim> {
    let identifier = new_identifier.map(str::to_owned);
    let identifier = identifier.or_else(|| resource_type.identifier_from(&known_part(after)?));
    let mut claims: Vec<Claim> = identifier.into_iter().map(Claim::Identifier).collect();
    if claims.is_empty() {
        claims.extend(unique_name(resource_type, |name| wanted(after, name, secrets)).map(Claim::Name));
    }
    claims.extend(once_wanted(after, resource_type, secrets).map(Claim::Once));
    claims
}

/// What makes a recorded resource the same as another to its service.
pub(super) fn once_recorded(recorded: &Recorded, resource_type: &ResourceType) -> Option<String> {
    once(resource_type, |name| Some(recorded.declared.get(name).cloned().unwrap_or(Json::Null)))
}

/// The same of what is declared; none while some of it isn't known.
pub(super) fn once_wanted(after: &Value, resource_type: &ResourceType, secrets: &Secrets) -> Option<String> {
    once(resource_type, |name| wanted(after, name, secrets))
}

fn wanted(after: &Value, name: &str, secrets: &Secrets) -> Option<Json> {
    match after.get(name) {
        Some(value) => declared(value, secrets),
        None => Some(Json::Null),
    }
}

/// The members of an object that are known.
fn known_part(value: &Value) -> Option<Json> {
    match value.reveal() {
        Value::Object(members) => {
            let known = members.iter().filter_map(|(key, value)| Some((key.clone(), value.to_json()?)));
            Some(Json::Object(known.collect()))
        }
        _ => None,
    }
}

/// Who asks for what another gives up: (who comes, who goes), indices into the changes.
#[must_use]
pub fn handed_on(
    changes: &[ResourceChange],
    recorded: &BTreeMap<Address, Recorded>,
    catalogue: &Catalogue,
    secrets: &Secrets,
) -> Vec<(usize, usize)> {
    let mut going: HashMap<(&TypeName, Claim), usize> = HashMap::new();
    for (index, change) in changes.iter().enumerate() {
        let was = recorded.get(change.moved_from.as_ref().unwrap_or(&change.address));
        let goes = change.action.deletes() && !change.retained;
        let Some(was) = was.filter(|was| goes && Some(&was.identifier) == change.identifier.as_ref()) else {
            continue;
        };
        let claims = match catalogue.of(&was.type_name) {
            Some(resource_type) => held(was, &resource_type),
            None => vec![Claim::Identifier(was.identifier.clone())],
        };
        going.extend(claims.into_iter().map(|claim| ((&was.type_name, claim), index)));
    }
    let mut pairs = Vec::new();
    if going.is_empty() {
        return pairs;
    }
    for (index, change) in changes.iter().enumerate() {
        if change.action != Action::Create && !change.action.is_replace() {
            continue;
        }
        let (Some(after), Some(resource_type)) = (&change.after, catalogue.of(&change.type_name)) else {
            continue;
        };
        let asked = asked(after, change.new_identifier.as_deref(), &resource_type, secrets);
        let from = asked.into_iter().filter_map(|claim| going.get(&(&change.type_name, claim)).copied());
        for from in from.filter(|from| *from != index) {
            if !pairs.contains(&(index, from)) {
                pairs.push((index, from));
            }
        }
    }
    pairs
}

/// Refuses what can't be put in order: each would have to go before the other comes.
pub(super) fn refuse_exchanges(
    changes: &[ResourceChange],
    pairs: &[(usize, usize)],
    desired: &BTreeMap<&Address, &Desired>,
    diagnostics: &mut Diagnostics,
) {
    if pairs.is_empty() {
        return;
    }
    let comes =
        |change: &ResourceChange| !matches!(change.action, Action::NoOp | Action::Delete | Action::Forget);
    let mut graph: Graph<&Address, ()> = Graph::new();
    for change in changes.iter().filter(|change| comes(change)) {
        for needed in &change.depends_on {
            graph.edge(&change.address, needed, ());
        }
    }
    for (coming, going) in pairs {
        let (coming, going) = (&changes[*coming], &changes[*going]);
        if going.action == Action::DeleteThenCreate {
            continue;
        }
        // What is replaced goes once the new one is there, and all who used it have turned to that.
        if going.action == Action::CreateThenDelete {
            graph.edge(&coming.address, &going.address, ());
        }
        let uses = |user: &&ResourceChange| {
            comes(user)
                && user.address != coming.address
                && user
                    .recorded_dependencies
                    .iter()
                    .chain(&user.depends_on)
                    .any(|used| *used == going.address)
        };
        for user in changes.iter().filter(uses) {
            graph.edge(&coming.address, &user.address, ());
        }
    }
    for circle in graph.order().err().into_iter().flatten() {
        let between = |change: &ResourceChange| circle.iter().any(|edge| *edge.from == change.address);
        let clash = pairs.iter().map(|(coming, going)| (&changes[*coming], &changes[*going]));
        let Some((coming, going)) = clash.into_iter().find(|(c, g)| between(c) && (between(g) || !comes(g)))
        else {
            continue;
        };
        diagnostics.push(in_the_way(coming, going, desired.get(&coming.address).copied()));
    }
}

fn in_the_way(coming: &ResourceChange, going: &ResourceChange, desired: Option<&Desired>) -> Diagnostic {
    let identifier = going.identifier.as_deref().unwrap_or_default();
    let message = format!(
        "`{}` is to be what `{}` is, the {} `{identifier}`, and `{}` can't go before: each waits for the other",
        coming.address, going.address, going.type_name, going.address
    );
    let diagnostic = Diagnostic::error(Code::EXCHANGED, message).hint(format!(
        "give one of them a name of its own, apply that, and then the name that it is to have; or let `{}` go \
         first, with `options: {{deleteBeforeReplace: true}}`",
        going.address
    ));
    match desired {
        Some(desired) => diagnostic.at(desired.span),
        None => diagnostic,
    }
}
