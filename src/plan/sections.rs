//! What a plan means beyond its resources: shown after them.

use super::{Calls, IamChange, IamContext, Plan, calls, iam_changes};

/// The sections of one plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sections {
    /// Who may newly do, or no longer do, what to whom. Empty where nothing of that changes.
    pub iam: Vec<IamChange>,
    /// What the apply costs; none where nobody asked.
    pub calls: Option<Calls>,
}

impl Sections {
    /// All of them. `rate` as in [`calls`].
    #[must_use]
    pub fn of(plan: &Plan, context: &IamContext<'_>, rate: Option<f64>) -> Self {
        Self { iam: iam_changes(plan, context), calls: Some(calls(plan, context.catalogue, rate)) }
    }
}
