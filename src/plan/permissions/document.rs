//! Needs → policy documents.

use super::needs::Needs;
use crate::languages::iam_policy::VERSION;
use crate::model::Json;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Characters that a managed policy may have, without white space (IAM User Guide, "IAM and AWS STS
/// quotas").
const LONGEST: usize = 6_144;
/// Managed policies that a role may be given, without a raised quota (ibid.).
const MOST: usize = 10;

/// The documents, each within IAM's limit. Where ARNs would make more of them than a role can be
/// given, they give way to `*`.
pub(super) fn documents(needs: &Needs) -> Vec<Json> {
    let exact = fitted(statements(needs, true));
    if exact.len() <= MOST { exact } else { fitted(statements(needs, false)) }
}

/// One statement for each service and set of ARNs, with a name of its own. Roles to be passed stay
/// named whatever there is: to pass any role is to do anything.
fn statements(needs: &Needs, narrow: bool) -> Vec<Json> {
    let mut grouped: BTreeMap<(String, Option<&BTreeSet<String>>), Vec<&str>> = BTreeMap::new();
    for (action, on) in needs.iter() {
        let service = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let on = on.filter(|_| narrow || service == "iam");
        grouped.entry((service, on)).or_default().push(action);
    }
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for ((service, on), actions) in grouped {
        let resources: Vec<Json> = match on {
            None => vec![json!("*")],
            Some(arns) => arns.iter().map(|arn| json!(arn)).collect(),
        };
        for (actions, resources) in pieces(&actions, &resources) {
            let number = count.entry(service.clone()).or_default();
            *number += 1;
            all.push(json!({
                "Sid": sid(&service, *number),
                "Effect": "Allow",
                "Action": actions,
                "Resource": if resources == [json!("*")] { json!("*") } else { Json::Array(resources.to_vec()) },
            }));
        }
    }
    all
}

/// A statement that alone would be too long, in several: half of its longer list each.
fn pieces<'a>(actions: &'a [&'a str], resources: &'a [Json]) -> Vec<(&'a [&'a str], &'a [Json])> {
    let size: usize = actions.iter().map(|action| action.len() + 3).sum::<usize>()
        + resources.iter().map(|arn| arn.as_str().map_or(0, str::len) + 3).sum::<usize>();
    let widest = LONGEST / 2;
    if size <= widest || (actions.len() < 2 && resources.len() < 2) {
        return vec![(actions, resources)];
    }
    if resources.len() >= actions.len() {
        let (first, second) = resources.split_at(resources.len() / 2);
        return [pieces(actions, first), pieces(actions, second)].concat();
    }
    let (first, second) = actions.split_at(actions.len() / 2);
    [pieces(first, resources), pieces(second, resources)].concat()
}

/// `Sqs`, `Sqs2`: letters and digits alone are allowed.
fn sid(service: &str, number: usize) -> String {
    let mut letters = service.chars().filter(char::is_ascii_alphanumeric);
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let name: String = first.into_iter().chain(letters).collect();
    if number == 1 { name } else { format!("{name}{number}") }
}

/// Statements in order, a new document where one is full.
fn fitted(statements: Vec<Json>) -> Vec<Json> {
    let empty = json!({"Version": VERSION, "Statement": []}).to_string().len();
    let (mut documents, mut current, mut size) = (Vec::new(), Vec::new(), empty);
    for statement in statements {
        let length = statement.to_string().len() + 1;
        if size + length > LONGEST && !current.is_empty() {
            documents.push(json!({"Version": VERSION, "Statement": std::mem::take(&mut current)}));
            size = empty;
        }
        size += length;
        current.push(statement);
    }
    if !current.is_empty() {
        documents.push(json!({"Version": VERSION, "Statement": current}));
    }
    documents
}
