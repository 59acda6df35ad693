//! Following what was begun: asking how far it is, until there is an end, and reading what is there
//! after it.

use super::cancel::Stop;
use super::event::{Event, Subject};
use super::expect::by_table;
use super::operation::{Hands, Tried};
use crate::model::Json;
use crate::provider::{Fault, Progress, Status, only_while};
use crate::schema::TypeName;
use std::time::Duration;

/// How often it is said that something still runs.
const STILL: Duration = Duration::from_secs(10);
/// Between polls when the service doesn't say how long to wait.
const FIRST_POLL: Duration = Duration::from_millis(250);
const LONGEST_POLL: Duration = Duration::from_secs(5);
/// The shortest wait, so that an eager service isn't asked in a circle.
const SHORTEST_POLL: Duration = Duration::from_millis(5);
/// The moment that was named is over, and the operation isn't.
const OVERDUE_POLL: Duration = Duration::from_millis(50);
/// How long a read may say NotFound after a create: eight tries, 20 seconds.
const LAG: [u64; 8] = [100, 250, 500, 1_000, 2_000, 4_000, 6_000, 6_000];

/// For so long, in milliseconds, a model as it was before an update is taken for a read that lags.
const STALE: u64 = 3_500;

impl Hands {
    /// The request whose token a message has among its words.
    pub async fn request_named_in(&self, message: &str) -> Option<Progress> {
        let part_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '/' | '=');
        let words = message.split(|c| !part_of_token(c));
        for word in words.filter(|word| word.len() > 8 && word.contains(|c: char| c.is_ascii_digit())) {
            if let Ok(progress) = self.provider.status(word).await {
                return Some(progress);
            }
        }
        None
    }

    /// Asks for the status until there is an end.
    pub async fn follow(
        &self,
        subject: &Subject,
        mut progress: Progress,
        started: Duration,
        timeout: Duration,
    ) -> Tried {
        let (mut said, mut called_back) = (started, false);
        let (begun, mut polls) = (self.clock.now(), 0_u32);
        if let (Status::Running, Some(wait)) = (&progress.status, progress.retry_after) {
            self.expected.hinted(subject, wait);
        }
        loop {
            match progress.status {
                Status::Succeeded => {
                    self.expected.took(subject, self.clock.now().saturating_sub(begun));
                    return Tried::Done(progress.identifier);
                }
                Status::Failed(fault) => return Tried::Failed(fault, progress.identifier),
                Status::Cancelled => return Tried::Cancelled(progress.identifier),
                Status::Running if polls == 1 && progress.retry_after.is_some() => self.expected.not_over(),
                Status::Running => {}
            }
            let token = progress.request_token.clone();
            let mut wait = match progress.retry_after {
                Some(wait) if polls == 0 => wait.max(SHORTEST_POLL),
                // It should have been over by now: the service's clock may be another.
                Some(wait) => wait.max((OVERDUE_POLL * 2_u32.saturating_pow(polls - 1)).min(LONGEST_POLL)),
                None => self.next_poll(subject, self.clock.now().saturating_sub(begun)),
            };
            polls = polls.saturating_add(1).min(16);
            while wait > Duration::ZERO {
                let slice = wait.min(STILL);
                tokio::select! {
                    () = self.clock.sleep(slice) => wait = wait.saturating_sub(slice),
                    () = self.cancel.at_least(Stop::Now), if !called_back => {
                        called_back = true;
                        // It may have ended meanwhile, or be past cancelling: the status tells.
                        let _ = only_while(self.while_held(), self.provider.cancel(&token)).await;
                        wait = Duration::ZERO;
                    }
                }
                let now = self.clock.now();
                if now.saturating_sub(said) >= STILL {
                    said = now;
                    self.say(still_running(subject, &progress, now.saturating_sub(started), false));
                }
            }
            if self.clock.now().saturating_sub(started) > timeout {
                return Tried::TimedOut;
            }
            let answer = {
                // Throttled for minutes, a question too is worth a word.
                let mut asked = self.provider.status(&token);
                loop {
                    tokio::select! {
                        answer = &mut asked => break answer,
                        () = self.clock.sleep(STILL) => {
                            said = self.clock.now();
                            self.say(still_running(subject, &progress, said.saturating_sub(started), true));
                        }
                    }
                }
            };
            progress = match answer {
                Ok(next) => Progress {
                    identifier: next.identifier.or(progress.identifier),
                    request_token: token,
                    ..next
                },
                Err(fault) => return Tried::Unknown(fault),
            };
        }
    }

    /// When to ask about what the service names no moment for: soon once, should it be one that does
    /// all at once; then not before most of the expected time is over; then more often.
    fn next_poll(&self, subject: &Subject, elapsed: Duration) -> Duration {
        let expected = self
            .expected
            .of(&subject.type_name, subject.doing)
            .unwrap_or_else(|| by_table(&subject.type_name, subject.doing, None));
        let (most, rest) = (expected.mul_f64(0.6).saturating_sub(elapsed), expected / 5);
        most.max(rest).min(elapsed * 2).clamp(FIRST_POLL, LONGEST_POLL)
    }

    /// What is there after a create or an update; `None` if reads don't see it. A read may say
    /// NotFound for a moment after a create, and show the model from before an update: `stale` tells.
    pub async fn read_after(
        &self,
        type_name: &TypeName,
        identifier: &str,
        stale: impl Fn(&Json) -> bool,
    ) -> Result<Option<Json>, Fault> {
        let mut waited = 0;
        for wait in LAG {
            match self.provider.read(type_name, identifier).await? {
                Some(seen) if waited >= STALE || !stale(&seen) => return Ok(Some(seen)),
                _ => self.clock.sleep(Duration::from_millis(wait)).await,
            }
            waited += wait;
        }
        self.provider.read(type_name, identifier).await
    }
}

fn still_running(subject: &Subject, progress: &Progress, elapsed: Duration, asking: bool) -> Event {
    Event::StillRunning { subject: subject.clone(), elapsed, identifier: progress.identifier.clone(), asking }
}
