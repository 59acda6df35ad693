//! Runs that die at every step of a life, and what the next run makes of what they left.

use super::*;

/// Dies at a call: before it reaches the cloud, or after, before its answer is seen.
struct Mortal {
    cloud: Arc<Memory>,
    left: AtomicI64,
    dead: Notify,
}

impl Mortal {
    async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.dead.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn mortal<'a, T: Send + 'a>(&'a self, call: Answer<'a, T>) -> Answer<'a, T> {
        Box::pin(async move {
            self.step().await;
            let answer = call.await;
            self.step().await;
            answer
        })
    }
}

impl Provider for Mortal {
    fn read<'a>(&'a self, type_name: &'a TypeName, identifier: &'a str) -> Answer<'a, Option<Json>> {
        self.mortal(self.cloud.read(type_name, identifier))
    }
    fn create<'a>(&'a self, t: &'a TypeName, desired: &'a Json, token: &'a str) -> Answer<'a, Progress> {
        self.mortal(self.cloud.create(t, desired, token))
    }
    fn update<'a>(
        &'a self,
        t: &'a TypeName,
        id: &'a str,
        patch: &'a Json,
        token: &'a str,
    ) -> Answer<'a, Progress> {
        self.mortal(self.cloud.update(t, id, patch, token))
    }
    fn delete<'a>(&'a self, t: &'a TypeName, id: &'a str, token: &'a str) -> Answer<'a, Progress> {
        self.mortal(self.cloud.delete(t, id, token))
    }
    fn status<'a>(&'a self, token: &'a str) -> Answer<'a, Progress> {
        self.mortal(self.cloud.status(token))
    }
    fn cancel<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        self.mortal(self.cloud.cancel(token))
    }
    fn list<'a>(&'a self, t: &'a TypeName, model: Option<&'a Json>) -> Answer<'a, Vec<(String, Json)>> {
        self.mortal(self.cloud.list(t, model))
    }
    fn requests(&self, sought: Sought) -> Answer<'_, Option<Vec<Remembered>>> {
        self.mortal(self.cloud.requests(sought))
    }
}

/// A run that dies after that many steps (if it lives so long); whether it was complete.
pub(super) fn mortal_run(stack: &Stack, dir: &Path, cloud: &Arc<Memory>, steps: i64, seed: u64) -> bool {
    let mortal =
        Arc::new(Mortal { cloud: Arc::clone(cloud), left: AtomicI64::new(steps), dead: Notify::new() });
    let provider: Arc<dyn Provider> = mortal.clone();
    block_on(async {
        let mut state = open(dir);
        let session = async {
            let means = means(&provider, seed);
            let recovery =
                recover(&means, &mut state, Catalogue::bundled(), &|_| None).await.expect("a disk");
            if recovery.problems.has_errors() {
                return false;
            }
            assert!(recovery.problems.is_empty(), "{:?}", recovery.problems);
            let Ok(outcome) = apply(stack, &mut state, &means).await else { return false };
            if outcome.is_complete() {
                state.compact().expect("written");
            }
            outcome.is_complete()
        };
        tokio::select! {
            complete = session => complete,
            () = mortal.dead.notified() => false,
        }
    })
}

/// A killed process loses what it didn't wait for: entries after the last begin, all but `keep`.
pub(super) fn lose_tail(dir: &Path, keep: usize) {
    let path = dir.join("test.local.journal");
    let Ok(journal) = std::fs::read_to_string(&path) else { return };
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let sure =
        lines.iter().rposition(|l| l.contains(r#""entry":"begin""#) || l.contains(r#""entry":"retry""#));
    let kept = (sure.map_or(0, |at| at + 1) + keep).min(lines.len());
    let torn = lines.get(kept).map_or("", |line| &line[..line.len() / 2]);
    std::fs::write(&path, lines[..kept].concat() + torn).expect("written");
}

#[test]
fn killed_at_every_step_of_a_life_the_next_run_makes_it_whole() {
    let first = three();
    let second = Stack::default()
        .with("bus.base", NAMED, "ground", "one", &[])
        .with("sub.middle", UNNAMED, "topic2", "two", &["bus.base"])
        .with("sub.new", UNNAMED, "topic", "four", &["sub.middle"]);
    for keep in [0, 1, 99] {
        for at in 0.. {
            let dir = folder();
            let memory = Arc::new(Memory::default());
            let mut survived = true;
            for (n, stack) in [&first, &second, &Stack::default()].into_iter().enumerate() {
                if !mortal_run(stack, dir.path(), &memory, at, 10 * n as u64) {
                    survived = false;
                    lose_tail(dir.path(), keep);
                    assert!(mortal_run(stack, dir.path(), &memory, i64::MAX, 10 * n as u64 + 1), "step {at}");
                }
                let state = open_read(dir.path(), &key()).expect("readable").state;
                agree(&memory, &state);
                assert_eq!(state.resources.len(), stack.desired.len());
                let state = open(dir.path());
                let (plan, _) = block_on(planned(stack, &state, &*memory)).expect("reads");
                assert!(plan.is_empty(), "step {at}: {plan:?}");
            }
            if survived {
                assert!(at > 20, "it takes more steps than {at}");
                break;
            }
        }
    }
}

/// Small random numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A random stack: each resource may use any that comes before it.
fn random_stack(dice: &mut Dice) -> Stack {
    let mut stack = Stack::default();
    let count = dice.roll(9);
    let mut there: Vec<String> = Vec::new();
    for n in 0..count {
        if dice.roll(5) == 0 {
            continue;
        }
        let named = n % 2 == 0;
        let address = format!("{}.r{n}", if named { "bus" } else { "sub" });
        let uses: Vec<String> = there.iter().filter(|_| dice.roll(3) == 0).cloned().collect();
        let uses: Vec<&str> = uses.iter().map(String::as_str).collect();
        let name = format!("name-{n}-{}", dice.roll(2));
        let text = format!("text-{}", dice.roll(3));
        stack = stack.with(&address, if named { NAMED } else { UNNAMED }, &name, &text, &uses);
        there.push(address);
    }
    stack
}

#[test]
fn random_stacks_with_random_trouble_and_random_deaths_end_whole() {
    for seed in 0..120 {
        let mut dice = Dice(seed * 7_919 + 1);
        let dir = folder();
        let memory = Arc::new(Memory::new(dice.roll(3) as u32));
        let mut runs = 0;
        for _ in 0..4 {
            let stack = random_stack(&mut dice);
            for _ in 0..dice.roll(6) {
                let operation = ["CreateResource", "UpdateResource", "DeleteResource", "GetResource"]
                    [dice.roll(4) as usize];
                let kind = [
                    FaultKind::Throttled,
                    FaultKind::Internal,
                    FaultKind::Denied,
                    FaultKind::Conflict,
                    FaultKind::NotYetUsable,
                    FaultKind::Invalid,
                ][dice.roll(6) as usize];
                let trouble = match dice.roll(5) {
                    0 => Trouble::Refuse(kind),
                    1 => Trouble::Fail(kind),
                    // With a conflict, what is there isn't ours.
                    2 if operation == "CreateResource" && kind != FaultKind::Conflict => {
                        Trouble::FailLeaving(kind)
                    }
                    2 => Trouble::Fail(kind),
                    3 => Trouble::LoseAnswer,
                    _ => Trouble::LoseRequest,
                };
                let of = match dice.roll(3) {
                    0 => UNNAMED.to_owned(),
                    _ => format!("name-{}-{}", dice.roll(9), dice.roll(2)),
                };
                memory.trouble(operation, &of, trouble);
            }
            loop {
                runs += 1;
                assert!(runs < 200, "seed {seed}: it doesn't end");
                let steps = if dice.roll(2) == 0 { dice.roll(80) as i64 } else { i64::MAX };
                if mortal_run(&stack, dir.path(), &memory, steps, seed * 1_000 + runs) {
                    break;
                }
                lose_tail(dir.path(), dice.roll(4) as usize);
                if dice.roll(2) == 0 {
                    memory.settle();
                }
            }
            let state = open_read(dir.path(), &key()).expect("readable").state;
            agree(&memory, &state);
            assert_eq!(state.resources.len(), stack.desired.len(), "seed {seed}");
        }
    }
}

/// Nothing can be asked of it: every attribute is unknown.
struct Nobody;

impl crate::model::Attributes for Nobody {
    fn attribute(&self, address: &Address, property: &str) -> Value {
        Value::unknown(address.clone(), property, "nobody knows")
    }
}

#[test]
fn a_killed_create_whose_body_had_secrets_is_found_with_the_secrets_at_hand() {
    let mut stack = Stack::default().with("sub.secret", UNNAMED, "topic", "x", &[]);
    if let Template::Object(members) = &mut stack.desired[0].properties {
        let secret = Value::Sensitive(Box::new(Value::from("hunter2-hunter2")));
        members.insert("SubscriptionRoleArn".to_owned(), Template::Literal(secret));
    }
    let known = |address: &Address| {
        let desired = stack.desired.iter().find(|desired| desired.address == *address)?;
        desired.properties.evaluate(&Nobody).to_json()
    };
    for steps in 0..4 {
        let dir = folder();
        let memory = Arc::new(Memory::default());
        assert!(!mortal_run(&stack, dir.path(), &memory, steps, 1));
        lose_tail(dir.path(), 0);
        let cloud: Arc<dyn Provider> = memory.clone();
        block_on(async {
            let mut state = open(dir.path());
            let means = means(&cloud, 2);
            let recovery = recover(&means, &mut state, Catalogue::bundled(), &known).await.expect("a disk");
            assert!(recovery.problems.is_empty(), "{:?}", recovery.problems);
            assert_eq!(recovery.ended.len(), 1);
            let _ = apply(&stack, &mut state, &means).await.expect("reads");
            agree(&memory, &state.snapshot());
        });
        let journal = std::fs::read_to_string(dir.path().join("test.local.journal")).expect("a journal");
        assert!(!journal.contains("hunter2"));
    }
}
