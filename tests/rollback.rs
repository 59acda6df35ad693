//! A failed apply that is turned back: the law over random stacks, edits and failures, and what the
//! program says.
//!
//! `EVSTACK_ROLLBACK_CASES` says how many random cases are played, `EVSTACK_ROLLBACK_SEED` which is the
//! first.

mod common;
#[path = "common/generate/mod.rs"]
mod generate;
#[path = "rollback/killed.rs"]
mod killed;
#[path = "rollback/program.rs"]
mod program;
#[path = "common/rig.rs"]
mod rig;
#[path = "rollback/stack.rs"]
mod stack;
#[path = "rollback/world.rs"]
mod world;

use evstack::apply::Outcome;
use evstack::ops::plan::Wanted;
use evstack::ops::rollback::Leave;
use generate::Random;
use rig::Rig;
use serde_json::json;
use stack::Stack;
use world::World;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

const ALL: Leave = Leave { made: true, recorded: true, undrained: false };
const NONE: Leave = Leave { made: false, recorded: false, undrained: false };

/// What a case came to.
#[derive(Default)]
struct Tally {
    whole: usize,
    in_part: usize,
    /// The way back failed too.
    failed: usize,
    complete: usize,
    refused: usize,
}

fn said(outcome: &Outcome) -> Vec<&str> {
    outcome.failures.iter().map(|failure| failure.diagnostic.message.as_str()).collect()
}

/// Applies a random stack, then edits of it to a cloud whose handlers fail at random; what fails is
/// turned back.
fn play(seed: u64, leave: Leave, tally: &mut Tally) -> Result<(), String> {
    let mut random = Random::new(seed, "rollback");
    let rig = Rig::new(&json!({}), seed);
    let foreign = json!({"TypeName": "AWS::SQS::Queue", "DesiredState": json!({"QueueName": "somebody-elses"}).to_string()});
    rig.change("CreateResource", &foreign)?;
    let mut stack = Stack::new(&mut random);
    let wanted = Wanted { allow_data_loss: true, ..Wanted::default() };
    let _applied = rig.apply_as(&stack.text(), &wanted)?;
    for _ in 0..3 {
        let text = stack.text();
        let loaded = rig.load(&text)?;
        let before = World::of(&rig, &rig.state(&loaded));
        let edited = stack.edited(&mut random);
        if let Err(refused) = rig.plan_as(&edited.text(), &wanted) {
            // What stays has the name of the new one.
            if refused.contains("retainOnDelete") {
                tally.refused += 1;
                continue;
            }
            return Err(refused);
        }
        let share = [0.6, 0.75, 0.9][random.below(3)];
        let after = [0.0, 0.2][random.below(2)];
        rig.set_profile(&json!({"faults_before": share, "faults_after": after}));
        // One in six gets no better while it goes back.
        let heals = random.below(6) > 0;
        let between = || {
            if heals {
                rig.set_profile(&json!({}));
            }
        };
        let done = rig.apply_or_back(&edited.text(), &wanted, leave, between);
        rig.set_profile(&json!({}));
        let (outcome, back) = match done {
            Ok((_, outcome, back)) => (outcome, back),
            Err(why) if heals => return Err(why),
            // Not even what the failed run had left could be taken away.
            Err(_) => {
                tally.failed += 1;
                let left = !rig.state(&rig.load(&text)?).leftovers.is_empty();
                if left || edited.retains() || stack.retains() {
                    return Ok(());
                }
                let _applied = rig.apply_as(&text, &wanted)?;
                continue;
            }
        };
        let Some(back) = back else {
            tally.complete += 1;
            stack = edited;
            continue;
        };
        if !back.outcome.is_complete() {
            if heals {
                return Err(format!(
                    "the way back failed: {:?}\nafter {:?}",
                    said(&back.outcome),
                    said(&outcome)
                ));
            }
            tally.failed += 1;
            // What was let go of has its name still, and so has what is still to be deleted.
            let left = !rig.state(&rig.load(&text)?).leftovers.is_empty();
            if left || edited.retains() || stack.retains() {
                return Ok(());
            }
            // Wherever it came, the earlier stack goes on from there.
            let _applied = rig.apply_as(&text, &wanted)?;
            if !rig.plan(&text)?.is_empty() {
                return Err("after a rollback that failed the next apply left something".to_owned());
            }
            continue;
        }
        let state = rig.state(&rig.load(&text)?);
        let now = World::of(&rig, &state);
        if back.restoration.is_whole() {
            tally.whole += 1;
            if let Some(differs) = before.differs(&now) {
                return Err(format!("{differs}\nwith {:#?}", back.restoration.unrestored));
            }
            let plan = rig.plan_as(&text, &wanted)?.plan;
            if !plan.is_empty() {
                let left = plan.changes.iter().filter(|change| !change.is_no_op());
                let left = left.map(|c| {
                    format!("{} {:?} {:?} {:?}", c.address, c.action, c.diff.differences, c.moved_from)
                });
                return Err(format!(
                    "the earlier stack isn't what is there:\n{}\n{:?}",
                    left.collect::<Vec<_>>().join("\n"),
                    plan.outputs
                ));
            }
        } else {
            tally.in_part += 1;
            // The next one goes on from wherever that is.
            let _applied = match rig.plan_as(&edited.text(), &wanted) {
                Err(refused) if refused.contains("retainOnDelete") => return Ok(()),
                _ => rig.apply_as(&edited.text(), &wanted)?,
            };
            if !rig.plan(&edited.text())?.is_empty() {
                return Err("after the next apply something is left to do".to_owned());
            }
            stack = edited;
        }
        let foreign = rig.get("AWS::SQS::Queue", "http://127.0.0.1:4566/000000000000/somebody-elses");
        foreign.map_err(|gone| format!("what isn't ours: {gone}"))?;
    }
    Ok(())
}

fn law(leave: Leave, cases: u64) -> Tally {
    let (first, cases) = (number("EVSTACK_ROLLBACK_SEED", 1), number("EVSTACK_ROLLBACK_CASES", cases));
    let mut tally = Tally::default();
    for seed in first..first + cases {
        if let Err(why) = play(seed, leave, &mut tally) {
            panic!("seed {seed}: {why}");
        }
    }
    let Tally { whole, in_part, failed, complete, refused } = tally;
    println!(
        "{whole} turned back whole, {in_part} in part, {failed} failed, {complete} didn't fail, {refused} refused"
    );
    tally
}

#[test]
fn after_a_whole_rollback_all_is_as_it_was() {
    let tally = law(ALL, 20);
    assert!(tally.whole > 2 * tally.in_part, "most come back whole");
}

#[test]
fn what_may_not_go_stays_and_the_next_apply_goes_on() {
    let tally = law(NONE, 15);
    assert!(tally.in_part > 0 && tally.whole > 0, "both happen");
}
