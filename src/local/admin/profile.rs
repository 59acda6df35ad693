//! `/_evstack/profile`: the knobs, read and turned while the cloud runs.
//!
//! `PUT` sets all of them: what the body doesn't name is as in its `preset`, or as in the instant
//! profile. `PATCH` turns those that the body names (RFC 7396; null is the instant profile's value),
//! on top of its `preset` if it names one.

use crate::local::profile::{Preset, Profile};
use serde_json::{Map, Value as Json};

/// The profile that a body asks for; `now` is the one that it changes, if it is a change.
pub(super) fn asked(body: &[u8], now: Option<&Profile>) -> Result<Profile, String> {
    let mut knobs = match serde_json::from_slice(body) {
        Ok(Json::Object(knobs)) => knobs,
        Ok(_) => return Err("a profile is a JSON object of knobs".into()),
        Err(error) => return Err(format!("the body is not JSON: {error}")),
    };
    let start = match knobs.shift_remove("preset") {
        None | Some(Json::Null) => now.cloned().unwrap_or_default(),
        Some(Json::String(name)) => Preset::named(&name).ok_or_else(|| unknown(&name))?.profile(),
        Some(other) => return Err(unknown(&other.to_string())),
    };
    let mut all = serde_json::to_value(&start).map_err(|error| error.to_string())?;
    if let Json::Object(all) = &mut all {
        merge(all, knobs);
    }
    serde_json::from_value(all.clone()).map_err(|error| {
        let wrong = all.as_object().into_iter().flatten().find_map(|(name, value)| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            let error = serde_json::from_value::<Profile>(Json::Object(alone)).err()?;
            Some(format!("`{name}`: {error}"))
        });
        wrong.unwrap_or_else(|| error.to_string())
    })
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = Preset::ALL.iter().map(|preset| preset.name()).collect();
    format!("there is no preset `{name}`: {}", known.join(", "))
}

/// Lays `changes` over `target`; the JSON reader bounds how deep they go. An operation's time is a
/// value of its own: only objects are merged.
fn merge(target: &mut Map<String, Json>, changes: Map<String, Json>) {
    for (name, change) in changes {
        match (target.get_mut(&name), change) {
            (_, Json::Null) => {
                target.shift_remove(&name);
            }
            (Some(Json::Object(below)), Json::Object(change)) => merge(below, change),
            (_, mut change) => {
                without_nulls(&mut change);
                target.insert(name, change);
            }
        }
    }
}

/// A null in what is new asks for nothing.
fn without_nulls(value: &mut Json) {
    if let Json::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::profile::{Delay, Share};

    #[test]
    fn a_preset_is_a_start_and_knobs_are_laid_over_it() {
        let aws = Preset::Aws.profile();
        assert_eq!(asked(br#"{"preset": "aws"}"#, None), Ok(aws.clone()));
        let turned = asked(br#"{"preset": "aws", "throttle": 0.5, "retry_after": null}"#, None);
        let wanted = Profile { throttle: Share::percent(50), retry_after: Delay::NONE, ..aws.clone() };
        assert_eq!(turned, Ok(wanted));
        // A change leaves the rest; a whole one doesn't.
        let body = br#"{"operations": {"AWS::SQS::Queue": {"CREATE": 7}, "AWS::IAM::Role": null}}"#;
        let changed = asked(body, Some(&aws)).expect("a profile");
        let queue = changed.operations["AWS::SQS::Queue"];
        assert_eq!(queue.create, Some(Delay::milliseconds(7, 7)));
        assert_eq!(queue.delete, aws.operations["AWS::SQS::Queue"].delete);
        assert!(!changed.operations.contains_key("AWS::IAM::Role"));
        assert_eq!(changed.latency, aws.latency);
        assert_eq!(asked(body, None).expect("a profile").latency, Delay::NONE);
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        for (body, why) in [
            ("[]", "a JSON object"),
            ("{", "not JSON"),
            (r#"{"preset": "slow"}"#, "no preset `slow`: instant, aws, adversary"),
            (r#"{"throtle": 1}"#, "unknown field `throtle`"),
            (r#"{"throttle": 2}"#, "`throttle`: a share is a number from 0 to 1, not 2"),
            (r#"{"latency": [9, 1]}"#, "`latency`: "),
            (r#"{"latency": [9, 1]}"#, "from 9 to 1 ms"),
        ] {
            let error = asked(body.as_bytes(), None).expect_err(body);
            assert!(error.contains(why), "{body}: {error}");
        }
    }
}
