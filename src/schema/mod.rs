//! CloudFormation's resource types, offline: every type of the registry, from a compressed bundle.
//!
//! [`Catalogue::bundled`] opens the bundle; a type is unpacked when it is first asked for, so a
//! plan pays only for the types that it names.

mod path;
mod type_name;

pub use path::PropertyPath;
pub use type_name::TypeName;
