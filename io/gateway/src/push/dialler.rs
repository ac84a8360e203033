//! The one who calls webhooks, and nothing but what the rules allow.
//!
//! A name is asked for once per connection, every address that it has is checked, and the connection goes to one of exactly
//! those: a name server that tells the checker one address and the caller another has nobody to tell (DNS rebinding).
//! Redirects are not followed and no proxy is used, which would ask for the name itself.

use super::address::{AddressError, PushRules};
use super::class::{Class, class};
use super::request::Request;
use super::schedule::{Answer, retry_after};
use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, Client, Response, redirect};
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use thiserror::Error as ThisError;
use tokio::time::timeout;

/// Bytes of an answer's body that are read, so that the connection can be used again; they are thrown away.
const BODY_MAX: usize = 64 << 10;
/// How long that may take. The status has come by then, which is all that counts.
const BODY_PATIENCE: Duration = Duration::from_secs(2);
/// How long a connection waits for the next delivery.
const IDLE: Duration = Duration::from_secs(30);

/// Finds the addresses of a name.
#[async_trait]
pub trait Names: Send + Sync + 'static {
    /// All addresses of `host`.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The names as the system knows them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// How webhooks are called.
#[derive(Clone)]
pub struct DiallerConfig {
    /// Which may be.
    pub rules: PushRules,
    /// Certificates of authorities to be trusted beside those of the system, in PEM.
    pub authorities: Vec<Vec<u8>>,
    /// How names are found.
    pub names: Arc<dyn Names>,
    /// How long a connection may take, its name, TCP and TLS together.
    pub connect: Duration,
    /// How long all may take until the answer's headers are there.
    pub whole: Duration,
}

impl Default for DiallerConfig {
    fn default() -> DiallerConfig {
        DiallerConfig {
            rules: PushRules::default(),
            authorities: Vec::new(),
            names: Arc::new(SystemNames),
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for DiallerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiallerConfig").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Why there is nobody to call webhooks.
#[derive(Debug, ThisError)]
pub enum DiallerError {
    /// An authority's certificate cannot be read.
    #[error("a certificate for webhooks cannot be read ({what}): give it in PEM")]
    Certificate {
        /// What is wrong.
        what: String,
    },
    /// There is no TLS here.
    #[error("no HTTPS on this machine ({what}): install the system's certificates (package ca-certificates)")]
    NoTls {
        /// What is wrong.
        what: String,
    },
}

/// Calls webhooks. Clones are the same, connections included.
#[derive(Clone, Debug)]
pub struct Dialler {
    rules: Arc<PushRules>,
    tls: Client,
    /// To this machine only.
    plain: Client,
    whole: Duration,
}

impl Dialler {
    /// One that has no connection yet.
    ///
    /// # Errors
    /// [`DiallerError`].
    pub fn new(config: DiallerConfig) -> Result<Dialler, DiallerError> {
        let DiallerConfig { rules, authorities, names, connect, whole } = config;
        let rules = Arc::new(rules);
        let client = |plain| {
            let door = Door { rules: Arc::clone(&rules), names: Arc::clone(&names), plain };
            Client::builder()
                .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(door)
                .redirect(redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .no_gzip()
                .connect_timeout(connect)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(2)
        };
        let unread = |error: reqwest::Error| DiallerError::Certificate { what: words(&error) };
        let no_tls = |error: reqwest::Error| DiallerError::NoTls { what: words(&error) };
        let mut trusted = Vec::new();
        for pem in &authorities {
            trusted.extend(Certificate::from_pem_bundle(pem).map_err(unread)?);
        }
        let tls = client(false).https_only(true).tls_certs_merge(trusted).build().map_err(no_tls)?;
        // Whoever calls this machine only needs no certificates.
        let plain = client(true).tls_certs_only([]).build().map_err(no_tls)?;
        Ok(Dialler { rules, tls, plain, whole })
    }

    /// What may be called.
    pub fn rules(&self) -> &PushRules {
        &self.rules
    }

    /// How long a delivery takes at most.
    pub fn longest(&self) -> Duration {
        self.whole + BODY_PATIENCE
    }

    /// Sends a request, once.
    pub async fn deliver(&self, request: Request) -> Answer {
        let client = if request.webhook.is_plain() { &self.plain } else { &self.tls };
        let Request { webhook, headers, body } = request;
        let sending = client.post(webhook.url().clone()).headers(headers).body(body).send();
        match timeout(self.whole, sending).await {
            Err(_) => Answer::TimedOut,
            Ok(Err(error)) => trouble(error),
            Ok(Ok(response)) => {
                let code = response.status().as_u16();
                let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let retry_after = asked.and_then(|text| retry_after(text, SystemTime::now()));
                // A body that is too long or too slow costs its connection, nothing else.
                let _ = timeout(BODY_PATIENCE, throw_away(response)).await;
                Answer::Status { code, retry_after }
            }
        }
    }
}

async fn throw_away(mut response: Response) {
    let mut read = 0;
    while read < BODY_MAX
        && let Ok(Some(bytes)) = response.chunk().await
    {
        read += bytes.len();
    }
}

/// What an attempt that got no answer means.
fn trouble(error: reqwest::Error) -> Answer {
    if let Some(forbidden) = causes(&error).find_map(|cause| cause.downcast_ref::<AddressError>()) {
        return Answer::Forbidden(forbidden.clone());
    }
    if error.is_timeout() { Answer::TimedOut } else { Answer::Unreachable { what: words(&error.without_url()) } }
}

fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

/// An error with its causes, each once.
fn words(error: &dyn Error) -> String {
    let mut told = error.to_string();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// Through which every name has to go.
struct Door {
    rules: Arc<PushRules>,
    names: Arc<dyn Names>,
    /// Only this machine is behind it.
    plain: bool,
}

impl Resolve for Door {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, names, plain) = (Arc::clone(&self.rules), Arc::clone(&self.names), self.plain);
        Box::pin(async move {
            let host = name.as_str();
            let found = names.addresses(host).await?;
            if found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "its name has no address").into());
            }
            // One that is forbidden is enough: nobody has both by accident.
            found.iter().try_for_each(|address| rules.check(host, *address))?;
            if plain && found.iter().any(|address| class(*address) != Class::Loopback) {
                return Err(AddressError::NotTls.into());
            }
            // The port is that of the webhook's address.
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}
