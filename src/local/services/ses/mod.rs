//! SES: who may send mail, and how it is sent.

mod identity;
pub(crate) mod resource;
