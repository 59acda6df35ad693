//! `evstack export --format cloudformation [STACK]`.

use crate::cli::args::ExportArgs;
use crate::cli::session::Session;
use crate::cli::{Ended, terminal};
use crate::interop::cloudformation;
use crate::ops::{self, Failure};

pub(in crate::cli) fn run(args: &ExportArgs) -> Result<Ended, Failure> {
    for session in Session::all(&args.place, args.stack.as_deref())? {
        let loaded = ops::load(&session.request(session.expected_place())?, Box::new(session.loader()))?;
        let (template, diagnostics) = cloudformation::template(&loaded.stack, &loaded.resolved);
        if diagnostics.has_errors() {
            return Err(Failure::new(diagnostics, loaded.sources));
        }
        terminal::show(&diagnostics, &loaded.sources);
        terminal::print_json(&template)?;
    }
    Ok(Ended::Done)
}
