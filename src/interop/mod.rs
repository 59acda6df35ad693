//! Other tools' formats. So far: CloudFormation, out.

pub mod cloudformation;
