//! What a state machine's role has to be allowed, read off its definition.
//!
//! [`permissions`] walks every state, nested ones too, and gives one [`Need`]
//! for each call and each thing it acts on: IAM actions, and where in the
//! definition the target stands. The caller turns targets into ARNs, because
//! it knows what `${queue.claims.QueueUrl}` is. A target that is chosen at run
//! time can't be derived: it is a need on [`NeedOn::Unknowable`] and a problem
//! that points to `grants`.
//!
//! Sources: Step Functions Developer Guide, "How Step Functions generates IAM
//! policies for integrated services"; the Service Authorization Reference.

mod shape;
mod special;
mod table;
mod target;

pub use shape::TargetShape;
pub(super) use target::{Found, find};

use super::definition::{Definition, State, Task, Work};
use super::resource::{Integration, Resource};
use crate::languages::{Kind, Problem, pointer};
use table::{On, Rule};

/// Everything that a definition's states call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// What has to be allowed, in the order of the states.
    pub needs: Vec<Need>,
    /// One for each need that is [`NeedOn::Unknowable`], at its pointer.
    pub problems: Vec<Problem>,
}

/// Something that has to be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// IAM actions: `sqs:SendMessage`.
    pub actions: Vec<String>,
    /// On what.
    pub resource: NeedOn,
    /// The state that needs it.
    pub state: String,
    /// Where in the definition: the target, or the call.
    pub pointer: String,
}

/// What a permission is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NeedOn {
    /// What a string of the definition names.
    Argument {
        /// JSON Pointer of the string (or of the object's member whose *name*
        /// is meant, as in a batch's `RequestItems`).
        pointer: String,
        /// What it says: the string, or inside a JSONata literal
        /// (`{% 'name' %}`) the text between the quotes.
        text: String,
        /// How the text names its target.
        shape: TargetShape,
        /// What follows the target's ARN: `/index/byDate`, `/prefix/*`.
        suffix: Option<String>,
    },
    /// `*`: the action knows no narrower resource.
    Any,
    /// An ARN in which `${Partition}`, `${Region}` and `${Account}` are to be
    /// filled in.
    ArnPattern(String),
    /// The state machine itself.
    Own,
    /// The executions (and map runs) of the state machine itself.
    OwnExecutions,
    /// It is chosen at run time.
    Unknowable {
        /// What makes it so, as the end of a sentence.
        why: String,
    },
}

/// Says what the machine's role needs.
#[must_use]
pub fn permissions(definition: &Definition) -> Permissions {
    let mut all = Permissions::default();
    for state in definition.states() {
        match &state.work {
            Work::Task(task) => task_needs(state, task, &mut all),
            Work::Map(map) => {
                if map.distributed {
                    special::distributed_map(state, &mut all);
                }
                for access in [&map.reader, &map.writer].into_iter().flatten() {
                    special::map_storage(state, access, &mut all);
                }
            }
            _ => {}
        }
    }
    all
}

fn task_needs(state: &State, task: &Task, all: &mut Permissions) {
    if let Some(credentials) = &task.credentials {
        // The call is made as another role; that one holds the permissions.
        let at = pointer::child(&state.pointer, "Credentials");
        let rule = Rule::first(&["sts:AssumeRole"], &[("RoleArn", TargetShape::Role)]);
        let call = Call { state, at: &at, arguments: Some(credentials) };
        call.apply(&rule, all);
        return;
    }
    let (field, arguments) = state.arguments();
    let at = pointer::child(&state.pointer, field);
    let call = Call { state, at: &at, arguments };
    match &task.resource {
        Resource::Optimized { service, action, integration } => {
            call.api(service, action, all);
            if matches!(integration, Integration::Sync | Integration::Sync2) {
                call.waits(service, action, all);
            }
        }
        Resource::Sdk { service, action, .. } => call.api(table::iam_prefix(service), action, all),
        Resource::Function(arn) => all.needs.push(Need {
            actions: vec!["lambda:InvokeFunction".to_owned()],
            pointer: pointer::child(&state.pointer, "Resource"),
            resource: NeedOn::Argument {
                pointer: pointer::child(&state.pointer, "Resource"),
                text: arn.clone(),
                shape: TargetShape::Function,
                suffix: None,
            },
            state: state.name.clone(),
        }),
        // An activity's worker asks for its work; nothing is called.
        Resource::Activity(_) => {}
        Resource::Opaque(text) => all.needs.push(Need {
            actions: vec!["lambda:InvokeFunction".to_owned()],
            pointer: pointer::child(&state.pointer, "Resource"),
            resource: NeedOn::Argument {
                pointer: pointer::child(&state.pointer, "Resource"),
                text: text.clone(),
                shape: TargetShape::Called,
                suffix: None,
            },
            state: state.name.clone(),
        }),
    }
}

/// One call and what is handed to it.
struct Call<'a> {
    state: &'a State,
    /// Where the arguments are (or would be).
    at: &'a str,
    arguments: Option<&'a serde_json::Value>,
}

impl Call<'_> {
    /// The needs of an API action, `service` being an IAM prefix or the name
    /// of an optimized integration.
    fn api(&self, service: &str, action: &str, all: &mut Permissions) {
        if special::api(self, service, action, all) {
            return;
        }
        for rule in table::rules(service, action) {
            self.apply(&rule, all);
        }
    }

    /// What waiting for the end of a job (`.sync`) needs besides.
    fn waits(&self, service: &str, action: &str, all: &mut Permissions) {
        for rule in table::wait_rules(service, action) {
            self.apply(&rule, all);
        }
    }

    fn apply(&self, rule: &Rule, all: &mut Permissions) {
        let fixed = match &rule.on {
            On::First(candidates) => return self.apply_first(rule, candidates, all),
            On::Each(path, shape) => {
                for found in self.find(path) {
                    // A list without this kind of entry needs nothing for it.
                    if !matches!(found, Found::Absent { .. }) {
                        self.push(rule, found, *shape, None, all);
                    }
                }
                return;
            }
            On::Any => NeedOn::Any,
            On::Arn(pattern) => NeedOn::ArnPattern((*pattern).to_owned()),
            On::Own => NeedOn::Own,
            On::Nowhere => {
                NeedOn::Unknowable { why: "what this call acts on isn't known to evstack".to_owned() }
            }
        };
        self.need(rule.actions(), fixed, self.state.pointer.clone(), all);
    }

    /// The first of several arguments that is there names the target.
    fn apply_first(&self, rule: &Rule, candidates: &[(&str, TargetShape)], all: &mut Permissions) {
        for (path, shape) in candidates {
            let found = self.find(path);
            if found.iter().any(|found| !matches!(found, Found::Absent { .. })) {
                for one in found {
                    let suffix = self.suffix(*shape);
                    self.push(rule, one, *shape, suffix, all);
                }
                return;
            }
        }
        let names: Vec<String> = candidates.iter().map(|(path, _)| format!("`{path}`")).collect();
        let why = match self.arguments {
            None => format!("it has no arguments, so {} comes from its input", names.join(" or ")),
            Some(_) => format!("{} isn't among its arguments", names.join(" or ")),
        };
        self.need(rule.actions(), NeedOn::Unknowable { why }, self.state.pointer.clone(), all);
    }

    fn find(&self, path: &str) -> Vec<Found> {
        match self.arguments {
            Some(arguments) => find(arguments, self.at, path, self.state.query_language),
            None => vec![Found::Absent { pointer: self.at.to_owned() }],
        }
    }

    /// What narrows a target down: the index of a table, the key in a bucket,
    /// the qualifier of a function.
    fn suffix(&self, shape: TargetShape) -> Option<String> {
        let (path, before) = match shape {
            TargetShape::Table => ("IndexName", "/index/"),
            TargetShape::Object => ("Key", "/"),
            TargetShape::Function => ("Qualifier", ":"),
            _ => return None,
        };
        match self.find(path).pop() {
            Some(Found::Known { text, .. }) => Some(format!("{before}{text}")),
            Some(Found::Dynamic { .. }) => Some(format!("{before}*")),
            _ => (shape == TargetShape::Object).then(|| "/*".to_owned()),
        }
    }

    fn push(
        &self,
        rule: &Rule,
        found: Found,
        shape: TargetShape,
        suffix: Option<String>,
        all: &mut Permissions,
    ) {
        let (resource, pointer) = match found {
            _ if shape == TargetShape::Nothing => (NeedOn::Any, self.state.pointer.clone()),
            Found::Known { pointer, text } => {
                (NeedOn::Argument { pointer: pointer.clone(), text, shape, suffix }, pointer)
            }
            Found::Dynamic { pointer, why } => (NeedOn::Unknowable { why }, pointer),
            Found::Absent { pointer } if shape == TargetShape::EventBus => (
                NeedOn::ArnPattern(
                    "arn:${Partition}:events:${Region}:${Account}:event-bus/default".to_owned(),
                ),
                pointer,
            ),
            Found::Absent { pointer } => {
                let why = "one of its entries doesn't say what it acts on".to_owned();
                (NeedOn::Unknowable { why }, pointer)
            }
        };
        self.need(rule.actions(), resource, pointer, all);
    }

    fn need(&self, actions: Vec<String>, resource: NeedOn, pointer: String, all: &mut Permissions) {
        all.add(self.state, actions, resource, pointer);
    }
}

impl Permissions {
    /// Adds a need once, and the problem that comes with it.
    fn add(&mut self, state: &State, actions: Vec<String>, resource: NeedOn, pointer: String) {
        let need = Need { actions, resource, state: state.name.clone(), pointer };
        // A state's needs come one after the other.
        let mut own = self.needs.iter().rev().take_while(|known| known.state == need.state);
        if own.any(|known| *known == need) {
            return;
        }
        if let NeedOn::Unknowable { why } = &need.resource {
            self.problems.push(Problem::new(
                need.pointer.clone(),
                Kind::UnknownTarget,
                format!(
                    "the permission that state `{}` needs can't be derived: {why}; allow {} in `grants`",
                    need.state,
                    need.actions.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", "),
                ),
            ));
        }
        self.needs.push(need);
    }
}
