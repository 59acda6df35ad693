//! What an update asks for when it is tried again: the patch against what is there by then.

use super::cancel::Stop;
use super::operation::{Call, Halt, Hands, Order, Tried};
use crate::model::Json;
use crate::provider::FaultKind;

/// From what is there to the patch that is left; none if nothing is.
pub(super) type Afresh = dyn Fn(&Json, Form) -> Option<Json> + Send + Sync;

/// How much a patch says of what it takes for granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// It is refused where that isn't so.
    Guarded,
    /// Nothing: it writes each list whole.
    Whole,
}

/// How often an update that was refused is looked at again; the last time its lists are written whole.
const LOOKS: u32 = 4;

impl Tried {
    /// Whether the update was refused as one that doesn't fit, perhaps only what is there by now.
    fn is_unfit(&self) -> bool {
        matches!(self, Self::Refused(fault) | Self::Failed(fault, _) if fault.kind == FaultKind::Invalid)
    }
}

impl Hands {
    /// The patch against what is there now: none inside if nothing is left to do, none at all if it
    /// isn't there, which the next try will say.
    pub(super) async fn look_again(&self, order: &Order, id: u64) -> Result<Option<Option<Json>>, Halt> {
        let (Call::Update { identifier, .. }, Some(afresh)) = (&order.call, &order.afresh) else {
            return Ok(None);
        };
        match self.provider.read(&order.subject.type_name, identifier).await {
            Ok(live) => Ok(live.map(|live| afresh(&live, Form::Guarded))),
            Err(fault) => {
                self.failed(id, fault.to_string(), None, true);
                Err(Halt::Fault(Box::new(fault)))
            }
        }
    }

    /// What to ask for instead of an update that was refused as one that doesn't fit: somebody may
    /// have changed what it is a patch of. None inside if nothing is left to do, none at all if it is
    /// refused for what it asks.
    ///
    /// How a failed `test` is told isn't documented (a path that isn't there: a ValidationException,
    /// pulumi/pulumi-aws-native issue 277), so that each refusal of this class is looked into once.
    /// Where the same patch would do, its tests may never hold: what a read shows may be in another
    /// order each time, or may be more than what is patched. Then its lists go whole, once.
    pub(super) async fn instead(
        &self,
        order: &Order,
        call: &Call,
        tried: &Tried,
        looks: &mut u32,
    ) -> Option<Option<Json>> {
        let (Call::Update { identifier, patch }, Some(afresh)) = (call, &order.afresh) else { return None };
        if !tried.is_unfit() || *looks >= LOOKS || self.cancel.stop() > Stop::No {
            return None;
        }
        *looks += 1;
        // What is refused for another reason is told as that, also where nothing can be read.
        let live = self.provider.read(&order.subject.type_name, identifier).await.ok()??;
        let guarded = if *looks < LOOKS { afresh(&live, Form::Guarded) } else { Some(patch.clone()) };
        match guarded {
            None => Some(None),
            Some(other) if other != *patch => Some(Some(other)),
            Some(_) => {
                *looks = LOOKS;
                match afresh(&live, Form::Whole) {
                    None => Some(None),
                    Some(whole) if whole != *patch => Some(Some(whole)),
                    Some(_) => None,
                }
            }
        }
    }
}
