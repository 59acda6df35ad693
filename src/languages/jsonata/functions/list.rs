//! Functions of lists: aggregation, and lists made from lists.

use super::super::evaluate::{by_units, finite};
use super::super::fault::Fault;
use super::super::value::Value;
use super::number::random;
use super::{Row, argument};

pub(super) const TABLE: &[Row] = &[
    Row("sum", "<a<n>:n>", 1, |_, a| numbers(a).map_or(Ok(Value::Nothing), |n| finite(n.iter().sum()))),
    Row("max", "<a<n>:n>", 1, |_, a| Ok(extreme(a, f64::max))),
    Row("min", "<a<n>:n>", 1, |_, a| Ok(extreme(a, f64::min))),
    Row("average", "<a<n>:n>", 1, |_, a| match numbers(a) {
        Some(n) if !n.is_empty() => finite(n.iter().sum::<f64>() / n.len() as f64),
        _ => Ok(Value::Nothing),
    }),
    Row("count", "<a:n>", 1, |_, a| Ok(Value::Number(argument(a, 0).items().len() as f64))),
    Row("append", "<xx:a>", 2, |e, a| {
        let (first, second) = (argument(a, 0), argument(a, 1));
        if first.is_nothing() {
            return Ok(second.clone());
        }
        if second.is_nothing() {
            return Ok(first.clone());
        }
        e.charge(first.items().len() + second.items().len())?;
        let both = first.items().iter().chain(second.items()).cloned().collect();
        Ok(match first {
            Value::List(list) if !list.sequence => Value::list(both),
            _ => Value::sequence(both),
        })
    }),
    Row("reverse", "<a:a>", 1, |e, a| {
        let Value::List(list) = argument(a, 0) else { return Ok(Value::Nothing) };
        e.charge(list.items.len())?;
        Ok(if list.items.len() <= 1 {
            Value::List(list.clone())
        } else {
            Value::list(list.items.iter().rev().cloned().collect())
        })
    }),
    Row("distinct", "<x:x>", 1, |e, a| {
        let Value::List(list) = argument(a, 0) else { return Ok(argument(a, 0).clone()) };
        if list.items.len() <= 1 {
            return Ok(Value::List(list.clone()));
        }
        let mut kept: Vec<Value> = Vec::new();
        for item in &list.items {
            e.charge(kept.len())?;
            if !kept.iter().any(|known| known.same(item)) {
                kept.push(item.clone());
            }
        }
        Ok(list.with(kept).into())
    }),
    Row("shuffle", "<a:a>", 1, |e, a| {
        let Value::List(list) = argument(a, 0) else { return Ok(Value::Nothing) };
        let mut items = list.items.clone();
        e.charge(items.len())?;
        for last in (1..items.len()).rev() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is within the list"
            )]
            let other = (random(e, "$shuffle")? * (last as f64 + 1.0)) as usize;
            items.swap(last, other.min(last));
        }
        if items.len() <= 1 {
            random(e, "$shuffle")?;
        }
        Ok(Value::list(items))
    }),
    Row("zip", "<a+>", 0, |e, a| {
        let length = a.iter().map(|list| list.items().len()).min().unwrap_or(0);
        e.charge(length.saturating_mul(a.len()))?;
        let one =
            |at: usize| Value::list(a.iter().filter_map(|list| list.items().get(at).cloned()).collect());
        Ok(Value::list((0..length).map(one).collect()))
    }),
    Row("sort", "<af?:a>", 2, |e, a| {
        let Value::List(list) = argument(a, 0) else { return Ok(Value::Nothing) };
        e.charge(list.items.len())?;
        if list.items.len() <= 1 {
            return Ok(Value::List(list.clone()));
        }
        if let Value::Function(swap) = argument(a, 1) {
            let mut failed = None;
            let sorted = merge_sorted(list.items.clone(), &mut |x, y| {
                if failed.is_some() {
                    return false;
                }
                match e.call_back(swap, vec![x.clone(), y.clone()]) {
                    Ok(verdict) => verdict.truth(),
                    Err(fault) => {
                        failed = Some(fault);
                        false
                    }
                }
            });
            return failed.map_or(Ok(Value::list(sorted)), Err);
        }
        let mut items = list.items.clone();
        if items.iter().all(|item| matches!(item, Value::Number(_))) {
            items.sort_by(|a, b| match (a, b) {
                (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
                _ => std::cmp::Ordering::Equal,
            });
        } else if items.iter().all(|item| matches!(item, Value::Text(_))) {
            items.sort_by(|a, b| match (a, b) {
                (Value::Text(a), Value::Text(b)) => by_units(a, b),
                _ => std::cmp::Ordering::Equal,
            });
        } else {
            let message = "$sort orders numbers or strings; for anything else it needs a function";
            return Err(Fault::new("D3070", message));
        }
        Ok(Value::list(items))
    }),
];

fn numbers(arguments: &[Value]) -> Option<Vec<f64>> {
    match argument(arguments, 0) {
        Value::List(list) => Some(
            list.items
                .iter()
                .filter_map(|item| match item {
                    Value::Number(number) => Some(*number),
                    _ => None,
                })
                .collect(),
        ),
        _ => None,
    }
}

fn extreme(arguments: &[Value], choose: fn(f64, f64) -> f64) -> Value {
    let numbers = numbers(arguments).unwrap_or_default();
    numbers.into_iter().reduce(choose).map_or(Value::Nothing, Value::Number)
}

/// Sorted by merging, whatever the function says; `after` is whether the first comes after the
/// second. A function that contradicts itself gives some order, as in the reference.
fn merge_sorted(mut items: Vec<Value>, after: &mut impl FnMut(&Value, &Value) -> bool) -> Vec<Value> {
    if items.len() <= 1 {
        return items;
    }
    let right = items.split_off(items.len() / 2);
    let mut left = merge_sorted(items, after).into_iter().peekable();
    let mut right = merge_sorted(right, after).into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if after(a, b) { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}
