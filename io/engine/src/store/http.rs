//! Files over HTTPS: one file at a time, resumed to the byte.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::catalogue::{HubSource, ModelFile};
use super::error::SourceError;
use super::part_file::{CHUNK, PartFile};
use super::progress::Watch;
use super::sources::{Address, Patience};

/// Bytes that must arrive for an attempt to count as progress when it breaks off.
const PROGRESS: u64 = 1024 * 1024;

/// A file on a web server.
pub(super) struct Remote {
    url: String,
    /// The address for messages, without credentials.
    pub(super) shown: String,
    agent: Agent,
    patience: Patience,
}

/// How one request ended, if not in success.
enum Broken {
    /// Asking again is pointless.
    Final(SourceError),
    /// The server is busy or the line broke; it may have said how long to wait.
    Retry(String, Option<Duration>),
}

impl<E: Into<SourceError>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl Remote {
    /// The file of a mirror: same path as in the cache.
    pub(super) fn on_mirror(mirror: &Address, file: &ModelFile, patience: &Patience) -> Self {
        Self::new(mirror, file.path, patience)
    }

    /// The file of a repository on Hugging Face.
    pub(super) fn on_hub(hub: &Address, source: &HubSource, file: &ModelFile, patience: &Patience) -> Self {
        let path = format!("{}/resolve/{}/{}{}", source.repository, source.revision, source.folder, file.name());
        Self::new(hub, &path, patience)
    }

    fn new(address: &Address, path: &str, patience: &Patience) -> Self {
        let agent = agent(address, patience);
        Self { url: address.join(path), shown: address.show(path), agent, patience: patience.clone() }
    }

    /// Asks for the first byte, to learn within [`Patience::probe`] whether the file can be had.
    pub(super) fn probe(&self) -> Result<(), SourceError> {
        let request = self.agent.get(&self.url).header(header::RANGE, "bytes=0-0");
        let answer = request.config().timeout_global(Some(self.patience.probe)).build().call();
        let status = answer.map_err(|error| self.unreachable(error))?.status();
        // A full or limiting server is there all the same: the download waits as long as it takes.
        if status.is_success() || status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(());
        }
        Err(SourceError::Refused { place: self.shown.clone(), status: status.as_u16() })
    }

    /// Downloads into `part`, going on from what is there, until the file is complete and right, and moves it to `to`.
    ///
    /// Broken connections, stalls and busy answers are retried; progress refills the number of attempts.
    pub(super) fn download(
        &self,
        file: &ModelFile,
        part: &Path,
        to: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<(), SourceError> {
        let mut part = PartFile::resume(part, file)?;
        let (mut resumed, mut best, mut failures) = (part.len() > 0, part.len(), 0);
        loop {
            watch.at(part.len());
            let outcome = if part.missing() > 0 { self.request(&mut part, file, watch) } else { Ok(()) };
            if part.missing() == 0 {
                // Bytes of an earlier run may have been lost in a power cut. That is no fault of the source.
                if resumed && !part.is_right() {
                    part.restart()?;
                    (resumed, best) = (false, 0);
                    continue;
                }
                return part.settle(to, &self.shown);
            }
            let (reason, wait) = match outcome {
                Ok(()) => ("the connection closed early".to_owned(), None),
                Err(Broken::Retry(reason, wait)) => (reason, wait),
                Err(Broken::Final(error)) => return Err(error),
            };
            if part.len() >= best + PROGRESS {
                (best, failures) = (part.len(), 0);
            }
            failures += 1;
            if failures >= self.patience.attempts {
                let (place, got, wanted) = (self.shown.clone(), part.len(), file.bytes);
                return Err(SourceError::Broken { place, got, wanted, attempts: failures, reason });
            }
            watch.cancel.wait(self.pause(failures, wait));
        }
    }

    /// One request for what is missing.
    fn request(&self, part: &mut PartFile<'_>, file: &ModelFile, watch: &mut Watch<'_>) -> Result<(), Broken> {
        watch.go_on()?;
        let mut request = self.agent.get(&self.url);
        if part.len() > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", part.len()));
        }
        let mut answer = request.call().map_err(|error| Broken::Retry(error.to_string(), None))?;
        self.accept(&answer, part, file)?;
        self.receive(answer.body_mut(), part, file, watch)
    }

    /// Decides from status and headers what the body is: the rest, the whole, or nothing of use.
    fn accept(&self, answer: &Response<Body>, part: &mut PartFile<'_>, file: &ModelFile) -> Result<(), Broken> {
        let status = answer.status();
        let offered = match status {
            StatusCode::PARTIAL_CONTENT => {
                let (start, total) = content_range(answer).unwrap_or((part.len(), file.bytes));
                if start != part.len() {
                    part.restart()?;
                    return Err(Broken::Retry("it sent another part than was asked for".to_owned(), None));
                }
                total
            }
            StatusCode::OK => {
                // Ranges are not supported here: what comes is the whole file again.
                part.restart()?;
                header(answer, header::CONTENT_LENGTH).and_then(|text| text.parse().ok()).unwrap_or(file.bytes)
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                part.restart()?;
                return Err(Broken::Retry("it refused to go on where the download broke off".to_owned(), None));
            }
            _ if status.is_server_error()
                || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) =>
            {
                let wait = header(answer, header::RETRY_AFTER).and_then(|text| text.parse().ok());
                return Err(Broken::Retry(format!("status {}", status.as_u16()), wait.map(Duration::from_secs)));
            }
            _ => {
                let (place, status) = (self.shown.clone(), status.as_u16());
                return Err(SourceError::Refused { place, status }.into());
            }
        };
        if offered != file.bytes {
            let (place, wanted) = (self.shown.clone(), file.bytes);
            return Err(SourceError::WrongSize { place, got: offered, wanted }.into());
        }
        Ok(())
    }

    /// Writes the body, never more than what is missing.
    fn receive(
        &self,
        body: &mut Body,
        part: &mut PartFile<'_>,
        file: &ModelFile,
        watch: &mut Watch<'_>,
    ) -> Result<(), Broken> {
        let mut reader = body.with_config().limit(file.bytes + 1).reader();
        let mut buffer = vec![0; CHUNK];
        loop {
            watch.go_on()?;
            let read = reader.read(&mut buffer).map_err(|error| Broken::Retry(error.to_string(), None))?;
            if read == 0 {
                return Ok(());
            }
            if read as u64 > part.missing() {
                let (place, got) = (self.shown.clone(), part.len() + read as u64);
                part.restart()?;
                return Err(SourceError::WrongSize { place, got, wanted: file.bytes }.into());
            }
            part.write(&buffer[..read])?;
            watch.at(part.len());
        }
    }

    fn pause(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.patience.backoff.saturating_mul(1 << (failures - 1).min(16));
        asked.unwrap_or(doubled).min(self.patience.longest_pause)
    }

    fn unreachable(&self, error: ureq::Error) -> SourceError {
        SourceError::Unreachable { place: self.shown.clone(), reason: error.to_string() }
    }
}

/// A client for one address. Certificates are judged by the platform, so that a company's own authority counts.
fn agent(address: &Address, patience: &Patience) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let mut config = Agent::config_builder()
        .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .http_status_as_error(false)
        // A redirect must not leave encryption either.
        .https_only(!address.is_loopback())
        .timeout_resolve(Some(patience.stall))
        .timeout_connect(Some(patience.stall))
        .timeout_recv_response(Some(patience.stall))
        .timeout_per_read(Some(patience.stall));
    if address.is_loopback() {
        config = config.proxy(None);
    }
    config.build().new_agent()
}

fn header(answer: &Response<Body>, name: header::HeaderName) -> Option<&str> {
    answer.headers().get(name)?.to_str().ok()
}

/// Start and total of `bytes 5-9/10` (RFC 9110, section 14.4).
fn content_range(answer: &Response<Body>) -> Option<(u64, u64)> {
    let (range, total) = header(answer, header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()?))
}
