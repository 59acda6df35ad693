//! What differs between what is wanted and what is there, and why it matters.
//!
//! Law 1: the comparison owns the paths that the stack file declares and those that evstack sent
//! last time (`recorded.declared`), no others. A value that nobody declared, a service's default,
//! an extra array element or a key that a service added yesterday is never a difference. A
//! property that was declared and no longer is, is a removal. Pure: the same inputs give the same
//! differences, in the same order.

mod arrays;
mod blocking;
mod compare;
mod drift;
mod equal;
mod guard;
mod holding;
mod once;
mod overlay;
mod patch;
mod related;
mod shape;
mod stages;
mod transform;
mod veil;

pub use drift::{
    Drifted, DriftedPath, Foreign, IgnoredPath, Irrevocable, ResourceDrift, accepted, drift, kept_apart,
    restored,
};
pub use equal::{declared, is_hash, is_hidden, revealed, same};
pub use guard::{guarded, in_whole_lists, leans};
pub use holding::{Holding, holding};
pub use once::{Listing, answers_with_what_is_there, listing, once, unique_name};
pub use patch::{create_model, patch, unsayable};
pub use stages::stages;

use crate::model::{Doubts, Json, Options, Secrets, Value};
use crate::schema::{PropertyPath, ResourceType};

/// What happens to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// Wanted, and not there.
    Add,
    /// There, and no longer wanted.
    Remove,
    /// There with another value.
    Change,
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Names and indices in the desired properties (of a removal: in the live ones).
    pub path: Vec<String>,
    /// The same place in the live properties; a last `-` appends to an array.
    pub live_path: Vec<String>,
    /// What happens to it.
    pub kind: DifferenceKind,
    /// What is there; of a write-only property, what was sent last.
    pub before: Option<Json>,
    /// What is wanted. A removal has one where a service forgets nothing and the property must be
    /// set back to its default by name.
    pub after: Option<Value>,
    /// Whether it can only be had by a new resource.
    pub forces_replacement: bool,
    /// Whether the handler may refuse it in place: the schema's `conditionalCreateOnlyProperties`,
    /// where nobody but the handler knows the condition.
    pub may_force_replacement: bool,
    /// Whether `replaceOnChanges` (and no create-only property) asks for the new resource.
    pub by_trigger: bool,
    /// Never read back: compared with what was sent last, since nothing else can be known.
    pub write_only: bool,
    /// Neither side may be shown.
    pub sensitive: bool,
}

/// How one resource differs.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use]
pub struct Diff {
    /// Each differing path, in the order of the desired properties, removals last.
    pub differences: Vec<Difference>,
    /// What is there at the owned paths, in the shape and order of the desired properties: equal
    /// where nothing differs in meaning. For showing and fingerprints, not for patching.
    pub before: Option<Value>,
}

impl Diff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether it can only be had by a new resource.
    #[must_use]
    pub fn forces_replacement(&self) -> bool {
        self.differences.iter().any(|d| d.forces_replacement)
    }

    /// The paths that ask for a new resource.
    #[must_use]
    pub fn replace_paths(&self) -> Vec<Vec<String>> {
        self.differences.iter().filter(|d| d.forces_replacement).map(|d| d.path.clone()).collect()
    }
}

/// What the comparison is told beside the three states.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The resource's type.
    pub resource_type: &'a ResourceType,
    /// Differences at or below these don't count.
    pub ignore_changes: &'a [PropertyPath],
    /// Differences at or below these need a new resource.
    pub replace_on_changes: &'a [PropertyPath],
    /// Hashes secrets, to compare them with recorded hashes.
    pub secrets: &'a Secrets,
    /// Whether an update failed half-way: what a read never shows isn't known, and differs.
    pub half_way: bool,
}

impl<'a> Context<'a> {
    /// With a resource's own options.
    #[must_use]
    pub fn new(resource_type: &'a ResourceType, options: &'a Options, secrets: &'a Secrets) -> Self {
        Self {
            resource_type,
            ignore_changes: &options.ignore_changes,
            replace_on_changes: &options.replace_on_changes,
            secrets,
            half_way: false,
        }
    }

    /// The same of a resource whose last update may have failed half-way.
    #[must_use]
    pub fn since(self, doubts: &Doubts) -> Self {
        Self { half_way: doubts.half_way, ..self }
    }
}

/// Whether each update of a resource gives this computed property another value. What else is
/// computed stays while the resource stays.
#[must_use]
pub fn changes_with_updates(resource_type: &ResourceType, property: &str) -> bool {
    overlay::facts(resource_type.name.as_str()).is_some_and(|facts| facts.volatile(property))
}

/// Compares what is wanted with what is there, owning only what is or was declared.
pub fn diff(desired: &Value, recorded: Option<&Json>, live: &Json, context: &Context<'_>) -> Diff {
    veil::over(compare::run(desired, recorded, live, context), desired, recorded)
}
