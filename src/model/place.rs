//! Where a stack lives, and how its secrets are hashed.

use super::Json;
use crate::schema::PlaceRef;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where a stack's resources are: what names, ARNs and URLs are predicted from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// Base URL that all services' URLs carry (the local cloud, another endpoint); none on AWS.
    pub base_url: Option<String>,
}

impl Place {
    /// The partition that a region belongs to.
    #[must_use]
    pub fn partition_of(region: &str) -> &'static str {
        match region {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// As predictions take it.
    #[must_use]
    pub fn for_prediction(&self) -> PlaceRef<'_> {
        PlaceRef {
            partition: &self.partition,
            region: &self.region,
            account: &self.account,
            dns_suffix: self.dns_suffix(),
            base_url: self.base_url.as_deref(),
        }
    }

    /// In words: whose account, where, and at which URL if that isn't AWS's own.
    #[must_use]
    pub fn words(&self) -> String {
        let at = self.base_url.as_deref().map(|url| format!(" at {url}")).unwrap_or_default();
        format!("account {} in {}{at}", self.account, self.region)
    }

    /// The DNS suffix of its services: `amazonaws.com`.
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}

/// Hashes secrets with the stack's own salt, kept in its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    salt: String,
}

impl Secrets {
    /// With the salt of the state.
    #[must_use]
    pub fn new(salt: impl Into<String>) -> Self {
        Self { salt: salt.into() }
    }

    /// What stands in the state and in comparisons for a secret: `{"$secret": "<hex>"}`.
    #[must_use]
    pub fn hash(&self, secret: &Json) -> Json {
        let mut hasher = Sha256::new();
        hasher.update(self.salt.as_bytes());
        hasher.update([0]);
        hasher.update(secret.to_string().as_bytes());
        let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        serde_json::json!({ "$secret": hex })
    }
}
