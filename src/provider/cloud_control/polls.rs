//! Questions about progress that wait in the line for their turn at the same time: one
//! ListResourceRequests answers many of them.
//!
//! What it lists as a success is one. Nothing is taken from what it doesn't list: the API's reference
//! says neither in which order it lists seven days of requests, nor how soon a success is among them.
//! Whoever isn't answered asks for itself, so no question is in two lists, and after [`IN_VAIN`] lists in a row that
//! answered nobody there is none any more.

use crate::provider::Progress;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// So many questions at once are worth a list.
const FEW: usize = 2;
/// So many lists in a row that answered nobody were enough.
const IN_VAIN: u32 = 3;

/// The questions that wait.
#[derive(Debug, Default)]
pub(super) struct Polls {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By request token: those that wait for their turn, and that no list has left out yet.
    waiting: HashMap<String, oneshot::Sender<Progress>>,
    /// Lists in a row that answered nobody.
    in_vain: u32,
    /// Lists aren't allowed, or not worth it.
    closed: bool,
}

impl Polls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A question that waits for its turn, and what answers it before.
    pub fn enter<'a>(&'a self, token: &'a str) -> (Poll<'a>, oneshot::Receiver<Progress>) {
        let (sender, told) = oneshot::channel();
        self.state().waiting.insert(token.to_owned(), sender);
        (Poll { polls: self, token }, told)
    }

    /// No lists from now on.
    pub fn close(&self) {
        self.state().closed = true;
    }

    /// Answers who waits for one of these successes; comes back with that of this question. Whoever
    /// isn't answered asks for itself.
    pub fn tell(&self, successes: Vec<Progress>, token: &str) -> Option<Progress> {
        let mut state = self.state();
        let mut waiting = std::mem::take(&mut state.waiting);
        let (mut own, mut told) = (None, false);
        for success in successes {
            if success.request_token == token {
                own = Some(success);
            } else if let Some(sender) = waiting.remove(&success.request_token) {
                // Who has just left needs no answer.
                told |= sender.send(success).is_ok();
            }
        }
        state.in_vain = if told || own.is_some() { 0 } else { state.in_vain.saturating_add(1) };
        state.closed |= state.in_vain >= IN_VAIN;
        own
    }
}

/// A question's place; it is given up when this goes.
pub(super) struct Poll<'a> {
    polls: &'a Polls,
    token: &'a str,
}

impl Poll<'_> {
    /// It has its turn, and is no longer answered by others: whether a list is worth it.
    pub fn goes(&self) -> bool {
        let mut state = self.polls.state();
        let waits = state.waiting.remove(self.token).is_some();
        waits && !state.closed && state.waiting.len() + 1 >= FEW
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.polls.state().waiting.remove(self.token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Status;

    fn success(token: &str) -> Progress {
        Progress {
            request_token: token.to_owned(),
            identifier: Some(format!("{token}'s")),
            status: Status::Succeeded,
            retry_after: None,
        }
    }

    #[test]
    fn a_list_answers_who_waits_and_nobody_is_in_two() {
        let polls = Polls::default();
        let (alone, _told) = polls.enter("alone");
        assert!(!alone.goes(), "one question is no reason for a list");
        let (first, _told) = polls.enter("first");
        let (_second, mut second) = polls.enter("second");
        let (third, mut third_told) = polls.enter("third");
        let (left, _) = polls.enter("left");
        drop(left);
        assert!(first.goes());
        let listed = ["first", "second", "left", "of somebody else"].map(success).to_vec();
        assert_eq!(polls.tell(listed, "first"), Some(success("first")));
        assert_eq!(second.try_recv(), Ok(success("second")));
        assert!(third_told.try_recv().is_err());
        let (_fourth, _told) = polls.enter("fourth");
        assert!(!third.goes(), "a list has left it out");
    }

    #[test]
    fn lists_that_answer_nobody_come_to_an_end() {
        let polls = Polls::default();
        let mut lists = 0;
        for _ in 0..10 {
            let ((one, _), (_other, _told)) = (polls.enter("one"), polls.enter("other"));
            if one.goes() {
                lists += 1;
                assert_eq!(polls.tell(vec![success("of long ago")], "one"), None);
            }
        }
        assert_eq!(lists, IN_VAIN);
    }
}
