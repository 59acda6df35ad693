//! State at rest, encrypted: AES-256-GCM under a key that PBKDF2 makes of a passphrase. Optional.
//!
//! A snapshot becomes an envelope that says how its key is made; each entry of the journal is sealed
//! by itself. What is sealed is bound to its stack, its environment and its place: a snapshot is no
//! entry, and an entry opens under its own number alone, so that none can be put in another's place,
//! and one that is missing is noticed as in a plain journal.
//!
//! A key is made once for each salt and kept for the run; whoever writes uses the salt that is there.
//! Plain state is read as it is, with a passphrase too: it becomes encrypted when it is next written.

use super::entry::Entry;
use crate::diagnostics::{Code, Diagnostic};
use aws_smithy_types::base64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::pbkdf2;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where the program takes the passphrase from.
pub const VARIABLE: &str = "EVSTACK_STATE_PASSPHRASE";
/// Fewer characters are guessed too soon.
const SHORTEST: usize = 16;
/// As OWASP asks of PBKDF2-HMAC-SHA256.
const ITERATIONS: u32 = 600_000;
/// Nobody waits for more, whatever a file says.
const MOST_ITERATIONS: u32 = 10_000_000;
const CIPHER: &str = "AES-256-GCM";
const KEY: &str = "PBKDF2-HMAC-SHA256";

/// What a state's key is made of. It is never shown.
#[derive(Clone)]
pub struct Passphrase {
    text: String,
    iterations: u32,
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a passphrase)")
    }
}

impl Passphrase {
    /// Of at least 16 characters.
    ///
    /// # Errors
    /// [`Code::SEALED`] for a shorter one.
    pub fn new(text: impl Into<String>) -> Result<Self, Diagnostic> {
        let text = text.into();
        if text.chars().count() < SHORTEST {
            let message = format!("{VARIABLE} has fewer than {SHORTEST} characters");
            return Err(Diagnostic::error(Code::SEALED, message)
                .hint("a generated one is best: `openssl rand -base64 24`"));
        }
        Ok(Self { text, iterations: ITERATIONS })
    }

    /// Another number of rounds for keys that are made anew; more is slower, for a thief too.
    #[must_use]
    pub fn with_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations.clamp(1, MOST_ITERATIONS);
        self
    }
}

/// How a key is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Recipe {
    cipher: String,
    key: String,
    iterations: u32,
    salt: String,
}

/// A snapshot, sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    version: u32,
    encrypted: Recipe,
    sealed: String,
}

/// An entry, sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed {
    sealed: String,
    iterations: u32,
    salt: String,
}

/// Why something can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub why: String,
    /// It may be whole; only the passphrase doesn't fit.
    pub sealed: bool,
}

impl From<String> for Unreadable {
    fn from(why: String) -> Self {
        Self { why, sealed: false }
    }
}

impl From<&str> for Unreadable {
    fn from(why: &str) -> Self {
        Self::from(why.to_owned())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Unreadable {
    fn sealed(why: String) -> Self {
        Self { why, sealed: true }
    }

    /// Of a file or an object; `whole` says what to do if it isn't the passphrase.
    pub(super) fn of(&self, what: &str, whole: &str) -> Diagnostic {
        let error = |code| Diagnostic::error(code, format!("{what} can't be read: {}", self.why));
        match self.sealed {
            true => error(Code::SEALED).hint(format!(
                "nothing was changed; set {VARIABLE} to the passphrase that it was written with"
            )),
            false => error(Code::BAD_STATE).hint(whole),
        }
    }
}

type Keys = Mutex<Vec<(Recipe, Arc<LessSafeKey>)>>;

/// Seals and opens what lies in one store.
#[derive(Default)]
pub(super) struct Seal {
    passphrase: Option<Passphrase>,
    keys: Keys,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.passphrase.is_some() { "encrypted" } else { "plain" })
    }
}

impl Seal {
    pub(super) fn new(passphrase: Passphrase) -> Self {
        Self { passphrase: Some(passphrase), keys: Mutex::default() }
    }

    fn key(&self, recipe: &Recipe) -> Result<Arc<LessSafeKey>, Unreadable> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = keys.iter().find(|(known, _)| known == recipe) {
            return Ok(Arc::clone(key));
        }
        let Some(passphrase) = &self.passphrase else {
            return Err(Unreadable::sealed(format!("it is encrypted, and {VARIABLE} isn't set")));
        };
        let unknown = || Unreadable::from("it is encrypted in a way that this program doesn't know");
        if recipe.cipher != CIPHER || recipe.key != KEY || recipe.iterations > MOST_ITERATIONS {
            return Err(unknown());
        }
        let iterations = NonZeroU32::new(recipe.iterations).ok_or_else(unknown)?;
        let salt = base64::decode(&recipe.salt).map_err(|_| unknown())?;
        let mut bytes = [0_u8; 32];
        let text = passphrase.text.as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, text, &mut bytes);
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| unknown())?;
        let key = Arc::new(LessSafeKey::new(key));
        keys.push((recipe.clone(), Arc::clone(&key)));
        Ok(key)
    }
}

/// Reads and writes one state's texts: sealed if there is a passphrase.
#[derive(Debug, Clone)]
pub(super) struct Codec {
    seal: Arc<Seal>,
    about: String,
    /// How the key is made under which is written: as what was read, or anew.
    writes: Arc<OnceLock<Recipe>>,
}

impl Codec {
    pub(super) fn new(seal: &Arc<Seal>, stack: &str, env: &str) -> Self {
        Self { seal: Arc::clone(seal), about: format!("{stack} {env}"), writes: Arc::default() }
    }

    /// Of what is never sealed.
    pub(super) fn plain() -> Self {
        Self::new(&Arc::default(), "", "")
    }

    /// A snapshot's text as it is written.
    pub(super) fn seal_snapshot(&self, text: Vec<u8>) -> Result<Vec<u8>, Diagnostic> {
        let Some(recipe) = self.recipe()? else { return Ok(text) };
        let sealed = self.seal(recipe, "snapshot", text)?;
        let envelope = Envelope { version: super::snapshot::VERSION, encrypted: recipe.clone(), sealed };
        // Of texts and numbers: writing it into memory can't fail.
        let mut text = serde_json::to_vec_pretty(&envelope).unwrap_or_default();
        text.push(b'\n');
        Ok(text)
    }

    /// A snapshot's plain text.
    pub(super) fn open_snapshot<'a>(&self, text: &'a str) -> Result<std::borrow::Cow<'a, str>, Unreadable> {
        let Some(envelope) =
            text.contains("\"sealed\"").then(|| serde_json::from_str::<Envelope>(text).ok()).flatten()
        else {
            return Ok(text.into());
        };
        super::snapshot::check_version(u64::from(envelope.version))?;
        Ok(self.open(&envelope.encrypted, "snapshot", &envelope.sealed)?.into())
    }

    /// An entry as the journal has it.
    pub(super) fn seal_entry(&self, sequence: u64, entry: &Entry) -> Result<Vec<u8>, Diagnostic> {
        // Entries are made of strings, numbers and JSON: writing them into memory can't fail.
        let text = serde_json::to_vec(entry).unwrap_or_default();
        let Some(recipe) = self.recipe()? else { return Ok(text) };
        let sealed = Sealed {
            sealed: self.seal(recipe, &format!("entry {sequence}"), text)?,
            iterations: recipe.iterations,
            salt: recipe.salt.clone(),
        };
        Ok(serde_json::to_vec(&sealed).unwrap_or_default())
    }

    /// An entry's plain text.
    pub(super) fn open_entry<'a>(
        &self,
        sequence: u64,
        text: &'a str,
    ) -> Result<std::borrow::Cow<'a, str>, Unreadable> {
        if !text.starts_with("{\"sealed\":") {
            return Ok(text.into());
        }
        let Sealed { sealed, iterations, salt } =
            serde_json::from_str(text).map_err(|error| Unreadable::from(error.to_string()))?;
        let recipe = Recipe { cipher: CIPHER.to_owned(), key: KEY.to_owned(), iterations, salt };
        Ok(self.open(&recipe, &format!("entry {sequence}"), &sealed)?.into())
    }

    /// None if there is no passphrase.
    fn recipe(&self) -> Result<Option<&Recipe>, Diagnostic> {
        let Some(passphrase) = &self.seal.passphrase else { return Ok(None) };
        if let Some(recipe) = self.writes.get() {
            return Ok(Some(recipe));
        }
        let mut salt = [0_u8; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| no_randomness())?;
        let made = Recipe {
            cipher: CIPHER.to_owned(),
            key: KEY.to_owned(),
            iterations: passphrase.iterations,
            salt: base64::encode(salt),
        };
        Ok(Some(self.writes.get_or_init(|| made)))
    }

    fn seal(&self, recipe: &Recipe, what: &str, mut text: Vec<u8>) -> Result<String, Diagnostic> {
        let failed =
            |why: &str| Diagnostic::error(Code::SEALED, format!("the state can't be encrypted: {why}"));
        let key = self.seal.key(recipe).map_err(|unreadable| failed(&unreadable.why))?;
        let mut nonce = [0_u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| no_randomness())?;
        let bound = Aad::from(self.bound(what));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut text)
            .map_err(|_| failed("it is too long"))?;
        Ok(base64::encode([&nonce[..], &text].concat()))
    }

    fn open(&self, recipe: &Recipe, what: &str, sealed: &str) -> Result<String, Unreadable> {
        let key = self.seal.key(recipe)?;
        let damaged = || Unreadable::from("what is encrypted is damaged");
        let mut bytes = base64::decode(sealed).map_err(|_| damaged())?;
        if bytes.len() < NONCE_LEN {
            return Err(damaged());
        }
        let mut text = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| damaged())?;
        let plain = key.open_in_place(nonce, Aad::from(self.bound(what)), &mut text).map_err(|_| {
            Unreadable::sealed(format!(
                "{VARIABLE} doesn't open it: it is another than it was written with, or what is there was changed"
            ))
        })?;
        let plain = String::from_utf8(plain.to_vec()).map_err(|_| damaged())?;
        let _ = self.writes.set(recipe.clone());
        Ok(plain)
    }

    /// What a sealed text is of.
    fn bound(&self, what: &str) -> String {
        format!("evstack {} {what}", self.about)
    }
}

fn no_randomness() -> Diagnostic {
    Diagnostic::error(Code::DISK, "the operating system gives no random numbers")
}
