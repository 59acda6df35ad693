//! IAM policy documents: building them, reading them, telling whether two say the same, and deciding
//! by them.
//!
//! IAM keeps a policy in another form than it was given: a list of one becomes
//! a single string or the other way round, actions come back in another order.
//! [`normalised`] brings both to one form, in which equal means equal. [`parse`] finds what is wrong
//! with a policy; [`evaluate`] says what the policies together allow. Source: IAM User Guide, "IAM
//! JSON policy elements reference".

mod condition;
mod document;
mod evaluate;
mod keys;
mod moment;
mod normalise;
mod principal;
mod read;
mod text;

#[cfg(test)]
mod tests;

pub use document::{Effect, Policy, Request};
pub use evaluate::{Decision, Given, Place, Policies, Sort, evaluate};
pub use keys::Keys;
pub use normalise::{equal, normalised};
pub use principal::{Principal, account_of};
pub use read::{Purpose, parse};

use serde_json::{Value, json};

/// The version of the policy language that every policy here is in.
pub const VERSION: &str = "2012-10-17";

/// A policy of these statements.
#[must_use]
pub fn policy(statements: Vec<Value>) -> Value {
    json!({"Version": VERSION, "Statement": statements})
}

/// A statement that allows actions on resources.
#[must_use]
pub fn allow<A: AsRef<str>, R: Into<Value>>(actions: &[A], resources: Vec<R>) -> Value {
    let actions: Vec<&str> = actions.iter().map(AsRef::as_ref).collect();
    let resources: Vec<Value> = resources.into_iter().map(Into::into).collect();
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

/// The policy by which a service may take a role.
#[must_use]
pub fn assumed_by(service: &str) -> Value {
    policy(vec![json!({
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    })])
}
