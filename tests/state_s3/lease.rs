//! The lock: who has it, who gets it, and what whoever lost it may still do.

use crate::engine::{LONG, SHORT, content, key, put, quiet, read, store, take, who};
use crate::s3::{Asked, Fate, Line, S3, Served};
use evstack::diagnostics::{Code, Diagnostic};
use evstack::model::Address;
use evstack::state::{Locked, Store, lock};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// A run that is gone without a word: it holds its lock, and its line is cut for ever.
fn abandoned(locked: Locked, line: &Line) {
    line.cut();
    std::mem::forget(locked);
}

#[test]
fn of_two_writers_one_wins_and_the_other_is_told_who_holds_it() {
    let served = Served::start();
    let barrier = Arc::new(Barrier::new(4));
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let run = |n: usize| {
            // Long enough for a busy machine; the others are told after a third of it.
            let lease = Duration::from_millis(1_500);
            let (barrier, store) = (Arc::clone(&barrier), Store::bucket(served.bucket(lease)));
            scope.spawn(move || {
                barrier.wait();
                lock(&store, &key(), &who(&format!("run {n}")))
                    .map(|locked| {
                        locked.append(put(n)).expect("written");
                        // Until all others were told.
                        barrier.wait();
                        n
                    })
                    .inspect_err(|_| {
                        barrier.wait();
                    })
            })
        };
        let threads: Vec<_> = (0..4).map(run).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let winners: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(refused.code, Code::LOCKED, "{refused:?}");
        let by = format!(
            "held by `run {}` (process 7 on here, since noon), its lease last renewed at 20",
            winners[0]
        );
        assert!(refused.message.contains(&by), "{}", refused.message);
    }
    assert_eq!(read(&Store::bucket(served.bucket(SHORT))).resources.len(), 1);
}

#[test]
fn a_lock_that_was_given_back_is_taken_at_once_and_a_silent_one_after_its_lease() {
    let s3 = S3::new();
    let line = Line::default();
    let start = Instant::now();
    drop(take(&store(&s3, LONG, &line), "first"));
    drop(take(&store(&s3, LONG, &line), "second"));
    assert!(start.elapsed() < LONG / 10);
    let dead = take(&store(&s3, SHORT, &line), "dead");
    dead.append(put(1)).expect("written");
    abandoned(dead, &line);
    let start = Instant::now();
    let next = take(&quiet(&s3), "next");
    assert!(start.elapsed() >= SHORT, "{:?}", start.elapsed());
    assert_eq!(next.snapshot().resources.len(), 1);
}

#[test]
fn a_holder_that_was_stopped_can_write_nothing_once_another_took_over() {
    // How far the other came, and whether the first had a fence of its own.
    for how_far in 0..5 {
        for after_another in [false, true] {
            let s3 = S3::new();
            if after_another {
                let line = Line::default();
                abandoned(take(&store(&s3, SHORT, &line), "before"), &line);
            }
            let line = Line::default();
            let mut stopped = take(&store(&s3, SHORT, &line), "stopped");
            stopped.append(put(1)).expect("written");
            line.cut();
            let mut other = take(&quiet(&s3), "other");
            if how_far >= 1 {
                other.append(put(2)).expect("written");
            }
            if how_far >= 2 {
                other.compact().expect("written");
            }
            let other = (how_far < 3).then_some(other);
            if how_far >= 4 {
                let mut third = take(&quiet(&s3), "third");
                third.append(put(3)).expect("written");
                third.compact().expect("written");
            }
            let before = content(&read(&quiet(&s3)));
            line.heal();
            let refused = stopped.append(put(9)).expect_err("another holds it");
            assert_eq!(refused.code, Code::TAKEN_OVER, "{how_far}: {}", refused.message);
            stopped.append(put(10)).expect_err("for good");
            stopped.compact().expect_err("for good");
            drop(stopped);
            assert_eq!(content(&read(&quiet(&s3))), before, "{how_far}");
            if let Some(mut other) = other {
                other.append(put(4)).expect("still its own");
                other.compact().expect("still its own");
            }
            assert!(!read(&quiet(&s3)).resources.contains_key(&Address::new("queue.q9")));
        }
    }
}

#[test]
fn a_snapshot_that_a_stopped_holder_writes_late_harms_nobody() {
    let s3 = S3::new();
    let line = Line::default();
    let mut stopped = take(&store(&s3, SHORT, &line), "stopped");
    stopped.append(put(1)).expect("written");
    line.cut();
    let mut other = take(&quiet(&s3), "other");
    other.append(put(2)).expect("written");
    line.heal();
    // All that it knows is durable already, so that it may end well, unless it was told by now.
    if let Err(refused) = stopped.compact() {
        assert_eq!(refused.code, Code::TAKEN_OVER, "{}", refused.message);
    }
    drop(stopped);
    assert_eq!(read(&quiet(&s3)).resources.len(), 2);
    other.append(put(3)).expect("still its own");
    other.compact().expect("its own is more");
    drop(other);
    assert_eq!(read(&quiet(&s3)).resources.len(), 3);
}

#[test]
fn a_holder_that_was_stopped_after_it_wrote_its_intent_down_may_not_call_any_more() {
    let s3 = S3::new();
    let line = Line::default();
    let stopped = take(&store(&s3, SHORT, &line), "stopped");
    stopped.append(put(1)).expect("written");
    line.cut();
    let other = take(&quiet(&s3), "other");
    // Nobody told it yet: it can't ask, and knows that its lease is over.
    assert!(!stopped.journal().is_surely_held());
    let refused = still_held(&stopped).expect_err("it can't be sure");
    assert_eq!(refused.code, Code::TAKEN_OVER);
    line.heal();
    still_held(&stopped).expect_err("another holds it");
    assert!(!stopped.journal().is_surely_held());
    other.append(put(2)).expect("still its own");
    let held = take(&store(&S3::new(), LONG, &Line::default()), "held");
    assert!(held.journal().is_surely_held());
    still_held(&held).expect("nobody else wants it");
}

#[test]
fn who_is_stopped_between_the_lock_and_the_claim_leaves_the_next_holders_journal_alone() {
    let s3 = S3::new();
    let mut first = take(&quiet(&s3), "first");
    first.append(put(1)).expect("written");
    first.compact().expect("written");
    drop(first);
    let line = Line::default();
    let (there, cut) = (store(&s3, SHORT, &line), line.clone());
    let (told, taken) = std::sync::mpsc::channel();
    s3.decide(move |asked| {
        if asked.method == "PUT" && asked.key.ends_with(".lock") && told.send(()).is_ok() {
            cut.cut();
        }
        Fate::Answered
    });
    let stopped = std::thread::spawn(move || lock(&there, &key(), &who("stopped")));
    taken.recv().expect("it took the lock");
    s3.calm();
    let other = take(&quiet(&s3), "other");
    line.heal();
    let outcome = stopped.join().expect("no panic");
    if let Ok(mut stopped) = outcome {
        let _ = stopped.compact();
        drop(stopped);
        other.append(put(2)).expect("still its own");
        assert_eq!(read(&quiet(&s3)).resources.len(), 2, "acknowledged");
        panic!("it isn't its own any more");
    }
    assert_eq!(outcome.expect_err("refused").code, Code::TAKEN_OVER);
}

#[test]
fn a_lock_that_somebody_took_away_ends_the_run_that_held_it() {
    let s3 = S3::new();
    let held = take(&store(&s3, LONG, &Line::default()), "held");
    held.append(put(1)).expect("written");
    s3.change("team/shop.prod.lock", None);
    let mut other = take(&quiet(&s3), "other");
    other.compact().expect("written");
    drop(other);
    assert_eq!(held.append(put(2)).expect_err("another had it").code, Code::TAKEN_OVER);
}

/// Asks from outside of a runtime.
fn still_held(locked: &Locked) -> Result<(), Diagnostic> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(locked.journal().still_held())
}

/// Waits for what it says of its loss.
fn loss(locked: &Locked) -> Diagnostic {
    loop {
        while locked.journal().is_surely_held() {
            std::thread::yield_now();
        }
        if let Err(why) = still_held(locked) {
            return why;
        }
    }
}

fn is_renewal(asked: &Asked) -> bool {
    asked.method == "PUT" && asked.conditional && asked.key.ends_with(".lock")
}

#[test]
fn connections_that_stall_for_longer_than_a_lease_do_not_cost_a_live_run_its_lock() {
    let served = Served::own();
    let s3 = served.own.clone().expect("our own");
    let lease = Duration::from_millis(1_500);
    let mut held = take(&Store::bucket(served.bucket(lease)), "held");
    let (tell, stalls) = std::sync::mpsc::channel();
    let mut renewals = 0;
    s3.decide(move |asked| {
        renewals += usize::from(is_renewal(asked));
        match is_renewal(asked) && renewals % 2 == 1 {
            // Some are done, and some aren't.
            true => {
                let _ = tell.send(());
                Fate::Stalled(renewals % 4 == 1)
            }
            false => Fate::Answered,
        }
    });
    // Each waits for a sign of life, and would take the lock over without one.
    for _ in 0..3 {
        let rival = lock(Store::bucket(served.bucket(lease)), &key(), &who("rival"));
        assert_eq!(rival.expect_err("it lives").code, Code::LOCKED);
    }
    assert!(stalls.try_iter().count() >= 2, "renewals stalled");
    held.append(put(1)).expect("still its own");
    still_held(&held).expect("still its own");
    held.compact().expect("still its own");
}

#[test]
fn what_is_known_of_a_lost_lock_is_said_and_nothing_else() {
    // Over, and nobody took it.
    let (s3, line) = (S3::new(), Line::default());
    let held = take(&store(&s3, SHORT, &line), "held");
    line.cut();
    let refused = loss(&held);
    assert_eq!(refused.code, Code::TAKEN_OVER);
    assert!(refused.message.contains("whether another run took over isn't known"), "{refused:?}");
    assert!(refused.message.contains("can't be reached"), "{refused:?}");
    // It is there again, and nobody took the lock meanwhile.
    line.heal();
    still_held(&held).expect("renewed");
    held.append(put(1)).expect("written");
    // Another took it, by its lock.
    line.cut();
    let other = take(&quiet(&s3), "other");
    line.heal();
    let refused = still_held(&held).expect_err("another holds it");
    assert!(
        refused.message.starts_with("`other` (process 7 on here, since noon) took over the state in s3://"),
        "{refused:?}"
    );
    let again = held.append(put(2)).expect_err("another holds it");
    assert_eq!(again.message, refused.message);
    drop(other);
    // Another took it, by its claim in the journal.
    let (s3, line) = (S3::new(), Line::default());
    let held = take(&store(&s3, LONG, &line), "held");
    s3.change("team/shop.prod.lock", None);
    let _other = take(&quiet(&s3), "other");
    let refused = held.append(put(2)).expect_err("another holds it");
    assert!(refused.message.starts_with("another run, other (process 7 on here), took over"), "{refused:?}");
    // Its lock is gone, and nobody knows why.
    let s3 = S3::new();
    let held = take(&store(&s3, SHORT, &Line::default()), "held");
    s3.change("team/shop.prod.lock", None);
    let refused = loss(&held);
    assert!(refused.message.contains("was deleted while this run held it"), "{refused:?}");
}

#[test]
fn a_lock_that_others_take_and_give_back_again_and_again_is_not_waited_for_for_ever() {
    let s3 = S3::new();
    drop(take(&quiet(&s3), "before"));
    let free = |n: usize| {
        let holder = serde_json::json!({"pid": n, "host": "there", "since": "one", "command": "busy"});
        let note = serde_json::json!({
            "token": n.to_string(), "free": true, "holder": holder, "lease_seconds": 0.3, "renewals": 0,
        });
        note.to_string().into_bytes()
    };
    s3.decide(move |asked| match is_renewal(asked) {
        true => Fate::Forestalled(free(asked.number)),
        false => Fate::Answered,
    });
    let refused = lock(quiet(&s3), &key(), &who("late")).expect_err("never its turn");
    assert_eq!(refused.code, Code::LOCKED);
    assert!(refused.message.contains("taken by others 8 times before this run could"), "{refused:?}");
    assert!(refused.message.contains("by `busy` (process"), "{refused:?}");
}

#[test]
fn a_store_that_refuses_whatever_is_written_is_named_and_not_asked_for_ever() {
    for refused in [".lock", ".journal/", ".json"] {
        let s3 = S3::new();
        let mut before = take(&quiet(&s3), "before");
        before.append(put(1)).expect("written");
        if refused == ".json" {
            before.compact().expect("written");
        }
        drop(before);
        s3.decide(move |asked| match asked.method == "PUT" && asked.key.contains(refused) {
            true => Fate::Refused(412, "PreconditionFailed"),
            false => Fate::Answered,
        });
        let ended = lock(quiet(&s3), &key(), &who("x")).and_then(|mut locked| {
            locked.append(put(2))?;
            locked.compact()
        });
        let why = ended.expect_err("it can't be written");
        assert_eq!(why.code, Code::BUCKET, "{refused}: {why:?}");
        assert!(why.message.contains("under conditions that hold"), "{refused}: {why:?}");
    }
}

#[test]
fn whatever_else_writes_under_a_runs_lock_ends_it_with_a_word() {
    for written in [".journal/", ".json"] {
        let s3 = S3::new();
        let before = take(&quiet(&s3), "before");
        before.append(put(1)).expect("written");
        drop(before);
        let mut number = 0;
        s3.decide(move |asked| {
            let fits = asked.key.contains(written) && asked.method == "PUT" && asked.conditional;
            if !fits {
                return Fate::Answered;
            }
            number += 1;
            let last = asked.key.rsplit('/').next().and_then(|name| name.parse::<u64>().ok());
            Fate::Forestalled(match last {
                Some(last) => {
                    let head = serde_json::json!({"segment": last, "token": "", "by": "nobody"});
                    format!("{head}\n").into_bytes()
                }
                None => format!("{{\"other\": {number}}}").into_bytes(),
            })
        });
        let ended = lock(quiet(&s3), &key(), &who("x")).and_then(|mut locked| locked.compact());
        let why = ended.expect_err("somebody else writes");
        assert_eq!(why.code, Code::LOCKED, "{written}: {why:?}");
        assert!(why.message.contains("written by others 8 times while"), "{written}: {why:?}");
    }
}
