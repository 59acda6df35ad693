//! The pace against a service that takes so many requests a second, and the order of the line.

use super::*;
use crate::provider::JumpingClock;

/// How many may come at once before the first answer.
const AT_FIRST: usize = 5;

/// A service's own bucket.
struct Service {
    rate: f64,
    burst: f64,
    tokens: f64,
    filled: Duration,
}

impl Service {
    fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, tokens: burst, filled: Duration::ZERO }
    }

    fn takes(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.burst);
        self.filled = now;
        let takes = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(takes));
        takes
    }
}

/// What a client got in a time.
#[derive(Debug, Clone, Copy, Default)]
struct Got {
    accepted: u32,
    refused: u32,
}

/// Clients that always want more, for so many seconds from `from` on.
fn run(service: &mut Service, paces: &mut [Pace], from: u64, seconds: u64) -> Vec<Got> {
    let mut got = vec![Got::default(); paces.len()];
    for millis in from * 1_000..(from + seconds) * 1_000 {
        let now = Duration::from_millis(millis);
        for (pace, got) in paces.iter_mut().zip(&mut got) {
            let mut at_once = 0;
            while at_once < 64 && pace.take(now).is_ok() {
                at_once += 1;
                if service.takes(now) {
                    got.accepted += 1;
                    pace.accepted(now);
                } else {
                    got.refused += 1;
                    pace.refused(now);
                }
            }
        }
    }
    got
}

#[test]
fn nearly_all_that_is_allowed_is_used() {
    for (allowed, burst) in [(25, 25.0), (25, 5.0), (25, 2.0), (10, 10.0), (5, 5.0), (60, 60.0), (100, 20.0)]
    {
        let (mut service, mut pace) =
            (Service::new(f64::from(allowed), burst), [Pace::starting_at(pace::START)]);
        // What is far from where it starts is found first.
        let from = if f64::from(allowed) > pace::START { 10 } else { 0 };
        run(&mut service, &mut pace, 0, from);
        let got = run(&mut service, &mut pace, from, 60)[0];
        assert!(got.accepted * 100 >= allowed * 60 * 95, "{allowed} with {burst} at once: {got:?}");
        assert!(got.refused * 100 <= got.accepted * 12, "{allowed} with {burst} at once: {got:?}");
    }
}

#[test]
fn how_many_may_come_at_once_grows_with_the_answers_until_one_is_refused() {
    let at_once = |burst: f64| {
        let (mut service, mut pace) = (Service::new(25.0, burst), [Pace::starting_at(pace::START)]);
        let got = run(&mut service, &mut pace, 0, 1)[0];
        // What is there after a while in which nothing was asked.
        (got, run(&mut service, &mut pace, 10, 1)[0])
    };
    let (first, later) = at_once(25.0);
    assert!(first.accepted >= 48 && first.refused <= 1, "{first:?}");
    assert!(later.accepted >= 45 && later.refused <= 1, "{later:?}");
    for burst in [2.0, 5.0, 8.0, 12.0] {
        let (first, later) = at_once(burst);
        assert!(first.refused <= 4, "{burst} at once: {first:?}");
        assert!(later.accepted >= 18 && later.refused <= 2, "{burst} at once: {later:?}");
    }
}

#[test]
fn it_slows_down_at_once_and_is_quick_when_it_is_free_again() {
    let (mut service, mut paces) = (Service::new(60.0, 30.0), [Pace::starting_at(pace::START)]);
    run(&mut service, &mut paces, 0, 20);
    let fast = run(&mut service, &mut paces, 20, 5)[0];
    assert!(fast.accepted >= 270, "{fast:?}");
    service.rate = 6.0;
    run(&mut service, &mut paces, 25, 5);
    let slow = run(&mut service, &mut paces, 30, 20)[0];
    assert!(slow.accepted >= 108 && slow.refused <= 15, "{slow:?}");
    service.rate = 150.0;
    run(&mut service, &mut paces, 50, 20);
    let fast = run(&mut service, &mut paces, 70, 5)[0];
    assert!(fast.accepted >= 650, "{fast:?}");
}

#[test]
fn two_clients_of_one_account_share_it() {
    let mut service = Service::new(25.0, 25.0);
    let mut paces = [Pace::starting_at(pace::START), Pace::starting_at(pace::START)];
    run(&mut service, &mut paces, 0, 10);
    // One came late.
    paces[1] = Pace::starting_at(pace::START);
    let got = run(&mut service, &mut paces, 10, 60);
    let both = got[0].accepted + got[1].accepted;
    assert!(both >= 25 * 57, "{got:?}");
    assert!(got.iter().all(|client| client.accepted * 4 >= both), "none has less than a quarter: {got:?}");
}

#[test]
fn refusals_by_chance_do_not_stop_it() {
    let mut pace = Pace::free();
    let (mut accepted, mut number) = (0, 0_u32);
    for millis in 0..20_000 {
        let now = Duration::from_millis(millis);
        // One request a millisecond, as one who waits for each answer, and every third is refused.
        if pace.take(now).is_ok() {
            number += 1;
            if number.is_multiple_of(3) {
                pace.refused(now);
            } else {
                accepted += 1;
                pace.accepted(now);
            }
        }
    }
    assert!(accepted > 1_500, "{accepted}");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

#[test]
fn the_longest_way_goes_first_and_nobody_waits_for_ever() {
    let (limiter, clock) = (Arc::new(Limiter::starting_at(10.0)), Arc::new(JumpingClock::default()));
    let went: Arc<Mutex<Vec<&str>>> = Arc::default();
    block_on(async {
        for _ in 0..AT_FIRST {
            drop(limiter.turn(&*clock, Duration::ZERO).await);
        }
        let mut tasks = tokio::task::JoinSet::new();
        let ask = |tasks: &mut tokio::task::JoinSet<()>, name: &'static str, way: u64| {
            let (limiter, clock, went) = (Arc::clone(&limiter), Arc::clone(&clock), Arc::clone(&went));
            tasks.spawn(async move {
                drop(limiter.turn(&*clock, Duration::from_secs(way)).await);
                went.lock().expect("went").push(name);
            });
        };
        ask(&mut tasks, "first", 0);
        ask(&mut tasks, "a read", 0);
        ask(&mut tasks, "short", 3);
        ask(&mut tasks, "long", 30);
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        clock.sleep(Duration::from_secs(20)).await;
        ask(&mut tasks, "late", 10);
        tasks.join_all().await;
    });
    let went = went.lock().expect("went").clone();
    let place = |name: &str| went.iter().position(|went| *went == name).expect("it went");
    assert!(place("long") < place("short") && place("short") < place("a read"), "{went:?}");
    assert!(place("a read") < place("late"), "{went:?}");
}

#[test]
fn who_is_admitted_has_its_turn_and_who_leaves_the_line_holds_nobody_up() {
    let (limiter, clock) = (Limiter::starting_at(10.0), JumpingClock::default());
    block_on(async {
        for _ in 0..AT_FIRST {
            assert!(limiter.admit(&clock, Duration::ZERO).await);
            drop(limiter.paid());
        }
        assert_eq!(clock.now(), Duration::ZERO);
        {
            let mut leaves = Box::pin(limiter.turn(&clock, Duration::from_secs(9)));
            let pending = std::future::poll_fn(|context| {
                std::task::Poll::Ready(leaves.as_mut().poll(context).is_pending())
            });
            assert!(pending.await);
        }
        drop(limiter.turn(&clock, Duration::ZERO).await);
        assert!(clock.now() >= Duration::from_millis(100));
        assert!(!Limiter::free().admit(&clock, Duration::ZERO).await, "each request waits for itself");
    });
}

#[test]
fn no_more_than_so_many_are_in_the_air() {
    let (limiter, clock) = (Limiter::free(), JumpingClock::default());
    block_on(async {
        let mut turns = Vec::new();
        for _ in 0..IN_THE_AIR {
            turns.push(limiter.turn(&clock, Duration::ZERO).await);
        }
        let one_more = limiter.turn(&clock, Duration::ZERO);
        tokio::join!(async { drop(one_more.await) }, async {
            tokio::task::yield_now().await;
            assert_eq!(limiter.line().waiting.len(), 1);
            turns.pop();
        });
    });
}

#[test]
fn what_was_learned_is_worth_remembering_and_told_once() {
    let told: Arc<Mutex<Vec<f64>>> = Arc::default();
    let heard = Arc::clone(&told);
    let listener: Listener = Box::new(move |rate| heard.lock().expect("told").push(rate));
    let limiter = Limiter::free().telling(listener);
    let refused: Result<(), Fault> = Err(Fault {
        kind: FaultKind::Throttled,
        operation: "GetResource",
        type_name: None,
        identifier: None,
        code: "ThrottlingException".to_owned(),
        message: String::new(),
        request_id: None,
    });
    for millis in 0..10 {
        limiter.learn(&Ok(()), Duration::from_millis(1_000 + millis * 100));
    }
    assert_eq!((limiter.rate(), limiter.learned(), limiter.refused()), (None, None, 0));
    for millis in [1_950, 4_000, 6_000] {
        limiter.learn(&refused, Duration::from_millis(millis));
    }
    assert_eq!(limiter.refused(), 3);
    assert!(limiter.learned().is_some_and(|rate| rate < pace::START), "{:?}", limiter.learned());
    assert_eq!(told.lock().expect("told").len(), 1);
}
