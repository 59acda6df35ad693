//! What is done in which order: a plan's changes as steps that need each other.
//!
//! There are no levels: a step may start as soon as what it needs is done, and among those that
//! may, the one with the longest way behind it goes first.

mod drains;

use super::identity::Identity;
use super::widen::{beside, widened};
use crate::graph::Graph;
use crate::model::{Action, Address};
use crate::plan::claims::handed_on;
use crate::plan::{Plan, ResourceChange};
use crate::schema::{Catalogue, TypeName};
use crate::state::{Leftover, State, Why};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// The resource is made, changed or taken over: an index into the plan's changes.
    Up(usize),
    /// A permission is changed, and keeps what it said before until everybody has turned away.
    Widen(usize),
    /// The recorded resource goes: an index into the plan's changes.
    Down(usize),
    /// Something that was replaced, in this run or an earlier one, goes.
    Leftover {
        /// Whose it was.
        address: Address,
        /// Its type.
        type_name: TypeName,
        /// Its identifier.
        identifier: String,
        /// Whether an earlier run left it: somebody else may have its name by now.
        earlier: bool,
    },
    /// A queue that goes is waited for until it is empty.
    Drain {
        /// Its URL.
        url: String,
        /// For at most so many seconds.
        seconds: u64,
        /// Who sends to it and couldn't be stopped before.
        meanwhile: Vec<Address>,
    },
    /// The record lets go of it.
    Forget(usize),
}

/// A step and its place among the others.
#[derive(Debug)]
pub(super) struct Step {
    pub what: What,
    pub address: Address,
    /// Steps that must be done before.
    pub needs: Vec<usize>,
    /// Steps that wait for this.
    pub wanted_by: Vec<usize>,
    /// Steps whose predictions this is built on and can't wait for, since they need it.
    pub unconfirmed: Vec<usize>,
    /// How long the longest way to the end is expected to take, this step included.
    pub height: Duration,
}

/// A step that should come first, where nothing speaks against it.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// What should wait.
    step: usize,
    /// For what.
    first: usize,
    /// Whether it is built on what that one only promises so far.
    unconfirmed: bool,
}

/// All steps of a plan.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub all: Vec<Step>,
    /// Each after those that wait for it.
    order: Vec<usize>,
    edges: HashSet<(usize, usize)>,
}

impl Steps {
    /// # Errors
    /// The addresses of steps that need each other in a circle; a plan that was checked has none.
    pub fn of(
        plan: &Plan,
        state: &State,
        catalogue: &Catalogue,
        built_on: &BTreeMap<Address, BTreeSet<Address>>,
    ) -> Result<Self, Vec<Address>> {
        let mut steps = Self::default();
        let mut up: HashMap<&Address, usize> = HashMap::new();
        let mut down: HashMap<&Address, usize> = HashMap::new();
        for (index, change) in plan.changes.iter().enumerate() {
            let address = &change.address;
            match change.action {
                Action::NoOp => {}
                Action::Create | Action::Update | Action::Import => {
                    up.insert(address, steps.add(What::Up(index), address));
                }
                Action::DeleteThenCreate => {
                    let gone = steps.add(What::Down(index), address);
                    let made = steps.add(What::Up(index), address);
                    steps.edge(made, gone);
                    down.insert(address, gone);
                    up.insert(address, made);
                }
                // The recorded one only leaves the state, when the new one takes its place there.
                Action::CreateThenDelete if change.retained => {
                    up.insert(address, steps.add(What::Up(index), address));
                }
                Action::CreateThenDelete => {
                    let made = steps.add(What::Up(index), address);
                    let leftover = What::Leftover {
                        address: address.clone(),
                        type_name: recorded_type(change, state),
                        identifier: change.identifier.clone().unwrap_or_default(),
                        earlier: false,
                    };
                    let gone = steps.add(leftover, address);
                    steps.edge(gone, made);
                    down.insert(address, gone);
                    up.insert(address, made);
                }
                Action::Delete => {
                    down.insert(address, steps.add(What::Down(index), address));
                }
                Action::Forget => {
                    steps.add(What::Forget(index), address);
                }
            }
        }
        let leftovers = steps.leftovers(plan, state, &up);
        let wide = steps.widened(plan, state, &up);
        steps.upwards(plan, &up, &wide);
        steps.downwards(plan, &up, &down, &leftovers);
        steps.identities(plan, state, &up, &down, catalogue)?;
        let mut wishes = steps.drains(plan, state, &up, &down);
        wishes.extend(steps.built_under(state, &down));
        let before = wishes.clone();
        wishes.extend(Self::turned_away(plan, &up, &down, &wide));
        wishes.extend(Self::built_on(&up, built_on));
        wishes.extend(Self::built_on(&wide, built_on).into_iter().filter(|wish| wish.unconfirmed));
        steps.as_wished(wishes);
        steps.name_who_goes_on(&before);
        steps.put_in_order()?;
        Ok(steps)
    }

    fn add(&mut self, what: What, address: &Address) -> usize {
        self.all.push(Step {
            what,
            address: address.clone(),
            needs: Vec::new(),
            wanted_by: Vec::new(),
            unconfirmed: Vec::new(),
            height: Duration::ZERO,
        });
        self.all.len() - 1
    }

    fn edge(&mut self, from: usize, needs: usize) {
        if from != needs && self.edges.insert((from, needs)) {
            self.all[from].needs.push(needs);
            self.all[needs].wanted_by.push(from);
        }
    }

    fn unedge(&mut self, from: usize, needs: usize) {
        if self.edges.remove(&(from, needs)) {
            self.all[from].needs.retain(|needed| *needed != needs);
            self.all[needs].wanted_by.retain(|waiting| *waiting != from);
        }
    }

    /// What they delete.
    pub fn going<'p>(&'p self, plan: &'p Plan, state: &'p State) -> impl Iterator<Item = Identity> + 'p {
        self.all.iter().filter_map(|step| match &step.what {
            What::Down(index) => {
                let change = &plan.changes[*index];
                Some((recorded_type(change, state), change.identifier.clone()?))
            }
            What::Leftover { type_name, identifier, .. } => Some((type_name.clone(), identifier.clone())),
            _ => None,
        })
    }

    /// What earlier runs left and couldn't take away. What comes again under the same identity waits
    /// until that is gone, or it would be deleted in its place; so does a create for what a failed one
    /// of its address left. The others, which are to go after those who used them.
    fn leftovers(&mut self, plan: &Plan, state: &State, up: &HashMap<&Address, usize>) -> Vec<usize> {
        let made = plan.changes.iter().filter_map(|change| {
            let identity = (&change.type_name, change.new_identifier.as_deref()?);
            Some((identity, *up.get(&change.address)?))
        });
        let made: HashMap<(&TypeName, &str), usize> = made.collect();
        let mut found = Vec::new();
        for Leftover { address, type_name, identifier, why, .. } in &state.leftovers {
            let what = What::Leftover {
                address: address.clone(),
                type_name: type_name.clone(),
                identifier: identifier.clone(),
                earlier: true,
            };
            let gone = self.add(what, address);
            let tried_again = match why {
                Why::Remnant => {
                    plan.change(address).filter(|change| makes(change)).and_then(|_| up.get(address))
                }
                Why::Replaced => None,
            };
            match made.get(&(type_name, identifier.as_str())).or(tried_again) {
                Some(made) => self.edge(*made, gone),
                None => found.push(gone),
            }
        }
        found
    }

    /// What something that is left over was built on goes after it.
    fn built_under(&self, state: &State, down: &HashMap<&Address, usize>) -> Vec<Wish> {
        let steps = state
            .leftovers
            .iter()
            .filter_map(|left| Some((left, self.leftover_step(&left.identifier, left.type_name.as_str())?)));
        let wishes = steps.flat_map(|(left, first)| {
            let under = left.dependencies.iter().filter_map(|used| down.get(used));
            under.map(move |step| Wish { step: *step, first, unconfirmed: false })
        });
        wishes.collect()
    }

    /// Permissions that lose something while somebody who is built on them changes as well.
    fn widened<'p>(
        &mut self,
        plan: &'p Plan,
        state: &State,
        up: &HashMap<&'p Address, usize>,
    ) -> HashMap<&'p Address, usize> {
        let changing = plan.changes.iter().filter(|user| user.action != Action::NoOp);
        let used: BTreeSet<&Address> = changing.flat_map(|user| &user.recorded_dependencies).collect();
        let mut wide = HashMap::new();
        for (index, change) in plan.changes.iter().enumerate() {
            let address = &change.address;
            let recorded = state.resources.get(change.moved_from.as_ref().unwrap_or(address));
            let (Some(after), Some(recorded)) = (&change.after, recorded) else { continue };
            if change.action == Action::Update
                && used.contains(address)
                && widened(&change.type_name, after, &recorded.declared, beside(plan, state, change))
                    .is_some()
            {
                let first = self.add(What::Widen(index), address);
                self.edge(up[address], first);
                wide.insert(address, first);
            }
        }
        wide
    }

    /// It isn't widened after all: who waited for that waits for the change itself, and that waits for
    /// none of them any more. The change's own step.
    pub fn unwidened(&mut self, wide: usize) -> Option<usize> {
        let What::Widen(index) = self.all[wide].what else { return None };
        let all = self.all[wide].wanted_by.clone();
        let change = all.iter().copied().find(|step| self.all[*step].what == What::Up(index))?;
        let mut behind: HashSet<usize> = HashSet::new();
        let mut stack: Vec<usize> = all.iter().copied().filter(|step| *step != change).collect();
        while let Some(step) = stack.pop() {
            if step != change && behind.insert(step) {
                stack.extend(&self.all[step].wanted_by);
            }
        }
        self.all[change].needs.retain(|needed| !behind.contains(needed));
        for step in &behind {
            self.all[*step].wanted_by.retain(|other| other != &change);
        }
        for step in all.into_iter().filter(|step| *step != change) {
            self.all[step].needs.retain(|needed| *needed != wide);
            if !self.all[step].needs.contains(&change) {
                self.all[step].needs.push(change);
                self.all[change].wanted_by.push(step);
            }
        }
        self.all[wide].wanted_by = vec![change];
        Some(change)
    }

    fn upwards(&mut self, plan: &Plan, up: &HashMap<&Address, usize>, wide: &HashMap<&Address, usize>) {
        for change in &plan.changes {
            let own = wide.get(&change.address).into_iter().chain(up.get(&change.address));
            for made in own {
                let needed = change.depends_on.iter();
                for needed in needed.filter_map(|address| wide.get(address).or(up.get(address))) {
                    self.edge(*made, *needed);
                }
            }
        }
    }

    /// Deletes go against the recorded dependencies: who used it goes, or is changed, before.
    fn downwards(
        &mut self,
        plan: &Plan,
        up: &HashMap<&Address, usize>,
        down: &HashMap<&Address, usize>,
        leftovers: &[usize],
    ) {
        let mut users: BTreeMap<&Address, Vec<&ResourceChange>> = BTreeMap::new();
        for change in &plan.changes {
            for used in change.recorded_dependencies.iter().chain(&change.depends_on) {
                users.entry(used).or_default().push(change);
            }
        }
        let none = Vec::new();
        for change in &plan.changes {
            let Some(gone) = down.get(&change.address).copied() else { continue };
            for user in users.get(&change.address).unwrap_or(&none) {
                let first = change.action == Action::DeleteThenCreate;
                if let Some(before) = down.get(&user.address) {
                    // The create-first replacement of a user waits for the new one of this.
                    if !(first && user.action == Action::CreateThenDelete) {
                        self.edge(gone, *before);
                    }
                }
                // Delete-first: users are changed once the new one is there.
                if let (false, Some(before)) = (first, up.get(&user.address)) {
                    self.edge(gone, *before);
                }
            }
        }
        for gone in leftovers {
            let address = self.all[*gone].address.clone();
            let mut is_used = false;
            for user in users.get(&address).unwrap_or(&none) {
                for before in up.get(&user.address).into_iter().chain(down.get(&user.address)) {
                    self.edge(*gone, *before);
                    is_used = true;
                }
            }
            let Some(own) = up.get(&address) else { continue };
            if !is_used && plan.change(&address).is_some_and(makes) {
                // It may have the name that the new one takes.
                self.edge(*own, *gone);
            } else {
                self.edge(*gone, *own);
            }
        }
    }

    /// Under another address, but the same thing to the cloud: it must go before it can come.
    fn identities(
        &mut self,
        plan: &Plan,
        state: &State,
        up: &HashMap<&Address, usize>,
        down: &HashMap<&Address, usize>,
        catalogue: &Catalogue,
    ) -> Result<(), Vec<Address>> {
        for (coming, going) in handed_on(&plan.changes, &state.resources, catalogue, &state.secrets()) {
            let uses = plan.changes[coming].recorded_dependencies.contains(&plan.changes[going].address);
            let (coming, going) = (&plan.changes[coming].address, &plan.changes[going].address);
            let (Some(made), Some(gone)) = (up.get(coming), down.get(going)) else { continue };
            if !uses {
                // It needs the new one, and never had to do with the one that goes.
                self.unedge(*gone, *made);
            }
            if self.leads(*gone, *made) {
                return Err(vec![coming.clone(), going.clone()]);
            }
            self.edge(*made, *gone);
        }
        Ok(())
    }

    /// What is changed in place is changed after who used it and goes, or uses it no more: a policy
    /// lets a rule in until the rule is gone, and a topic that is written while its subscription goes
    /// would bring it back.
    fn turned_away(
        plan: &Plan,
        up: &HashMap<&Address, usize>,
        down: &HashMap<&Address, usize>,
        wide: &HashMap<&Address, usize>,
    ) -> Vec<Wish> {
        let changed = |used: &&Address| {
            plan.change(used).is_some_and(|c| matches!(c.action, Action::Update | Action::Import))
        };
        let mut wishes = Vec::new();
        for user in &plan.changes {
            let ends = match user.action {
                Action::Update => up.get(&user.address),
                action if action.deletes() => down.get(&user.address),
                _ => continue,
            };
            let Some(first) = ends else { continue };
            for used in user.recorded_dependencies.iter().filter(changed) {
                // Whoever needs it as it will be waits for it; what is narrowed has been widened for that.
                if wide.contains_key(used) || !user.depends_on.contains(used) {
                    let then = up.get(used).copied();
                    wishes.extend(then.map(|step| Wish { step, first: *first, unconfirmed: false }));
                }
            }
        }
        wishes
    }

    /// Who is built on a prediction waits for its confirmation.
    fn built_on(up: &HashMap<&Address, usize>, built_on: &BTreeMap<Address, BTreeSet<Address>>) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for (address, predicted) in built_on {
            let Some(step) = up.get(address) else { continue };
            let firsts = predicted.iter().filter_map(|needed| up.get(needed));
            wishes.extend(firsts.map(|first| Wish { step: *step, first: *first, unconfirmed: true }));
        }
        wishes
    }

    /// Orders what should, but need not, come first: unless both need each other.
    fn as_wished(&mut self, mut wishes: Vec<Wish>) {
        wishes.retain(|wish| !self.all[wish.step].needs.contains(&wish.first));
        if wishes.is_empty() {
            return;
        }
        let mut graph: Graph<usize, ()> = Graph::new();
        for (at, step) in self.all.iter().enumerate() {
            step.needs.iter().for_each(|needed| graph.edge(at, *needed, ()));
        }
        wishes.iter().for_each(|wish| graph.edge(wish.step, wish.first, ()));
        let mut knot: HashMap<usize, usize> = HashMap::new();
        for (number, nodes) in graph.knots().into_iter().enumerate() {
            knot.extend(nodes.into_iter().map(|node| (node, number)));
        }
        for Wish { step, first, unconfirmed } in wishes {
            let together = knot.get(&step).is_some_and(|of| knot.get(&first) == Some(of));
            if !together || !self.leads(first, step) {
                self.edge(step, first);
            } else if unconfirmed {
                self.all[step].unconfirmed.push(first);
            }
        }
    }

    /// Whether a step needs another, directly or not.
    fn leads(&self, from: usize, to: usize) -> bool {
        let (mut stack, mut seen) = (vec![from], vec![false; self.all.len()]);
        while let Some(at) = stack.pop() {
            if at == to {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                stack.extend(&self.all[at].needs);
            }
        }
        false
    }

    fn put_in_order(&mut self) -> Result<(), Vec<Address>> {
        let mut missing: Vec<usize> = self.all.iter().map(|step| step.wanted_by.len()).collect();
        let mut ready: Vec<usize> = (0..self.all.len()).filter(|step| missing[*step] == 0).collect();
        while let Some(at) = ready.pop() {
            self.order.push(at);
            for needed in &self.all[at].needs {
                missing[*needed] -= 1;
                if missing[*needed] == 0 {
                    ready.push(*needed);
                }
            }
        }
        if self.order.len() == self.all.len() {
            return Ok(());
        }
        let stuck = self.all.iter().zip(&missing).filter(|(_, missing)| **missing > 0);
        Err(stuck.map(|(step, _)| step.address.clone()).collect())
    }

    /// The longest ways anew, from how long each step is expected to take.
    pub fn measure(&mut self, lasts: impl Fn(usize) -> Duration) {
        for at in &self.order {
            let behind = self.behind(*at);
            self.all[*at].height = behind.saturating_add(lasts(*at));
        }
    }

    /// The longest way behind a step.
    pub fn behind(&self, step: usize) -> Duration {
        let heights = self.all[step].wanted_by.iter().map(|next| self.all[*next].height);
        heights.max().unwrap_or_default()
    }
}

/// Whether something new comes.
fn makes(change: &ResourceChange) -> bool {
    change.action == Action::Create || change.action.is_replace()
}

/// A replacement may change the type.
fn recorded_type(change: &ResourceChange, state: &State) -> TypeName {
    let recorded = state.resources.get(change.moved_from.as_ref().unwrap_or(&change.address));
    recorded.map_or(&change.type_name, |recorded| &recorded.type_name).clone()
}
