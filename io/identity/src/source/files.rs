//! Identity from files.

use super::{Desk, IdentitySource};
use crate::svid::Svid;
use crate::trust::Trust;
use duologue_ids::{SpiffeId, TrustDomain};
use duologue_trust::document::Document;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use thiserror::Error;

/// Most bytes of a file.
const FILE_MAX: u64 = 1 << 20;

/// Where identity and trust are written by somebody else, who may replace them at any time.
#[derive(Clone, Debug)]
pub struct Files {
    /// Certificates in PEM, the own one first.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
    /// The bundle of the own trust domain: PEM, or a SPIFFE bundle document.
    pub bundle: PathBuf,
    /// Bundles of other trust domains.
    pub federated: BTreeMap<TrustDomain, PathBuf>,
    /// How often is looked for changes.
    pub look_every: Duration,
}

/// Why files give no identity.
#[derive(Debug, Error)]
pub enum FilesError {
    /// One cannot be read.
    #[error("{} cannot be read ({error}): see that it is there and that this user may read it", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// What is in one makes no sense.
    #[error("{} cannot be used: {why}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// What tells that a file was replaced.
type Stamp = Option<(SystemTime, u64, u64)>;

impl IdentitySource {
    /// The identity in files. They are read again when they change; while they do not fit together, what was there before goes on
    /// being used. With an id, only that one's.
    ///
    /// # Errors
    /// [`FilesError`], where they do not fit together from the start.
    pub async fn files(files: Files, id: Option<SpiffeId>) -> Result<IdentitySource, FilesError> {
        let stamps = stamps(&files).await;
        let (svid, trust) = read(&files, id.as_ref()).await?;
        warn_of_readers(&files.key).await;
        let (source, desk, end) = IdentitySource::new();
        desk.put(svid, trust);
        tokio::spawn(end.run_until_cancelled_owned(follow(files, id, desk, stamps)));
        Ok(source)
    }
}

/// Secrets of orchestrators are often mounted so, where nobody else is: it is said, and not refused.
async fn warn_of_readers(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = tokio::fs::metadata(key).await.map_or(0, |data| data.permissions().mode());
    if mode & 0o044 != 0 {
        let key = key.display();
        tracing::warn!(%key, mode = format!("{:04o}", mode & 0o7777), "others of this machine may read this private key: `chmod 600` ends that");
    }
}

async fn follow(files: Files, id: Option<SpiffeId>, desk: Arc<Desk>, mut seen: Vec<Stamp>) {
    loop {
        tokio::time::sleep(files.look_every).await;
        let now = stamps(&files).await;
        if now == seen {
            continue;
        }
        match read(&files, id.as_ref()).await {
            Ok((svid, trust)) => {
                desk.put(svid, trust);
                seen = now;
            }
            // Perhaps one of them is still to come.
            Err(error) => desk.failed(error.to_string()),
        }
    }
}

impl Files {
    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.certificate, &self.key, &self.bundle].into_iter().chain(self.federated.values())
    }
}

async fn stamps(files: &Files) -> Vec<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let mut stamps = Vec::new();
    for path in files.all() {
        let metadata = tokio::fs::metadata(path).await.ok();
        stamps.push(metadata.and_then(|data| Some((data.modified().ok()?, data.len(), data.ino()))));
    }
    stamps
}

async fn read(files: &Files, id: Option<&SpiffeId>) -> Result<(Svid, Trust), FilesError> {
    let unusable = |path: &Path, why: String| FilesError::Unusable { path: path.to_owned(), why };
    let chain = pem(&read_file(&files.certificate).await?).map_err(|why| unusable(&files.certificate, why))?;
    let key = PrivateKeyDer::from_pem_slice(&read_file(&files.key).await?);
    let key = key.map_err(|_| unusable(&files.key, "there is no private key in PEM in it".to_owned()))?;
    let svid = Svid::of(chain, &key).map_err(|error| unusable(&files.certificate, error.to_string()))?;
    if let Some(id) = id.filter(|id| *id != svid.id()) {
        return Err(unusable(&files.certificate, format!("it is {}'s, and {id} is wanted", svid.id())));
    }
    let own = (svid.id().trust_domain().clone(), files.bundle.clone());
    let mut bundles = Vec::new();
    for (domain, path) in std::iter::once(own).chain(files.federated.clone()) {
        let text = read_file(&path).await?;
        bundles.push((domain, authorities(&text).map_err(|why| unusable(&path, why))?));
    }
    let trust = Trust::of(bundles, Vec::new()).map_err(|error| unusable(&files.bundle, error.to_string()))?;
    Ok((svid, trust))
}

async fn read_file(path: &Path) -> Result<Vec<u8>, FilesError> {
    let read = async {
        if tokio::fs::metadata(path).await?.len() > FILE_MAX {
            return Err(std::io::Error::other("it is longer than 1 MiB"));
        }
        tokio::fs::read(path).await
    };
    read.await.map_err(|error| FilesError::Unreadable { path: path.to_owned(), error })
}

/// The authorities for X.509-SVIDs in a bundle, whichever form it has.
pub(crate) fn authorities(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if text.trim_ascii_start().starts_with(b"{") {
        let document = Document::read(text).map_err(|error| error.to_string())?;
        return Ok(document.x509.into_iter().map(CertificateDer::from).collect());
    }
    pem(text)
}

fn pem(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err("there is no certificate in PEM in it".to_owned()),
    }
}
