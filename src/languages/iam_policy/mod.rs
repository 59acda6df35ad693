//! IAM policy documents: building them, and telling whether two say the same.
//!
//! IAM keeps a policy in another form than it was given: a list of one becomes
//! a single string or the other way round, actions come back in another order.
//! [`normalised`] brings both to one form, in which equal means equal. Source:
//! IAM User Guide, "IAM JSON policy elements reference".

mod normalise;

pub use normalise::{equal, normalised};

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
