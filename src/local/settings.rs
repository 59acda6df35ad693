//! Who and where the local cloud is.

use serde::{Deserialize, Serialize};

/// What identifiers are made of. Fixed when the data folder is made and stored there, so that ARNs
/// and URLs survive restarts, in-process runs and other ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Twelve digits.
    pub account: String,
    /// `us-east-1`.
    pub region: String,
    /// The start of every URL that the cloud gives out, without a slash at its end.
    pub base_url: String,
    /// Where all choices come from.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "000000000000".into(),
            region: "us-east-1".into(),
            base_url: "http://127.0.0.1:4566".into(),
            seed: 0,
        }
    }
}

impl Settings {
    /// `aws`, `aws-cn` or `aws-us-gov`, by the region.
    #[must_use]
    pub fn partition(region: &str) -> &'static str {
        match region {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// The end of every AWS host name there.
    #[must_use]
    pub fn dns_suffix(region: &str) -> &'static str {
        if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}
