//! What a plan costs in calls, and about how long its apply takes.
//!
//! Counted are the calls of the apply itself: one to begin each operation, those that ask how far it
//! is, one read after a create or an update, and one before an update of lists and tags, whose patch is
//! only right as long as nobody else writes. Reads before a plan, and whatever has to be tried
//! again, aren't. How long an operation takes is told by `durations`, whose figures are mostly
//! estimates: so all that hangs on time is "about".

use super::durations::{Durations, Operation, durations};
use super::{Plan, ResourceChange};
use crate::model::{Action, Address};
use crate::schema::Catalogue;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// What an apply costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calls {
    /// `CreateResource`.
    pub create: usize,
    /// `UpdateResource`.
    pub update: usize,
    /// `DeleteResource`.
    pub delete: usize,
    /// `GetResourceRequestStatus`: about, where operations take their time.
    pub poll: usize,
    /// `GetResource`, after each create and update, and before an update of lists and tags.
    pub read: usize,
    /// All of them.
    pub total: usize,
    /// Time and pace; none for a local cloud in this process, where time is nothing.
    #[serde(flatten)]
    pub time: Option<Time>,
}

/// About how long an apply takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Time {
    /// About how many seconds, from the first call to the last.
    pub seconds: u64,
    /// The pace that it is worked out with, in calls a second.
    pub rate: f64,
    /// Whether the pace decides it, and not the longest way.
    pub paced: bool,
    /// The operations that wait for each other for the longest time, in order.
    pub longest: Vec<Address>,
}

impl Calls {
    /// Whether nothing is called.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

/// What applying the plan costs at a pace in calls a second; `None` for a cloud that answers at
/// once and takes any pace.
#[must_use]
pub fn calls(plan: &Plan, catalogue: &Catalogue, rate: Option<f64>) -> Calls {
    let works = works(plan, catalogue);
    let mut calls = Calls { create: 0, update: 0, delete: 0, poll: 0, read: 0, total: 0, time: None };
    for work in &works {
        let (count, reads) = match work.operation {
            Operation::Create => (&mut calls.create, 1),
            Operation::Update => (&mut calls.update, 1),
            Operation::Delete => (&mut calls.delete, 0),
        };
        *count += work.times;
        calls.read += reads * work.times + usize::from(work.looks);
        calls.poll += work.times * if rate.is_some() { polls(work.seconds) } else { 1 };
    }
    calls.total = calls.create + calls.update + calls.delete + calls.poll + calls.read;
    calls.time = rate.filter(|rate| *rate > 0.0 && calls.total > 0).map(|rate| {
        let (way, longest) = longest(plan, &works);
        #[expect(clippy::cast_precision_loss, reason = "nobody has so many calls")]
        let at_the_pace = calls.total as f64 / rate;
        let paced = at_the_pace > way;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of seconds, cut off at a long time"
        )]
        let seconds = at_the_pace.max(way).ceil().clamp(1.0, 1e9) as u64;
        Time { seconds, rate, paced, longest }
    });
    calls
}

/// One operation of the plan.
struct Work<'a> {
    change: &'a ResourceChange,
    operation: Operation,
    /// How often, one after the other.
    times: usize,
    /// How long each takes.
    seconds: f64,
    /// Whether it is read once more before.
    looks: bool,
}

impl Work<'_> {
    /// How long all of it takes.
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many updates")]
    fn lasts(&self) -> f64 {
        self.seconds * self.times as f64
    }
}

/// In the order of the plan; of a replacement what comes first is first.
fn works<'a>(plan: &'a Plan, catalogue: &Catalogue) -> Vec<Work<'a>> {
    let mut works = Vec::new();
    let mut known: HashMap<&str, Durations> = HashMap::new();
    for change in plan.all() {
        let operations: &[Operation] = match change.action {
            Action::NoOp | Action::Forget => &[],
            Action::Create => &[Operation::Create],
            Action::Update => &[Operation::Update],
            Action::Import if change.diff.is_empty() => &[],
            Action::Import => &[Operation::Update],
            Action::Delete => &[Operation::Delete],
            Action::DeleteThenCreate => &[Operation::Delete, Operation::Create],
            Action::CreateThenDelete if change.retained => &[Operation::Create],
            Action::CreateThenDelete => &[Operation::Create, Operation::Delete],
        };
        for operation in operations {
            let type_name = change.type_name.as_str();
            let kind = catalogue.of(&change.type_name);
            let durations = known.entry(type_name).or_insert_with(|| durations(type_name, kind.as_deref()));
            let updates = *operation == Operation::Update;
            let times = if updates { change.updates.max(1) } else { 1 };
            let looks = updates && kind.as_deref().is_some_and(|kind| change.diff.leans(kind));
            let (operation, seconds) = (*operation, durations.of(*operation));
            works.push(Work { change, operation, times, seconds, looks });
        }
    }
    works
}

/// How often it is asked whether an operation is done that takes so long: after 250 ms, then after
/// waits that double, up to 5 s.
fn polls(seconds: f64) -> usize {
    let (mut asked, mut waited, mut wait) = (0, 0.0, 0.25);
    while asked == 0 || (waited < seconds && asked < 10_000) {
        waited += wait;
        wait = f64::min(wait * 2.0, 5.0);
        asked += 1;
    }
    asked
}

/// The operations that wait for each other for the longest time, and how long that is. A create or
/// an update waits for those that it is built on, a delete for those who were built on it.
fn longest(plan: &Plan, works: &[Work<'_>]) -> (f64, Vec<Address>) {
    let is_up = |work: &Work<'_>| work.operation != Operation::Delete;
    let (mut up, mut down) = (HashMap::new(), HashMap::new());
    for (index, work) in works.iter().enumerate() {
        let side = if is_up(work) { &mut up } else { &mut down };
        // Nothing is known to wait for a leftover.
        if !work.change.is_leftover() {
            side.insert(&work.change.address, index);
        }
    }
    let mut wanted_by: Vec<Vec<usize>> = vec![Vec::new(); works.len()];
    let mut missing = vec![0_usize; works.len()];
    let mut edge = |first: usize, then: usize| {
        if first != then {
            wanted_by[first].push(then);
            missing[then] += 1;
        }
    };
    for change in &plan.changes {
        let (made, gone) = (up.get(&change.address), down.get(&change.address));
        if let (Some(made), Some(gone)) = (made, gone) {
            match change.action {
                Action::DeleteThenCreate => edge(*gone, *made),
                _ => edge(*made, *gone),
            }
        }
        for needed in change.depends_on.iter().filter_map(|address| up.get(address)) {
            if let Some(made) = made {
                edge(*needed, *made);
            }
        }
        let used: BTreeMap<&Address, ()> =
            change.recorded_dependencies.iter().chain(&change.depends_on).map(|used| (used, ())).collect();
        for (used, going) in used.keys().filter_map(|used| Some((*used, *down.get(*used)?))) {
            let first = plan.change(used).is_some_and(|used| used.action == Action::DeleteThenCreate);
            if let Some(before) = gone.filter(|_| !(first && change.action == Action::CreateThenDelete)) {
                edge(*before, going);
            }
            if let Some(before) = made.filter(|_| !first) {
                edge(*before, going);
            }
        }
    }
    let mut ends: Vec<f64> = works.iter().map(Work::lasts).collect();
    let mut after: Vec<Option<usize>> = vec![None; works.len()];
    let mut ready: Vec<usize> = (0..works.len()).filter(|work| missing[*work] == 0).collect();
    while let Some(at) = ready.pop() {
        for next in std::mem::take(&mut wanted_by[at]) {
            let end = ends[at] + works[next].lasts();
            if after[next].is_none() || end > ends[next] {
                ends[next] = end.max(ends[next]);
                after[next] = Some(at);
            }
            missing[next] -= 1;
            if missing[next] == 0 {
                ready.push(next);
            }
        }
    }
    let Some((mut last, way)) =
        ends.iter().copied().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best })
    else {
        return (0.0, Vec::new());
    };
    let mut path = vec![works[last].change.address.clone()];
    while let Some(before) = after[last] {
        last = before;
        path.push(works[last].change.address.clone());
    }
    path.reverse();
    path.dedup();
    (way, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Diff;
    use crate::model::Protection;
    use crate::schema::TypeName;

    fn change(name: &str, action: Action, type_name: &str, depends_on: &[&str]) -> ResourceChange {
        ResourceChange {
            address: Address::new(name),
            type_name: TypeName::new(type_name),
            recorded_type: None,
            moved_from: None,
            identifier: None,
            new_identifier: None,
            action,
            reason: None,
            before: None,
            after: None,
            computed: BTreeMap::new(),
            computed_before: BTreeMap::new(),
            diff: Diff::default(),
            replace_paths: Vec::new(),
            causes: Vec::new(),
            updates: 1,
            follows: Vec::new(),
            retained: false,
            drain: None,
            half_way: false,
            depends_on: depends_on.iter().map(|name| Address::new(*name)).collect(),
            recorded_dependencies: depends_on.iter().map(|name| Address::new(*name)).collect(),
            protection: Protection::None,
            drift: None,
            adoption: None,
        }
    }

    fn plan(mut changes: Vec<ResourceChange>) -> Plan {
        changes.sort_by(|a, b| a.address.cmp(&b.address));
        Plan { changes, ..Plan::default() }
    }

    fn time(plan: &Plan, rate: f64) -> Time {
        calls(plan, Catalogue::bundled(), Some(rate)).time.expect("a pace")
    }

    const QUEUE: &str = "AWS::SQS::Queue";
    const GROUP: &str = "AWS::Logs::LogGroup";

    #[test]
    fn the_longest_way_decides_until_the_pace_does() {
        let chain = plan(vec![
            change("a.a", Action::Create, GROUP, &["a.b"]),
            change("a.b", Action::Create, QUEUE, &["a.c"]),
            change("a.c", Action::Create, GROUP, &[]),
            change("a.d", Action::Create, QUEUE, &[]),
            change("a.e", Action::NoOp, QUEUE, &["a.a"]),
        ]);
        let time_of = time(&chain, 25.0);
        assert_eq!((time_of.seconds, time_of.paced), (79, false));
        assert_eq!(time_of.longest.iter().map(Address::as_str).collect::<Vec<_>>(), ["a.c", "a.b", "a.a"]);
        // Up and down again take the same way, the other way round.
        let down = chain.changes.iter().cloned().map(|c| ResourceChange { action: Action::Delete, ..c });
        let down = time(&plan(down.collect()), 25.0);
        assert_eq!(down.longest.first().map(Address::as_str), Some("a.e"));
        assert!(time(&chain, 0.1).paced);
    }

    #[test]
    fn a_replacement_costs_both_and_circles_end() {
        let both = plan(vec![
            change("a.a", Action::CreateThenDelete, GROUP, &["a.b"]),
            change("a.b", Action::DeleteThenCreate, GROUP, &["a.a"]),
        ]);
        let counted = calls(&both, Catalogue::bundled(), None);
        assert_eq!((counted.create, counted.delete, counted.read, counted.poll), (2, 2, 2, 4));
        assert!(time(&both, 25.0).seconds >= 7);
        assert!(calls(&plan(Vec::new()), Catalogue::bundled(), Some(25.0)).is_empty());
    }

    #[test]
    fn who_waits_longer_asks_more_often() {
        assert_eq!([polls(0.0), polls(0.2), polls(7.0), polls(65.0)], [1, 1, 5, 17]);
    }
}
