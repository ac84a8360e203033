//! The agent's card, where everybody can read it.

use super::accept::plain;
use super::body::{Body, full};
use super::decode::VERSION;
use crate::key::{ALGORITHM, SigningKey, jwks};
use bytes::Bytes;
use duologue_a2a::card::{self, Form, Header};
use duologue_a2a::model::{AgentCard, AgentInterface, SecurityRequirement, SecurityScheme, StringList};
use duologue_a2a::v0_3;
use duologue_a2a::version::Dialect;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::SystemTime;

/// How long a card may be used without asking again, in seconds.
const MAX_AGE: &str = "public, max-age=300";
/// RFC 8615.
const CARD_PATH: &str = "/.well-known/agent-card.json";
/// Where the card was before 0.3.
const OLD_CARD_PATH: &str = "/.well-known/agent.json";
/// Keys that signatures of the card and of push notifications are verified with (RFC 7517).
pub(crate) const KEYS_PATH: &str = "/.well-known/jwks.json";

/// A document that anybody may read.
struct Document {
    body: Bytes,
    etag: HeaderValue,
}

/// What clients get who ask for a card and do not say which version they speak, as hardly any of them do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardForm {
    /// A card of 1.0 with what only 0.3 has beside it: clients of both find what they look for.
    #[default]
    Combined,
    /// A card of 1.0 and nothing else, for clients that refuse members they do not know.
    Plain,
}

pub(super) struct Cards {
    form: CardForm,
    plain: Document,
    combined: Document,
    keys: Option<Document>,
    since: SystemTime,
}

impl Document {
    fn new(body: Vec<u8>) -> Document {
        let digest = Sha256::digest(&body);
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        // Hexadecimal digits and quotation marks are always a header.
        let etag = HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Document { body: body.into(), etag }
    }
}

impl Cards {
    pub(super) fn new(card: AgentCard, form: CardForm, key: Option<&SigningKey>, since: SystemTime) -> Cards {
        let combined = Document::new(combined(&card, key).to_string().into_bytes());
        // Of types whose keys are all strings, into memory: cannot fail.
        let plain = Document::new(serde_json::to_vec(&card).unwrap_or_default());
        let keys = key.map(|key| Document::new(jwks(&[key.verifying()]).to_string().into_bytes()));
        Cards { form, plain, combined, keys, since }
    }

    /// Who says which version they speak, gets the card of that one.
    fn card(&self, head: &Parts, path: &str) -> &Document {
        let said = head.headers.get(VERSION).and_then(|value| value.to_str().ok()).and_then(Dialect::of);
        match (said, self.form) {
            (Some(Dialect::V1_0), _) => &self.plain,
            (Some(Dialect::V0_3), _) | (None, CardForm::Combined) => &self.combined,
            (None, CardForm::Plain) => {
                if path == OLD_CARD_PATH {
                    &self.combined
                } else {
                    &self.plain
                }
            }
        }
    }

    /// Answers a request for one of the documents; none: it is for something else.
    pub(super) fn answer(&self, head: &Parts, base: &str) -> Option<Response<Body>> {
        let path = head.uri.path();
        let below = path.strip_prefix(base).unwrap_or(path);
        let document = match below {
            CARD_PATH | OLD_CARD_PATH => self.card(head, below),
            KEYS_PATH => self.keys.as_ref()?,
            _ => return None,
        };
        if head.method != Method::GET && head.method != Method::HEAD {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "This path takes GET");
            answer.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(answer);
        }
        Some(self.serve(document, head))
    }

    fn serve(&self, document: &Document, head: &Parts) -> Response<Body> {
        let is_known = self.is_known(document, head);
        let body = if is_known || head.method == Method::HEAD { Bytes::new() } else { document.body.clone() };
        let mut answer = Response::new(full(body));
        *answer.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(MAX_AGE));
        headers.insert(VARY, HeaderValue::from_static("a2a-version"));
        headers.insert(ETAG, document.etag.clone());
        if let Ok(since) = HeaderValue::from_str(&httpdate::fmt_http_date(self.since)) {
            headers.insert(LAST_MODIFIED, since);
        }
        answer
    }

    /// RFC 9110 §13.2.2: the date counts only where no tag is given.
    fn is_known(&self, document: &Document, head: &Parts) -> bool {
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(tags) = text(IF_NONE_MATCH) {
            let own = document.etag.to_str().unwrap_or_default();
            return tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == own || tag == "*");
        }
        let since = text(IF_MODIFIED_SINCE).and_then(|since| httpdate::parse_http_date(since).ok());
        // Whole seconds are all that a date of HTTP has.
        since.is_some_and(|since| self.since <= since + std::time::Duration::from_millis(999))
    }
}

fn header(key: &SigningKey) -> Header {
    Header { alg: ALGORITHM.into(), kid: key.kid().into(), typ: Some("JOSE".into()), jku: None }
}

/// A card of 1.0 with what only 0.3 has beside it, and one more signature, over all of it: a verifier that takes a document as it comes has
/// no other that holds.
fn combined(card: &AgentCard, key: Option<&SigningKey>) -> Value {
    let mut document = v0_3::combined_card(card);
    let signature = key.and_then(|key| card::sign_document(&document, &header(key), |input| key.sign(input)).ok());
    let signatures = document.get_mut("signatures").and_then(Value::as_array_mut);
    if let (Some(signature), Some(signatures)) = (signature, signatures) {
        signatures.extend(serde_json::to_value(signature));
    }
    document
}

/// A card with a signature over each of its two canonical forms: that of the specification, and that of the SDKs, which leaves
/// out empty values.
pub(super) fn sign(mut card: AgentCard, key: Option<&SigningKey>) -> AgentCard {
    let Some(key) = key else { return card };
    let header = header(key);
    let signed = |form| card::sign(&card, &header, form, |input| key.sign(input));
    match (signed(Form::Specified), signed(Form::WithoutEmpty)) {
        // Where nothing is empty, the two forms are one.
        (Ok(one), Ok(other)) if one == other => card.signatures = vec![one],
        (Ok(one), Ok(other)) => card.signatures = vec![one, other],
        (Err(error), _) | (_, Err(error)) => tracing::warn!(%error, "the card is not signed"),
    }
    card
}

/// The card says how callers prove who they are, unless the agent's own says so already.
pub(super) fn require(card: &mut AgentCard, name: &str, scheme: SecurityScheme) {
    card.security_schemes.entry(name.to_owned()).or_insert(scheme);
    if card.security_requirements.is_empty() {
        let schemes = [(name.to_owned(), StringList::default())].into();
        card.security_requirements.push(SecurityRequirement { schemes });
    }
}

/// Where an agent is served that is at `url`: both versions, the newer first; gRPC where it has an address.
pub(super) fn interfaces(url: &str, grpc: Option<&str>) -> Vec<AgentInterface> {
    let at = |url: &str, binding: &str, version: &str| AgentInterface {
        url: url.to_owned(),
        protocol_binding: binding.to_owned(),
        protocol_version: version.to_owned(),
        tenant: String::new(),
    };
    let grpc = grpc.map(|address| at(address, "GRPC", "1.0"));
    [at(url, "JSONRPC", "1.0"), at(url, "HTTP+JSON", "1.0")]
        .into_iter()
        .chain(grpc)
        .chain([at(url, "JSONRPC", "0.3"), at(url, "HTTP+JSON", "0.3")])
        .collect()
}
