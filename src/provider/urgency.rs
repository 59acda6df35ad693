//! How much of the whole still lies behind a request: who asks for a turn doesn't carry it through
//! every call, its task has it.

use std::cell::Cell;
use std::time::Duration;

/// Of one operation: the time that the longest way behind it is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Urgency {
    /// From its begin on, itself included.
    pub begin: Duration,
    /// From its end on: what its status and its reads hold up.
    pub after: Duration,
}

struct Scope {
    urgency: Urgency,
    /// The turn of its first request was waited for before it was started.
    paid: Cell<bool>,
}

tokio::task_local! {
    static SCOPE: Scope;
}

impl Urgency {
    /// Does something all of whose requests are as urgent as this; `paid`: for the first of them a
    /// turn was granted by [`super::Provider::admit`].
    pub async fn scope<F: Future>(self, paid: bool, work: F) -> F::Output {
        SCOPE.scope(Scope { urgency: self, paid: Cell::new(paid) }, work).await
    }

    /// Of who asks; nothing waits for what has none.
    pub(super) fn now() -> Self {
        SCOPE.try_with(|scope| scope.urgency).unwrap_or_default()
    }

    /// Whether this request's turn was granted already; true once.
    pub(super) fn is_paid() -> bool {
        SCOPE.try_with(|scope| scope.paid.replace(false)).unwrap_or_default()
    }
}
