//! What a definition says, once read: the nouns of the Amazon States Language.

use super::choice::Branch;
use super::resource::Resource;
use indexmap::IndexMap;
use serde_json::Value;

/// A state machine's definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its comment.
    pub comment: Option<String>,
    /// The language of every state that doesn't name its own.
    pub query_language: QueryLanguage,
    /// How long an execution may take, seconds.
    pub timeout: Option<Amount>,
    /// Its states.
    pub workflow: Workflow,
}

impl Definition {
    /// Every state, those of branches and processors after the state that
    /// holds them.
    #[must_use]
    pub fn states(&self) -> Vec<&State> {
        let mut all = Vec::new();
        self.workflow.collect(&mut all);
        all
    }
}

/// How expressions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QueryLanguage {
    /// `"X.$": "$.path"`, `Parameters`, `ResultSelector`, …
    #[default]
    JsonPath,
    /// `"{% expression %}"`, `Arguments`, `Output`.
    Jsonata,
}

impl QueryLanguage {
    /// Its name in a definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}

/// States and where they start: a machine's own, a branch's, a processor's.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Where it is in the definition.
    pub pointer: String,
    /// The name of the first state.
    pub start_at: String,
    /// The states by name, in the order written.
    pub states: IndexMap<String, State>,
}

impl Workflow {
    fn collect<'a>(&'a self, into: &mut Vec<&'a State>) {
        for state in self.states.values() {
            into.push(state);
            for inner in state.inner() {
                inner.collect(into);
            }
        }
    }
}

/// One state.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Its name, unique in the machine.
    pub name: String,
    /// Where it is in the definition.
    pub pointer: String,
    /// The language of its expressions.
    pub query_language: QueryLanguage,
    /// Its comment.
    pub comment: Option<String>,
    /// How its input and output are shaped.
    pub data: DataFlow,
    /// The variables it sets (`Assign`).
    pub assign: Option<Value>,
    /// Where it goes. Choice, Succeed and Fail have [`Transition::None`].
    pub transition: Transition,
    /// What is tried again.
    pub retry: Vec<Retrier>,
    /// What is caught.
    pub catch: Vec<Catcher>,
    /// What it does.
    pub work: Work,
}

impl State {
    /// The workflows inside this state.
    #[must_use]
    pub fn inner(&self) -> Vec<&Workflow> {
        match &self.work {
            Work::Parallel { branches } => branches.iter().collect(),
            Work::Map(map) => vec![&map.processor],
            _ => Vec::new(),
        }
    }

    /// What a task hands to its integration: `Parameters` or `Arguments`, and
    /// the name of that field.
    #[must_use]
    pub fn arguments(&self) -> (&'static str, Option<&Value>) {
        match &self.data {
            DataFlow::JsonPath { parameters, .. } => ("Parameters", parameters.as_ref()),
            DataFlow::Jsonata { arguments, .. } => ("Arguments", arguments.as_ref()),
        }
    }
}

/// How a state shapes what comes in and goes out.
#[derive(Debug, Clone, PartialEq)]
pub enum DataFlow {
    /// In JSONPath: five steps.
    JsonPath {
        /// Which part of the input it sees.
        input: PathField,
        /// What it makes of it (payload template).
        parameters: Option<Value>,
        /// What it takes of the result (payload template).
        result_selector: Option<Value>,
        /// Where in the input the result goes.
        result: PathField,
        /// Which part of that it hands on.
        output: PathField,
    },
    /// In JSONata: two.
    Jsonata {
        /// What the state works on.
        arguments: Option<Value>,
        /// What it hands on.
        output: Option<Value>,
    },
}

/// A path field: absent means everything, `null` means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PathField {
    /// `$`.
    #[default]
    Whole,
    /// `null`: an empty object as input or output; a result thrown away.
    Nothing,
    /// A path.
    At(String),
}

/// Where a state goes when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// To another state.
    Next(String),
    /// The workflow ends.
    End,
    /// The state decides by itself (Choice), or ends by its nature.
    None,
}

/// One entry of `Retry`.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrier {
    /// Where it is.
    pub pointer: String,
    /// The errors it is for.
    pub errors: Vec<String>,
    /// The first pause, seconds (1).
    pub interval: f64,
    /// How many more times (3); 0 is never.
    pub max_attempts: u64,
    /// What each pause is multiplied by (2).
    pub backoff_rate: f64,
    /// The longest pause, seconds.
    pub max_delay: Option<f64>,
    /// Whether each pause is a random part of itself (`JitterStrategy` FULL).
    pub jitter: bool,
}

/// One entry of `Catch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Catcher {
    /// Where it is.
    pub pointer: String,
    /// The errors it is for.
    pub errors: Vec<String>,
    /// The state to go on with.
    pub next: String,
    /// Where in the input the error goes (JSONPath).
    pub result: PathField,
    /// What is handed on (JSONata).
    pub output: Option<Value>,
    /// The variables it sets.
    pub assign: Option<Value>,
}

/// What a state does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Hands its input on, or `Result` in its place.
    Pass {
        /// The fixed result (JSONPath).
        result: Option<Value>,
    },
    /// Calls something.
    Task(Box<Task>),
    /// Decides where to go.
    Choice {
        /// The branches, first match wins.
        branches: Vec<Branch>,
        /// Where to go when none matches.
        default: Option<String>,
    },
    /// Waits.
    Wait(WaitUntil),
    /// Ends well.
    Succeed,
    /// Ends badly.
    Fail {
        /// The error's name.
        error: Option<Words>,
        /// The error's cause.
        cause: Option<Words>,
    },
    /// Does several things at once.
    Parallel {
        /// The workflows.
        branches: Vec<Workflow>,
    },
    /// Does one thing for each item.
    Map(Box<MapState>),
}

impl Work {
    /// The state's `Type`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "Pass",
            Self::Task(_) => "Task",
            Self::Choice { .. } => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
            Self::Parallel { .. } => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What is called.
    pub resource: Resource,
    /// How long it may take, seconds.
    pub timeout: Option<Amount>,
    /// How long it may be silent, seconds.
    pub heartbeat: Option<Amount>,
    /// `Credentials`: the role to act as (`RoleArn`), in place of the
    /// machine's own.
    pub credentials: Option<Value>,
}

/// A number, or where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// Written.
    Number(f64),
    /// A JSONPath into the input.
    Path(String),
    /// A JSONata expression, or a stack expression that isn't filled in yet.
    Expression(String),
}

/// A text, or where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// Written; in JSONata it may be an expression.
    Text(String),
    /// A JSONPath (or intrinsic function) that gives it.
    Path(String),
}

/// How long a Wait state waits.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitUntil {
    /// So many seconds.
    Seconds(Amount),
    /// Until a moment (RFC 3339).
    Timestamp(Words),
}

/// A Map state.
#[derive(Debug, Clone, PartialEq)]
pub struct MapState {
    /// What is done for each item.
    pub processor: Workflow,
    /// Whether each item is an execution of its own (`Mode: DISTRIBUTED`).
    pub distributed: bool,
    /// `ExecutionType` of those executions, `STANDARD` or `EXPRESS`.
    pub execution_type: Option<String>,
    /// The items: `Items` (JSONata).
    pub items: Option<Value>,
    /// The items: `ItemsPath` (JSONPath).
    pub items_path: PathField,
    /// What each item becomes (`ItemSelector`, or `Parameters` of old).
    pub selector: Option<Value>,
    /// Where the items are read from.
    pub reader: Option<S3Access>,
    /// Where the results are written to.
    pub writer: Option<S3Access>,
    /// How items are grouped.
    pub batcher: Option<Value>,
    /// How many at once; none or 0 is all.
    pub max_concurrency: Option<Amount>,
    /// How many may fail.
    pub tolerated_failures: Option<Amount>,
    /// How many in a hundred may fail.
    pub tolerated_percentage: Option<Amount>,
    /// The name for the map's runs.
    pub label: Option<String>,
}

/// `ItemReader` or `ResultWriter`.
#[derive(Debug, Clone, PartialEq)]
pub struct S3Access {
    /// Where it is in the definition.
    pub pointer: String,
    /// `s3:getObject`, `s3:listObjectsV2`, `s3:putObject`; a writer that only
    /// formats has none.
    pub resource: Option<Resource>,
    /// Its `Parameters` or `Arguments`, and that field's name.
    pub arguments: (&'static str, Option<Value>),
    /// `ReaderConfig` or `WriterConfig`.
    pub config: Option<Value>,
}
