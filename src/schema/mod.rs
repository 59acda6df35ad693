//! CloudFormation's resource types, offline: every type of the registry, from a compressed bundle.
//!
//! [`Catalogue::bundled`] opens the bundle; a type is unpacked when it is first asked for, so a
//! plan pays only for the types that it names.

mod bundle;
mod catalogue;
mod data_loss;
pub mod explain;
mod known_shapes;
mod naming;
mod path;
mod pattern;
pub mod predict;
mod properties;
pub mod quotas;
mod resource_type;
pub mod sample;
mod type_name;
pub mod validate;

pub use bundle::Source;
pub use catalogue::Catalogue;
pub use data_loss::{DataLoss, data_loss};
pub use naming::NameLimit;
pub use path::PropertyPath;
pub use predict::{Declared, PlaceRef, Prediction, predict};
pub use resource_type::{Handler, Handlers, ReplacementStrategy, ResourceType, Tagging};
pub use type_name::TypeName;
