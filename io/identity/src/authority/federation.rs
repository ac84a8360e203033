//! Bundles of other trust domains, looked at again and again.

use super::Inner;
use crate::source::files::authorities;
use crate::trust::Trust;
use duologue_ids::TrustDomain;
use duologue_trust::FederatedFrom;
use duologue_trust::document::{DOCUMENT_MAX, Document};
use rustls::pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a file is read.
const FILE_EVERY: Duration = Duration::from_secs(1);
/// How often a server is asked that does not say how often, and that did not answer.
const WEB_EVERY: Duration = Duration::from_secs(60);
/// Not more often than this.
const WEB_LEAST: Duration = Duration::from_secs(5);
/// A server answers within this time.
const WEB_TIME: Duration = Duration::from_secs(10);

/// How reading went.
#[derive(Debug, Default)]
pub(super) struct Reading {
    from: Option<FederatedFrom>,
    next: Option<Instant>,
    pub(super) error: Option<String>,
}

/// Follows the registry: what is in it is read, what is no longer in it is forgotten.
pub(super) async fn follow(inner: Arc<Inner>) {
    let mut changes = inner.changes();
    loop {
        changes.mark_unchanged();
        let wanted = inner.office().registry.federated.clone();
        forget(&inner, &wanted);
        let mut next = Instant::now() + WEB_EVERY;
        for (domain, from) in wanted {
            next = next.min(look(&inner, domain, from).await);
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(next) => {}
        }
    }
}

fn forget(inner: &Inner, wanted: &BTreeMap<TrustDomain, FederatedFrom>) {
    inner.readings().retain(|domain, _| wanted.contains_key(domain));
    let mut office = inner.office();
    let before = office.foreign.len();
    office.foreign.retain(|domain, _| wanted.contains_key(domain));
    let changed = office.foreign.len() != before;
    drop(office);
    if changed {
        inner.tell();
    }
}

/// Reads one bundle, if it is time. When to do so again.
async fn look(inner: &Inner, domain: TrustDomain, from: FederatedFrom) -> Instant {
    let known = inner.readings().get(&domain).and_then(|reading| {
        let next = reading.next?;
        (reading.from.as_ref() == Some(&from) && Instant::now() < next).then_some(next)
    });
    if let Some(next) = known {
        return next;
    }
    let read = match &from {
        FederatedFrom::File(path) => file(path).await,
        FederatedFrom::Web(address) => inner.web(address).await,
    };
    let read = read.and_then(|text| document(&domain, &text));
    let every = match (&from, &read) {
        (FederatedFrom::File(_), _) => FILE_EVERY,
        (_, Ok(document)) => document.refresh_hint.unwrap_or(WEB_EVERY).clamp(WEB_LEAST, 60 * WEB_EVERY),
        (_, Err(_)) => WEB_LEAST,
    };
    let next = Instant::now() + every;
    let error = match read {
        Ok(document) => {
            put(inner, domain.clone(), document);
            None
        }
        // What was read before goes on being used.
        Err(error) => {
            tracing::warn!(%domain, %error, "a bundle could not be read");
            Some(error)
        }
    };
    inner.readings().insert(domain, Reading { from: Some(from), next: Some(next), error });
    next
}

fn put(inner: &Inner, domain: TrustDomain, document: Document) {
    let mut office = inner.office();
    // Perhaps it was removed while it was read.
    if !office.registry.federated.contains_key(&domain) || office.foreign.get(&domain) == Some(&document) {
        return;
    }
    tracing::info!(%domain, roots = document.x509.len(), "a bundle is handed out");
    office.foreign.insert(domain, document);
    drop(office);
    inner.tell();
}

fn document(domain: &TrustDomain, text: &[u8]) -> Result<Document, String> {
    let document = if text.trim_ascii_start().starts_with(b"{") {
        Document::read(text).map_err(|error| error.to_string())?
    } else {
        let x509 = authorities(text)?.iter().map(|certificate| certificate.to_vec()).collect();
        Document { x509, ..Document::default() }
    };
    // Whoever gets it can read it.
    let certificates = document.x509.iter().cloned().map(CertificateDer::from).collect();
    Trust::of([(domain.clone(), certificates)], Vec::new()).map_err(|error| error.to_string())?;
    Ok(document)
}

async fn file(path: &str) -> Result<Vec<u8>, String> {
    let length = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?.len();
    if length > DOCUMENT_MAX as u64 {
        return Err("it is longer than 1 MiB".to_owned());
    }
    tokio::fs::read(path).await.map_err(|error| error.to_string())
}

/// A client for bundles: HTTPS only, and nobody is followed elsewhere. The authorities are the system's, unless others are given.
pub(super) fn web_client(authorities: Option<&[u8]>) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder =
        reqwest::Client::builder().https_only(true).redirect(reqwest::redirect::Policy::none()).timeout(WEB_TIME);
    if let Some(pem) = authorities {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?);
    }
    builder.build()
}

impl Inner {
    async fn web(&self, address: &str) -> Result<Vec<u8>, String> {
        let client = self.web.as_ref().map_err(Clone::clone)?;
        let failed = |error: reqwest::Error| error.without_url().to_string();
        let mut answer = client.get(address).send().await.map_err(failed)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(format!("its server answers {}", answer.status()));
        }
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            text.extend(piece);
            if text.len() > DOCUMENT_MAX {
                return Err("it is longer than 1 MiB".to_owned());
            }
        }
        Ok(text)
    }
}
