//! Updates and deletes whose answer was lost: what still runs is waited for, then what is there tells.
//!
//! Nothing but the list of requests says whether one of them still runs. A read alone would take a
//! delete that is under way for one that was never begun, and the next plan would be made on a resource
//! that is about to go.

use super::{Found, Problem, Recovered, Recoverer, Unfinished, held, not_done};
use crate::apply::operation::Tried;
use crate::diagnostics::{Code, Diagnostic};
use crate::provider::{Begun, Fault, Progress, Provider, Remembered, Sought};
use crate::state::{Ending, Operation, Verb};
use tokio::sync::OnceCell;

/// Updates and deletes that have no end yet; asked for once, when the first one needs it.
#[derive(Default)]
pub(in crate::apply) struct UnderWay(OnceCell<Option<Vec<Remembered>>>);

/// Whether the cloud still works on an operation.
pub(in crate::apply) enum Standing {
    Runs(Progress),
    Over,
    /// It doesn't say what it was asked for.
    Untold,
}

impl UnderWay {
    /// Where an update or a delete stands that has no request token.
    pub async fn look(&self, provider: &dyn Provider, operation: &Operation) -> Result<Standing, Fault> {
        let begun = match operation.verb {
            Verb::Create => return Ok(Standing::Over),
            Verb::Update => Begun::Update,
            Verb::Delete => Begun::Delete,
        };
        let all = self.0.get_or_try_init(|| provider.requests(Sought::Unfinished)).await?;
        let Some(all) = all else { return Ok(Standing::Untold) };
        // One at most: what is being worked on is asked for nothing else.
        let one = all.iter().find(|one| {
            one.begun == begun
                && one.type_name == operation.type_name
                && one.progress.identifier == operation.identifier
        });
        Ok(one.map_or(Standing::Over, |one| Standing::Runs(one.progress.clone())))
    }
}

impl Recoverer {
    /// How an update or a delete ended of which there is no request to ask for; none for a create.
    pub(super) async fn without_token(&self, unfinished: &Unfinished) -> Result<Option<Found>, Problem> {
        let Unfinished { operation, subject, timeout, .. } = unfinished;
        let provider = &*self.hands.provider;
        let standing = match operation.request_token {
            None => self.under_way.look(provider, operation).await?,
            // The service knew its request, and has forgotten it: it ended days ago.
            Some(_) => Standing::Over,
        };
        let untold = match standing {
            Standing::Over => false,
            Standing::Untold => self.hands.clock.unix() < operation.began.saturating_add(timeout.as_secs()),
            Standing::Runs(progress) => {
                let started = self.hands.clock.now();
                let tried = self.hands.follow(subject, progress, started, *timeout).await;
                let ended = matches!(tried, Tried::Done(_));
                let found = self.found(unfinished, tried).await?;
                // Whose update that was isn't certain, and doing it again does no harm.
                let mine = operation.verb == Verb::Delete || !ended;
                return Ok(Some(if mine { found } else { (not_done(UNKNOWN), Recovered::NotDone) }));
            }
        };
        let found = told_by_reading(provider, operation).await?;
        if untold && matches!(found, Some((_, Recovered::NotDone))) {
            held(&self.untold).insert(operation.address.clone());
        }
        Ok(found)
    }

    /// That something may still change under the plan that comes.
    pub(super) fn untold(&self) -> Option<Diagnostic> {
        let names: Vec<String> = held(&self.untold).iter().map(|address| format!("`{address}`")).collect();
        let words = format!(
            "whether the cloud still works on {} for an earlier run can't be told: it doesn't say what it \
             was asked for",
            names.join(", ")
        );
        let hint = "allow `cloudformation:ListResourceRequests`, then such operations are waited for";
        (!names.is_empty()).then(|| Diagnostic::warning(Code::UNFINISHED, words).hint(hint))
    }
}

const UNKNOWN: &str = "whether it was done isn't known";

/// What is there tells how an update or a delete ended, once it did; a create it doesn't.
pub(in crate::apply) async fn told_by_reading(
    provider: &dyn Provider,
    operation: &Operation,
) -> Result<Option<Found>, Fault> {
    let identifier = match (operation.verb, &operation.identifier) {
        (Verb::Create, _) => return Ok(None),
        (_, identifier) => identifier.as_deref().unwrap_or_default(),
    };
    let read = provider.read(&operation.type_name, identifier).await?;
    Ok(Some(match (operation.verb, read) {
        (Verb::Delete, None) => (Ending::Deleted, Recovered::Done),
        _ => (not_done(UNKNOWN), Recovered::NotDone),
    }))
}
