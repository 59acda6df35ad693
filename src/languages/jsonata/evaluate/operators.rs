//! What stands between two values.

use super::super::fault::{Fault, Outcome};
use super::super::functions::text::string_of;
use super::super::syntax::{Node, Operator};
use super::super::value::Value;
use super::Evaluator;
use super::order::by_units;
use std::cmp::Ordering;

impl Evaluator<'_> {
    pub(super) fn negate(&mut self, inner: &Node, input: &Value, frame: usize) -> Outcome<Value> {
        match self.evaluate(inner, input, frame)? {
            Value::Nothing => Ok(Value::Nothing),
            Value::Number(number) => Ok(Value::Number(-number)),
            _ => Err(Fault::at("D1002", inner.at, "only a number can be negated")),
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Node,
        right: &Node,
        input: &Value,
        frame: usize,
    ) -> Outcome<Value> {
        let first = self.evaluate(left, input, frame)?;
        match operator {
            Operator::And if !first.truth() => return Ok(Value::Bool(false)),
            Operator::Or if first.truth() => return Ok(Value::Bool(true)),
            Operator::And | Operator::Or => {
                return Ok(Value::Bool(self.evaluate(right, input, frame)?.truth()));
            }
            _ => {}
        }
        let second = self.evaluate(right, input, frame)?;
        match operator {
            Operator::Equal | Operator::NotEqual => {
                let known = !first.is_nothing() && !second.is_nothing();
                Ok(Value::Bool(known && first.same(&second) == (operator == Operator::Equal)))
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                compare(operator, &first, &second)
            }
            Operator::Concatenate => {
                let mut joined = String::new();
                for value in [&first, &second] {
                    if !value.is_nothing() {
                        joined.push_str(&string_of(value, false)?);
                    }
                }
                self.text(joined)
            }
            Operator::Range => self.range(&first, &second),
            Operator::In => {
                let among = |item: &Value| match (item, &first) {
                    (Value::List(_) | Value::Object(_), _) => false,
                    (item, first) => item.same(first),
                };
                Ok(Value::Bool(!first.is_nothing() && second.items().iter().any(among)))
            }
            _ => arithmetic(operator, &first, &second),
        }
    }

    fn range(&mut self, first: &Value, last: &Value) -> Outcome<Value> {
        let whole = |value: &Value, side: &str, code| match value {
            Value::Nothing => Ok(None),
            Value::Number(number) if number.fract() == 0.0 => Ok(Some(*number)),
            _ => Err(Fault::new(code, format!("the {side} side of `..` has to be a whole number"))),
        };
        let (first, last) = (whole(first, "left", "T2003")?, whole(last, "right", "T2004")?);
        let (Some(first), Some(last)) = (first, last) else { return Ok(Value::Nothing) };
        if first > last {
            return Ok(Value::Nothing);
        }
        let length = last - first + 1.0;
        if length > 1e7 {
            return Err(Fault::new("D2014", "a range has at most 10,000,000 numbers"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 1 to 1e7")]
        let length = length as u32;
        self.charge(length as usize)?;
        Ok(Value::sequence((0..length).map(|n| Value::Number(first + f64::from(n))).collect()))
    }
}

fn arithmetic(operator: Operator, first: &Value, second: &Value) -> Outcome<Value> {
    let number = |value: &Value, side: &str, code| match value {
        Value::Nothing => Ok(None),
        Value::Number(number) => Ok(Some(*number)),
        _ => {
            let message = format!("the {side} side of `{}` has to be a number", operator.sign());
            Err(Fault::new(code, message))
        }
    };
    let (first, second) = (number(first, "left", "T2001")?, number(second, "right", "T2002")?);
    let (Some(a), Some(b)) = (first, second) else { return Ok(Value::Nothing) };
    finite(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => a % b,
    })
}

/// A number that JSON can hold.
pub(in super::super) fn finite(number: f64) -> Outcome<Value> {
    if number.is_finite() {
        return Ok(Value::Number(number));
    }
    Err(Fault::new("D1001", "the number is out of range"))
}

fn compare(operator: Operator, first: &Value, second: &Value) -> Outcome<Value> {
    let comparable = |value: &Value| matches!(value, Value::Nothing | Value::Number(_) | Value::Text(_));
    if !comparable(first) || !comparable(second) {
        let message = format!("`{}` compares numbers or strings", operator.sign());
        return Err(Fault::new("T2010", message));
    }
    let order = match (first, second) {
        (Value::Nothing, _) | (_, Value::Nothing) => return Ok(Value::Nothing),
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(by_units(a, b)),
        _ => {
            let message = format!("`{}` can't compare a number with a string", operator.sign());
            return Err(Fault::new("T2009", message));
        }
    };
    Ok(Value::Bool(match operator {
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }))
}
