//! What expressions can call besides CEL's standard functions, and the functions that watch the
//! budget. All are bounded: what they return is measured before the next step uses it.

use super::values;
use cel::extractors::This;
use cel::{Context, ExecutionError, Value as Cel};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts one round of a loop. No person can write the name.
pub(super) const ROUND: &str = "@round";
/// Looks at a regular expression before it is compiled, and returns it.
pub(super) const REGEX: &str = "@regex";
/// Measures what it is given, and returns it.
pub(super) const MEASURED: &str = "@measured";

/// Units that one evaluation may make.
const ALLOWANCE: u64 = 400_000;
/// Units that one value inside an evaluation may have.
const LARGEST: u64 = 1 << 16;
/// What a round of a loop costs.
const A_ROUND: u64 = 100;
/// What compiling a regular expression costs, how often that if it counts repetitions (which
/// multiply), and how long one may be.
const A_REGEX: u64 = 1_000;
const REPEATED: u64 = 40;
const LONGEST_REGEX: usize = 256;

/// What one evaluation may still cost.
#[derive(Clone)]
pub(super) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(ALLOWANCE)))
    }

    /// Units spent so far.
    pub(super) fn spent(&self) -> u64 {
        ALLOWANCE - self.0.load(Ordering::Relaxed)
    }

    fn spend(&self, units: u64) -> Result<(), ExecutionError> {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(units), Ordering::Relaxed);
        if units > left { Err(fault("the expression takes too many steps")) } else { Ok(()) }
    }

    fn measure(&self, value: &Cel) -> Result<(), ExecutionError> {
        let units = values::cel_size(value, LARGEST);
        if units > LARGEST {
            return Err(fault("a value in the expression is too large"));
        }
        self.spend(units)
    }
}

fn fault(message: &str) -> ExecutionError {
    ExecutionError::function_error("budget", message)
}

/// Adds all of them.
pub(super) fn add_to(context: &mut Context<'_, '_>, meter: &Meter) {
    // A name that is taken already stays what it is.
    let m = meter.clone();
    let _ = context.add_function(ROUND, move || -> Result<bool, ExecutionError> {
        m.spend(A_ROUND)?;
        Ok(true)
    });
    let m = meter.clone();
    let _ = context.add_function(MEASURED, move |value: Cel| -> Result<Cel, ExecutionError> {
        m.measure(&value)?;
        Ok(value)
    });
    let m = meter.clone();
    let _ = context.add_function(REGEX, move |text: Arc<String>| -> Result<Cel, ExecutionError> {
        m.spend(if text.contains('{') { A_REGEX * REPEATED } else { A_REGEX })?;
        if text.len() > LONGEST_REGEX {
            return Err(fault("a regular expression in the expression is too long"));
        }
        Ok(Cel::String(text))
    });
    let _ = context.add_function("lowerAscii", |This(text): This<Arc<String>>| text.to_ascii_lowercase());
    let _ = context.add_function("upperAscii", |This(text): This<Arc<String>>| text.to_ascii_uppercase());
    let _ = context.add_function("trim", |This(text): This<Arc<String>>| text.trim().to_owned());
    let m = meter.clone();
    let _ = context.add_function(
        "split",
        move |This(text): This<Arc<String>>, separator: Arc<String>| -> Result<Cel, ExecutionError> {
            m.spend(text.len() as u64 / 4)?;
            let parts: Vec<Cel> =
                text.split(separator.as_str()).map(|part| Cel::String(Arc::new(part.to_owned()))).collect();
            Ok(Cel::List(Arc::new(parts)))
        },
    );
    let m = meter.clone();
    let _ = context.add_function(
        "replace",
        move |This(text): This<Arc<String>>,
              from: Arc<String>,
              to: Arc<String>|
              -> Result<Cel, ExecutionError> {
            let most = (text.len() as u64 + 1).saturating_mul(to.len() as u64 + 1);
            if most / 16 > LARGEST {
                // It may still be small, so count before anything is made.
                let found = text.matches(from.as_str()).count() as u64;
                m.spend(found.saturating_mul(to.len() as u64) / 16)?;
            }
            Ok(Cel::String(Arc::new(text.replace(from.as_str(), &to))))
        },
    );
    let m = meter.clone();
    let _ = context.add_function(
        "join",
        move |This(items): This<Arc<Vec<Cel>>>, separator: Arc<String>| -> Result<Cel, ExecutionError> {
            m.spend((items.len() as u64).saturating_mul(1 + separator.len() as u64 / 16))?;
            let mut text = String::new();
            for (index, item) in items.iter().enumerate() {
                let Cel::String(item) = item else {
                    return Err(ExecutionError::function_error("join", "every item must be text"));
                };
                m.spend(item.len() as u64 / 16)?;
                if index > 0 {
                    text.push_str(&separator);
                }
                text.push_str(item);
            }
            Ok(Cel::String(Arc::new(text)))
        },
    );
}

/// Whether a call's result may be larger than what it is given.
pub(super) fn grows(function: &str) -> bool {
    matches!(function, "_+_" | "split" | "replace" | "join")
}

/// What can be called, operators aside.
pub(super) const KNOWN: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "type",
    "dyn",
    "lowerAscii",
    "upperAscii",
    "trim",
    "split",
    "replace",
    "join",
];
