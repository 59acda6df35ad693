//! Whether a request may still leave: who sends it says so at the last moment, after all waiting for
//! turns, credentials and signatures. Who asks doesn't carry the question through every call, its
//! task has it.

use std::sync::Arc;

/// Answers at once: it is asked in the midst of sending.
pub type May = Arc<dyn Fn() -> bool + Send + Sync>;

tokio::task_local! {
    static MAY: May;
}

/// Does something whose requests leave only as long as that says yes; after a no they come back as
/// [`super::FaultKind::Withheld`], and nothing was sent.
pub async fn only_while<F: Future>(may: May, work: F) -> F::Output {
    MAY.scope(may, work).await
}

/// Of who asks; nobody else is held back.
pub(super) fn may_leave() -> bool {
    MAY.try_with(|may| may()).unwrap_or(true)
}
