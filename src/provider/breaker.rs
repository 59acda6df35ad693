//! One view of whether an endpoint answers, shared by all who ask it.
//!
//! When a request comes back [`FaultKind::Unreachable`], the endpoint counts as silent: nobody else
//! asks, one asks again for all with growing waits, and the first answer lets everybody go on. A
//! silence longer than the patience is final: whoever waits gets [`FaultKind::Silent`] at once, and
//! so does whoever asks later. A request is sent again as it was, with its own client token, so that
//! nothing is done twice.

use super::{Clock, Fault, FaultKind, Silence};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long an endpoint on this machine may be silent: it is being started anew, or it is gone.
pub const PATIENCE_HERE: Duration = Duration::from_secs(10);
/// How long any other endpoint may be silent.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between the tries of the one who asks for all.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The last try has at least this long for its answer.
const SHORTEST_TRY: Duration = Duration::from_secs(1);
/// How long a request may still take once somebody wants the run to end.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Is told once when a silence begins.
pub type Listener = Box<dyn Fn(&str) + Send + Sync>;

/// The view.
pub struct Breaker {
    endpoint: String,
    patience: Duration,
    listener: Option<Listener>,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    hurried: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    since: Option<Duration>,
    tries: u32,
    probing: bool,
    /// The listener knows of this silence.
    told: bool,
    given_up: bool,
}

/// Leave to send one request; the one who asks for all gives it back when it goes.
pub(super) struct Turn<'a> {
    breaker: &'a Breaker,
    /// How long the answer may take, of the one who asks for all.
    probe: Option<Duration>,
}

impl Turn<'_> {
    /// Sends the request; none if nobody answered, and it is to wait for its turn again.
    pub(super) async fn ask<T>(
        self,
        clock: &dyn Clock,
        request: impl Future<Output = Result<T, Fault>>,
    ) -> Option<Result<T, Fault>> {
        let answer = match self.probe {
            None => tokio::select! {
                biased;
                answer = request => Some(answer),
                () = self.breaker.hurried(clock) => None,
            },
            Some(time) => tokio::select! {
                biased;
                answer = request => Some(answer),
                () = async { clock.sleep(time).await } => None,
            },
        };
        let answer = answer.filter(|answer| !matches!(answer, Err(f) if f.kind == FaultKind::Unreachable));
        match &answer {
            // Nobody was asked.
            Some(Err(fault)) if fault.kind == FaultKind::Withheld => {}
            Some(_) => self.breaker.answered(),
            None => self.breaker.unanswered(clock.now(), self.probe.is_some()),
        }
        answer
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.probe.is_some() {
            self.breaker.state().probing = false;
            self.breaker.changed.send_replace(());
        }
    }
}

impl Breaker {
    /// Of an endpoint, by its URL; `listener` is told when it falls silent.
    #[must_use]
    pub fn new(endpoint: &str, listener: Option<Listener>) -> Self {
        let patience = if is_here(endpoint) { PATIENCE_HERE } else { PATIENCE };
        Self {
            endpoint: endpoint.to_owned(),
            patience,
            listener,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
            hurried: AtomicBool::new(false),
        }
    }

    /// Whether it answers, as far as anybody knows.
    #[must_use]
    pub fn silence(&self) -> Silence {
        let state = self.state();
        match (state.given_up, state.since) {
            (true, _) => Silence::Final,
            (false, Some(_)) => Silence::Begun,
            (false, None) => Silence::None,
        }
    }

    /// No more patience from now on: somebody wants the run to end.
    pub fn hurry(&self) {
        self.hurried.store(true, Ordering::Relaxed);
        let mut state = self.state();
        state.given_up |= state.since.is_some();
        drop(state);
        self.changed.send_replace(());
    }

    /// Comes back a while after somebody was in a hurry.
    async fn hurried(&self, clock: &dyn Clock) {
        let mut changed = self.changed.subscribe();
        while !self.hurried.load(Ordering::Relaxed) {
            // The sender is `self`: it can't be gone.
            let _ = changed.changed().await;
        }
        clock.sleep(LAST_ANSWERS).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one may ask; none when there is no hope left.
    pub(super) async fn turn(&self, clock: &dyn Clock) -> Option<Turn<'_>> {
        loop {
            let mut changed = self.changed.subscribe();
            let wait = {
                let mut state = self.state();
                match state.since {
                    _ if state.given_up => return None,
                    None => return Some(Turn { breaker: self, probe: None }),
                    Some(_) if state.probing => None,
                    Some(since) => {
                        state.probing = true;
                        state.tries += 1;
                        let left = self.patience.saturating_sub(clock.now().saturating_sub(since));
                        let wait = FIRST_WAIT * 2_u32.saturating_pow(state.tries.min(10) - 1);
                        Some((wait.min(LONGEST_WAIT).min(left), left))
                    }
                }
            };
            let Some((wait, left)) = wait else {
                // The sender is `self`: it can't be gone.
                let _ = changed.changed().await;
                continue;
            };
            let probe = Some(left.saturating_sub(wait).max(SHORTEST_TRY));
            let turn = Turn { breaker: self, probe };
            let mut sleep = clock.sleep(wait);
            loop {
                tokio::select! {
                    biased;
                    () = &mut sleep => return Some(turn),
                    _ = changed.changed() => {}
                }
                // Late answers of others may end the silence; more of it changes nothing.
                if self.silence() != Silence::Begun {
                    break;
                }
            }
        }
    }

    /// One answer may be lost on its way: it is worth telling once the next try has none either.
    fn unanswered(&self, now: Duration, again: bool) {
        let tells = {
            let mut state = self.state();
            let since = *state.since.get_or_insert(now);
            let long = now.saturating_sub(since) >= self.patience;
            state.given_up |= long || self.hurried.load(Ordering::Relaxed);
            let tells = again && !state.told && !state.given_up;
            state.told |= tells;
            tells
        };
        if let (true, Some(listener)) = (tells, &self.listener) {
            listener(&format!(
                "{} doesn't answer; it is asked again for {} seconds",
                self.endpoint,
                self.patience.as_secs()
            ));
        }
        self.changed.send_replace(());
    }

    fn answered(&self) {
        let mut state = self.state();
        if state.since.is_some() {
            *state = State { given_up: state.given_up, probing: state.probing, ..State::default() };
            drop(state);
            self.changed.send_replace(());
        }
    }

    /// The answer where there is no hope left.
    pub(super) fn silent(&self) -> Fault {
        Fault {
            kind: FaultKind::Silent,
            operation: "request",
            type_name: None,
            identifier: None,
            code: "Unreachable".to_owned(),
            message: format!("the endpoint {} stopped answering", self.endpoint),
            request_id: None,
        }
    }
}

/// Whether a URL is of this machine.
#[must_use]
pub fn is_here(url: &str) -> bool {
    ["://127.", "://localhost", "://[::1]"].iter().any(|host| url.contains(host))
}

#[cfg(test)]
mod tests {
    use super::super::JumpingClock;
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    const HERE: &str = "http://127.0.0.1:4566";

    fn nobody() -> Fault {
        let silent = Breaker::new(HERE, None).silent();
        Fault { kind: FaultKind::Unreachable, ..silent }
    }

    /// One request, as a provider sends it.
    async fn guarded<F: Future<Output = Result<(), Fault>>>(
        breaker: &Breaker,
        clock: &dyn Clock,
        ask: impl Fn() -> F,
    ) -> Result<(), Fault> {
        loop {
            let Some(turn) = breaker.turn(clock).await else { return Err(breaker.silent()) };
            if let Some(answer) = turn.ask(clock, ask()).await {
                return answer;
            }
        }
    }

    /// Many at once against an endpoint that answers after so many requests: what they got, how
    /// often it was asked, how long it took, what was said.
    fn many(answers_after: u32) -> (Vec<Result<(), FaultKind>>, u32, Duration, Vec<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let listener: Listener = Box::new(move |words| heard.lock().expect("said").push(words.to_owned()));
        let breaker = Arc::new(Breaker::new(HERE, Some(listener)));
        let (clock, asked) = (Arc::new(JumpingClock::default()), Arc::new(AtomicU32::new(0)));
        let results = runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..50 {
                let (breaker, clock, asked) = (Arc::clone(&breaker), Arc::clone(&clock), Arc::clone(&asked));
                tasks.spawn(async move {
                    let ask = || async {
                        let before = asked.fetch_add(1, Ordering::Relaxed);
                        // The first of each are under way together.
                        if before < 50 {
                            tokio::task::yield_now().await;
                        }
                        if before >= answers_after { Ok(()) } else { Err(nobody()) }
                    };
                    guarded(&breaker, &*clock, ask).await.map_err(|fault| fault.kind)
                });
            }
            tasks.join_all().await
        });
        let said = said.lock().expect("said").clone();
        (results, asked.load(Ordering::Relaxed), clock.now(), said)
    }

    #[test]
    fn a_silence_ends_for_all_with_the_first_answer() {
        let (results, asked, time, said) = many(53);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!(asked, 53 + 50, "one asks for all, and then each for itself");
        assert!(time < PATIENCE_HERE, "{time:?}");
        assert_eq!(said, [format!("{HERE} doesn't answer; it is asked again for 10 seconds")]);
    }

    #[test]
    fn one_lost_answer_is_not_worth_a_word() {
        let (results, asked, _, said) = many(50);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!((asked, said.len()), (50 + 50, 0), "{said:?}");
    }

    #[test]
    fn a_long_silence_is_final_for_all_and_only_one_asked_meanwhile() {
        let (results, asked, time, _) = many(u32::MAX);
        assert!(results.iter().all(|r| *r == Err(FaultKind::Silent)), "{results:?}");
        assert!((52..65).contains(&asked), "{asked}");
        assert!(time >= PATIENCE_HERE && time < PATIENCE_HERE * 2, "{time:?}");
    }

    #[test]
    fn whoever_is_in_a_hurry_waits_for_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (breaker, clock) = (Breaker::new(HERE, None), JumpingClock::default());
        breaker.hurry();
        let answer = runtime.block_on(guarded(&breaker, &clock, || async { Err(nobody()) }));
        assert_eq!(answer.expect_err("silent").kind, FaultKind::Silent);
        assert_eq!(breaker.silence(), Silence::Final);
        assert_eq!(clock.now(), Duration::ZERO);

        let breaker = Breaker::new(HERE, None);
        let answer = runtime.block_on(async {
            let never = guarded(&breaker, &clock, std::future::pending);
            tokio::join!(never, async { breaker.hurry() }).0
        });
        assert_eq!(answer.expect_err("silent").kind, FaultKind::Silent);
        assert_eq!(clock.now(), LAST_ANSWERS);
    }
}
