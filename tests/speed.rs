//! How near an apply comes to the shortest time that it can take: in virtual time, against a local
//! cloud whose creates take 1 to 6 s by type and that refuses what comes faster than 25 requests a
//! second.
//!
//! No apply can be quicker than the greater of two bounds: the longest way through the graph, each
//! create taking what its `RetryAfter` says; and three requests for each create (begin, status,
//! read) at the allowed rate. The second isn't quite one: how many may come at once isn't in it, and one
//! list may tell the status of many, so the ratio may be less than one. Which type takes how long is drawn anew for each seed, so that no
//! table of types can be fitted to it.
//!
//! ```console
//! $ cargo test --test speed -- --nocapture
//! ```

#[path = "common/rig.rs"]
mod rig;

use evstack::model::Address;
use evstack::ops::Loaded;
use evstack::ops::plan::Wanted;
use evstack::plan::{Plan, read_by};
use rig::{Call, Line, Rig};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

/// Requests a second that the cloud takes.
const RATE: u32 = 25;
/// How many of them may come at once: a second's worth, and hardly any.
const BURSTS: [u32; 2] = [25, 5];

/// Total time over the bound, at most.
const WITHIN: f64 = 1.10;
/// The same for 48 independent resources where hardly any may come at once. They are begun longest
/// first, which lets most of them end in the same second; their reads then take two seconds more, and
/// until then the line stands idle. The bound knows nothing of that; an order that spreads the ends is
/// a problem of its own (a flow shop with time lags is NP-hard), and worth some hundredths.
const WITHIN_BY_DRIPS: f64 = 1.18;

/// Types that need nothing, with what they must be given.
const ALONE: [(&str, &str); 8] = [
    ("AWS::SQS::Queue", "VisibilityTimeout: 30"),
    ("AWS::SNS::Topic", "DisplayName: news"),
    ("AWS::Kinesis::Stream", "ShardCount: 1"),
    ("AWS::Events::EventBus", "Name: bus-NUMBER"),
    ("AWS::S3::Bucket", "BucketName: bucket-NUMBER"),
    (
        "AWS::DynamoDB::Table",
        "BillingMode: PAY_PER_REQUEST, KeySchema: [{AttributeName: id, KeyType: HASH}], \
         AttributeDefinitions: [{AttributeName: id, AttributeType: S}]",
    ),
    (
        "AWS::IAM::Role",
        "AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, \
         Principal: {Service: events.amazonaws.com}, Action: 'sts:AssumeRole'}]}",
    ),
    ("AWS::Scheduler::ScheduleGroup", "Name: group-NUMBER"),
];

/// `count` resources of these types in turn; from the second layer on each names two of the layer
/// before in its tags, as `benches/layers.py` has it.
fn stack(count: usize, width: usize) -> String {
    let mut text = "name: speed\nresources:\n".to_owned();
    for i in 0..count {
        let (type_name, properties) = ALONE[i % ALONE.len()];
        let mut properties = properties.replace("NUMBER", &i.to_string());
        if i >= width {
            let next = if (i + 1) % width == 0 { i + 1 - 2 * width } else { i + 1 - width };
            let tag = |key: &str, of: usize| {
                let arn = if ALONE[of % ALONE.len()].0 == "AWS::SNS::Topic" { "TopicArn" } else { "Arn" };
                format!("{{Key: {key}, Value: '${{resource.r{of}.{arn}}}'}}")
            };
            properties.push_str(&format!(", Tags: [{}, {}]", tag("one", i - width), tag("other", next)));
        }
        text.push_str(&format!("  r{i}: {{type: {type_name}, properties: {{{properties}}}}}\n"));
    }
    text
}

fn reviews() -> (String, BTreeMap<String, String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
    let (mut folders, mut files) = (vec![root.clone()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name = path.strip_prefix(&root).expect("it is below").display().to_string();
                files.insert(name, text);
            }
        }
    }
    (files["reviews.yaml"].clone(), files)
}

/// 1 to 6 s, by the type and the seed.
fn takes(type_name: &str, seed: u64) -> Duration {
    let mut hash = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xcbf2_9ce4_8422_2325;
    for byte in type_name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    Duration::from_millis(1_000 + (hash >> 20) % 5_001)
}

fn profile(types: &BTreeSet<String>, seed: u64, burst: u32) -> Json {
    let operations: BTreeMap<&str, Json> = types
        .iter()
        .map(|name| (name.as_str(), json!({"CREATE": takes(name, seed).as_millis() as u64})))
        .collect();
    json!({"operations": operations, "throttle_rate": {"per_second": RATE, "burst": burst}})
}

/// Who waits for whom: what the stack says, and, `confirmed`, whoever is sent with a predicted value
/// after what it was predicted of, unless both need each other.
fn graph<'a>(
    plan: &'a Plan,
    loaded: &Loaded,
    confirmed: bool,
) -> BTreeMap<&'a Address, BTreeSet<&'a Address>> {
    let mut needs: BTreeMap<&Address, BTreeSet<&Address>> =
        plan.changes.iter().map(|change| (&change.address, change.depends_on.iter().collect())).collect();
    let predicted: BTreeMap<&Address, BTreeMap<String, String>> =
        plan.changes.iter().map(|change| (&change.address, change.predicted())).collect();
    let desired: BTreeMap<&Address, _> = loaded.resolved.resources.iter().map(|r| (&r.address, r)).collect();
    let mut wishes = Vec::new();
    for change in plan.changes.iter().filter(|_| confirmed) {
        let mut references = Vec::new();
        if let Some(desired) = desired.get(&change.address) {
            read_by(&desired.properties, &loaded.resolved.attributes, &mut references);
        }
        for reference in references {
            if let Some((of, told)) = predicted.get_key_value(&reference.address)
                && told.contains_key(&reference.property)
                && **of != change.address
            {
                wishes.push((&change.address, *of));
            }
        }
    }
    for (built, on) in wishes {
        if !leads(&needs, on, built) {
            needs.entry(built).or_default().insert(on);
        }
    }
    needs
}

fn leads(needs: &BTreeMap<&Address, BTreeSet<&Address>>, from: &Address, to: &Address) -> bool {
    let (mut stack, mut seen) = (vec![from], BTreeSet::new());
    while let Some(at) = stack.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            stack.extend(needs.get(at).into_iter().flatten());
        }
    }
    false
}

/// The longest way through what is created.
fn longest(plan: &Plan, needs: &BTreeMap<&Address, BTreeSet<&Address>>, seed: u64) -> Duration {
    let mut ends: HashMap<&Address, Duration> = HashMap::new();
    // Whatever order the plan is in: until nothing moves.
    loop {
        let before = ends.len();
        for change in &plan.changes {
            let needed: Option<Vec<Duration>> =
                needs[&change.address].iter().map(|address| ends.get(address).copied()).collect();
            if let (false, Some(needed)) = (ends.contains_key(&change.address), needed) {
                let begins = needed.into_iter().max().unwrap_or_default();
                ends.insert(&change.address, begins + takes(change.type_name.as_str(), seed));
            }
        }
        if ends.len() == before {
            break;
        }
    }
    assert_eq!(ends.len(), plan.changes.len(), "everything has its end");
    ends.into_values().max().unwrap_or_default()
}

/// Applies it and says how long that took, over the bound.
fn measure(name: &str, text: &str, files: &BTreeMap<String, String>, burst: u32, seed: u64) -> f64 {
    let mut rig = Rig::new(&json!({}), seed);
    rig.dial(Line { paced: true, ..Line::default() });
    rig.files.clone_from(files);
    let types = rig.plan(text).expect("a plan without mistakes");
    let types = types.changes.iter().map(|change| change.type_name.as_str().to_owned()).collect();
    rig.set_profile(&profile(&types, seed, burst));
    drop(rig.take_calls());
    let (plan, outcome) = rig.apply(text).expect("it is made");
    let calls = rig.take_calls();
    let total = calls.last().map_or(Duration::ZERO, |call| call.at);
    let loaded = rig.load(text).expect("a stack without mistakes");
    let [path, unconfirmed] = [true, false].map(|all| longest(&plan, &graph(&plan, &loaded, all), seed));
    let paced = Duration::from_secs_f64(3.0 * outcome.added as f64 / f64::from(RATE));
    let bound = path.max(paced);
    let ratio = total.as_secs_f64() / bound.as_secs_f64();
    println!(
        "{name:15} {burst:2} at once, seed {seed}: {} made in {:.2} s; bound {:.2} s (longest way {:.2} s, by references alone {:.2} s; rate {:.2} s); \
         ratio {ratio:.3}; {}",
        outcome.added,
        total.as_secs_f64(),
        bound.as_secs_f64(),
        path.as_secs_f64(),
        unconfirmed.as_secs_f64(),
        paced.as_secs_f64(),
        counted(&calls),
    );
    ratio
}

/// `96 CreateResource (2 refused), …`
fn counted(calls: &[Call]) -> String {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for call in calls {
        let (all, refused) = counts.entry(&call.operation).or_default();
        *all += 1;
        *refused += usize::from(call.status != Some(200));
    }
    let counts = counts.iter().map(|(name, (all, refused))| format!("{all} {name} ({refused} refused)"));
    counts.collect::<Vec<_>>().join(", ")
}

#[test]
fn an_apply_is_as_fast_as_the_graph_and_the_rate_allow() {
    let (reviews, files) = reviews();
    let none = BTreeMap::new();
    let (alone, layers) = (stack(48, 48), stack(1_000, 100));
    let mut slow = Vec::new();
    let mut measure = |name: &str, text: &str, files: &BTreeMap<String, String>, burst: u32, seed: u64| {
        let ratio = measure(name, text, files, burst, seed);
        let drips = burst < RATE && name == "48 independent";
        if ratio > if drips { WITHIN_BY_DRIPS } else { WITHIN } {
            slow.push(format!("{name}, {burst} at once, seed {seed}: {ratio:.3}"));
        }
    };
    for burst in BURSTS {
        for seed in 1..=3 {
            measure("reviews", &reviews, &files, burst, seed);
            measure("48 independent", &alone, &none, burst, seed);
        }
        measure("1,000 in layers", &layers, &none, burst, 1);
    }
    assert!(slow.is_empty(), "too much more than the bound: {slow:#?}");
}

/// Nineteen of twenty calls are refused, whatever the pace: the seconds that an apply of two takes.
fn refused_nearly_always(seed: u64) -> f64 {
    let mut rig = Rig::new(&json!({}), seed);
    rig.dial(Line { paced: true, ..Line::default() });
    rig.set_profile(&json!({"throttle": 0.95, "operations": {"AWS::SQS::Queue": {"CREATE": 2_000}}}));
    let text = stack(2, 2).replace("AWS::SNS::Topic", "AWS::SQS::Queue").replace("DisplayName: news", "");
    let (_, outcome) = rig.try_apply(&text, &Wanted::default()).expect("it is tried");
    let calls = rig.take_calls();
    let total = calls.last().map_or(Duration::ZERO, |call| call.at).as_secs_f64();
    println!(
        "2, of 20 calls 19 refused, seed {seed}: {} made in {total:.0} s; {}",
        outcome.added,
        counted(&calls)
    );
    assert!(outcome.is_complete(), "{:#?}", outcome.failures);
    total
}

#[test]
fn refused_at_any_pace_an_apply_waits_for_the_line_alone() {
    let mut times: Vec<f64> = (1..=9).map(refused_nearly_always).collect();
    times.sort_by(f64::total_cmp);
    assert!(times[4] < 150.0, "half of them within two minutes and a half: {times:?}");
}
