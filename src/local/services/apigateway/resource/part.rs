//! The handler that API Gateway's types share: their rules differ, what is done with them doesn't.

use super::super::Place;
use crate::local::services::generic::{self, Rule};
use crate::local::services::members::{has, text};
use crate::local::services::refusal::Refusal;
use crate::local::services::resource::{Context, Handler, HandlerFault};
use crate::local::services::resources::Properties;

/// A type's rules.
pub(super) struct Part {
    /// Computed properties.
    pub(super) made: &'static [Rule],
    /// Whether it may be so; with whether it is to be made.
    pub(super) check: fn(Place<'_>, &Properties, bool) -> Result<(), Refusal>,
    /// Chooses what nobody gave.
    pub(super) prepare: fn(&mut Context<'_>, &mut Properties),
    /// Adds what a read shows beyond that.
    pub(super) complete: fn(Place<'_>, &mut Properties),
    /// Whether it may go.
    pub(super) free: fn(Place<'_>, &Properties) -> Result<(), Refusal>,
    /// What goes with it, as type and identifier.
    pub(super) below: fn(Place<'_>, &Properties) -> Vec<(&'static str, String)>,
    /// Identifying properties that the framework's words for a double name one by one.
    pub(super) named: &'static [&'static str],
    /// Properties that this cloud doesn't act on, and therefore refuses.
    pub(super) unsupported: &'static [&'static str],
    /// Whether the handler is built on the SDK's first generation.
    pub(super) old: bool,
}

impl Part {
    /// Of version 1.
    pub(super) const V1: Self = Self {
        made: &[],
        check: |_, _, _| Ok(()),
        prepare: |_, _| {},
        complete: |_, _| {},
        free: |_, _| Ok(()),
        below: |_, _| Vec::new(),
        named: &[],
        unsupported: &[],
        old: false,
    };
    /// Of version 2.
    pub(super) const V2: Self = Self { old: true, ..Self::V1 };

    fn passed_on(&self, refusal: Refusal, context: &mut Context<'_>) -> HandlerFault {
        if self.old {
            refusal.passed_on_in_old_form("AmazonApiGatewayV2", context.rng)
        } else {
            refusal.passed_on("ApiGateway", context.rng)
        }
    }

    fn check(&self, context: &mut Context<'_>, wanted: &Properties, fresh: bool) -> Result<(), HandlerFault> {
        if let Some(name) = self.unsupported.iter().find(|name| has(wanted, name)) {
            let words = format!("{} of {} isn't supported by this cloud", name, context.kind.name);
            return Err(HandlerFault::new("InvalidRequest", words));
        }
        let checked = (self.check)(place(context), wanted, fresh);
        checked.map_err(|refusal| self.passed_on(refusal, context))
    }
}

fn place<'c>(context: &'c Context<'_>) -> Place<'c> {
    Place { resources: context.resources, scope: context.scope }
}

/// The identifiers of an API's parts of some types.
pub(super) fn parts(
    place: Place<'_>,
    types: &'static [&'static str],
    key: &'static str,
    api: &str,
) -> Vec<(&'static str, String)> {
    let of =
        |name: &'static str| place.parts(name, key, api).map(move |part| (name, part.identifier.clone()));
    types.iter().flat_map(|name| of(name)).collect()
}

impl Handler for Part {
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        self.check(context, &desired, true)?;
        let mut desired = desired;
        (self.prepare)(context, &mut desired);
        let double =
            self.named.iter().map(|name| format!("{name}: {}", text(&desired, name).unwrap_or_default()));
        let double = double.collect::<Vec<_>>().join(" ");
        let mut made =
            generic::create_with(context, desired, self.made).map_err(|fault| match fault.code {
                "AlreadyExists" if !double.is_empty() => {
                    let identifier = fault.identifier.clone();
                    let words = HandlerFault::already_exists(context.kind.name.as_str(), &double).message;
                    HandlerFault { identifier, ..HandlerFault::new("AlreadyExists", words) }
                }
                _ => fault,
            })?;
        (self.complete)(place(context), &mut made);
        Ok(made)
    }

    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        let mut next = generic::update(context, stored, wanted)?;
        self.check(context, &next, false)?;
        (self.prepare)(context, &mut next);
        (self.complete)(place(context), &mut next);
        Ok(next)
    }

    fn delete(&self, context: &mut Context<'_>, stored: &Properties) -> Result<(), HandlerFault> {
        (self.free)(place(context), stored).map_err(|refusal| {
            let fault = self.passed_on(refusal, context);
            // What exists already is no reason against a delete; what is in use is.
            let code = if fault.code == "AlreadyExists" { "ResourceConflict" } else { fault.code };
            HandlerFault { code, ..fault }
        })?;
        for (type_name, identifier) in (self.below)(place(context), stored) {
            context.resources.remove(context.scope, type_name, &identifier);
        }
        Ok(())
    }
}
