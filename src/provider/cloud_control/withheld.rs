//! The last look before a request leaves.

use crate::provider::leave::may_leave;
use aws_sdk_cloudcontrol::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_cloudcontrol::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudcontrol::error::BoxError;
use std::error::Error;
use std::fmt;

/// Stops a request that may not leave any more: after it is signed, before a connection has it.
#[derive(Debug)]
pub(super) struct Gate;

/// It was stopped.
#[derive(Debug)]
pub(super) struct Withheld;

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it may not be sent any more")
    }
}

impl Error for Withheld {}

impl Withheld {
    /// Whether that is why.
    pub(super) fn is_in(error: &(dyn Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| (*error).source()).any(|error| error.is::<Self>())
    }
}

impl Intercept for Gate {
    fn name(&self) -> &'static str {
        "Gate"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if may_leave() { Ok(()) } else { Err(Withheld.into()) }
    }
}
