//! Conditions: an operator, a key, and the values that the policy has for it.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Creating a condition
//! with multiple keys or values".

use super::keys::Keys;
use super::moment;
use super::text::{self, Template, Token};
use crate::languages::cidr::Network;
use std::cmp::Ordering;

/// One condition on one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    operator: Operator,
    /// In lower case.
    key: String,
    wanted: Wanted,
}

/// `ForAnyValue:StringNotLikeIfExists`, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    set: Option<Set>,
    test: Test,
    negated: bool,
    if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Numeric(Compare),
    Date(Compare),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

/// How the request's value stands to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A policy's values, read as the operator needs them.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Texts(Vec<Template>),
    Numbers(Vec<f64>),
    Moments(Vec<i128>),
    Flags(Vec<bool>),
    Binaries(Vec<String>),
    Networks(Vec<Network>),
}

impl Compare {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

impl Operator {
    /// By its name; `None` when there is no such operator.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (test, negated) = match rest {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "Bool" => (Test::Bool, false),
            "BinaryEquals" => (Test::Binary, false),
            "IpAddress" => (Test::Address, false),
            "NotIpAddress" => (Test::Address, true),
            // "ArnEquals and ArnLike behave identically."
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Null" if !if_exists && set.is_none() => (Test::Null, false),
            other => {
                let (kind, relation): (fn(Compare) -> Test, &str) = match other.strip_prefix("Numeric") {
                    Some(relation) => (Test::Numeric, relation),
                    None => (Test::Date, other.strip_prefix("Date")?),
                };
                let (compare, negated) = match relation {
                    "Equals" => (Compare::Equal, false),
                    "NotEquals" => (Compare::Equal, true),
                    "LessThan" => (Compare::Less, false),
                    "LessThanEquals" => (Compare::LessOrEqual, false),
                    "GreaterThan" => (Compare::Greater, false),
                    "GreaterThanEquals" => (Compare::GreaterOrEqual, false),
                    _ => return None,
                };
                (kind(compare), negated)
            }
        };
        Some(Self { set, test, negated, if_exists })
    }
}

impl Condition {
    /// Of an operator, a key and its values. Which values the operator can't read is the second
    /// result, by their place.
    pub(super) fn read(
        operator: Operator,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> (Self, Vec<(usize, &'static str)>) {
        let mut wrong = Vec::new();
        let wanted = match operator.test {
            Test::Equals | Test::EqualsIgnoreCase => texts(values, false, variables),
            Test::Like | Test::Arn => texts(values, true, variables),
            Test::Numeric(_) => Wanted::Numbers(each(values, "a number", &mut wrong, number)),
            Test::Date(_) => Wanted::Moments(each(values, "a date", &mut wrong, moment::parse)),
            Test::Bool | Test::Null => Wanted::Flags(each(values, "true or false", &mut wrong, flag)),
            Test::Binary => Wanted::Binaries(each(values, "base64", &mut wrong, binary)),
            Test::Address => Wanted::Networks(each(values, "an address or a network", &mut wrong, network)),
        };
        (Self { operator, key: key.to_ascii_lowercase(), wanted }, wrong)
    }

    /// Whether a request meets it.
    pub(super) fn met(&self, keys: &Keys) -> bool {
        let Operator { set, test, negated, if_exists } = self.operator;
        let values = keys.get(&self.key);
        if test == Test::Null {
            return matches!(&self.wanted, Wanted::Flags(flags) if flags.contains(&values.is_empty()));
        }
        // A variable without a value makes the statement invalid, whichever way the operator asks.
        let matches = |value: &String| self.matches(value, keys);
        match set {
            None if values.is_empty() => if_exists || negated,
            None => {
                let found = values.iter().map(matches).collect::<Option<Vec<bool>>>();
                found.is_some_and(|found| found.contains(&true) != negated)
            }
            Some(Set::All) => {
                // An empty text counts as no value at all.
                let mut values = values.iter().filter(|value| !value.is_empty());
                values.all(|value| matches(value).is_some_and(|found| found != negated))
            }
            Some(Set::Any) if values.is_empty() => if_exists,
            Some(Set::Any) => {
                let mut values = values.iter().filter(|value| !value.is_empty());
                values.any(|value| matches(value).is_some_and(|found| found != negated))
            }
        }
    }

    /// Whether one of the request's values is among the policy's.
    fn matches(&self, value: &str, keys: &Keys) -> Option<bool> {
        Some(match (&self.wanted, self.operator.test) {
            (Wanted::Texts(wanted), test) => {
                let mut unknown = false;
                for template in wanted {
                    match fits(template, test, value, keys) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => unknown = true,
                    }
                }
                return (!unknown).then_some(false);
            }
            (Wanted::Numbers(wanted), Test::Numeric(compare)) => number(value).is_some_and(|value| {
                wanted.iter().filter_map(|w| value.partial_cmp(w)).any(|ordering| compare.holds(ordering))
            }),
            (Wanted::Moments(wanted), Test::Date(compare)) => moment::parse(value)
                .is_some_and(|value| wanted.iter().any(|wanted| compare.holds(value.cmp(wanted)))),
            (Wanted::Flags(wanted), _) => flag(value).is_some_and(|value| wanted.contains(&value)),
            (Wanted::Binaries(wanted), _) => binary(value).is_some_and(|value| wanted.contains(&value)),
            (Wanted::Networks(wanted), _) => wanted.iter().any(|network| network.contains(value)),
            (Wanted::Numbers(_) | Wanted::Moments(_), _) => false,
        })
    }
}

fn fits(template: &Template, test: Test, value: &str, keys: &Keys) -> Option<bool> {
    match test {
        Test::Like => template.fits(value, keys),
        Test::EqualsIgnoreCase => Some(template.text(keys)?.to_lowercase() == value.to_lowercase()),
        Test::Arn => Some(arn_fits(&template.tokens(keys)?, value)),
        _ => Some(template.text(keys)? == value),
    }
}

/// "Each of the six colon-delimited components of the ARN is checked separately and each can include
/// multi-character match wildcards or single-character match wildcards." A pattern with fewer parts
/// has to end in a star, which stands for the rest.
fn arn_fits(pattern: &[Token], value: &str) -> bool {
    let parts: Vec<&[Token]> = pattern.splitn(6, |token| *token == Token::Char(':')).collect();
    if parts.len() < 6 {
        return pattern.last() == Some(&Token::Any) && text::fits(pattern, value);
    }
    let components: Vec<&str> = value.splitn(6, ':').collect();
    components.len() == 6 && parts.iter().zip(components).all(|(part, component)| text::fits(part, component))
}

fn texts(values: &[String], wildcards: bool, variables: bool) -> Wanted {
    Wanted::Texts(values.iter().map(|text| Template::parse(text, wildcards, variables)).collect())
}

fn each<T>(
    values: &[String],
    what: &'static str,
    wrong: &mut Vec<(usize, &'static str)>,
    read: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        match read(value) {
            Some(value) => all.push(value),
            None => wrong.push((at, what)),
        }
    }
    all
}

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|number| plain && number.is_finite())
}

fn flag(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Base64 without its padding: what is compared is the same where the bytes are.
fn binary(text: &str) -> Option<String> {
    let plain = text.trim_end_matches('=');
    let sound = plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    (sound && plain.len() % 4 != 1).then(|| plain.to_owned())
}

/// "If you specify an IP address without the associated routing prefix, IAM uses the default prefix
/// value of /32."
fn network(text: &str) -> Option<Network> {
    if text.contains('/') {
        return Network::parse(text);
    }
    let bits = if text.contains(':') { 128 } else { 32 };
    Network::parse(&format!("{text}/{bits}"))
}
