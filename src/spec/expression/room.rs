//! Room for CEL's parser and interpreter, which recurse: each level of an expression takes up to
//! 150 KiB of stack in a debug build, and callers may stand on a small thread.

/// Four times what the largest expression that is let through needs.
const STACK: usize = 64 << 20;

/// Runs `work` on a stack of its own. Memory is taken only as far as it is used.
///
/// # Errors
/// What to tell if it can't be run, or fails inside.
pub(super) fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("expression".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work).map_err(|_| "there is no memory for it".to_owned())?;
        thread.join().map_err(|_| "its evaluation failed inside".to_owned())
    })
}
