//! From a stack's path to a resolved stack, with every mistake of the way.

use super::Failure;
use crate::diagnostics::{Diagnostics, Sources};
use crate::resolve::{Resolved, resolve};
use crate::spec::{Inputs, Loader, Stack};

/// What to load.
#[derive(Debug, Clone)]
pub struct Request {
    /// The stack file, as the loader takes it.
    pub path: String,
    /// Environment, place, config.
    pub inputs: Inputs,
}

/// A stack without mistakes.
#[derive(Debug)]
pub struct Loaded {
    /// As read.
    pub stack: Stack,
    /// Its resources and their order.
    pub resolved: Resolved,
    /// Every file that was read.
    pub sources: Sources,
    /// What isn't an error.
    pub warnings: Diagnostics,
}

/// Loads and resolves a stack.
///
/// # Errors
/// All mistakes of all its files.
pub fn load(request: &Request, loader: Box<dyn Loader + Send + Sync>) -> Result<Loaded, Failure> {
    let (stack, sources, mut diagnostics) = Stack::load(&request.path, loader, request.inputs.clone());
    let Some(stack) = stack else { return Err(Failure::new(diagnostics, sources)) };
    let (resolved, found) = resolve(&stack);
    diagnostics.extend(found);
    diagnostics.sort();
    let sources = stack.sources();
    if diagnostics.has_errors() {
        return Err(Failure::new(diagnostics, sources));
    }
    Ok(Loaded { stack, resolved, sources, warnings: diagnostics })
}
