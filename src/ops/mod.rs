//! What each command means, apart from how it is asked for and shown.

pub mod adopt;
mod alike;
mod as_recorded;
mod disk;
pub mod drift;
pub mod foreign;
pub mod foreseen;
pub mod import;
pub mod live;
mod load;
mod named;
pub mod plan;
pub mod project;
pub mod recorded;
pub mod rollback;
pub mod saved;

pub use alike::alike;
pub use disk::DiskLoader;
pub use load::{Loaded, Request, load};

use crate::diagnostics::{Diagnostic, Diagnostics, Sources};

/// Why a command ended without doing what it was asked.
#[derive(Debug, Clone)]
pub struct Failure {
    /// All mistakes of the run.
    pub diagnostics: Diagnostics,
    /// The files that they are in.
    pub sources: Sources,
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: diagnostic.into(), sources: Sources::new() }
    }
}

impl Failure {
    /// Mistakes in files.
    #[must_use]
    pub fn new(diagnostics: Diagnostics, sources: Sources) -> Self {
        Self { diagnostics, sources }
    }
}
