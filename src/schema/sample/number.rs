//! A number that keeps to a schema.

use super::Choose;
use serde_json::{Map, Value as Json, json};

/// A number between the limits. `whole` asks for an integer.
pub(super) fn number(schema: &Map<String, Json>, whole: bool, choose: Choose<'_>) -> Option<Json> {
    let limit = |key: &str| schema.get(key).and_then(Json::as_f64);
    let step = limit("multipleOf").filter(|step| *step > 0.0);
    let step = step.unwrap_or(if whole { 1.0 } else { 0.5 });
    let least = limit("minimum").or_else(|| limit("exclusiveMinimum").map(|n| n + step));
    let most = limit("maximum").or_else(|| limit("exclusiveMaximum").map(|n| n - step));
    let least = least.unwrap_or_else(|| most.map_or(1.0, |most| most.min(1.0)));
    let most = most.unwrap_or(least + 1000.0 * step);
    // Multiples count from zero.
    let first = (least / step).ceil();
    let last = (most / step).floor().min(first + 1000.0);
    if first > last {
        // A range narrower than a step: only its ends can be right.
        return (!whole && least <= most).then(|| json!(least));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1000")]
    let many = (last - first) as usize + 1;
    #[expect(clippy::cast_precision_loss, reason = "at most 1000")]
    let value = (first + choose(many) as f64) * step;
    if whole && value.abs() < 9e15 {
        #[expect(clippy::cast_possible_truncation, reason = "within what a float holds exactly")]
        let value = value as i64;
        return Some(json!(value));
    }
    serde_json::Number::from_f64(value).map(Json::Number)
}
