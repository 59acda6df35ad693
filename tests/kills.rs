//! Runs that are killed anywhere, as a machine that goes down kills them: nothing is made twice,
//! nothing is in the cloud that isn't recorded, nothing is recorded that isn't there, and the next run
//! reaches what the file says.
//!
//! Half of the kills hit a run whose cloud is another process and whose changes take 20 to 200 ms; half
//! hit the run and the cloud in it. The state of every third life lies in a bucket. `EVSTACK_KILLS` says how many there are (50), `EVSTACK_KILLS_SEED`
//! what the choices follow (1); times don't follow any seed, so a failure may need several tries.
#![cfg(unix)]

mod common;
#[path = "kills/gate.rs"]
mod gate;
#[path = "kills/life.rs"]
mod life;
#[path = "common/s3.rs"]
mod s3;
#[path = "kills/stacks.rs"]
mod stacks;
#[path = "kills/traces.rs"]
mod traces;

use life::{Life, Tally};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// SplitMix64: the same choices in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound.max(1) as u64).unwrap_or(0)
    }
}

/// Where the state lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateIn {
    /// In `.evstack/state`.
    Folder,
    /// In a bucket, with a lock that a dead run holds for a second.
    Bucket,
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Lives one after the other, until so many runs were killed.
fn lives(kills: usize, seed: u64, apart: bool) -> Tally {
    let mut tally = Tally::default();
    let mut number = 0;
    while tally.kills < kills {
        let choices = seed.wrapping_mul(1_000_003).wrapping_add(number * 2 + u64::from(apart));
        // Every third.
        let state = if number % 3 == 2 { StateIn::Bucket } else { StateIn::Folder };
        let lived = catch_unwind(AssertUnwindSafe(|| {
            Life::new(choices, apart, state, &mut tally).live(kills);
        }));
        if lived.is_err() {
            panic!(
                "life {number} of seed {seed} (cloud {}): EVSTACK_KILLS_SEED={seed} EVSTACK_KILLS={} shows it again",
                if apart { "apart" } else { "within" },
                2 * kills
            );
        }
        number += 1;
    }
    tally
}

fn told(name: &str, tally: &Tally) -> String {
    let phases: Vec<String> =
        tally.phases.iter().map(|(phase, count)| format!("{count} {}", phase.words())).collect();
    format!(
        "{name}: {} kills ({} with the state in a bucket) in {} lives ({} runs ended before): {}",
        tally.kills,
        tally.in_bucket,
        tally.lives,
        tally.missed,
        phases.join(", ")
    )
}

#[test]
fn killed_anywhere_the_next_run_reaches_what_the_file_says() {
    let (kills, seed) = (number("EVSTACK_KILLS", 50), number("EVSTACK_KILLS_SEED", 1));
    let half = usize::try_from(kills / 2).expect("a small number").max(1);
    let (apart, within) = std::thread::scope(|scope| {
        let apart = scope.spawn(|| lives(half, seed, true));
        let within = scope.spawn(|| lives(half, seed, false));
        (apart.join(), within.join())
    });
    let (Ok(apart), Ok(within)) = (apart, within) else { panic!("see above") };
    println!("seed {seed}\n{}\n{}", told("the run alone", &apart), told("run and cloud", &within));
    for tally in [apart, within] {
        assert!(tally.phases.len() >= 4, "the kills hit too little: {:?}", tally.phases);
    }
}
