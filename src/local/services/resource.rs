//! What a resource type's handler does. Cloud Control calls it; a service overrides what its schema
//! alone can't say.

use super::Scope;
use super::generic;
use super::resources::{Properties, Resources};
use crate::local::clock::Time;
use crate::local::profile::{Counts, Profile};
use crate::local::settings::Settings;
use crate::local::world::Rng;
use crate::schema::ResourceType;

/// What a handler may see and use.
pub(crate) struct Context<'w> {
    /// Who and where the cloud is.
    pub(crate) settings: &'w Settings,
    /// Where the call acts.
    pub(crate) scope: &'w Scope,
    /// All choices.
    pub(crate) rng: &'w mut Rng,
    /// How the cloud behaves.
    pub(crate) profile: &'w Profile,
    /// What it does to its clients.
    pub(crate) counts: &'w Counts,
    /// Everything that exists. What a create changes here, beside the resource that it returns, it
    /// changes once nothing can fail any more.
    pub(crate) resources: &'w mut Resources,
    /// The present.
    pub(crate) now: Time,
    /// The type.
    pub(crate) kind: &'w ResourceType,
}

/// A handler's refusal: the event's `ErrorCode` and `StatusMessage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HandlerFault {
    /// `AlreadyExists`, `NotFound`, `InvalidRequest`, ….
    pub(crate) code: &'static str,
    /// The service's words.
    pub(crate) message: String,
    /// Which resource it is about, where that is known only now.
    pub(crate) identifier: Option<String>,
    /// What a create leaves behind although it failed: the resource is there, and can be read and
    /// deleted.
    pub(crate) remnant: Option<Properties>,
}

impl HandlerFault {
    /// A refusal with the service's words.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), identifier: None, remnant: None }
    }

    /// The framework's words for what was made and then didn't come to work; it stays, as it is.
    pub(crate) fn not_stabilized(
        type_name: &str,
        identifier: &str,
        reason: &str,
        remnant: Properties,
    ) -> Self {
        let message = format!(
            "Resource of type '{type_name}' with identifier '{identifier}' did not stabilize. Status Reason is {reason}"
        );
        let fault = Self::new("NotStabilized", message);
        Self { identifier: Some(identifier.to_owned()), remnant: Some(remnant), ..fault }
    }

    /// The framework's words for what is there already.
    pub(crate) fn already_exists(type_name: &str, identifier: &str) -> Self {
        let message =
            format!("Resource of type '{type_name}' with identifier '{identifier}' already exists.");
        Self { identifier: Some(identifier.to_owned()), ..Self::new("AlreadyExists", message) }
    }

    /// The framework's words for what isn't there.
    pub(crate) fn not_found(type_name: &str, identifier: &str) -> Self {
        let message = format!("Resource of type '{type_name}' with identifier '{identifier}' was not found.");
        Self::new("NotFound", message)
    }
}

/// The handler of one type. Every method has the schema-driven default.
pub(crate) trait Handler: Sync {
    /// From what was asked for to what exists: generated names, identifiers, computed properties.
    /// The result holds every primary identifier.
    fn create(&self, context: &mut Context<'_>, desired: Properties) -> Result<Properties, HandlerFault> {
        generic::create(context, desired)
    }

    /// Whether a create that comes upon the resource that is there is a success, and changes nothing.
    fn answers_with_what_is_there(&self) -> bool {
        false
    }

    /// From what exists and the whole wanted model to what exists next.
    fn update(
        &self,
        context: &mut Context<'_>,
        stored: &Properties,
        wanted: Properties,
    ) -> Result<Properties, HandlerFault> {
        generic::update(context, stored, wanted)
    }

    /// What a read shows.
    fn read(&self, kind: &ResourceType, stored: &Properties) -> Properties {
        generic::visible(kind, stored)
    }

    /// Under which identifier its row lies: not its own, where Cloud Control can't find it again.
    fn filed_under(&self, _properties: &Properties, identifier: &str) -> String {
        identifier.to_owned()
    }

    /// Whether it may go.
    fn delete(&self, _context: &mut Context<'_>, _stored: &Properties) -> Result<(), HandlerFault> {
        Ok(())
    }
}
