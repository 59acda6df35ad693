//! One update: the patch against what is there, in as many steps as the service wants, each written
//! down.

use super::afresh::Form;
use super::desired::{Wanted, kept_apart};
use super::engine::Made;
use super::event::{Doing, Subject};
use super::nothing;
use super::operation::{Call, Done, Halt, Hands, Order};
use crate::diff::{guarded, in_whole_lists, leans};
use crate::model::{Desired, Json, Recorded, Secrets};
use crate::schema::TypeName;
use crate::state::{Ending, Entry};
use std::sync::Arc;
use std::time::Duration;

/// What is to be updated, or taken over.
pub(super) struct Update {
    pub subject: Subject,
    pub wanted: Wanted,
    pub desired: Desired,
    pub identifier: String,
    pub recorded: Option<Recorded>,
    /// What was read for the plan.
    pub read: Option<Json>,
    pub timeout: Duration,
}

/// How often a read is looked at again that doesn't show yet what was done.
const LOOKS: [u64; 6] = [100, 250, 500, 1_000, 2_000, 4_000];

/// Changes what differs, if anything still does, and records it.
pub(super) async fn update(hands: &Hands, update: Update, secrets: &Secrets) -> Result<Made, Halt> {
    let Update { subject, mut wanted, desired, identifier, recorded, read, timeout } = update;
    let taken_over = subject.doing == Doing::Import;
    if let Some(Recorded { doubts, .. }) = &recorded {
        (wanted.half_way, wanted.lingers) = (doubts.half_way, doubts.lingers);
    }
    let owned_of = |live: &Json| match taken_over {
        true => Some(wanted.holding(&desired, live, secrets)),
        false => recorded.as_ref().map(|recorded| recorded.declared.clone()),
    };
    // What the plan read may be long ago. What is owned goes by names and values, so that the patch
    // against another read asks for the same.
    let read = read.filter(|live| {
        let patch = wanted.patch(&desired, owned_of(live).as_ref(), live, secrets);
        patch.is_none_or(|patch| !leans(&patch, live, &wanted.resource_type))
    });
    let mut live = match read {
        Some(live) => live,
        None => read_now(hands, &subject.type_name, &identifier).await?.unwrap_or_else(nothing),
    };
    let mut owned = owned_of(&live);
    if let Some(recorded) = &recorded {
        wanted.declared.undeclared = hands
            .journal
            .with(|state| wanted.undeclared(&desired, recorded, &live, secrets, &state.resources));
    }
    let put = |wanted: &Wanted, live: &Json, declared: Option<Json>| {
        let seen = kept_apart(&wanted.declared, wanted.veiled(live, secrets), secrets);
        let (address, type_name) = (subject.address.clone(), subject.type_name.clone());
        let mut recorded = wanted.declared.recorded(address, type_name, identifier.clone(), seen);
        recorded.declared = declared.unwrap_or(recorded.declared);
        drop(hands.journal.append(Entry::Put { recorded: Box::new(recorded) }));
    };
    if taken_over && wanted.patch(&desired, owned.as_ref(), &live, secrets).is_some() {
        // It is ours from now on, whatever becomes of the update.
        put(&wanted, &live, owned.clone());
    }
    let mut steps = wanted.stages(&desired, owned.as_ref(), &live, secrets);
    steps.push(wanted);
    let (count, desired) = (steps.len(), Arc::new(desired));
    for (number, step) in steps.into_iter().map(Arc::new).enumerate() {
        let last = number + 1 == count;
        let Some(patch) = step.patch(&desired, owned.as_ref(), &live, secrets) else {
            if last {
                put(&step, &live, None);
                return Ok(Made {
                    identifier: Some(identifier),
                    known: Some((step.value.clone(), live)),
                    ..Made::default()
                });
            }
            continue;
        };
        let patch = guarded(patch, &live, &step.resource_type);
        let afresh = {
            let (step, desired, owned) = (Arc::clone(&step), Arc::clone(&desired), owned.clone());
            let secrets = secrets.clone();
            move |live: &Json, form: Form| {
                let patch = step.patch(&desired, owned.as_ref(), live, &secrets)?;
                Some(match form {
                    Form::Guarded => guarded(patch, live, &step.resource_type),
                    Form::Whole => in_whole_lists(patch, live),
                })
            }
        };
        let order = Order {
            subject: subject.clone(),
            call: Call::Update { identifier: identifier.clone(), patch },
            declared: Some(step.declared.clone()),
            predicted_identifier: None,
            kind: None,
            deposes: false,
            leftover: false,
            timeout,
            hidden: step.hidden(),
            afresh: Some(Box::new(afresh)),
        };
        let Done { id, identifier: said, .. } = hands.operate(&order).await?;
        // The model from before the update, which isn't what was asked for: the read lags.
        let stale = |seen: &Json| *seen == live && !step.is_shown(&desired, owned.as_ref(), seen, secrets);
        let said = said.or(Some(identifier.clone()));
        let left = |seen: &Json| step.left(&desired, owned.as_ref(), (&live, seen), secrets);
        let made = record(hands, id, said, &step, &subject.type_name, secrets, (stale, left)).await?;
        if last {
            return Ok(made);
        }
        live = made.known.map(|(_, seen)| seen).unwrap_or_else(nothing);
        // The next step is a patch of what is there: a read that lags would make a wrong one.
        for wait in LOOKS {
            if step.patch(&desired, owned.as_ref(), &live, secrets).is_none() {
                break;
            }
            hands.clock.sleep(Duration::from_millis(wait)).await;
            live = read_now(hands, &subject.type_name, &identifier).await?.unwrap_or(live);
        }
        owned = Some(step.declared.properties.clone());
    }
    Ok(Made::default())
}

async fn read_now(hands: &Hands, type_name: &TypeName, identifier: &str) -> Result<Option<Json>, Halt> {
    hands.provider.read(type_name, identifier).await.map_err(|fault| Halt::Fault(Box::new(fault)))
}

/// Reads what is there after an operation, and ends it. `stale` tells a model from before it, `left`
/// what of it a read shows otherwise.
pub(super) async fn record(
    hands: &Hands,
    id: u64,
    identifier: Option<String>,
    wanted: &Wanted,
    type_name: &TypeName,
    secrets: &Secrets,
    (stale, left): (impl Fn(&Json) -> bool, impl Fn(&Json) -> Vec<Vec<String>>),
) -> Result<Made, Halt> {
    let identifier = identifier.or_else(|| wanted.predicted_identifier.clone()).unwrap_or_default();
    // Should the read fail, the operation stays unfinished: the next run finds it done and reads.
    let seen = hands
        .read_after(type_name, &identifier, stale)
        .await
        .map_err(|fault| Halt::Fault(Box::new(fault)))?;
    if seen.is_none() {
        hands.check_there(id, type_name, &identifier)?;
    }
    let seen = seen.unwrap_or_else(nothing);
    let veiled = kept_apart(&wanted.declared, wanted.veiled(&seen, secrets), secrets);
    let left = left(&seen);
    // What a service still has after a second try is the service's.
    let in_part = !left.is_empty() && !wanted.lingers;
    hands.ended(id, Ending::Recorded { identifier: identifier.clone(), seen: veiled, in_part });
    Ok(Made { identifier: Some(identifier), known: Some((wanted.value.clone(), seen)), left, found: false })
}
