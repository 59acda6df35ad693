//! The objects of a bucket: read, written under a condition, listed, deleted. Whoever asks waits.
//!
//! The requests have a thread and a small runtime of their own, so that the journal's writer, the
//! lease and the run itself can ask without being tasks. What S3 can't answer just now is asked
//! again with growing waits, for as long as the patience lasts.
//!
//! **Lost answers.** A conditional write whose answer is lost may have been done; asked again, S3
//! then says that the condition doesn't hold. So every such refusal is looked into: if what lies
//! there is what was to be written, byte for byte, it was this write. Bodies that could be another
//! writer's too carry a token of their own.

use super::location::{Location, endpoint};
use super::{Access, Settings, refusal, xml};
use crate::aws::{Answer, Client, Request, host};
use crate::diagnostics::{Code, Diagnostic};
use bytes::Bytes;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Requests under way at once, where many are to be done.
const AT_ONCE: usize = 16;

/// Under which condition an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only<'a> {
    /// If there is none.
    IfAbsent,
    /// If it is still this one.
    IfSame(&'a str),
    /// Always.
    Always,
}

/// What became of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there; its etag.
    Stored(String),
    /// The condition doesn't hold, and what lies there is another's.
    Refused,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub etag: String,
    /// When S3 got it, in S3's words.
    pub modified: String,
    pub body: Bytes,
}

/// What a list says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub key: String,
    pub empty: bool,
}

/// The bucket's objects.
pub(super) struct Objects {
    speaker: Arc<Speaker>,
    runtime: Handle,
    /// Ends the thread when it goes.
    _open: oneshot::Sender<()>,
}

impl Objects {
    /// Looks up credentials and region, on the thread that will ask. No object is asked for yet.
    pub(super) fn open(settings: &Settings) -> Result<Self, Diagnostic> {
        let no_thread =
            |error: String| Diagnostic::error(Code::DISK, format!("no thread is to be had: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| no_thread(error.to_string()))?;
        let (handle, (open, closed)) = (runtime.handle().clone(), oneshot::channel());
        std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || {
                // The sender is gone: nobody asks any more.
                let _ = runtime.block_on(closed);
            })
            .map_err(|error| no_thread(error.to_string()))?;
        let access = wait(&handle, (settings.connect)())??;
        let speaker = Arc::new(Speaker::new(settings.location.clone(), access, settings.patience));
        Ok(Self { speaker, runtime: handle, _open: open })
    }

    /// Where they are, for a person.
    pub(super) fn location(&self) -> &Location {
        &self.speaker.location
    }

    /// Whether it is AWS that answers, whose behaviour is known.
    pub(super) fn is_aws(&self) -> bool {
        self.speaker.access.endpoint.is_none()
    }

    pub(super) fn endpoint(&self) -> String {
        self.speaker.client().0.endpoint().to_owned()
    }

    /// Whether an object is still this one, or still not there.
    pub(super) fn is_unchanged(&self, key: &str, etag: Option<&str>) -> Result<bool, Diagnostic> {
        let Some(etag) = etag else { return Ok(self.get(key)?.is_none()) };
        let (speaker, key, condition) = (Arc::clone(&self.speaker), key.to_owned(), etag.to_owned());
        let answer = wait(&self.runtime, async move {
            let headers = [("if-none-match", condition.as_str())];
            let ask = Ask {
                action: "GetObject",
                method: "GET",
                key: &key,
                query: &[],
                headers: &headers,
                body: &[],
            };
            speaker.ask(ask, speaker.patience).await
        })?;
        let answer = answer?;
        // Not every store minds a condition on a read.
        Ok(answer.status == 304 || (answer.status == 200 && answer.header("etag") == Some(etag)))
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Object>, Diagnostic> {
        let (speaker, key) = (Arc::clone(&self.speaker), key.to_owned());
        wait(&self.runtime, async move { speaker.get(&key).await })?
    }

    /// Many at once, in the order of the keys; none for those that aren't there.
    pub(super) fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Object>>, Diagnostic> {
        self.each(keys, |speaker, key| async move { speaker.get(&key).await })
    }

    pub(super) fn put(&self, key: &str, body: &Bytes, only: Only<'_>) -> Result<Put, Diagnostic> {
        let (speaker, key, body) = (Arc::clone(&self.speaker), key.to_owned(), body.clone());
        let condition = condition(only);
        wait(&self.runtime, async move { speaker.put(&key, &body, condition, speaker.patience).await })?
    }

    /// Until then, whatever is waited for: a request that hasn't its answer by then is given up, and
    /// may be done all the same.
    pub(super) fn put_by(
        &self,
        key: &str,
        body: &Bytes,
        only: Only<'_>,
        by: Instant,
    ) -> Result<Put, Diagnostic> {
        let (speaker, key, body) = (Arc::clone(&self.speaker), key.to_owned(), body.clone());
        let condition = condition(only);
        wait(&self.runtime, async move {
            let left = by.saturating_duration_since(Instant::now());
            speaker.within(left, speaker.put(&key, &body, condition, left)).await
        })?
    }

    /// The same.
    pub(super) fn get_by(&self, key: &str, by: Instant) -> Result<Option<Object>, Diagnostic> {
        let (speaker, key) = (Arc::clone(&self.speaker), key.to_owned());
        wait(&self.runtime, async move {
            let left = by.saturating_duration_since(Instant::now());
            speaker.within(left, speaker.get(&key)).await
        })?
    }

    /// Whether S3 refuses a write whose condition doesn't hold.
    pub(super) fn refuses(&self, key: &str, body: &Bytes, only: Only<'_>) -> Result<bool, Diagnostic> {
        let (speaker, key, body) = (Arc::clone(&self.speaker), key.to_owned(), body.clone());
        let condition = condition(only);
        let answer = wait(&self.runtime, async move {
            speaker.ask_to_put(&key, &body, condition.as_ref(), speaker.patience).await
        })?;
        Ok(!matches!(answer?.status, 200..300))
    }

    /// Everything whose key begins so, in the order of the keys.
    pub(super) fn list(&self, prefix: &str) -> Result<Vec<Listed>, Diagnostic> {
        let (speaker, prefix) = (Arc::clone(&self.speaker), prefix.to_owned());
        wait(&self.runtime, async move { speaker.list(&prefix).await })?
    }

    /// What isn't there is deleted.
    pub(super) fn delete_all(&self, keys: &[String]) -> Result<(), Diagnostic> {
        self.each(keys, |speaker, key| async move { speaker.delete(&key).await }).map(|_| ())
    }

    fn each<T: Send + 'static, F: Future<Output = Result<T, Diagnostic>> + Send + 'static>(
        &self,
        keys: &[String],
        ask: fn(Arc<Speaker>, String) -> F,
    ) -> Result<Vec<T>, Diagnostic> {
        let (speaker, keys) = (Arc::clone(&self.speaker), keys.to_vec());
        wait(&self.runtime, async move {
            let mut tasks = JoinSet::new();
            let mut found = Vec::with_capacity(keys.len());
            for (n, key) in keys.into_iter().enumerate() {
                if tasks.len() >= AT_ONCE
                    && let Some(done) = tasks.join_next().await
                {
                    found.push(done.map_err(|_| closed())?);
                }
                let asked = ask(Arc::clone(&speaker), key);
                tasks.spawn(async move { (n, asked.await) });
            }
            while let Some(done) = tasks.join_next().await {
                found.push(done.map_err(|_| closed())?);
            }
            found.sort_by_key(|(n, _)| *n);
            found.into_iter().map(|(_, answer)| answer).collect()
        })?
    }
}

fn closed() -> Diagnostic {
    Diagnostic::error(Code::BUCKET, "the state's bucket is closed")
}

fn wait<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Diagnostic> {
    let (done, answer) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // Whoever asked waits, or is gone with its process.
        let _ = done.send(work.await);
    });
    answer.recv().map_err(|_| closed())
}

fn condition(only: Only<'_>) -> Option<(&'static str, String)> {
    match only {
        Only::IfAbsent => Some(("if-none-match", "*".to_owned())),
        Only::IfSame(etag) => Some(("if-match", etag.to_owned())),
        Only::Always => None,
    }
}

/// One request to S3.
#[derive(Clone, Copy)]
struct Ask<'a> {
    action: &'static str,
    method: &'static str,
    key: &'a str,
    query: &'a [(&'a str, &'a str)],
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
}

/// Asks, and asks again.
struct Speaker {
    location: Location,
    access: Access,
    patience: Duration,
    /// And whether the bucket stands in the path. Made anew when S3 says that the bucket is in
    /// another region.
    client: Mutex<(Client, bool)>,
}

impl Speaker {
    fn new(location: Location, access: Access, patience: Duration) -> Self {
        let client = Mutex::new(client(&location, &access, &access.region));
        Self { location, access, patience, client }
    }

    fn client(&self) -> MutexGuard<'_, (Client, bool)> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up what takes longer.
    async fn within<T>(
        &self,
        time: Duration,
        work: impl Future<Output = Result<T, Diagnostic>>,
    ) -> Result<T, Diagnostic> {
        tokio::time::timeout(time, work).await.unwrap_or_else(|_| {
            let words = format!("{} doesn't answer in time", host(self.client().0.endpoint()));
            Err(refusal::silent(&self.location, &words, time))
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, Diagnostic> {
        let ask = Ask { action: "GetObject", method: "GET", key, query: &[], headers: &[], body: &[] };
        let answer = self.ask(ask, self.patience).await?;
        Ok((answer.status != 404).then(|| {
            let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
            Object { etag: header("etag"), modified: header("last-modified"), body: answer.body.clone() }
        }))
    }

    async fn ask_to_put(
        &self,
        key: &str,
        body: &Bytes,
        condition: Option<&(&'static str, String)>,
        patience: Duration,
    ) -> Result<Answer, Diagnostic> {
        let mut headers = vec![("content-type", "application/octet-stream")];
        headers.extend(condition.map(|(name, value)| (*name, value.as_str())));
        let ask = Ask { action: "PutObject", method: "PUT", key, query: &[], headers: &headers, body };
        self.ask(ask, patience).await
    }

    async fn put(
        &self,
        key: &str,
        body: &Bytes,
        condition: Option<(&'static str, String)>,
        patience: Duration,
    ) -> Result<Put, Diagnostic> {
        let answer = self.ask_to_put(key, body, condition.as_ref(), patience).await?;
        match answer.status {
            // `If-Match` on what isn't there any more is answered by 404.
            404 | 412 => match self.get(key).await? {
                Some(object) if object.body == *body => Ok(Put::Stored(object.etag)),
                _ => Ok(Put::Refused),
            },
            _ => Ok(Put::Stored(answer.header("etag").unwrap_or_default().to_owned())),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), Diagnostic> {
        let ask = Ask { action: "DeleteObject", method: "DELETE", key, query: &[], headers: &[], body: &[] };
        self.ask(ask, self.patience).await.map(|_| ())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Diagnostic> {
        let (mut listed, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("list-type", "2"), ("prefix", prefix)];
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let ask = Ask {
                action: "ListObjectsV2",
                method: "GET",
                key: "",
                query: &query,
                headers: &[],
                body: &[],
            };
            let answer = self.ask(ask, self.patience).await?;
            let page = String::from_utf8_lossy(&answer.body);
            for object in xml::inner(&page, "Contents") {
                let Some(key) = xml::text(object, "Key") else { continue };
                listed.push(Listed { key, empty: xml::text(object, "Size").as_deref() == Some("0") });
            }
            let more = xml::text(&page, "IsTruncated").as_deref() == Some("true");
            match xml::text(&page, "NextContinuationToken").filter(|_| more) {
                // The same page again and again would never end.
                Some(next) if Some(&next) != token.as_ref() => token = Some(next),
                _ => return Ok(listed),
            }
        }
    }

    /// Asks until S3 answers something that means something: a success, 304, 404 (the object), 412.
    async fn ask(&self, ask: Ask<'_>, patience: Duration) -> Result<Answer, Diagnostic> {
        let (start, mut tries, mut moved) = (Instant::now(), 0_u32, false);
        loop {
            let (client, path_style) = self.client().clone();
            let path = match path_style {
                true => format!("/{}/{}", self.location.bucket, ask.key),
                false => format!("/{}", ask.key),
            };
            let request = Request {
                method: ask.method,
                path: &path,
                query: ask.query,
                headers: ask.headers,
                body: ask.body,
            };
            let trouble = match client.send(request).await {
                Err(fault) if fault.credentials => {
                    return Err(refusal::credentials(&self.location, &fault.words));
                }
                Err(fault) => fault.words,
                Ok(answer) => {
                    let said = refusal::Said::of(&answer);
                    match answer.status {
                        200..300 | 304 | 412 => return Ok(answer),
                        // Any other 404 is of something that isn't S3, or of another path.
                        404 if said.code == "NoSuchKey" => return Ok(answer),
                        _ if !moved && self.access.endpoint.is_none() && self.follow(&answer, &client) => {
                            moved = true;
                            continue;
                        }
                        _ if said.passes(answer.status) => said.words(answer.status),
                        status => {
                            let (endpoint, asked) = (self.access.endpoint.as_deref(), (ask.action, ask.key));
                            return Err(refusal::of(&self.location, endpoint, asked, status, &said));
                        }
                    }
                }
            };
            let wait = backoff(tries);
            if start.elapsed() + wait >= patience {
                return Err(refusal::silent(&self.location, &trouble, patience));
            }
            tries += 1;
            tokio::time::sleep(wait).await;
        }
    }

    /// Goes where S3 says that the bucket is; false if it doesn't say.
    fn follow(&self, answer: &Answer, asked: &Client) -> bool {
        match answer.header("x-amz-bucket-region") {
            Some(region) if region != asked.region() => {
                *self.client() = client(&self.location, &self.access, region);
                true
            }
            _ => false,
        }
    }
}

fn client(location: &Location, access: &Access, region: &str) -> (Client, bool) {
    let (endpoint, path_style) = match &access.endpoint {
        Some(endpoint) => (endpoint.clone(), true),
        None => endpoint(region, &location.bucket),
    };
    let client = Client::new(crate::aws::Settings {
        service: "s3",
        region: region.to_owned(),
        credentials: access.credentials.clone(),
        endpoint,
        http_client: access.http_client.clone(),
        connect_timeout: CONNECT,
        answer_timeout: ANSWER,
    });
    (client, path_style)
}

/// Doubles, and differs between two who wait for the same.
pub(super) fn backoff(tries: u32) -> Duration {
    let most = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(tries.min(10))).min(LONGEST_WAIT);
    let dice = std::collections::hash_map::RandomState::new().build_hasher().finish();
    most.mul_f64(0.5 + 0.5 * (dice % 1_000) as f64 / 1_000.0)
}
