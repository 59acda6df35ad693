//! What a knob can be set to: a delay, a share, a rate. None can hold a value that makes no sense.

use crate::local::world::Rng;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::time::Duration;

/// No delay is longer than a day.
const LONGEST: Duration = Duration::from_hours(24);

/// How long something takes: always the same, or drawn from a range. At most a day. In JSON a number
/// of milliseconds, or two of them: `100`, `[20, 200]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Delay {
    shortest: Duration,
    longest: Duration,
}

/// A delay as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected milliseconds: a number, or two in an array")]
enum Written {
    Fixed(u64),
    Range([u64; 2]),
}

impl Delay {
    /// No time at all.
    pub const NONE: Self = Self::milliseconds(0, 0);

    /// Any time from the one to the other; the other way round, it is the longer one.
    #[must_use]
    pub const fn milliseconds(from: u32, to: u32) -> Self {
        let (from, to) = (if from < to { from } else { to }, to);
        let (shortest, longest) = (Duration::from_millis(from as u64), Duration::from_millis(to as u64));
        Self { shortest, longest }
    }

    /// Any time from the one to the other.
    #[must_use]
    pub const fn seconds(from: u32, to: u32) -> Self {
        Self::milliseconds(from.saturating_mul(1000), to.saturating_mul(1000))
    }

    /// Whether it is always nothing.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.longest.is_zero()
    }

    /// One of its times, in whole milliseconds. What has no choice costs none.
    pub(crate) fn draw(self, rng: &mut Rng) -> Duration {
        let span = self.longest.saturating_sub(self.shortest).as_millis();
        let span = usize::try_from(span).unwrap_or(0);
        if span == 0 {
            return self.shortest;
        }
        self.shortest + Duration::from_millis(rng.below(span + 1) as u64)
    }
}

impl From<Duration> for Delay {
    /// Always the same; what is longer than a day is a day.
    fn from(duration: Duration) -> Self {
        let duration = duration.min(LONGEST);
        Self { shortest: duration, longest: duration }
    }
}

impl TryFrom<Written> for Delay {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let (from, to) = match written {
            Written::Fixed(time) => (time, time),
            Written::Range([from, to]) => (from, to),
        };
        let longest = LONGEST.as_millis();
        if u128::from(to) > longest {
            return Err(format!("a delay of {to} ms is longer than a day ({longest} ms)"));
        }
        if from > to {
            return Err(format!("a delay from {from} to {to} ms ends before it begins"));
        }
        Ok(Self { shortest: Duration::from_millis(from), longest: Duration::from_millis(to) })
    }
}

impl From<Delay> for Written {
    fn from(delay: Delay) -> Self {
        let milliseconds = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        match (milliseconds(delay.shortest), milliseconds(delay.longest)) {
            (from, to) if from == to => Self::Fixed(from),
            (from, to) => Self::Range([from, to]),
        }
    }
}

/// How often something happens: from never (0) to always (1). In JSON a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share {
    /// 0 to 1,000,000.
    millionths: u32,
}

impl Share {
    /// It doesn't happen.
    pub const NEVER: Self = Self { millionths: 0 };
    /// It happens each time.
    pub const ALWAYS: Self = Self { millionths: 1_000_000 };

    /// `percent` of a hundred times; at most always.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self { millionths: if percent < 100 { percent * 10_000 } else { 1_000_000 } }
    }

    /// Half as often.
    #[must_use]
    pub const fn half(self) -> Self {
        Self { millionths: self.millionths / 2 }
    }

    /// Whether it is never.
    #[must_use]
    pub const fn is_never(self) -> bool {
        self.millionths == 0
    }

    /// Whether it happens this time. What never or always happens costs no choice.
    pub(crate) fn happens(self, rng: &mut Rng) -> bool {
        match self.millionths {
            0 => false,
            1_000_000 => true,
            millionths => rng.below(1_000_000) < millionths as usize,
        }
    }

    /// Whether it holds for the thing of this name: the same answer each time, by the seed.
    pub(crate) fn holds(self, seed: u64, name: &str) -> bool {
        self.happens(&mut Rng::named(seed, name))
    }
}

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("a share is a number from 0 to 1, not {share}"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 1,000,000"
        )]
        let millionths = (share * 1_000_000.0).round() as u32;
        Ok(Self { millionths })
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        Self::from(share.millionths) / 1_000_000.0
    }
}

/// How many requests an account may send in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests a second that may go on for ever.
    pub per_second: NonZeroU32,
    /// Requests that may come at once.
    pub burst: NonZeroU32,
}

/// Durations as whole milliseconds in JSON, at most a day.
pub(super) mod milliseconds {
    use super::Delay;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use std::time::Duration;

    pub(in super::super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        Delay::from(*value).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let delay = Delay::deserialize(from)?;
        if delay.shortest == delay.longest {
            Ok(delay.longest)
        } else {
            Err(D::Error::custom("expected one number of milliseconds, not a range"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, from_value, json, to_value};

    #[test]
    fn delays_are_written_as_they_are_read() {
        for written in [json!(0), json!(100), json!([20, 200])] {
            let delay: Delay = from_value(written.clone()).expect("a delay");
            assert_eq!(to_value(delay).expect("JSON"), written);
        }
        for wrong in [json!(86_400_001), json!([3, 2]), json!([1]), json!(-1), json!("1s"), Json::Null] {
            assert!(from_value::<Delay>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let (mut rng, delay) = (Rng::new(1, 0), Delay::milliseconds(2, 5));
        let mut seen: Vec<u128> = (0..100).map(|_| delay.draw(&mut rng).as_millis()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [2, 3, 4, 5]);
    }

    #[test]
    fn shares_happen_as_often_as_they_say() {
        let (mut rng, share) = (Rng::new(1, 0), Share::percent(30));
        let times = (0..10_000).filter(|_| share.happens(&mut rng)).count();
        assert!((2_800..3_200).contains(&times), "{times}");
        let names = (0..1_000).filter(|n| share.holds(7, &n.to_string())).count();
        assert!((240..360).contains(&names), "{names}");
        assert!(!Share::NEVER.happens(&mut rng) && Share::ALWAYS.happens(&mut rng));
        assert_eq!(to_value(Share::percent(25)).expect("JSON"), json!(0.25));
        for wrong in [json!(1.01), json!(-0.1), json!("0.5"), json!(25)] {
            assert!(from_value::<Share>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
