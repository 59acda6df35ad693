//! Waiting until a queue that goes is empty.
//!
//! Nothing is written down of it: it changes nothing, and the next plan waits again.

use super::cancel::Stop;
use super::engine::Made;
use super::event::{Event, Subject};
use super::operation::{Halt, Hands};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Address;
use crate::provider::{Depth, FaultKind};
use std::time::Duration;

/// The type of what can be drained.
pub(super) const QUEUE: &str = "AWS::SQS::Queue";

/// Between two looks, first and at last.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// How often it is said what is left.
const SAID: Duration = Duration::from_secs(10);
/// SQS's counts may be wrong for a minute after the last message was sent (API Reference,
/// GetQueueAttributes): so long they have to say that it is empty.
const SETTLED: Duration = Duration::from_secs(65);

/// What is in a queue after the time that it was given.
#[derive(Debug)]
pub(super) struct Full {
    left: Depth,
    limit: Duration,
    meanwhile: Vec<Address>,
}

impl Full {
    pub fn diagnostic(&self, address: &Address) -> Diagnostic {
        let minutes = in_units(self.limit.as_secs());
        let words = format!(
            "`{address}` isn't empty after {minutes}: {} left. Neither the queue nor who takes from it was deleted",
            self.left
        );
        let diagnostic = Diagnostic::error(Code::NOT_DRAINED, words).hint(
            "run it again to go on waiting, give it a longer `drain`, or let it go with what is in it: `--skip-drain`",
        );
        if self.meanwhile.is_empty() {
            return diagnostic;
        }
        let names: Vec<String> = self.meanwhile.iter().map(|address| format!("`{address}`")).collect();
        diagnostic.hint(format!(
            "{} may still send to it: what takes from the queue needs it, so it can't be stopped first",
            names.join(", ")
        ))
    }
}

/// `1h30m`
pub(super) fn in_units(seconds: u64) -> String {
    let units = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    units.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
}

/// Whether an ARN is that of the queue with this URL: both end with the account and the name.
pub(super) fn is_queue(arn: &str, url: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2);
    let (Some("sqs"), Some(account), Some(name)) = (service, parts.nth(1), parts.next()) else {
        return false;
    };
    url.strip_suffix(name)
        .and_then(|rest| rest.strip_suffix('/'))
        .is_some_and(|rest| rest.strip_suffix(account).is_some_and(|rest| rest.ends_with('/')))
}

/// Waits for at most so long.
pub(super) async fn drain(
    hands: &Hands,
    subject: &Subject,
    url: &str,
    limit: Duration,
    meanwhile: Vec<Address>,
) -> Result<Made, Halt> {
    let (started, mut wait) = (hands.clock.now(), FIRST_LOOK);
    let mut said = started;
    let mut empty_since: Option<Duration> = None;
    loop {
        let depth = tokio::select! {
            depth = hands.provider.depth(url) => depth,
            () = hands.cancel.at_least(Stop::Gently) => return Err(Halt::Stopped),
        };
        let now = hands.clock.now();
        let elapsed = now.saturating_sub(started);
        let left = match depth {
            Ok(Some(left)) => left,
            // What isn't there any more is empty.
            Ok(None) => return Ok(Made::default()),
            Err(fault) if elapsed < limit && passes(fault.kind) => {
                // Nobody knows what it held meanwhile.
                empty_since = None;
                let wait = fault_wait(limit, elapsed);
                (hands.sink)(Event::Retrying { subject: subject.clone(), why: fault, wait });
                tokio::select! {
                    () = hands.clock.sleep(wait) => continue,
                    () = hands.cancel.at_least(Stop::Gently) => return Err(Halt::Stopped),
                }
            }
            Err(fault) => return Err(Halt::Fault(Box::new(fault))),
        };
        if left.total() == 0 {
            let since = *empty_since.get_or_insert(now);
            if left.exact || now.saturating_sub(since) >= SETTLED {
                return Ok(Made::default());
            }
        } else {
            empty_since = None;
            if elapsed >= limit {
                return Err(Halt::Full(Box::new(Full { left, limit, meanwhile })));
            }
        }
        if elapsed.is_zero() || now.saturating_sub(said) >= SAID {
            said = now;
            (hands.sink)(Event::Draining { subject: subject.clone(), elapsed, left });
        }
        // The last look is at the end of the time, not after it.
        let rest = limit.saturating_sub(elapsed);
        let pause = if rest.is_zero() || left.total() == 0 { wait } else { wait.min(rest) };
        tokio::select! {
            () = hands.clock.sleep(pause) => {}
            () = hands.cancel.at_least(Stop::Gently) => return Err(Halt::Stopped),
        }
        wait = wait.saturating_mul(2).min(LONGEST_LOOK);
    }
}

/// Whether it may be otherwise by and by, though the provider has tried several times.
fn passes(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Throttled | FaultKind::Internal | FaultKind::Unreachable)
}

/// The last look is at the end of the time.
fn fault_wait(limit: Duration, elapsed: Duration) -> Duration {
    limit.saturating_sub(elapsed).min(SAID)
}

#[cfg(test)]
mod tests {
    use super::is_queue;

    #[test]
    fn a_queues_url_and_arn_end_alike() {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
        assert!(is_queue("arn:aws:sqs:eu-west-1:123456789012:orders", url));
        for other in [
            "arn:aws:sqs:eu-west-1:123456789012:my-orders",
            "arn:aws:sqs:eu-west-1:123456789012:rders",
            "arn:aws:sqs:eu-west-1:023456789012:orders",
            "arn:aws:sns:eu-west-1:123456789012:orders",
            "orders",
            "",
        ] {
            assert!(!is_queue(other, url), "{other}");
        }
    }
}
