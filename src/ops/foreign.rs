//! What others added to what is ours: rules and statements on our buses, versions and aliases of our
//! machines, policies of our queues. (Targets on our rules and subscriptions of our topics are in the
//! reads of those, and so in their drift.)
//!
//! Only lists that Cloud Control can narrow to one resource are asked for each; rules are listed once
//! for all buses, since their list takes no bus. What can't be told is said by name.

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::diff::Foreign;
use crate::model::{Address, Json, Recorded};
use crate::provider::{Fault, Provider};
use crate::schema::TypeName;
use crate::spec::IgnoredDrift;
use crate::state::State;
use jiff::civil::Date;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

const BUS: &str = "AWS::Events::EventBus";
const RULE: &str = "AWS::Events::Rule";
const STATEMENT: &str = "AWS::Events::EventBusPolicy";
const MACHINE: &str = "AWS::StepFunctions::StateMachine";
const QUEUE: &str = "AWS::SQS::Queue";
const QUEUE_POLICY: &str = "AWS::SQS::QueueInlinePolicy";

/// How many questions are under way at once; the provider's limiter sets the pace.
const AT_ONCE: usize = 48;
/// How many of what was found are read for their owner's tags.
const MOST: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub struct Added {
    /// By address.
    pub foreign: Vec<Foreign>,
    /// What couldn't be looked at, and why.
    pub not_looked_at: Vec<String>,
    /// Entries of the stack file's list that do nothing.
    pub warnings: Diagnostics,
}

/// Looks for what isn't recorded and stands on what is. Changes nothing. Entries of `drift.ignore`
/// whose property is a type's name are about this.
pub async fn look(
    ignored: &[IgnoredDrift],
    state: &State,
    provider: &Arc<dyn Provider>,
    today: Date,
) -> Added {
    let mut added = Added::default();
    let recorded: BTreeSet<(&str, &str)> =
        state.resources.values().map(|r| (r.type_name.as_str(), r.identifier.as_str())).collect();
    let ours = |kind: &'static str| state.resources.values().filter(move |r| r.type_name.as_str() == kind);
    let mut asked: JoinSet<Answered> = JoinSet::new();
    let mut questions = Vec::new();
    for machine in ours(MACHINE) {
        let model = json!({ "StateMachineArn": machine.identifier });
        for kind in ["AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"] {
            questions.push(Question::List(machine.address.clone(), kind, Some(model.clone()), None));
        }
    }
    for bus in ours(BUS) {
        let model = json!({ "EventBusName": bus.identifier });
        let of = format!("{}|", bus.identifier);
        questions.push(Question::List(bus.address.clone(), STATEMENT, Some(model), Some(of)));
    }
    // A policy that is declared for a queue, in whatever form, is compared where it is declared.
    let spoken_for = |queue: &Recorded| {
        state.resources.values().any(|r| {
            r.type_name.as_str().starts_with("AWS::SQS::Queue")
                && r.type_name.as_str().ends_with("Policy")
                && r.declared.to_string().contains(&queue.identifier)
        })
    };
    for queue in ours(QUEUE).filter(|queue| !spoken_for(queue)) {
        questions.push(Question::Read(queue.address.clone(), QUEUE_POLICY, queue.identifier.clone()));
    }
    let mut questions = questions.into_iter();
    loop {
        while asked.len() < AT_ONCE
            && let Some(question) = questions.next()
        {
            let provider = Arc::clone(provider);
            asked.spawn(async move { question.ask(&*provider).await });
        }
        match asked.join_next().await {
            Some(Ok((address, kind, Ok(found)))) => {
                for identifier in found.into_iter().filter(|id| !recorded.contains(&(kind, id.as_str()))) {
                    let type_name = TypeName::new(kind);
                    added.foreign.push(Foreign {
                        address: address.clone(),
                        type_name,
                        identifier,
                        stack: None,
                    });
                }
            }
            Some(Ok((address, kind, Err(fault)))) => {
                added.not_looked_at.push(format!("{kind} of `{address}`: {fault}"));
            }
            // A task is only ever cancelled together with the whole look.
            Some(Err(_)) => {}
            None => break,
        }
    }
    rules(state, provider, &recorded, &mut added).await;
    if ours(QUEUE).next().is_some() {
        let words = "pipes and event source mappings that read from the queues: no list tells which do";
        added.not_looked_at.push(words.to_owned());
    }
    added.not_looked_at.sort();
    owners(provider, &mut added.foreign).await;
    pass_over(ignored, &mut added, today);
    added.foreign.sort();
    added
}

/// Of which resource what type was asked for, and the identifiers that came.
type Answered = (Address, &'static str, Result<Vec<String>, Fault>);

enum Question {
    /// Of a type, below a model; only identifiers that begin so.
    List(Address, &'static str, Option<Json>, Option<String>),
    /// Whether there is one.
    Read(Address, &'static str, String),
}

impl Question {
    async fn ask(self, provider: &dyn Provider) -> Answered {
        match self {
            Self::List(address, kind, model, of) => {
                let listed = provider.list(&TypeName::new(kind), model.as_ref()).await;
                let found = listed.map(|all| {
                    let fits = |id: &String| of.as_ref().is_none_or(|of| id.starts_with(of.as_str()));
                    all.into_iter().map(|(id, _)| id).filter(fits).collect()
                });
                (address, kind, found)
            }
            Self::Read(address, kind, identifier) => {
                let read = provider.read(&TypeName::new(kind), &identifier).await;
                (address, kind, read.map(|read| read.map(|_| identifier).into_iter().collect()))
            }
        }
    }
}

/// One list for all buses: a rule's ARN names its bus.
async fn rules(
    state: &State,
    provider: &Arc<dyn Provider>,
    recorded: &BTreeSet<(&str, &str)>,
    added: &mut Added,
) {
    let buses: Vec<&Recorded> = state.resources.values().filter(|r| r.type_name.as_str() == BUS).collect();
    if buses.is_empty() {
        return;
    }
    let archives: Vec<&str> = state
        .resources
        .values()
        .filter(|r| r.type_name.as_str() == "AWS::Events::Archive")
        .map(|r| r.identifier.as_str())
        .collect();
    match provider.list(&TypeName::new(RULE), None).await {
        Ok(rules) => {
            for (identifier, _) in rules {
                let Some((_, path)) = identifier.split_once(":rule/") else { continue };
                let Some((bus, name)) = path.rsplit_once('/') else { continue };
                let Some(bus) = buses.iter().find(|ours| ours.identifier == bus) else { continue };
                // EventBridge makes a rule for each archive.
                let of_archive = name.strip_prefix("Events-Archive-").is_some_and(|a| archives.contains(&a));
                if !of_archive && !recorded.contains(&(RULE, identifier.as_str())) {
                    let (address, type_name) = (bus.address.clone(), TypeName::new(RULE));
                    added.foreign.push(Foreign { address, type_name, identifier, stack: None });
                }
            }
            let words = "rules on the buses that the list doesn't show: it takes no bus, and AWS may show those of \
                         the default bus alone";
            added.not_looked_at.push(words.to_owned());
        }
        Err(fault) => added.not_looked_at.push(format!("{RULE} of all buses: {fault}")),
    }
}

/// Whose they are, where evstack's own tags say so.
async fn owners(provider: &Arc<dyn Provider>, foreign: &mut [Foreign]) {
    for found in foreign.iter_mut().take(MOST) {
        if let Ok(Some(live)) = provider.read(&found.type_name, &found.identifier).await {
            let tag = |tag: &Json| {
                (tag["Key"] == "evstack:stack").then(|| tag["Value"].as_str().map(str::to_owned))
            };
            let tags = live["Tags"].as_array().into_iter().flatten();
            found.stack = tags.filter_map(tag).flatten().next();
        }
    }
}

fn pass_over(list: &[IgnoredDrift], added: &mut Added, today: Date) {
    for entry in list.iter().filter(|entry| entry.is_of_others() && entry.holds(today)) {
        let before = added.foreign.len();
        added.foreign.retain(|found| {
            !(entry.means(found.address.as_str()) && entry.property.covers(&[found.type_name.as_str()]))
        });
        if added.foreign.len() == before {
            let words = format!("nobody added a {} to `{}`", entry.property, entry.address);
            added.warnings.push(
                Diagnostic::warning(Code::IDLE_IGNORE, words)
                    .at(entry.span)
                    .hint("remove the entry if it isn't needed any more"),
            );
        }
    }
}
