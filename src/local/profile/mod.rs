//! How the cloud behaves: from a cloud that does everything at once to one that does what AWS does on
//! a bad day. A [`Profile`] is a set of knobs; a [`Preset`] is a profile with a name. All choices
//! follow the seed.

mod counts;
mod knobs;
mod timings;

pub(crate) use counts::{Counts, Misbehaviour};
pub use knobs::{Delay, Rate, Share};

use knobs::milliseconds;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

/// The knobs, each of which can be turned alone. Not stored with the data: it is that of the process,
/// and may change while it runs. In JSON every time is in milliseconds and every share from 0 to 1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// How long a Cloud Control operation takes, where `operations` doesn't say. Without any, the
    /// first answer still says IN_PROGRESS, and the next look finds it done.
    pub latency: Delay,
    /// How long an operation of a type takes: `{"AWS::SQS::Queue": {"CREATE": 60000}}`.
    pub operations: BTreeMap<String, OperationTimes>,
    /// How long after now `RetryAfter` is, while an operation is under way: a hint, never later than
    /// the end. Without it, the hint is the end itself.
    pub retry_after: Delay,
    /// The share of calls that are refused at once for their rate, in one of its disguises.
    pub throttle: Share,
    /// Calls beyond this rate are refused as well.
    pub throttle_rate: Option<Rate>,
    /// The share of operations that fail because the service below throttled the handler.
    pub throttled_operations: Share,
    /// The share of operations that fail before they did anything.
    pub faults_before: Share,
    /// The share of operations that fail after they did everything: a create leaves a remnant.
    pub faults_after: Share,
    /// How long a read says NotFound after a create.
    pub create_lag: Delay,
    /// How long a read shows the model from before an update.
    pub update_lag: Delay,
    /// How long a read still shows what was deleted.
    pub delete_lag: Delay,
    /// How long lists stay as they were before a create or a delete.
    pub list_lag: Delay,
    /// How long a new role can't be assumed.
    #[serde(with = "milliseconds")]
    pub role_delay: Duration,
    /// How long the name of a deleted queue can't be used again.
    #[serde(with = "milliseconds")]
    pub queue_rest: Duration,
    /// The share of calls whose answer is lost: what they ask for is done, but the client never hears.
    pub lost_answers: Share,
    /// How long an answer is under way; answers of concurrent calls overtake each other.
    pub answer_delay: Delay,
    /// The share of resources whose unordered arrays come back in another order.
    pub reordered: Share,
    /// The share of resources whose reads spell what was sent in other words: JSON as text or not, in
    /// other whitespace and order, one value as a list of one, ARNs and letters in other forms.
    pub respelled: Share,
    /// The share of properties, left out by the caller, that reads show with a default.
    pub invented: Share,
    /// The share of properties, left out by the caller, that reads show with a default only once the
    /// resource was updated.
    pub invented_after_update: Share,
    /// The share of resources whose reads show an empty array that no update may keep.
    pub unacceptable: Share,
    /// The share of resources to which somebody else at AWS has given a tag of the prefix `aws:`.
    pub system_tags: Share,
}

/// How long the operations of one type take; what it doesn't say takes the profile's `latency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "UPPERCASE")]
pub struct OperationTimes {
    /// Until a create has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<Delay>,
    /// Until an update has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<Delay>,
    /// Until a delete has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<Delay>,
}

/// A profile with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Everything is done at once, and nothing goes wrong.
    Instant,
    /// As slow as AWS, and as consistent.
    Aws,
    /// Quick, and everything goes wrong that can.
    Adversary,
}

impl Preset {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Instant, Self::Aws, Self::Adversary];

    /// `instant`, `aws`, `adversary`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Aws => "aws",
            Self::Adversary => "adversary",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Its knobs.
    #[must_use]
    pub fn profile(self) -> Profile {
        match self {
            Self::Instant => Profile::default(),
            Self::Aws => aws(),
            Self::Adversary => adversary(),
        }
    }
}

/// Times from [`timings`]; waits from the services' own documents. Faults are rare on AWS: none here.
fn aws() -> Profile {
    Profile {
        latency: timings::OTHER,
        operations: timings::table(),
        retry_after: Delay::seconds(1, 5),
        // 25 requests a second were just under the limit that users of Cloud Control met (aws-nuke,
        // pull request 510); the burst is an estimate.
        throttle_rate: rate(30, 60),
        // Estimates: reads of most services settle within seconds (Amazon IAM User Guide, "Changes
        // that I make are not always immediately visible", gives no figure).
        create_lag: Delay::milliseconds(0, 1_000),
        update_lag: Delay::milliseconds(0, 1_000),
        delete_lag: Delay::milliseconds(0, 1_000),
        list_lag: Delay::milliseconds(0, 2_000),
        // An estimate: clients wait 5 to 15 s for a new role as a rule.
        role_delay: Duration::from_secs(8),
        // Amazon SQS API Reference, CreateQueue, QueueDeletedRecently.
        queue_rest: Duration::from_mins(1),
        // An estimate: a call within a region.
        answer_delay: Delay::milliseconds(5, 80),
        ..Profile::default()
    }
}

/// Everything at once, in short times: a client that survives this for long survives AWS.
fn adversary() -> Profile {
    const SHORT: Delay = Delay::milliseconds(20, 200);
    Profile {
        latency: SHORT,
        operations: BTreeMap::new(),
        retry_after: Delay::milliseconds(10, 100),
        throttle: Share::percent(5),
        throttle_rate: rate(200, 200),
        throttled_operations: Share::percent(5),
        faults_before: Share::percent(5),
        faults_after: Share::percent(5),
        create_lag: SHORT,
        update_lag: SHORT,
        delete_lag: SHORT,
        list_lag: SHORT,
        role_delay: Duration::from_millis(500),
        queue_rest: Duration::from_mins(1),
        lost_answers: Share::percent(2),
        answer_delay: Delay::milliseconds(0, 50),
        reordered: Share::percent(50),
        respelled: Share::percent(50),
        invented: Share::percent(20),
        invented_after_update: Share::percent(20),
        unacceptable: Share::percent(2),
        system_tags: Share::percent(50),
    }
}

const fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    match (NonZeroU32::new(per_second), NonZeroU32::new(burst)) {
        (Some(per_second), Some(burst)) => Some(Rate { per_second, burst }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn presets_are_written_as_they_are_read_and_have_names() {
        for preset in Preset::ALL {
            let profile = preset.profile();
            let written = to_value(&profile).expect("JSON");
            assert_eq!(from_value::<Profile>(written).expect("a profile"), profile, "{preset:?}");
            assert_eq!(Preset::named(preset.name()), Some(preset));
        }
        assert_eq!(Preset::Instant.profile(), Profile::default());
        assert_eq!(Preset::named("slow"), None);
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let error = from_value::<Profile>(json!({"throtle": 1})).expect_err("refused").to_string();
        assert!(error.contains("throtle") && error.contains("throttle"), "{error}");
        let wrong = json!({"operations": {"AWS::SQS::Queue": {"create": 1}}});
        let error = from_value::<Profile>(wrong).expect_err("refused").to_string();
        assert!(error.contains("create") && error.contains("CREATE"), "{error}");
        assert!(from_value::<Profile>(json!({"queue_rest": [1, 2]})).is_err());
        assert!(from_value::<Profile>(json!({"throttle_rate": {"per_second": 0, "burst": 1}})).is_err());
    }

    /// Everything that the adversary can do, it does: no knob is left as the instant profile has it,
    /// but the table of times.
    #[test]
    fn the_adversary_leaves_nothing_out() {
        let (instant, adversary) = (Preset::Instant.profile(), Preset::Adversary.profile());
        let (instant, adversary) = (to_value(&instant).expect("JSON"), to_value(&adversary).expect("JSON"));
        for (knob, value) in adversary.as_object().expect("knobs") {
            assert_eq!(instant[knob] == *value, knob == "operations", "{knob}");
        }
    }
}
