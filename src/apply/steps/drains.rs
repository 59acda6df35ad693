//! Queues that are drained before they go: who sends to one goes, or turns away, first; whoever takes
//! from it, and hears what comes of that, goes after.
//!
//! All of it is wished for: where two need each other (a machine that sends to the queue which it is
//! fed from) the one who can't be stopped before is named by the step.

use super::{Steps, What, Wish};
use crate::apply::drain::is_queue;
use crate::model::{Action, Address, Recorded};
use crate::plan::{Plan, ResourceChange};
use crate::state::{State, Why};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Types that hear something, and the property that says what: of its identifier, name or ARN.
const HEARERS: &[(&str, &str)] = &[
    ("AWS::Pipes::Pipe", "Source"),
    ("AWS::Lambda::EventSourceMapping", "EventSourceArn"),
    ("AWS::Events::Rule", "EventBusName"),
    ("AWS::SNS::Subscription", "TopicArn"),
];

/// Types of those who take messages out of queues.
const CONSUMERS: &[&str] = &["AWS::Pipes::Pipe", "AWS::Lambda::EventSourceMapping"];

/// Types that say nothing themselves: they let others in, also for what is still on its way.
const PERMISSIONS: &[&str] = &[
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::Lambda::Permission",
];

/// A plan's changes with what is recorded of them.
struct World<'a> {
    changes: Vec<(&'a ResourceChange, &'a Recorded)>,
    by_address: HashMap<&'a Address, &'a Recorded>,
    /// Who hears what is named so.
    hearers: HashMap<&'a str, Vec<&'a Address>>,
}

impl<'a> World<'a> {
    fn of(plan: &'a Plan, state: &'a State) -> Self {
        let recorded = |change: &'a ResourceChange| {
            let of = change.moved_from.as_ref().unwrap_or(&change.address);
            Some((change, state.resources.get(of)?))
        };
        let changes: Vec<_> = plan.changes.iter().filter_map(recorded).collect();
        let by_address = changes.iter().map(|(change, recorded)| (&change.address, *recorded)).collect();
        let mut hearers: HashMap<&str, Vec<&Address>> = HashMap::new();
        for (change, recorded) in &changes {
            if let Some(heard) = heard(recorded) {
                hearers.entry(heard).or_default().push(&change.address);
            }
        }
        Self { changes, by_address, hearers }
    }

    /// Who hears what a resource says.
    fn hear(&self, recorded: &Recorded) -> BTreeSet<&'a Address> {
        let seen = ["Arn", "TopicArn", "StreamArn", "Name"].iter();
        let names = seen.filter_map(|name| recorded.seen[*name].as_str());
        let names = names.chain([recorded.identifier.as_str()]);
        names.filter_map(|name| self.hearers.get(name)).flatten().copied().collect()
    }

    /// All who hear what comes of some, at last.
    fn downstream(&self, of: Vec<&'a Address>, but: &Address) -> BTreeSet<&'a Address> {
        let (mut found, mut seen, mut left) = (BTreeSet::new(), BTreeSet::new(), of);
        while let Some(at) = left.pop() {
            if at == but || !seen.insert(at) {
                continue;
            }
            let Some(recorded) = self.by_address.get(at) else { continue };
            let hear = self.hear(recorded);
            left.extend(hear.iter().copied());
            left.extend(&recorded.dependencies);
            found.extend(hear);
        }
        found
    }
}

/// What a resource hears, as it was sent.
fn heard(recorded: &Recorded) -> Option<&str> {
    let (_, property) = HEARERS.iter().find(|(name, _)| recorded.type_name.as_str() == *name)?;
    recorded.declared[*property].as_str()
}

/// A queue that goes.
struct Going<'a> {
    address: &'a Address,
    url: &'a str,
    seconds: u64,
    gone: usize,
}

impl Steps {
    /// Adds the waits; what should come before them and after, where nothing speaks against it.
    pub(super) fn drains(
        &mut self,
        plan: &Plan,
        state: &State,
        up: &HashMap<&Address, usize>,
        down: &HashMap<&Address, usize>,
    ) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let mut going: Vec<Going<'_>> = Vec::new();
        for change in &plan.changes {
            if let (Some(seconds), Some(url), Some(gone)) =
                (change.drain, &change.identifier, down.get(&change.address))
            {
                going.push(Going { address: &change.address, url, seconds, gone: *gone });
            }
        }
        let left = state.leftovers.iter().filter(|l| l.why == Why::Replaced && !plan.skips_drain);
        for leftover in left {
            let step = self.leftover_step(&leftover.identifier, leftover.type_name.as_str());
            // What isn't to be deleted any more isn't waited for.
            let planned = plan.leftover(&leftover.type_name, &leftover.identifier);
            let drain = planned.map_or(leftover.drain, |change| change.drain);
            if let (Some(seconds), Some(gone)) = (drain, step) {
                going.push(Going { address: &leftover.address, url: &leftover.identifier, seconds, gone });
            }
        }
        if going.is_empty() {
            return wishes;
        }
        let world = World::of(plan, state);
        for queue in going {
            self.drain(&world, state, &queue, (up, down), &mut wishes);
        }
        wishes
    }

    pub(super) fn leftover_step(&self, of: &str, of_type: &str) -> Option<usize> {
        self.all.iter().position(|step| match &step.what {
            What::Leftover { type_name, identifier, .. } => identifier == of && type_name.as_str() == of_type,
            _ => false,
        })
    }

    fn drain(
        &mut self,
        world: &World<'_>,
        state: &State,
        queue: &Going<'_>,
        (up, down): (&HashMap<&Address, usize>, &HashMap<&Address, usize>),
        wishes: &mut Vec<Wish>,
    ) {
        let what = What::Drain { url: queue.url.to_owned(), seconds: queue.seconds, meanwhile: Vec::new() };
        let drain = self.add(what, queue.address);
        self.edge(queue.gone, drain);
        if let Some(made) = up.get(queue.address)
            && self.leads(queue.gone, *made)
        {
            // Nobody turns to the new one before it is there.
            self.edge(drain, *made);
        }
        let mut wish = |step: usize, first: usize| {
            wishes.push(Wish { step, first, unconfirmed: false });
        };
        let mut fed = Vec::new();
        let mut senders = Vec::new();
        for (user, recorded) in &world.changes {
            if !recorded.dependencies.contains(queue.address)
                && !user.recorded_dependencies.contains(queue.address)
            {
                continue;
            }
            let type_name = recorded.type_name.as_str();
            let goes = down.get(&user.address).copied();
            let turns = up
                .get(&user.address)
                .copied()
                .filter(|_| matches!(user.action, Action::Update | Action::Import));
            if CONSUMERS.contains(&type_name) && heard(recorded).is_some_and(|arn| is_queue(arn, queue.url)) {
                goes.or(turns).into_iter().for_each(|step| wish(step, drain));
                fed.push(&user.address);
            } else if PERMISSIONS.contains(&type_name) {
                goes.into_iter().for_each(|step| wish(step, drain));
            } else {
                senders.extend(goes.or(turns));
            }
        }
        for left in state.leftovers.iter().filter(|left| left.dependencies.contains(queue.address)) {
            // What it said isn't known any more; who sends to another queue is changed in place.
            if CONSUMERS.contains(&left.type_name.as_str())
                && let Some(step) = self.leftover_step(&left.identifier, left.type_name.as_str())
            {
                wish(step, drain);
            }
        }
        senders.into_iter().for_each(|first| wish(drain, first));
        for hears in world.downstream(fed, queue.address) {
            down.get(hears).into_iter().for_each(|step| wish(*step, drain));
        }
    }

    /// Says of each wait who couldn't be stopped before it.
    pub(super) fn name_who_goes_on(&mut self, wishes: &[Wish]) {
        let mut on: BTreeMap<usize, BTreeSet<Address>> = BTreeMap::new();
        for wish in wishes.iter().filter(|wish| !self.edges.contains(&(wish.step, wish.first))) {
            on.entry(wish.step).or_default().insert(self.all[wish.first].address.clone());
        }
        for (step, names) in on {
            if let What::Drain { meanwhile, .. } = &mut self.all[step].what {
                meanwhile.extend(names);
            }
        }
    }
}
