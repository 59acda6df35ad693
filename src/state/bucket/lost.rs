//! A lock that was this run's, and isn't any more, or may not be: what is known of it.

use crate::diagnostics::{Code, Diagnostic};
use std::time::Duration;

const NEXT: &str = "nothing more was begun; the other run picks up what was under way";
const UNKNOWN: &str =
    "nothing more was begun; run again: what was under way is picked up, unless another run did that";

/// Another has it; `who` if that is known.
pub(super) fn taken_over(location: &str, who: Option<&str>) -> Diagnostic {
    let who = who.unwrap_or("another run");
    let message =
        format!("{who} took over the state in {location}: this run was silent for longer than its lease");
    Diagnostic::error(Code::TAKEN_OVER, message).hint(NEXT)
}

/// Its object isn't there any more: no run of evstack takes it away.
pub(super) fn removed(location: &str) -> Diagnostic {
    let message = format!(
        "the lock of the state in {location} was deleted while this run held it: whether another run began since isn't known"
    );
    Diagnostic::error(Code::TAKEN_OVER, message).hint(UNKNOWN)
}

/// It wasn't renewed for so long, and can't be; `why` are a diagnostic's words.
pub(super) fn overdue(location: &str, silent: Duration, why: Option<&str>) -> Diagnostic {
    let mut message = format!(
        "the lease on the state in {location} is over, and whether another run took over isn't known: it wasn't renewed for {} seconds",
        silent.as_secs()
    );
    if let Some(why) = why {
        message.push_str(&format!(" ({})", why.replace(&format!("the state in {location}"), "the state")));
    }
    Diagnostic::error(Code::TAKEN_OVER, message).hint(UNKNOWN)
}
