//! Rego on an OPA server.

use duologue_policy::{Cause, Decision, Document, Verdict};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls_platform_verifier::Verifier;
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What `Decision::engine` says.
pub(crate) const NAME: &str = "opa";

/// Bytes of an answer that are read.
const ANSWER_MOST: usize = 256 * 1024;

/// Where a server is, and what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteConfig {
    /// Its address, such as `http://127.0.0.1:8181`: without TLS only on this machine, since whoever sits between could allow
    /// everything.
    pub url: String,
    /// The document that decides, below `/v1/data`: `duologue/authz/allow`, or a package with a rule `allow`.
    pub path: String,
    /// How long an answer may take; then the call is denied.
    pub timeout: Duration,
    /// A token for `Authorization: Bearer`.
    pub token: Option<duologue_ids::Redacted<String>>,
}

impl RemoteConfig {
    /// What is usual: `duologue/authz/allow` within 100 ms.
    pub fn new(url: impl Into<String>) -> RemoteConfig {
        let (path, timeout) = ("duologue/authz/allow".to_owned(), Duration::from_millis(100));
        RemoteConfig { url: url.into(), path, timeout, token: None }
    }
}

/// Why a server cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The address is none.
    #[error("opa_url {url}: {why}")]
    BadAddress {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// It would be asked in plain text over a network.
    #[error("opa_url {0} is neither https: nor on this machine: whoever sits between could allow every call")]
    Plaintext(String),
    /// TLS could not be set up.
    #[error("TLS to the policy server could not be set up: {0}")]
    Tls(String),
}

/// An OPA server that is asked about each call. There is no cache: who was struck off is refused at once.
pub struct Remote {
    client: Client,
    decide: Url,
    health: Url,
    timeout: Duration,
    token: Option<HeaderValue>,
    name: String,
}

impl Remote {
    /// Prepares to ask. Nothing is sent.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn new(config: &RemoteConfig) -> Result<Remote, RemoteError> {
        let bad = |why: &dyn ToString| RemoteError::BadAddress { url: config.url.clone(), why: why.to_string() };
        let base = Url::parse(config.url.trim()).map_err(|error| bad(&error))?;
        let is_secure = match base.scheme() {
            "https" => true,
            "http" => is_loopback(&base),
            other => return Err(bad(&format!("it begins with {other}:, not with https: or http:"))),
        };
        if !is_secure {
            return Err(RemoteError::Plaintext(config.url.clone()));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(bad(&"it holds a password: give a token in its place"));
        }
        let below = |path: &str| {
            let whole = format!("{}/{path}", base.as_str().trim_end_matches('/'));
            Url::parse(&whole).map_err(|error| bad(&error))
        };
        let decide = below(&format!("v1/data/{}", config.path.trim_matches('/')))?;
        let token = config.token.as_ref().map(|token| {
            let mut value =
                HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|error| bad(&error))?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Remote {
            client: client(&base, config.timeout)?,
            health: below("health")?,
            name: decide.to_string(),
            decide,
            timeout: config.timeout,
            token: token.transpose()?,
        })
    }

    /// What the policy says of a document. Whatever is no clear answer in time denies.
    pub async fn decide(&self, document: &Document<'_>) -> Decision {
        let asked = timeout(self.timeout, self.ask(document)).await;
        let slow = || Err(Cause::TooLong(format!("no answer within {} ms", self.timeout.as_millis())));
        Decision::of(asked.unwrap_or_else(|_| slow()), NAME, self.name.as_str())
    }

    async fn ask(&self, document: &Document<'_>) -> Result<Verdict, Cause> {
        let mut request = self.client.post(self.decide.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        // The document is borrowed: it may have megabytes.
        let body =
            serde_json::to_vec(&Question { input: document }).map_err(|error| Cause::Failed(error.to_string()))?;
        let answer = request.body(body).send().await.map_err(|error| no_answer(&error))?;
        let status = answer.status();
        let body = body_of(answer).await?;
        if status != StatusCode::OK {
            return Err(Cause::NoAnswer(format!("status {status}{}", code_of(&body))));
        }
        // Not into a struct, which an array would be read into as well: `[true]` is no answer.
        let answer: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|error| Cause::Unreadable(error.to_string()))?;
        Verdict::read(answer.get("result"))
    }

    /// Whether the server is there and ready, bundles and all.
    ///
    /// # Errors
    /// Why not.
    pub async fn health(&self) -> Result<(), Cause> {
        let mut health = self.health.clone();
        health.set_query(Some("bundles"));
        let asked = timeout(self.timeout, self.client.get(health).send()).await;
        let slow = |_| Cause::TooLong(format!("no answer within {} ms", self.timeout.as_millis()));
        match asked.map_err(slow)?.map_err(|error| no_answer(&error))?.status() {
            StatusCode::OK => Ok(()),
            status => Err(Cause::NoAnswer(format!("status {status}"))),
        }
    }
}

#[derive(serde::Serialize)]
struct Question<'d> {
    input: &'d Document<'d>,
}

fn client(base: &Url, patience: Duration) -> Result<Client, RemoteError> {
    let failed = |error: &dyn std::error::Error| RemoteError::Tls(error.to_string());
    let builder = Client::builder()
        .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience)
        .tcp_nodelay(true)
        // Neither a proxy nor a redirect decides who answers.
        .no_proxy()
        .redirect(redirect::Policy::none());
    let builder = if base.scheme() == "https" {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Verifier::new(Arc::clone(&provider)).map_err(|error| failed(&error))?;
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        builder.tls_backend_preconfigured(config)
    } else {
        builder.tls_certs_only([])
    };
    builder.build().map_err(|error| failed(&error))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn no_answer(error: &reqwest::Error) -> Cause {
    if error.is_timeout() {
        return Cause::TooLong("no answer in time".to_owned());
    }
    // What a chain of errors ends with says what happened; what it begins with repeats the address.
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    Cause::NoAnswer(last.to_string())
}

async fn body_of(mut answer: Response) -> Result<Vec<u8>, Cause> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| no_answer(&error))? {
        if body.len() + chunk.len() > ANSWER_MOST {
            return Err(Cause::Unreadable(format!("it is longer than {ANSWER_MOST} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `: undefined_document`: the code of an error of OPA. Its message may hold pieces of the input.
fn code_of(body: &[u8]) -> String {
    let error: Option<Value> = serde_json::from_slice(body).ok();
    let code = error.as_ref().and_then(|error| error.get("code")).and_then(Value::as_str);
    let is_word = |code: &&str| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    code.filter(is_word).map(|code| format!(": {code}")).unwrap_or_default()
}
