//! Kinds of the language that this version doesn't make yet. They say so by name.

use super::expander::Expander;
use super::kind::{Kind, kind_named};
use crate::diagnostics::{Code, Diagnostic};
use crate::spec::Declaration;

pub(super) const SCHEDULES: Kind = Kind {
    key: "schedules",
    singular: "schedule",
    about: "not supported yet; declare an `AWS::Scheduler::Schedule` under `resources`",
    type_name: None,
    fields: &[],
    parts: &[],
    attributes: &[],
    expand,
};

pub(super) const DESTINATIONS: Kind = Kind {
    key: "destinations",
    singular: "destination",
    about: "not supported yet; declare an `AWS::Events::ApiDestination` under `resources`",
    type_name: None,
    fields: &[],
    parts: &[],
    attributes: &[],
    expand,
};

fn expand(x: &mut Expander<'_>, declaration: &Declaration) {
    let about = kind_named(declaration.key).map_or("", |k| k.about);
    let hint = about.split_once("; ").map_or(about, |(_, hint)| hint);
    x.report(
        Diagnostic::error(Code::UNSUPPORTED, format!("the kind `{}` isn't supported yet", declaration.key))
            .at(declaration.span)
            .hint(hint),
    );
}
