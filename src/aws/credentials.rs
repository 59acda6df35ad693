//! Credentials, kept until shortly before they expire.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use std::fmt;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// New ones are asked for this long before the old expire.
const BEFORE: Duration = Duration::from_secs(60);
/// Those that never expire are looked up again after this long: a profile may change meanwhile.
const LONGEST: Duration = Duration::from_secs(900);

/// A provider and what it gave last: asking it may be a request of its own.
pub(super) struct Kept {
    provider: SharedCredentialsProvider,
    last: Mutex<Option<(Credentials, SystemTime)>>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("credentials")
    }
}

impl Kept {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, last: Mutex::new(None) }
    }

    /// Credentials that are good for a while.
    pub(super) async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut last = self.last.lock().await;
        let now = SystemTime::now();
        if let Some((credentials, until)) = &*last
            && *until > now
        {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await?;
        let until = match credentials.expiry() {
            Some(expiry) => expiry.checked_sub(BEFORE).unwrap_or(expiry),
            None => now + LONGEST,
        };
        *last = Some((credentials.clone(), until));
        Ok(credentials)
    }
}
